import type { AreaWords } from "./area-words.ts";

export const accessEn = {} as const;

export const accessFr: AreaWords<typeof accessEn> = {};

/** What the console says of this area in English, in French; `sentences.ts` says how they are looked up. */
export const accessSentences: Readonly<Record<string, string>> = {};
