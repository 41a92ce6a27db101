import type { AreaWords } from "./area-words.ts";

export const actsEn = {} as const;

export const actsFr: AreaWords<typeof actsEn> = {};

/** What the console says of this area in English, in French; `sentences.ts` says how they are looked up. */
export const actsSentences: Readonly<Record<string, string>> = {};
