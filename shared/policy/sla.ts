import { Temporal } from "temporal-polyfill";
import { AppError } from "../errors.ts";
import type { EnvironmentKind } from "../tenant/model.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../time.ts";
import { dateOf, utcText, zonedAt } from "./calendar.ts";
import { intersect, subtract, totalMs, union } from "./intervals.ts";
import { checkWeeklyAverage } from "./counters.ts";
import { checkNotice } from "./notice.ts";
import type { MaintenanceKind, PolicyProfile } from "./profile.ts";
import { allow, type Clause, refuse, verdict, type Verdict } from "./verdict.ts";
import type { Window } from "./windows.ts";

/** One maintenance window with the proof of its notice. */
export interface NoticedWindow extends Window {
  readonly id: string;
  readonly kind: MaintenanceKind;
  /** When the notice was sent, by its proof; null without proof. */
  readonly noticeProvenAt: Date | null;
  /** Which major change of its calendar year it is, from 1; those above the allowance earn nothing (R40). */
  readonly majorOfYear?: number;
  /** Minutes that earlier windows leave of the weekly average (R44); absent where the whole window is within it. */
  readonly minutesLeft?: number;
}

/** A window as the calendar has it, before the allowances are counted. */
export type PlannedWindow = Omit<NoticedWindow, "majorOfYear" | "minutesLeft"> & {
  /** The data centre's. */
  readonly zone: string;
};

/**
 * Counts what each window's allowance is (R40, R44): major changes by the calendar year of the data centre, scheduled
 * minutes by the rolling average with the windows before it.
 *
 * `windows` are one environment's, in any order, with those before the period that still count into it. A window that
 * the average no longer holds keeps the minutes that were left when it began.
 */
export function withAllowances(
  profileAt: (at: Date) => PolicyProfile,
  windows: readonly PlannedWindow[],
): NoticedWindow[] {
  const majors = new Map<number, number>();
  const allMinutes = windows.reduce((sum, one) => sum + one.endsAt.getTime() - one.startsAt.getTime(), 0) / MINUTE_MS;
  const scheduled: Window[] = [];
  return windows
    .toSorted((a, b) => a.startsAt.getTime() - b.startsAt.getTime() || (a.id < b.id ? -1 : 1))
    .map(({ zone, ...window }): NoticedWindow => {
      const profile = profileAt(window.startsAt);
      let ordinal: number | undefined;
      if (window.kind === "major") {
        const { year } = zonedAt(window.startsAt, zone);
        ordinal = (majors.get(year) ?? 0) + 1;
        majors.set(year, ordinal);
      }
      const { weekly } = profile.counters;
      const counts = weekly !== undefined && profile.notices[window.kind].excludedFromSla;
      const left =
        counts &&
        allMinutes > weekly.averageMinutes * weekly.weeks &&
        !checkWeeklyAverage(profile, window, scheduled).allowed
          ? minutesBefore(window.startsAt, weekly, scheduled)
          : undefined;
      if (counts) scheduled.push(window);
      return {
        ...window,
        ...(ordinal === undefined ? {} : { majorOfYear: ordinal }),
        ...(left === undefined ? {} : { minutesLeft: left }),
      };
    });
}

/** What the weeks before `at` leave of the average's minutes. */
function minutesBefore(
  at: Date,
  weekly: { readonly averageMinutes: number; readonly weeks: number },
  earlier: readonly Window[],
): number {
  const period = { startsAt: new Date(at.getTime() - weekly.weeks * 7 * DAY_MS), endsAt: at };
  return Math.max(0, weekly.averageMinutes * weekly.weeks - totalMs(intersect(earlier, [period])) / MINUTE_MS);
}

/**
 * Says whether the minutes of a window leave the SLA (R37 to R40, R44, R45): allowed means excluded.
 *
 * Only kinds that the contract calls scheduled, with notice proven in time and within the allowances. Partner changes
 * never (R38). `facts.until` is the end of the excluded part, where an allowance is shorter than the window.
 */
