import { FRENCH_DETAILS, FRENCH_SENTENCES } from "./french-sentences.ts";
import type { Language } from "./index.ts";

/**
 * The console speaks English: its errors, what a job waits for and what a step found reach the window as sentences.
 * French is looked up by the sentence, as gettext does, with `{{name}}` where the console puts a figure or a name;
 * `{{=name}}` stands for one word without spaces.
 */
type Pattern = readonly [english: RegExp, french: string];

const compiled = new Map<Readonly<Record<string, string>>, readonly Pattern[]>();

function patternsOf(table: Readonly<Record<string, string>>): readonly Pattern[] {
  const known = compiled.get(table);
  if (known) return known;
  const patterns = Object.entries(table).map(([english, french]): Pattern => {
    const source = english
      .split(/(\{\{=?\w+\}\})/)
      .map((part) => {
        const name = /^\{\{(=?)(\w+)\}\}$/.exec(part);
        if (!name) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
        return `(?<${name[2]}>${name[1] ? "\\S+" : ".+?"})`;
      })
      .join("");
    return [new RegExp(`^${source}$`, "s"), french];
  });
  compiled.set(table, patterns);
  return patterns;
}

function lookUp(table: Readonly<Record<string, string>>, text: string): string | undefined {
  if (Object.hasOwn(table, text)) return table[text];
  for (const [english, french] of patternsOf(table)) {
    const groups = english.exec(text)?.groups;
    if (groups) return french.replace(/\{\{(\w+)\}\}/g, (_, name: string) => groups[name] ?? "");
  }
  return undefined;
}

/** A sentence of the console in the operator's language; undefined where it is not known in that language. */
export function knownSentence(text: string, language: Language): string | undefined {
  return language === "en" ? text : lookUp(FRENCH_SENTENCES, text.trim());
}

/** A sentence of the console, in its own words where it is not known in the operator's language. */
export const sentenceWords = (text: string, language: Language): string => knownSentence(text, language) ?? text;

/** What a step found or made, or a plan will make: mostly names and figures, which stay as they are. */
export function detailWords(text: string, language: Language): string {
  return language === "en" ? text : (lookUp(FRENCH_DETAILS, text) ?? knownSentence(text, language) ?? text);
}
