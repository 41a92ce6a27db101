import { z } from "zod";
import { CalendarWindow, NoticeProof } from "../calendar/model.ts";
import { AvailabilityEvent } from "../metrics/availability.ts";
import { Verdict } from "../policy/verdict.ts";
import { Service } from "../tenant/model.ts";

/** "2026-03"; months are the customer's. */
export const Month = z.string().regex(/^\d{4}-(?:0[1-9]|1[0-2])$/);

/** The month of one tenant's production in minutes that add up to `totalMinutes`. */
export const SlaRow = z.object({
  tenantId: z.string(),
  slug: z.string(),
  customer: z.string(),
  service: Service,
  owner: z.string(),
  isLab: z.boolean(),
  environmentId: z.string(),
  region: z.string(),
  /** The customer's zone, in which the month is counted. */
  zone: z.string(),
  /** Of the month what is over and was in service. */
  totalMinutes: z.number(),
  upMinutes: z.number(),
  /** Down and counted. */
  downMinutes: z.number(),
  /** Down within a window that leaves the SLA. */
  excludedMinutes: z.number(),
  /** Nobody could look; neither up nor down. */
  unknownMinutes: z.number(),
  /** Null with no minute that is known. */
  availabilityPercent: z.number().nullable(),
  /** From the signed contract; null where it names none. */
  targetPercent: z.number().nullable(),
  met: z.boolean().nullable(),
  /** Why the month cannot be computed. */
  problem: z.string().nullable(),
});
export type SlaRow = z.infer<typeof SlaRow>;

export const SlaMonth = z.object({ month: Month, rows: z.array(SlaRow) });
export type SlaMonth = z.infer<typeof SlaMonth>;

export const STRETCH_CLASSES = ["up", "down", "excluded", "unknown"] as const;
/** One stretch of the month; they fill it without overlap, in order of time. */
export const SlaStretch = z.object({
  from: z.date(),
  to: z.date(),
  class: z.enum(STRETCH_CLASSES),
  /** Who saw it, and what was said. */
  source: AvailabilityEvent.shape.source,
  detail: z.string().nullable(),
  /** The window that excludes it. */
  windowId: z.string().nullable(),
});
export type SlaStretch = z.infer<typeof SlaStretch>;

/** A window of the month with what it earns and the proof of its notice. */
export const SlaWindow = CalendarWindow.pick({
  id: true,
  kind: true,
  title: true,
  startsAt: true,
  endsAt: true,
}).extend({
  verdict: Verdict,
  noticeSentAt: z.date().nullable(),
  proof: NoticeProof.nullable(),
});
export type SlaWindow = z.infer<typeof SlaWindow>;

/** Everything that a month's figures follow from. */
export const SlaReport = SlaRow.extend({
  month: Month,
  from: z.date(),
  to: z.date(),
  /** The month is over: its figures change no more. */
  isOver: z.boolean(),
  profile: z.object({ id: z.string(), version: z.string() }),
  verdict: Verdict,
  stretches: z.array(SlaStretch),
  windows: z.array(SlaWindow),
});
export type SlaReport = z.infer<typeof SlaReport>;