export function checkExclusion(profile: PolicyProfile, window: NoticedWindow): Verdict {
  const { kind, startsAt, endsAt, noticeProvenAt, majorOfYear, minutesLeft } = window;
  const entry = profile.notices[kind];
  const clause: Clause = { rule: entry.slaRule ?? entry.rule, source: entry.slaSource ?? entry.source };
  const note = entry.note;
  const byContract = kind === "emergency" && profile.fromContract.emergencyMinutesExcluded === true;
  if (!entry.excludedFromSla && !byContract)
    return refuse(clause, `Minutes of the kind "${kind}" count: only scheduled maintenance is excluded.`, {
      facts: { case: "sla.kindCounts", work: kind },
      note,
    });
  if (!noticeProvenAt)
    return refuse(clause, "The minutes count: no notice is proven.", { facts: { case: "sla.notProven" }, note });

  const noticed = utcText(noticeProvenAt);
  const notice = checkNotice(
    profile,
    { kind, startsAt, announcedAt: noticeProvenAt, interrupts: true },
    noticeProvenAt,
  );
  if (!notice.allowed)
    return refuse(clause, `The minutes count: the notice of ${noticed} came too late.`, {
      ...(notice.earliest === undefined ? {} : { earliest: notice.earliest }),
      facts: { case: "sla.late", noticed },
      note,
    });
  const perYear = kind === "major" ? profile.counters.major?.perCalendarYear : undefined;
  if (perYear !== undefined && majorOfYear !== undefined && majorOfYear > perYear)
    return refuse(clause, `The minutes count: it is major change ${majorOfYear} of its year, ${perYear} are allowed.`, {
      facts: { case: "sla.tooManyMajors", ordinal: majorOfYear, perYear },
    });
  const { weekly } = profile.counters;
  const within = weekly && entry.excludedFromSla ? minutesLeft : undefined;
  if (weekly && within === 0)
    return refuse(weekly, "The minutes count: earlier windows used up the scheduled minutes of these weeks.", {
      facts: { case: "sla.usedUp", weeks: weekly.weeks, limitMinutes: weekly.averageMinutes },
    });

  const capMs = Math.min(
    entry.maximumHours === undefined ? Infinity : entry.maximumHours * HOUR_MS,
    within === undefined ? Infinity : within * MINUTE_MS,
  );
  const until = new Date(Math.min(endsAt.getTime(), startsAt.getTime() + capMs));
  return allow(clause, `The minutes until ${utcText(until)} are excluded: scheduled, and noticed in time.`, {
    facts: { case: "sla.excluded", from: utcText(startsAt), until: utcText(until), noticed },
    note,
  });
}

/** One calendar month, "2026-03", in the customer's zone. Throws AppError InvalidInput for anything else. */
export function monthOf(month: string, zone: string): Window {
  if (!/^\d{4}-(?:0[1-9]|1[0-2])$/.test(month))
    throw new AppError("InvalidInput", `"${month.slice(0, 40)}" is no month such as 2026-03.`, {
      retryable: false,
      field: "month",
      next: "Write the year, a hyphen and the month.",
    });
  zonedAt(new Date(0), zone);
  const first = Temporal.PlainYearMonth.from(month).toPlainDate({ day: 1 });
  const startOf = (day: Temporal.PlainDate) => dateOf(day.toZonedDateTime(zone));
  return { startsAt: startOf(first), endsAt: startOf(first.add({ months: 1 })) };
}

export interface MonthEvents {
  readonly month: string;
  readonly zone: string;
  readonly environment: EnvironmentKind;
  /** When the tenant was down, by the probe. */
  readonly down: readonly Window[];
  /** When the probe itself was blind; wins over `down` and over up. */
  readonly unknown: readonly Window[];
  readonly windows: readonly NoticedWindow[];
  /** The numbers of the day of a window, where they may differ from the month's. */
  readonly profileAt?: (at: Date) => PolicyProfile;
  /** Part of the month that is over and was in service; default the whole month. */
  readonly observed?: Window;
}

export interface MonthReport {
  readonly month: string;
  readonly zone: string;
  /** False for environments without an SLA (R9); their minutes are shown, their availability is not. */
  readonly protected: boolean;
  readonly totalMinutes: number;
  readonly upMinutes: number;
  /** Down and counted. */
  readonly downMinutes: number;
  /** Down, excluded by contract. */
  readonly excludedMinutes: number;
  readonly unknownMinutes: number;
  /** Up over up and counted down, in percent, not rounded; null with no such minute or without an SLA. */
  readonly availabilityPercent: number | null;
  /** From the contract; null while nobody entered one (gap d). */
  readonly targetPercent: number | null;
  readonly met: boolean | null;
  /** Every excluded stretch with the window that earned it. */
  readonly excluded: readonly (Window & Clause & { readonly windowId: string })[];
  /** Down and counted, as stretches. */
  readonly counted: readonly Window[];
  /** Whether each window earned an exclusion, and why. */
  readonly judged: readonly { readonly windowId: string; readonly verdict: Verdict }[];
}

