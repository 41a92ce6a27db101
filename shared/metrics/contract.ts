import { eventIterator, oc } from "@orpc/contract";
import { z } from "zod";
import { EnvironmentKind } from "../tenant/model.ts";
import { AvailabilityEvent, AvailabilityInterval } from "./availability.ts";
import { Family, SeriesId } from "./catalogue.ts";
import { MetricLimit, MetricsNow, MetricsPush, MetricsRange } from "./model.ts";

/** Slug or id. */
const TenantName = z.string().min(1).max(100);
const Place = z.object({ tenant: TenantName, environment: EnvironmentKind.default("production") });

export const metricsContract = {
  /** The newest figures, contact and breaches: of one tenant, or of every environment. */
  now: oc.input(z.object({ tenant: TenantName.optional() })).output(z.array(MetricsNow)),

  /**
   * Stored figures over [from, to), at most `points` a series, lowest, average and highest of each stretch. Without
   * `series` and `family` all of them. Ranges may reach back 400 days.
   */
  query: oc
    .input(
      Place.extend({
        series: z.array(SeriesId).max(64).optional(),
        family: Family.optional(),
        from: z.date(),
        to: z.date(),
        points: z.number().int().min(2).max(5_000).default(300),
      }),
    )
    .output(MetricsRange),

  /**
   * Readings from now on, until the caller leaves; without a tenant those of the whole fleet. A test environment is read
   * for as long as somebody watches it by name (R9).
   */
  watch: oc
    .input(z.object({ tenant: TenantName.optional(), environment: EnvironmentKind.optional() }))
    .output(eventIterator(MetricsPush)),

  /** What was seen from outside: the changes as recorded, and the intervals that follow from them. */
  events: oc
    .input(Place.extend({ from: z.date(), to: z.date() }))
    .output(z.object({ events: z.array(AvailabilityEvent), intervals: z.array(AvailabilityInterval) })),

  limits: oc.input(z.object({ tenant: TenantName })).output(z.array(MetricLimit)),
  /** `value` null switches the limit off, absent goes back to the default. Repeating is harmless. */
  setLimit: oc
    .input(z.object({ tenant: TenantName, series: SeriesId, value: z.number().min(0).max(1e15).nullish() }))
    .output(z.array(MetricLimit)),
};
