/** What `toXml` writes: an array repeats its element, `undefined` leaves it out, a field named "" adds its content. */
export type XmlContent = string | number | boolean | undefined | readonly XmlContent[] | XmlFields;
export interface XmlFields {
  readonly [name: string]: XmlContent;
}

export interface XmlElement {
  /** Local name; prefixes are cut off. */
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** A whole document in S3's namespace. `@name` fields become attributes. */
export function toXml(root: string, content: XmlContent): string {
  return `${DECLARATION}<${root} xmlns="${NAMESPACE}">${inner(content)}</${root}>`;
}

/** S3's error documents carry no namespace. */
export function toErrorXml(fields: XmlFields): string {
  return `${DECLARATION}<Error>${inner(fields)}</Error>`;
}

function inner(content: XmlContent): string {
  if (content === undefined) return "";
  if (typeof content !== "object") return escapeXml(String(content));
  if (Array.isArray(content)) return content.map(inner).join("");
  return Object.entries(content as XmlFields)
    .filter(([name]) => !name.startsWith("@"))
    .map(([name, value]) => (name === "" ? inner(value) : elements(name, value)))
    .join("");
}

function elements(name: string, value: XmlContent): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return value.map((one: XmlContent) => elements(name, one)).join("");
  const attributes =
    typeof value === "object"
      ? Object.entries(value as XmlFields)
          .filter(([key]) => key.startsWith("@"))
          .map(([key, one]) => ` ${key.slice(1)}="${escapeXml(String(one))}"`)
          .join("")
      : "";
  return `<${name}${attributes}>${inner(value)}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escapeXml(text: string): string {
  return text.replace(
    /[&<>"\p{Cc}\ufffe\uffff]/gu,
    (character) => ENTITIES[character] ?? `&#x${character.charCodeAt(0).toString(16)};`,
  );
}

const MAX_DEPTH = 20;
const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([^\s/<>!?]+)((?:"[^"]*"|'[^']*'|[^<>"'])*?)(\/?)>/g;

/**
 * Reads a small document; `undefined` when it is not well-formed.
 *
 * No document type and so no entities of the sender's own; attributes are skipped, as S3's requests mean nothing by
 * them. Whitespace around the text of an element with children is dropped.
 */
export function parseXml(text: string): XmlElement | undefined {
  const root: { name: string; text: string; children: XmlElement[] } = { name: "", text: "", children: [] };
  const open = [root];
  let end = 0;
  for (const token of text.replace(/^\ufeff/, "").matchAll(TOKEN)) {
    const current = open[open.length - 1];
    if (!current) return undefined;
    const between = plainText(text.slice(end, token.index));
    if (between === undefined) return undefined;
    current.text += between;
    end = token.index + token[0].length;
    const [, cdata, closing, qualified, , empty] = token;
    if (cdata !== undefined) current.text += cdata;
    if (qualified === undefined) continue;
    const name = qualified.slice(qualified.indexOf(":") + 1);
    if (closing) {
      if (open.length < 2 || current.name !== name) return undefined;
      open.pop();
      continue;
    }
    const element = { name, text: "", children: [] };
    current.children.push(element);
    if (!empty) open.push(element);
    if (open.length > MAX_DEPTH) return undefined;
  }
  const first = root.children[0];
  const rest = root.text + text.slice(end);
  return open.length === 1 && root.children.length === 1 && rest.trim() === "" ? first : undefined;
}

function plainText(raw: string): string | undefined {
  if (raw.includes("<")) return undefined;
  let fair = true;
  const text = raw.replace(/&([^;&]{0,10});?/g, (whole, name: string) => {
    const named = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }[name];
    if (named !== undefined) return named;
    const code = /^#x[0-9a-f]+$/i.test(name)
      ? Number.parseInt(name.slice(2), 16)
      : /^#\d+$/.test(name)
        ? Number(name.slice(1))
        : Number.NaN;
    if (!whole.endsWith(";") || !(code > 0 && code <= 0x10ffff) || (code >= 0xd800 && code < 0xe000)) {
      fair = false;
      return "";
    }
    return String.fromCodePoint(code);
  });
  return fair ? text : undefined;
}

export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** Text of a child; `undefined` when there is no such child. */
export function textOf(element: XmlElement | undefined, name: string): string | undefined {
  return childOf(element, name)?.text;
}
