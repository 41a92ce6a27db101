import type { AreaWords } from "./area-words.ts";

export const slaEn = {} as const;

export const slaFr: AreaWords<typeof slaEn> = {};

/** What the console says of this area in English, in French; `sentences.ts` says how they are looked up. */
export const slaSentences: Readonly<Record<string, string>> = {};
