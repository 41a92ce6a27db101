import type { AreaWords } from "./area-words.ts";

export const restoreEn = {} as const;

export const restoreFr: AreaWords<typeof restoreEn> = {};

/** What the console says of this area in English, in French; `sentences.ts` says how they are looked up. */
export const restoreSentences: Readonly<Record<string, string>> = {};
