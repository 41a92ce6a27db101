import type { AreaWords } from "./area-words.ts";

export const filesEn = {} as const;

export const filesFr: AreaWords<typeof filesEn> = {};

/** What the console says of this area in English, in French; `sentences.ts` says how they are looked up. */
export const filesSentences: Readonly<Record<string, string>> = {};
