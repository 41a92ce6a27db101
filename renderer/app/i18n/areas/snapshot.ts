import type { AreaWords } from "./area-words.ts";

export const snapshotEn = {} as const;

export const snapshotFr: AreaWords<typeof snapshotEn> = {};

/** What the console says of this area in English, in French; `sentences.ts` says how they are looked up. */
export const snapshotSentences: Readonly<Record<string, string>> = {};
