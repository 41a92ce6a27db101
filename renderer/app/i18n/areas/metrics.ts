import type { AreaWords } from "./area-words.ts";

export const metricsEn = {} as const;

export const metricsFr: AreaWords<typeof metricsEn> = {};

/** What the console says of this area in English, in French; `sentences.ts` says how they are looked up. */
export const metricsSentences: Readonly<Record<string, string>> = {};
