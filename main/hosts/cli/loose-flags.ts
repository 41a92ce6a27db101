import { usageError } from "./usage.ts";

/**
 * Reads "--name value", "--name=value" and bare "--name" (true) from words; a repeated name becomes a list.
 *
 * For facts whose names a rule decides, so that the command line need not know them.
 */
export function looseFlags(words: readonly string[]): Record<string, string | boolean | readonly string[]> {
  const facts: Record<string, string | boolean | readonly string[]> = {};
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    const found = /^--([a-z][\w-]*)(?:=([\s\S]*))?$/i.exec(word);
    if (!found) throw usageError(`"${word}" is not a fact.`, "Write facts as --NAME VALUE.");
    const name = found[1] ?? "";
    const next = words[at + 1];
    let value: string | boolean = found[2] ?? true;
    if (value === true && next !== undefined && !next.startsWith("--")) {
      value = next;
      at++;
    }
    const before = Object.hasOwn(facts, name) ? facts[name] : undefined;
    facts[name] =
      before === undefined ? value : [...(Array.isArray(before) ? before : [String(before)]), String(value)];
  }
  return facts;
}
