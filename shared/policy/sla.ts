import { Temporal } from "temporal-polyfill";
import { AppError } from "../errors.ts";
import type { EnvironmentKind } from "../tenant/model.ts";
import { HOUR_MS, MINUTE_MS } from "../time.ts";
import { dateOf, utcText, zonedAt } from "./calendar.ts";
import { intersect, subtract, totalMs, union } from "./intervals.ts";
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
}

/**
 * Says whether the minutes of a window leave the SLA (R37 to R40, R44, R45): allowed means excluded.
 *
 * Only kinds that the contract calls scheduled, with notice proven in time and within the allowance. Partner changes
 * never (R38). `facts.until` is the end of the excluded part, where the allowance is shorter than the window.
 */
export function checkExclusion(profile: PolicyProfile, window: NoticedWindow): Verdict {
  const { kind, startsAt, endsAt, noticeProvenAt, majorOfYear } = window;
  const entry = profile.notices[kind];
  const clause: Clause = { rule: entry.slaRule ?? entry.rule, source: entry.slaSource ?? entry.source };
  const note = entry.note;
  const byContract = kind === "emergency" && profile.fromContract.emergencyMinutesExcluded === true;
  if (!entry.excludedFromSla && !byContract)
    return refuse(clause, `Minutes of the kind "${kind}" count: only scheduled maintenance is excluded.`, { note });
  if (!noticeProvenAt) return refuse(clause, "The minutes count: no notice is proven.", { note });

  const notice = checkNotice(
    profile,
    { kind, startsAt, announcedAt: noticeProvenAt, interrupts: true },
    noticeProvenAt,
  );
  if (!notice.allowed)
    return refuse(clause, `The minutes count: the notice of ${utcText(noticeProvenAt)} came too late.`, {
      ...(notice.earliest === undefined ? {} : { earliest: notice.earliest }),
      note,
    });
  const perYear = kind === "major" ? profile.counters.major?.perCalendarYear : undefined;
  if (perYear !== undefined && majorOfYear !== undefined && majorOfYear > perYear)
    return refuse(clause, `The minutes count: it is major change ${majorOfYear} of its year, ${perYear} are allowed.`);

  const capMs = entry.maximumHours === undefined ? Infinity : startsAt.getTime() + entry.maximumHours * HOUR_MS;
  const until = new Date(Math.min(endsAt.getTime(), capMs));
  return allow(clause, `The minutes until ${utcText(until)} are excluded: scheduled, and noticed in time.`, {
    facts: { from: utcText(startsAt), until: utcText(until), noticed: utcText(noticeProvenAt) },
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
}

/**
 * The month of one environment, replayable from its events (R9, R37 to R40, R44, R45, R61).
 *
 * up + down + excluded + unknown = total, none negative, whatever the events overlap.
 */
export function slaMonth(profile: PolicyProfile, events: MonthEvents): MonthReport {
  const { month, zone } = events;
  const whole = monthOf(month, zone);
  const span = events.observed ? intersect([whole], [events.observed]) : [whole];
  const unknown = intersect(span, events.unknown);
  const known = subtract(span, unknown);
  const down = intersect(known, events.down);

  const excluded: (Window & Clause & { windowId: string })[] = [];
  let left = down;
  for (const window of events.windows) {
    const { allowed, rule, source, facts } = checkExclusion(profile, window);
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
  };
}

/** The report as a verdict: refused when a target of the contract was missed; R9 for an environment without an SLA. */
export function checkMonth(profile: PolicyProfile, report: MonthReport): Verdict {
  const facts = {
    month: report.month,
    upMinutes: report.upMinutes,
    downMinutes: report.downMinutes,
    excludedMinutes: report.excludedMinutes,
    unknownMinutes: report.unknownMinutes,
    availabilityPercent: report.availabilityPercent,
    targetPercent: report.targetPercent,
  };
  const { target, protectedOnly } = profile.sla;
  if (!report.protected)
    return allow(protectedOnly, "Unprotected by contract: no monitoring, no backup, no SLA.", { facts });
  if (report.availabilityPercent === null)
    return allow(target, "No minute of the month is known to be up or down.", { facts, note: target.note });
  const reached = `${Math.floor(report.availabilityPercent * 1000) / 1000} % available, ${report.downMinutes} minutes counted, ${report.unknownMinutes} unknown`;
  if (report.met === null)
    return allow(target, `${reached}; the contract's target is not entered.`, { facts, note: target.note });
  return verdict(target, report.met, `${reached}, of ${report.targetPercent} % promised.`, { facts });
}
