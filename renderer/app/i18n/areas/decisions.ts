import type { AreaWords } from "./area-words.ts";

export const decisionsEn = {} as const;

export const decisionsFr: AreaWords<typeof decisionsEn> = {};

/** What the console says of this area in English, in French; `sentences.ts` says how they are looked up. */
export const decisionsSentences: Readonly<Record<string, string>> = {};
