import { XMLBuilder } from "fast-xml-parser";

export type XmlValue =
  | string
  | number
  | boolean
  | Date
  | null
  | undefined
  | XmlTree
  | readonly XmlTree[]
  | readonly string[];
export interface XmlTree {
  readonly [name: string]: XmlValue;
}

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: "@", suppressEmptyNode: false });

/** One document: text is escaped, dates are RFC 3339, absent values leave no element, and lists repeat theirs. */
export function toXml(root: string, namespace: string | null, tree: XmlTree): string {
  const attributes = namespace ? { "@xmlns": namespace } : {};
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ [root]: { ...attributes, ...plain(tree) } })}`;
}

/** EC2's way to write lists. */
export const items = (list: readonly XmlTree[]): XmlTree => ({ item: list });

export const texts = (list: readonly string[]): XmlTree => ({ item: list });

function plain(tree: XmlTree): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(tree)) {
    if (value === undefined || value === null) continue;
    result[name] = Array.isArray(value) ? value.map(leaf) : leaf(value);
  }
  return result;
}

function leaf(value: XmlValue): unknown {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object" && value !== null) return plain(value as XmlTree);
  return typeof value === "string" ? withoutControls(value) : value;
}

/** XML 1.0 has no way to write these. */
function withoutControls(text: string): string {
  return [...text].filter((character) => character >= " " || "\t\n\r".includes(character)).join("");
}
