import { Temporal } from "temporal-polyfill";
import type { Blackout, CalendarWindow, WindowCounters } from "../../shared/calendar/model.ts";
import { addToDay, dateOf, dayIn, utcText, zonedAt } from "../../shared/policy/calendar.ts";
import { checkMajorChange, checkWeeklyAverage } from "../../shared/policy/counters.ts";
import { checkImpact, checkNotice } from "../../shared/policy/notice.ts";
import { MaintenanceKind, type PolicyProfile } from "../../shared/policy/profile.ts";
import { checkRegion } from "../../shared/policy/region.ts";
import { allow, refuse, standingRefusals, type Verdict, withOverrides } from "../../shared/policy/verdict.ts";
import {
  checkBackupOverlap,
  checkBusinessHours,
  checkOffPeak,
  checkStandardWindow,
  nextStandardWindow,
  overlaps,
  type Window,
} from "../../shared/policy/windows.ts";
import { DAY_MS, MINUTE_MS } from "../../shared/time.ts";

export interface Plan extends Window {
  readonly kind: MaintenanceKind;
  readonly interrupts: boolean;
  readonly impact: string;
  readonly move: CalendarWindow["move"];
}

/** A window that is in the calendar already. */
export type Other = Pick<CalendarWindow, "kind" | "startsAt" | "endsAt" | "title">;

export interface DecisionFacts {
  readonly profile: PolicyProfile;
  readonly region: string;
  /** Data centre's zone, and the customer's. */
  readonly zone: string;
  readonly customerZone: string;
  /** The tenant's other windows, cancelled ones left out. */
  readonly others: readonly Other[];
  readonly blackouts: readonly Pick<Blackout, "firstDay" | "lastDay" | "title">[];
  readonly now: Date;
}

export interface Decision {
  readonly verdicts: readonly Verdict[];
  readonly allowed: boolean;
  readonly earliest: Date | null;
  readonly counters: WindowCounters;
}

/** Work that the contract calls scheduled: held off-peak, and counted in the weekly average. */
const SCHEDULED: ReadonlySet<string> = new Set<MaintenanceKind>(["standard", "major", "move"]);
/** Starts that are offered lie on a round time. */
const STEP_MS = 15 * MINUTE_MS;
const MAX_TRIES = 200;

/** Every rule's answer to a plan, whether it may be kept, and the first start that needs no override. Pure. */
export function decide(plan: Plan, overrides: Readonly<Record<string, string>>, facts: DecisionFacts): Decision {
  const verdicts = withOverrides(verdictsOn(plan, facts), overrides);
  return {
    verdicts,
    allowed: standingRefusals(verdicts).length === 0,
    earliest: earliestStart(plan, facts),
    counters: countersOf(plan, facts),
  };
}

/**
 * The customer is told now at the earliest, since an older notice named another time; the minute that has begun is
 * given away.
 */
function verdictsOn(plan: Plan, facts: DecisionFacts): Verdict[] {
  const { profile, zone, customerZone, region, others, now } = facts;
  const { kind, startsAt, endsAt, interrupts, move } = plan;
  const scheduled = SCHEDULED.has(kind);
  return [
    checkImpact(profile, interrupts, plan.impact),
    checkNotice(
      profile,
      {
        kind,
        startsAt,
        announcedAt: new Date(Math.ceil(now.getTime() / MINUTE_MS) * MINUTE_MS),
        interrupts,
        calendar: { zone, endsAt },
        ...(move && { move: { reason: move.reason, sameRegion: move.toRegion === region } }),
      },
      now,
    ),
    ...(kind === "major"
      ? [heldInStandardWindow(plan, facts), checkMajorChange(profile, zone, plan, majors(others))]
      : []),
    ...(move && move.toRegion !== region ? [checkRegion(profile, move.toRegion, [], now)] : []),
    ...(scheduled ? [offPeak(profile, customerZone, startsAt)] : []),
    ...(scheduled && profile.counters.weekly ? [checkWeeklyAverage(profile, plan, scheduledOnes(others))] : []),
    ...(profile.windows.backup ? [checkBackupOverlap(profile, zone, plan)] : []),
    overlapVerdict(plan, others),
    blackoutVerdict(plan, facts),
  ].filter((one) => one !== null);
}

const majors = (others: readonly Other[]) => others.filter((one) => one.kind === "major");
const scheduledOnes = (others: readonly Other[]) => others.filter((one) => SCHEDULED.has(one.kind));

/** A major change begins in the standard window, and may go on beyond it (R40). */
function heldInStandardWindow({ startsAt }: Plan, { profile, zone }: DecisionFacts): Verdict | null {
  if (!profile.windows.standard) return null;
  const firstMinute = { startsAt, endsAt: new Date(startsAt.getTime() + MINUTE_MS) };
  return checkStandardWindow(profile, zone, firstMinute, startsAt);
}

