import { noticeHours } from "../policy/notice.ts";
import { MaintenanceKind, type PolicyProfile } from "../policy/profile.ts";
import { HOUR_MS } from "../time.ts";
import type { CalendarWindow, NoticeStanding, WindowNotice } from "./model.ts";

type Times = Pick<CalendarWindow, "startsAt" | "endsAt">;
type Sending = Pick<WindowNotice, "state" | "startsAt" | "endsAt" | "sentAt"> & { readonly proof: unknown };

/** Latest moment at which the notice of such a window is in time; null where the contract asks for none. */
export function noticeDueAt(profile: PolicyProfile, window: Pick<CalendarWindow, "kind" | "startsAt">): Date | null {
  const kind = MaintenanceKind.safeParse(window.kind);
  const hours = kind.success ? noticeHours(profile, kind.data) : undefined;
  return hours === undefined ? null : new Date(window.startsAt.getTime() - hours * HOUR_MS);
}

const announces = (notice: Times, window: Times): boolean =>
  notice.startsAt.getTime() === window.startsAt.getTime() && notice.endsAt.getTime() === window.endsAt.getTime();

/**
 * Whether the entry proves the window's notice: sent with proof, naming the window's present times, at least the
 * rule's hours before the start. Where the contract names no hours, before the start is in time.
 */
export function provesNotice(
  profile: PolicyProfile,
  window: Pick<CalendarWindow, "kind" | "startsAt" | "endsAt">,
  notice: Sending,
): boolean {
  if (notice.state !== "sent" || !notice.proof || !notice.sentAt || !announces(notice, window)) return false;
  const due = noticeDueAt(profile, window);
  return due ? notice.sentAt <= due : notice.sentAt < window.startsAt;
}

/**
 * The entries without those that a later sending took back: a window that moved away and back again is announced only by
 * what was sent since, because the customer last heard of another time.
 */
export function lastHeard<Entry extends Sending>(window: Times, notices: readonly Entry[]): readonly Entry[] {
  const elsewhere = notices
    .filter((one) => one.state === "sent" && one.sentAt && !announces(one, window))
    .reduce((newest, one) => Math.max(newest, one.sentAt!.getTime()), Number.NEGATIVE_INFINITY);
  return notices.filter((one) => !one.sentAt || !announces(one, window) || one.sentAt.getTime() >= elsewhere);
}

/** The first entry that was sent with proof and names the window's present times, in time or not. */
export function announcing<Entry extends Sending>(window: Times, notices: readonly Entry[]): Entry | null {
  return lastHeard(window, notices)
    .filter((one) => one.state === "sent" && one.proof && one.sentAt && announces(one, window))
    .reduce<Entry | null>((first, one) => (first && first.sentAt! <= one.sentAt! ? first : one), null);
}

/** Hours before the deadline from which it catches the eye. */
const SOON_HOURS = 72;

/** `overdue`: the notice can no longer be in time; `settled`: proven, or nothing is owed any more. */
export type NoticeUrgency = "overdue" | "soon" | "open" | "settled";

/** What is still to be done about the notice of a window. Without a deadline the window's start is one. */
export function noticeUrgency(
  window: Pick<CalendarWindow, "state" | "startsAt" | "notice"> & { readonly noticeDueAt: Date | null },
  now: Date,
): NoticeUrgency {
  if (window.state !== "planned" || window.notice === "proven" || window.startsAt <= now) return "settled";
  const left = (window.noticeDueAt ?? window.startsAt).getTime() - now.getTime();
  if (left < 0) return "overdue";
  return left <= SOON_HOURS * HOUR_MS ? "soon" : "open";
}

/** What the whole ledger of one window says; the best entry counts. */
export function noticeStanding(
  profile: PolicyProfile,
  window: Pick<CalendarWindow, "kind" | "startsAt" | "endsAt">,
  notices: readonly Sending[],
): NoticeStanding {
  const sent = lastHeard(window, notices).filter((one) => one.state === "sent");
  if (sent.some((one) => provesNotice(profile, window, one))) return "proven";
  if (sent.some((one) => announces(one, window))) return "late";
  if (sent.length > 0) return "outdated";
  return notices.length > 0 ? "drafted" : "none";
}