/**
 * The month of one environment, replayable from its events (R9, R37 to R40, R44, R45, R61).
 *
 * up + down + excluded + unknown = total, none negative, whatever the events overlap. `whole` is `monthOf` the month,
 * for callers who ask for many of one zone.
 */
export function slaMonth(
  profile: PolicyProfile,
  events: MonthEvents,
  whole: Window = monthOf(events.month, events.zone),
): MonthReport {
  const { month, zone, profileAt } = events;
  const span = events.observed ? intersect([whole], [events.observed]) : [whole];
  const unknown = intersect(span, events.unknown);
  const known = subtract(span, unknown);
  const down = intersect(known, events.down);

  const excluded: (Window & Clause & { windowId: string })[] = [];
  const judged: { windowId: string; verdict: Verdict }[] = [];
  let left = down;
  for (const window of events.windows) {
    const verdict = checkExclusion(profileAt?.(window.startsAt) ?? profile, window);
    judged.push({ windowId: window.id, verdict });
    const { allowed, rule, source, facts } = verdict;
    if (!allowed) continue;
    const part = { startsAt: window.startsAt, endsAt: new Date(String(facts?.until)) };
    for (const stretch of intersect(left, [part])) excluded.push({ ...stretch, windowId: window.id, rule, source });
    left = subtract(left, [part]);
  }

  const minutes = (windows: readonly Window[]) => totalMs(windows) / MINUTE_MS;
  const isProtected = profile.environments.find((one) => one.kind === events.environment)?.unprotected === false;
  const upMinutes = minutes(subtract(known, down));
  const downMinutes = minutes(left);
  const counted = upMinutes + downMinutes;
  const availabilityPercent = isProtected && counted > 0 ? (upMinutes / counted) * 100 : null;
  const targetPercent = profile.fromContract.uptimePercent ?? null;
  return {
    month,
    zone,
    protected: isProtected,
    totalMinutes: minutes(span),
    upMinutes,
    downMinutes,
    excludedMinutes: minutes(union(excluded)),
    unknownMinutes: minutes(unknown),
    availabilityPercent,
    targetPercent,
    met: availabilityPercent === null || targetPercent === null ? null : availabilityPercent >= targetPercent,
    excluded,
    counted: left,
    judged,
  };
}

/** The report as a verdict: refused when a target of the contract was missed; R9 for an environment without an SLA. */
export function checkMonth(profile: PolicyProfile, report: MonthReport): Verdict {
  const { availabilityPercent } = report;
  const tenths = (minutes: number) => Math.round(minutes * 10) / 10;
  // Cut, never rounded up: 99.9996 % is not 100 %.
  const available = availabilityPercent === null ? null : String(Math.floor(availabilityPercent * 1_000) / 1_000);
  const facts = {
    month: report.month,
    available,
    upMinutes: report.upMinutes,
    downMinutes: report.downMinutes,
    excludedMinutes: report.excludedMinutes,
    unknownMinutes: report.unknownMinutes,
    availabilityPercent,
    targetPercent: report.targetPercent,
  };
  const { target, protectedOnly } = profile.sla;
  if (!report.protected)
    return allow(protectedOnly, "Unprotected by contract: no monitoring, no backup, no SLA.", {
      facts: { case: "sla.unprotected", ...facts },
    });
  if (availabilityPercent === null)
    return allow(target, "No minute of the month is known to be up or down.", {
      facts: { case: "sla.nothingKnown", ...facts },
      note: target.note,
    });
  const reached = `${available} % available, ${tenths(report.downMinutes)} minutes counted, ${tenths(report.unknownMinutes)} unknown`;
  if (report.met === null)
    return allow(target, `${reached}; the contract's target is not entered.`, {
      facts: { case: "sla.noTarget", ...facts },
      note: target.note,
    });
  return verdict(target, report.met, `${reached}, of ${report.targetPercent} % promised.`, {
    facts: { case: "sla.target", ...facts },
  });
}
