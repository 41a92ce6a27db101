import { z } from "zod";

/** Seen from outside. `degraded` works with something wrong; `unknown`: nobody could say, which is no outage. */
export const AVAILABILITY_STATES = ["up", "degraded", "down", "unknown"] as const;
export const AvailabilityState = z.enum(AVAILABILITY_STATES);
export type AvailabilityState = z.infer<typeof AvailabilityState>;

/**
 * From `at` on the environment was in this state, as far as is known. Events are added and never changed; the state
 * holds until the next event by time.
 */
export const AvailabilityEvent = z.object({
  seq: z.number().int(),
  tenantId: z.string(),
  tenantSlug: z.string(),
  environmentId: z.string(),
  at: z.date(),
  state: AvailabilityState,
  /** The change happened between this instant and `at`; null when nothing is known of before. */
  after: z.date().nullable(),
  /** `probe`: HTTPS from outside. `inventory`: AWS said so. `console`: the console itself could not look. */
  source: z.enum(["probe", "inventory", "console"]),
  detail: z.string().nullable(),
  recordedAt: z.date(),
});
export type AvailabilityEvent = z.infer<typeof AvailabilityEvent>;

/** What a host says of itself while maintenance keeps its users out. */
const LOCKED_OUT = "lockout";

/** Whether customers are served: a host that answers, and does not keep them out. */
export const isServing = ({ state, detail }: Pick<AvailabilityEvent, "state" | "detail">): boolean =>
  state === "up" || (state === "degraded" && detail !== LOCKED_OUT);

export const AvailabilityInterval = z.object({
  from: z.date(),
  to: z.date(),
  state: AvailabilityState,
  source: AvailabilityEvent.shape.source,
  detail: z.string().nullable(),
});
export type AvailabilityInterval = z.infer<typeof AvailabilityInterval>;

type Told = Pick<AvailabilityEvent, "seq" | "at" | "state" | "source" | "detail">;

/**
 * Replays one environment's events into intervals that fill [from, to) without overlap.
 *
 * Events may come in any order: what counts is `at`, and of two at one instant the one that was recorded later. Before
 * the first event and after `confirmedUntil` the state is unknown. Neighbours of one state, source and detail are one
 * interval. Pure.
 */
export function availabilityIntervals(
  events: readonly Told[],
  confirmedUntil: Date | null,
  range: { readonly from: Date; readonly to: Date },
): AvailabilityInterval[] {
  const inOrder = events.toSorted((a, b) => a.at.getTime() - b.at.getTime() || a.seq - b.seq);
  const blind = { state: "unknown", source: "console", detail: null } as const;
  const told: { readonly at: number; readonly what: Pick<Told, "state" | "source" | "detail"> }[] = [
    { at: Number.NEGATIVE_INFINITY, what: blind },
    ...inOrder.map((event) => ({ at: event.at.getTime(), what: event })),
  ];
  const last = inOrder.at(-1);
  if (last) told.push({ at: Math.max(confirmedUntil?.getTime() ?? 0, last.at.getTime()), what: blind });

  const intervals: AvailabilityInterval[] = [];
  for (const [index, { at, what }] of told.entries()) {
    const from = Math.max(at, range.from.getTime());
    const to = Math.min(told[index + 1]?.at ?? Number.POSITIVE_INFINITY, range.to.getTime());
    if (from >= to) continue;
    const before = intervals.at(-1);
    if (before && before.state === what.state && before.source === what.source && before.detail === what.detail) {
      intervals[intervals.length - 1] = { ...before, to: new Date(to) };
    } else {
      const { state, source, detail } = what;
      intervals.push({ from: new Date(from), to: new Date(to), state, source, detail });
    }
  }
  return intervals;
}

/** A state that nobody looked at for longer than this many checks is not known any more. */
const CHECKS_UNTIL_UNKNOWN = 3;
const LEAST_UNTIL_UNKNOWN_MS = 90_000;

export interface KnownAvailability {
  readonly state: AvailabilityState;
  readonly source: AvailabilityEvent["source"];
  readonly detail: string | null;
  /** Last look that found this state. */
  readonly confirmedAt: Date;
}

export type NewEvent = Pick<AvailabilityEvent, "at" | "state" | "after" | "source" | "detail">;

/**
 * What one look adds to the record: nothing while the state stays, the change, and before it the time in which nobody
 * looked (a console that was stopped, killed or asleep). Pure.
 */
export function eventsOfLook(
  known: KnownAvailability | undefined,
  look: KnownAvailability,
  checkSeconds: number,
): NewEvent[] {
  const { state, source, detail, confirmedAt: at } = look;
  const change = { at, state, source, detail };
  if (!known) return [{ ...change, after: null }];
  const silenceMs = at.getTime() - known.confirmedAt.getTime();
  const longest = Math.max(CHECKS_UNTIL_UNKNOWN * checkSeconds * 1_000, LEAST_UNTIL_UNKNOWN_MS);
  if (silenceMs > longest && known.state !== "unknown") {
    const unseen = {
      at: known.confirmedAt,
      after: known.confirmedAt,
      source: "console",
      detail: "nobody looked",
    } as const;
    return [{ ...unseen, state: "unknown" }, ...(state === "unknown" ? [] : [{ ...change, after: known.confirmedAt }])];
  }
  // Latency of a failure's words is no change of state; that users are kept out is one.
  return known.state === state && isServing(known) === isServing(look) ? [] : [{ ...change, after: known.confirmedAt }];
}

/**
 * Whether it is this console that is blind: several hosts (or the only one) are out of reach at once and the account's
 * own endpoint does not answer either. Their state is then unknown, not down. Pure.
 */
export function isBlind(
  hosts: { readonly asked: number; readonly unreachable: number },
  endpointAnswers: boolean,
): boolean {
  const several = hosts.unreachable >= 2 || (hosts.unreachable > 0 && hosts.unreachable === hosts.asked);
  return several && !endpointAnswers;
}
