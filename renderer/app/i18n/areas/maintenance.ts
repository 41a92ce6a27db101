import type { AreaWords } from "./area-words.ts";

export const maintenanceEn = {} as const;

export const maintenanceFr: AreaWords<typeof maintenanceEn> = {};

/** What the console says of this area in English, in French; `sentences.ts` says how they are looked up. */
export const maintenanceSentences: Readonly<Record<string, string>> = {};