/** Refused by day, it is allowed from the end of that day's business hours. */
function offPeak(profile: PolicyProfile, customerZone: string, startsAt: Date): Verdict {
  const answer = checkOffPeak(profile, customerZone, startsAt);
  const { earliest } = checkBusinessHours(profile, customerZone, startsAt);
  return answer.allowed || earliest === undefined ? answer : { ...answer, earliest };
}

const OVERLAP = { rule: "overlap", source: "calendar" };

function overlapVerdict(plan: Plan, others: readonly Other[]): Verdict {
  const clashes = others.filter((one) => overlaps(plan, one));
  if (clashes.length === 0) return allow(OVERLAP, "The tenant has no other window at that time.");
  const [first] = clashes;
  const end = new Date(Math.max(...clashes.map((one) => one.endsAt.getTime())));
  const name = first!.title || first!.kind;
  return refuse(OVERLAP, `The tenant has another window at that time: ${name}, until ${utcText(end)}.`, {
    earliest: utcText(end),
    facts: { other: name, until: utcText(end), windows: clashes.length },
    overridable: true,
  });
}

const BLACKOUT = { rule: "blackout", source: "calendar" };

function blackoutVerdict(plan: Plan, { zone, blackouts }: DecisionFacts): Verdict {
  const first = dayIn(plan.startsAt, zone);
  const last = dayIn(new Date(plan.endsAt.getTime() - 1), zone);
  const hits = blackouts.filter((one) => one.firstDay <= last && one.lastDay >= first);
  const [hit] = hits;
  if (!hit) return allow(BLACKOUT, "No black-out day stands in the way.");
  const lastDay = hits
    .map((one) => one.lastDay)
    .toSorted()
    .at(-1)!;
  const free = Temporal.PlainDate.from(addToDay(lastDay, { days: 1 })).toZonedDateTime(zone);
  return refuse(BLACKOUT, `${hit.title}: no maintenance from ${hit.firstDay} to ${hit.lastDay} (${zone}).`, {
    earliest: utcText(dateOf(free)),
    facts: { title: hit.title, firstDay: hit.firstDay, lastDay: hit.lastDay, zone },
    overridable: true,
  });
}

/**
 * The first start from now on that no rule refuses, for the same length and kind; on a standard window where the kind
 * is held in one. Null when time alone does not help, as with a change that is too long.
 */
export function earliestStart(plan: Plan, facts: DecisionFacts): Date | null {
  const lengthMs = plan.endsAt.getTime() - plan.startsAt.getTime();
  let start = fitting(plan, facts, facts.now);
  for (let tries = 0; start && tries < MAX_TRIES; tries++) {
    const tried = { ...plan, startsAt: start, endsAt: new Date(start.getTime() + lengthMs) };
    // The impact can be written at any time.
    const refusals = verdictsOn(tried, facts).filter((one) => !one.allowed && one.rule !== "R36");
    if (refusals.length === 0) return start;
    const times = refusals.map((one) => helpsFrom(one, tried.startsAt));
    if (times.includes(null)) return null;
    const latest = Math.max(start.getTime() + STEP_MS, ...times.map((one) => one!.getTime()));
    start = fitting(plan, facts, new Date(latest));
  }
  return null;
}

function helpsFrom(refusal: Verdict, startsAt: Date): Date | null {
  if (refusal.earliest) return new Date(refusal.earliest);
  const { averageMinutes, limitMinutes } = refusal.facts ?? {};
  // An average thins out with distance to the other windows.
  return typeof averageMinutes === "number" && limitMinutes !== undefined
    ? new Date(startsAt.getTime() + DAY_MS)
    : null;
}

function fitting({ kind }: Plan, { profile, zone }: DecisionFacts, from: Date): Date | null {
  const round = new Date(Math.ceil(from.getTime() / STEP_MS) * STEP_MS);
  const inWindow = (kind === "standard" || kind === "major") && profile.windows.standard;
  return inWindow ? (nextStandardWindow(profile, zone, round)?.startsAt ?? null) : round;
}

function countersOf(plan: Plan, { profile, zone, others }: DecisionFacts): WindowCounters {
  const { major, weekly } = profile.counters;
  const year = zonedAt(plan.startsAt, zone).year;
  const inYear = majors(others).filter((one) => zonedAt(one.startsAt, zone).year === year).length;
  const average = weekly && SCHEDULED.has(plan.kind) ? checkWeeklyAverage(profile, plan, scheduledOnes(others)) : null;
  return {
    major: major ? { used: inYear + (plan.kind === "major" ? 1 : 0), allowed: major.perCalendarYear, year } : null,
    weekly: average
      ? {
          averageMinutes: Number(average.facts?.["averageMinutes"]),
          allowedMinutes: weekly!.averageMinutes,
          weeks: weekly!.weeks,
        }
      : null,
  };
}
