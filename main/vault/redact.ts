/** Shorter values would blot out ordinary words. */
const SHORTEST_SECRET = 8;
/** A line of a PEM file or of a token that gives something away on its own. */
const SHORTEST_LINE = 20;

export type Redactor = (text: string) => string;

/**
 * Replaces each of the secrets by "[secret]" wherever it stands in a text: as it is, JSON-escaped, percent-encoded, in
 * base64, and each long line of it on its own.
 */
export function redactor(secretValues: Iterable<string>): Redactor {
  const forms = new Set<string>();
  for (const value of secretValues) for (const form of writtenForms(value)) forms.add(form);
  if (forms.size === 0) return (text) => text;
  const longestFirst = [...forms].sort((a, b) => b.length - a.length).map(escapeForPattern);
  const pattern = new RegExp(longestFirst.join("|"), "g");
  return (text) => text.replace(pattern, "[secret]");
}

const known = new Set<string>();
let redactKnown: Redactor | undefined;

/**
 * From now on `redact` blots out this value, and, where it is the JSON of an object, each text in that. Values under 8
 * characters are left: they would blot out words.
 */
export function registerSecret(value: string): void {
  for (const part of [value, ...textsIn(value)]) {
    if (part.length < SHORTEST_SECRET || known.has(part)) continue;
    known.add(part);
    redactKnown = undefined;
  }
}

function textsIn(value: string): readonly string[] {
  if (!value.startsWith("{")) return [];
  try {
    return Object.values(JSON.parse(value) as Record<string, unknown>).filter((part) => typeof part === "string");
  } catch {
    return [];
  }
}

/** The text without any secret that this process has met. */
export function redact(text: string): string {
  redactKnown ??= redactor(known);
  return redactKnown(text);
}

function writtenForms(value: string): readonly string[] {
  const lines = value.split(/\r?\n/).filter((line) => line.length >= SHORTEST_LINE && !line.startsWith("-----"));
  const wholes = [value, ...lines].flatMap((part) => [
    part,
    JSON.stringify(part).slice(1, -1),
    JSON.stringify(JSON.stringify(part).slice(1, -1)).slice(1, -1),
    percentEncoded(part),
  ]);
  const bytes = Buffer.from(value);
  return [...wholes, bytes.toString("base64"), bytes.toString("base64url")].filter(
    (form) => form.length >= SHORTEST_SECRET,
  );
}

function percentEncoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text; // half a surrogate pair cannot be encoded
  }
}

function escapeForPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
