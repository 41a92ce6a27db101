import { Temporal } from "temporal-polyfill";
import { dateOf, utcText, zonedAt } from "./calendar.ts";
import type { PolicyProfile } from "./profile.ts";
import { allow, refuse, type Verdict } from "./verdict.ts";

export interface HandOverClock {
  readonly targetAt: Date;
  readonly limitAt: Date;
  readonly rule: string;
  readonly source: string;
  /** False where the text gives no number and the clock is the console's own target. */
  readonly contractual: boolean;
  readonly note?: string;
}

/**
 * When an ordered tenant should and must be handed over (R84): target 1, limit 5 business days.
 *
 * A business day is Monday to Friday without `holidays` ("YYYY-MM-DD") in the customer's `zone`. The clock keeps the
 * time of day: ordered Friday 15:00, target Monday 15:00. An order on a free day has whole business days: ordered
 * Saturday, target the end of Monday. Throws AppError InvalidInput for an unknown zone.
 */
export function handOverClock(
  profile: PolicyProfile,
  zone: string,
  orderedAt: Date,
  holidays: Iterable<string> = [],
): HandOverClock {
  return businessDayClock(profile.handOver, zone, orderedAt, holidays);
}

/** Clock of a change of the licence type (R85): 3 to 7 business days. Null for a profile without one. */
export function licenceChangeClock(
  profile: PolicyProfile,
  zone: string,
  askedAt: Date,
  holidays: Iterable<string> = [],
): HandOverClock | null {
  return profile.licenceChange ? businessDayClock(profile.licenceChange, zone, askedAt, holidays) : null;
}

function businessDayClock(
  clause: PolicyProfile["handOver"],
  zone: string,
  orderedAt: Date,
  holidays: Iterable<string>,
): HandOverClock {
  const { rule, source, contractual, note, targetBusinessDays, limitBusinessDays } = clause;
  const free = new Set(holidays);
  return {
    targetAt: addBusinessDays(orderedAt, targetBusinessDays, zone, free),
    limitAt: addBusinessDays(orderedAt, limitBusinessDays, zone, free),
    rule,
    source,
    contractual,
    ...(note === undefined ? {} : { note }),
  };
}

/** Says whether the tenant was, or at `now` still can be, handed over within the limit (R84). */
export function checkHandOver(
  profile: PolicyProfile,
  facts: {
    readonly zone: string;
    readonly orderedAt: Date;
    readonly handedOverAt: Date | null;
    readonly holidays?: Iterable<string>;
  },
  now: Date,
): Verdict {
  const clock = handOverClock(profile, facts.zone, facts.orderedAt, facts.holidays);
  const at = facts.handedOverAt ?? now;
  const shown = { targetAt: utcText(clock.targetAt), limitAt: utcText(clock.limitAt), contractual: clock.contractual };
  const extra = { facts: shown, note: clock.note };
  const done = facts.handedOverAt !== null;
  if (at > clock.limitAt)
    return refuse(clock, `The hand-over ${done ? "came" : "is"} after its limit of ${shown.limitAt}.`, extra);
  if (at > clock.targetAt)
    return allow(clock, `The hand-over ${done ? "came" : "is"} after its target of ${shown.targetAt}.`, extra);
  return allow(clock, done ? "Handed over within the target." : `The target is ${shown.targetAt}.`, extra);
}

/** Free days in a row that are still a calendar, not a mistake in the list. */
const LONGEST_BREAK_DAYS = 366;

function addBusinessDays(from: Date, days: number, zone: string, holidays: ReadonlySet<string>): Date {
  const isFree = (day: Temporal.PlainDate) => day.dayOfWeek > 5 || holidays.has(day.toString());
  const nextBusinessDay = (day: Temporal.PlainDate) => {
    let next = day.add({ days: 1 });
    for (let free = 0; isFree(next) && free < LONGEST_BREAK_DAYS; free++) next = next.add({ days: 1 });
    return next;
  };

  const local = zonedAt(from, zone);
  const orderedOnFreeDay = isFree(local.toPlainDate());
  let day = local.toPlainDate();
  for (let passed = 0; passed < days; passed++) day = nextBusinessDay(day);
  // From a free day the count starts with the next business day, so it ends with the midnight after the last one.
  const deadline = orderedOnFreeDay && days > 0 ? day.add({ days: 1 }) : day;
  const plainTime = orderedOnFreeDay ? new Temporal.PlainTime() : local.toPlainTime();
  return dateOf(deadline.toZonedDateTime({ timeZone: zone, plainTime }));
}
