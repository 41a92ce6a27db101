import type { Service } from "../tenant/model.ts";
import { profileOf } from "../policy/profiles.ts";
import { seriesFacts, type SeriesId, seriesOf } from "./catalogue.ts";

/** The limit of one series for one tenant. */
export interface Limit {
  readonly series: SeriesId;
  readonly side: "above" | "below";
  readonly value: number;
  /** Somebody set it for this tenant. */
  readonly own: boolean;
}

/** Limits of a tenant by series: its own where it has one, else the default. null switches one off. Pure. */
export function limitsOf(own: ReadonlyMap<SeriesId, number | null>): Limit[] {
  return seriesFacts.flatMap((facts): Limit[] => {
    const side = sideOf(facts.id);
    if (!side) return [];
    const chosen = own.get(facts.id);
    if (chosen === null) return [];
    const standard = facts.above ?? facts.below!;
    return [{ series: facts.id, side, value: chosen ?? standard, own: chosen !== undefined }];
  });
}

/** On which side of its limit a series is bad; undefined where there is nothing to limit. */
export function sideOf(id: SeriesId): Limit["side"] | undefined {
  const facts = seriesOf(id);
  if (facts.above !== undefined) return "above";
  return facts.below === undefined ? undefined : "below";
}

export const isBeyond = (limit: Pick<Limit, "side" | "value">, value: number): boolean =>
  limit.side === "above" ? value > limit.value : value < limit.value;

/** Days before a certificate's end at which the watch speaks (R13), longest first. */
export const certificateWatchDays = (service: Service): readonly number[] =>
  profileOf(service).domain.certificate.watchDays;
