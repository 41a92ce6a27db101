import { z } from "zod";
import { EnvironmentKind, Service } from "../tenant/model.ts";
import { ErrorFactsSchema } from "../jobs/model.ts";
import { SeriesId, Volume } from "./catalogue.ts";

/**
 * How the console stands with the sampler on a host.
 *
 * `live`: readings arrive. `connecting`, `waiting`: it is tried (again). `refused`: the host key changed or the log-in
 * was refused; a person must look. `off`: the machine does not run or cannot be reached by contract. `unwatched`: a test
 * environment that nobody looks at (R9). `elsewhere`: another console of the team reads this account's hosts.
 */
export const CONTACTS = ["live", "connecting", "waiting", "refused", "off", "unwatched", "elsewhere"] as const;
export const Contact = z.enum(CONTACTS);
export type Contact = z.infer<typeof Contact>;

export const MetricValue = z.object({
  series: SeriesId,
  value: z.number(),
  at: z.date(),
});
export type MetricValue = z.infer<typeof MetricValue>;

export const MetricLimit = z.object({
  series: SeriesId,
  side: z.enum(["above", "below"]),
  value: z.number(),
  /** Set for this tenant; otherwise the default. */
  own: z.boolean(),
});
export type MetricLimit = z.infer<typeof MetricLimit>;

/** A series that stayed beyond its limit for three readings. */
export const MetricBreach = z.object({
  series: SeriesId,
  value: z.number(),
  limit: z.number(),
  since: z.date(),
});
export type MetricBreach = z.infer<typeof MetricBreach>;

export const MonthlyVolume = z.object({
  /** Calendar month, YYYY-MM. */
  month: z.string(),
  volume: Volume,
  count: z.number().int(),
});
export type MonthlyVolume = z.infer<typeof MonthlyVolume>;

/** One environment as it is now. */
export const MetricsNow = z.object({
  tenantId: z.string(),
  tenantSlug: z.string(),
  service: Service,
  environmentId: z.string(),
  kind: EnvironmentKind,
  /** Contract says: no monitoring (R9). Read only while somebody looks. */
  unprotected: z.boolean(),
  contact: Contact,
  /** Since when the contact is as it is. */
  contactSince: z.date().nullable(),
  lastReadingAt: z.date().nullable(),
  /** Version of the sampler that answers there. */
  sampler: z.number().int().nullable(),
  error: ErrorFactsSchema.nullable(),
  values: z.array(MetricValue),
  breaches: z.array(MetricBreach),
});
export type MetricsNow = z.infer<typeof MetricsNow>;

/** One series over time. Columns of equal length; nulls mark a silence, in which nothing may be drawn. */
export const MetricSeries = z.object({
  id: SeriesId,
  /** Milliseconds since 1970, rising. */
  at: z.array(z.number()),
  low: z.array(z.number().nullable()),
  average: z.array(z.number().nullable()),
  high: z.array(z.number().nullable()),
});
export type MetricSeries = z.infer<typeof MetricSeries>;

export const MetricsRange = z.object({
  environmentId: z.string(),
  from: z.date(),
  to: z.date(),
  /** Seconds that one stored value stands for. */
  levelSeconds: z.number().int(),
  series: z.array(MetricSeries),
  limits: z.array(MetricLimit),
  /** Certificate watch, days before the end (R13). */
  certificateWatchDays: z.array(z.number().int()),
  /** The last twelve months' volumes (R26). */
  monthly: z.array(MonthlyVolume),
});
export type MetricsRange = z.infer<typeof MetricsRange>;

/** Readings since the last push, oldest first, at most ten pushes a second. */
export const MetricsPush = z.object({
  readings: z.array(
    z.object({
      environmentId: z.string(),
      tenantSlug: z.string(),
      kind: EnvironmentKind,
      at: z.date(),
      values: z.array(z.object({ series: SeriesId, value: z.number() })),
    }),
  ),
  /** Environments whose contact or breaches changed: ask `now` again. */
  changed: z.array(z.string()),
});
export type MetricsPush = z.infer<typeof MetricsPush>;
