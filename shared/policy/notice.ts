import { HOUR_MS } from "../time.ts";
import { utcText } from "./calendar.ts";
import type { MaintenanceKind, PolicyProfile } from "./profile.ts";
import { allow, type Clause, refuse, verdict, type Verdict } from "./verdict.ts";
import { checkStandardWindow, nextStandardWindow } from "./windows.ts";

export const MOVE_REASONS = ["recovery", "disaster", "other"] as const;
export type MoveReason = (typeof MOVE_REASONS)[number];

export interface NoticeFacts {
  readonly kind: MaintenanceKind;
  readonly startsAt: Date;
  /** When the customer was told, or will be; null: told now. */
  readonly announcedAt: Date | null;
  /** Whether the service is interrupted. */
  readonly interrupts: boolean;
  /** For a move to another data centre. */
  readonly move?: { readonly sameRegion: boolean; readonly reason: MoveReason };
  /** Data-centre zone and end; with them a standard window of the calendar is recognised and needs no further notice. */
  readonly calendar?: { readonly zone: string; readonly endsAt: Date };
}

/**
 * Says whether work may start at `startsAt` for a customer told at `announcedAt` (R33 to R45 by kind and profile).
 *
 * Counts elapsed hours between two instants; exactly the notice is enough. `earliest` is the first start that the
 * notice allows, given on allowing verdicts too. Not refused by `now` itself: a window of the past can be judged.
 */
export function checkNotice(profile: PolicyProfile, facts: NoticeFacts, now: Date): Verdict {
  const { kind, startsAt, interrupts, move, calendar } = facts;
  const clause = profile.notices[kind];
  const announcedAt = facts.announcedAt ?? now;

  if (kind === "standard" && calendar && profile.windows.standard) {
    const inside = checkStandardWindow(profile, calendar.zone, { startsAt, endsAt: calendar.endsAt }, now);
    if (inside.allowed) return inside;
  }
  if (kind === "move" && move && isNoticeFree(profile, move))
    return allow(clause, `A move ${move.sameRegion ? "within the region " : ""}for ${move.reason} needs no notice.`, {
      facts: { case: move.sameRegion ? "notice.moveWithin" : "notice.move", moveReason: move.reason },
      note: profile.regions.move.note,
    });
  if (clause.onlyWhenInterrupting && !interrupts)
    return allow(clause, `No notice is due: the service is not interrupted.`, {
      facts: { case: "notice.uninterrupted" },
      note: clause.note,
    });

  const hours = noticeHours(profile, kind);
  if (hours === undefined)
    return allow(clause, `${profile.name} sets no notice for this kind.`, {
      facts: { case: "notice.unset", service: profile.name },
      note: clause.note,
    });

  const earliestAt = new Date(announcedAt.getTime() + hours * HOUR_MS);
  const earliest = utcText(earliestAt);
  const allowed = startsAt >= earliestAt;
  const length = hours % 24 === 0 && hours > 24 ? `${hours / 24} days` : `${hours} hours`;
  const told = utcText(announcedAt);
  const sentence = allowed
    ? `The start is at least ${length} after the notice of ${told}.`
    : `The start is less than ${length} after the notice of ${told}; it may be ${earliest} or later.`;
  return verdict(clause, allowed, sentence, {
    earliest,
    facts: {
      case: allowed ? "notice.kept" : "notice.short",
      noticeHours: hours,
      announced: told,
      start: utcText(startsAt),
      interrupts,
    },
    overridable: clause.overridable,
    note: clause.note,
  });
}

/** Hours of notice that a kind asks for; undefined where none is promised. */
export function noticeHours(profile: PolicyProfile, kind: MaintenanceKind): number | undefined {
  const { hours } = profile.notices[kind];
  if (hours !== undefined || kind !== "standard") return hours;
  // R35 asks for advance notice and names no length: told before it starts, or what the contract adds.
  return profile.fromContract.calendarChangeNoticeHours ?? 0;
}

function isNoticeFree(profile: PolicyProfile, move: NonNullable<NoticeFacts["move"]>): boolean {
  const { reason, sameRegion } = move;
  if (reason === "other" || !profile.regions.move.noticeFreeReasons.includes(reason)) return false;
  return reason === "disaster" || sameRegion;
}

/**
 * The first moment at which both the notice and the standard window allow a major change (R40 with R33). For a profile
 * without a recurring window, the notice alone.
 */
export function earliestMajorStart(profile: PolicyProfile, zone: string, announcedAt: Date): Date {
  const notice = new Date(announcedAt.getTime() + (noticeHours(profile, "major") ?? 0) * HOUR_MS);
  return nextStandardWindow(profile, zone, notice)?.startsAt ?? notice;
}

/** Notice texts must name the impact when an interruption is likely (R36). */
export function checkImpact(profile: PolicyProfile, interrupts: boolean, impact: string): Verdict {
  const clause: Clause = { rule: "R36", source: "OB:110" };
  if (!interrupts) return allow(clause, "No interruption is likely.", { facts: { case: "impact.none" } });
  if (impact.trim() !== "") return allow(clause, "The notice names the impact.", { facts: { case: "impact.named" } });
  return refuse(clause, `An interruption is likely: the notice of ${profile.name} must name its impact.`, {
    facts: { case: "impact.unnamed" },
  });
}

/** A window as the calendar holds it; `id` says which one it is over changes. */
export interface CalendarEntry {
  readonly id: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
}

export interface CalendarChange {
  readonly id: string;
  readonly change: "added" | "moved" | "cancelled";
  readonly from: CalendarEntry | null;
  readonly to: CalendarEntry | null;
}

/** What the customer has to be told when the calendar changes (R35), in order of time; nothing for equal windows. */
export function calendarChanges(before: readonly CalendarEntry[], after: readonly CalendarEntry[]): CalendarChange[] {
  const old = new Map(before.map((one) => [one.id, one]));
  const now = new Map(after.map((one) => [one.id, one]));
  const changes: CalendarChange[] = [];
  for (const to of now.values()) {
    const from = old.get(to.id) ?? null;
    if (!from) changes.push({ id: to.id, change: "added", from, to });
    else if (from.startsAt.getTime() !== to.startsAt.getTime() || from.endsAt.getTime() !== to.endsAt.getTime())
      changes.push({ id: to.id, change: "moved", from, to });
  }
  for (const from of old.values())
    if (!now.has(from.id)) changes.push({ id: from.id, change: "cancelled", from, to: null });
  const time = (one: CalendarChange) => (one.from ?? one.to)!.startsAt.getTime();
  return changes.sort((a, b) => time(a) - time(b));
}
