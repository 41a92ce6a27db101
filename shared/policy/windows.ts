import type { Temporal } from "temporal-polyfill";
import { MINUTE_MS } from "../time.ts";
import { dateOf, utcText, zonedAt } from "./calendar.ts";
import type { PolicyProfile } from "./profile.ts";
import { allow, refuse, verdict, type Verdict } from "./verdict.ts";

/** Time zone of the place where the data centres of an AWS region stand. */
const REGION_ZONES: Readonly<Record<string, string>> = {
  "af-south-1": "Africa/Johannesburg",
  "ap-east-1": "Asia/Hong_Kong",
  "ap-east-2": "Asia/Taipei",
  "ap-northeast-1": "Asia/Tokyo",
  "ap-northeast-2": "Asia/Seoul",
  "ap-northeast-3": "Asia/Tokyo",
  "ap-south-1": "Asia/Kolkata",
  "ap-south-2": "Asia/Kolkata",
  "ap-southeast-1": "Asia/Singapore",
  "ap-southeast-2": "Australia/Sydney",
  "ap-southeast-3": "Asia/Jakarta",
  "ap-southeast-4": "Australia/Melbourne",
  "ap-southeast-5": "Asia/Kuala_Lumpur",
  "ap-southeast-6": "Pacific/Auckland",
  "ap-southeast-7": "Asia/Bangkok",
  "ca-central-1": "America/Toronto",
  "ca-west-1": "America/Edmonton",
  "eu-central-1": "Europe/Berlin",
  "eu-central-2": "Europe/Zurich",
  "eu-north-1": "Europe/Stockholm",
  "eu-south-1": "Europe/Rome",
  "eu-south-2": "Europe/Madrid",
  "eu-west-1": "Europe/Dublin",
  "eu-west-2": "Europe/London",
  "eu-west-3": "Europe/Paris",
  "il-central-1": "Asia/Jerusalem",
  "me-central-1": "Asia/Dubai",
  "me-south-1": "Asia/Bahrain",
  "mx-central-1": "America/Mexico_City",
  "sa-east-1": "America/Sao_Paulo",
  "us-east-1": "America/New_York",
  "us-east-2": "America/New_York",
  "us-west-1": "America/Los_Angeles",
  "us-west-2": "America/Los_Angeles",
};

/** Data-centre time zone of an AWS region; undefined for a region that is not in the table. */
export function regionZone(region: string): string | undefined {
  return Object.hasOwn(REGION_ZONES, region) ? REGION_ZONES[region] : undefined;
}

export interface Window {
  readonly startsAt: Date;
  readonly endsAt: Date;
}

/**
 * The first standard maintenance window that starts at or after `now` (R33), in data-centre time.
 *
 * `zone` is the region's zone (`regionZone`). The local hour holds over daylight-saving changes; the length is elapsed
 * time. Null for a profile without a recurrence. Throws AppError InvalidInput for an unknown zone.
 */
export function nextStandardWindow(profile: PolicyProfile, zone: string, now: Date): Window | null {
  const { standard } = profile.windows;
  if (!standard) return null;
  const known = answers.get(standard)?.get(zone);
  if (known && known.fromMs <= now.getTime() && now.getTime() <= known.startMs) return lasting(standard, known.startMs);

  const month = zonedAt(now, zone).toPlainDate().toPlainYearMonth();
  let ahead = 0;
  let window = standardWindowOf(standard, month, zone);
  while (window.startsAt < now) window = standardWindowOf(standard, month.add({ months: ++ahead }), zone);
  const answer = { fromMs: now.getTime(), startMs: window.startsAt.getTime() };
  answers.set(standard, (answers.get(standard) ?? new Map()).set(zone, answer));
  return window;
}

/**
 * The last answer for each zone holds for every `now` from the one it was asked with to its start. A fleet asks the
 * same few zones for thousands of tenants, and zone arithmetic is slow.
 */
const answers = new WeakMap<StandardWindow, Map<string, { readonly fromMs: number; readonly startMs: number }>>();

type StandardWindow = NonNullable<PolicyProfile["windows"]["standard"]>;

function standardWindowOf(standard: StandardWindow, month: Temporal.PlainYearMonth, zone: string): Window {
  const first = month.toPlainDate({ day: 1 });
  const offset = (standard.weekday - first.dayOfWeek + 7) % 7;
  const day = first.add({ days: offset + 7 * (standard.weekOfMonth - 1) });
  return lasting(standard, day.toZonedDateTime({ timeZone: zone, plainTime: standard.startsAt }).epochMilliseconds);
}

const lasting = (standard: StandardWindow, startMs: number): Window => ({
  startsAt: new Date(startMs),
  endsAt: new Date(startMs + standard.minutes * MINUTE_MS),
});

/**
 * Says whether `[start, end)` lies wholly within the standard window of its month (R33). `earliest` is the next one
 * from `now` on, which is where a refused act may go.
 */
export function checkStandardWindow(profile: PolicyProfile, zone: string, window: Window, now: Date): Verdict {
  const { standard, calendarChange } = profile.windows;
  if (!standard)
    return allow(calendarChange, `${profile.name} names no recurring window; the notice decides.`, {
      facts: { case: "window.none", service: profile.name },
      note: calendarChange.note,
    });
  const month = zonedAt(window.startsAt, zone).toPlainDate().toPlainYearMonth();
  const own = standardWindowOf(standard, month, zone);
  const inside = window.startsAt >= own.startsAt && window.startsAt < own.endsAt && window.endsAt <= own.endsAt;
  const next = inside ? own : nextStandardWindow(profile, zone, now)!;
  const local = zonedAt(next.startsAt, zone).toPlainDateTime().toString({ smallestUnit: "minute" });
  const name = inside ? "window.inside" : "window.outside";
  const facts = { case: name, zone, startsAt: utcText(next.startsAt), endsAt: utcText(next.endsAt), local };
  return inside
    ? allow(standard, `It lies in the standard window of ${local} (${zone}).`, { facts, note: standard.note })
    : refuse(standard, `It lies outside the standard window; the next one is ${local} (${zone}).`, {
        earliest: utcText(next.startsAt),
        facts,
        note: standard.note,
        overridable: true,
      });
}

/**
 * The daily backup window that covers `now`, or else the next one (R62), in data-centre time. Null for a profile
 * without one.
 */
export function nextBackupWindow(profile: PolicyProfile, zone: string, now: Date): Window | null {
  const { backup } = profile.windows;
  if (!backup) return null;
  const today = zonedAt(now, zone).toPlainDate();
  for (let ahead = -1; ; ahead++) {
    const window = backupWindowOf(backup, today.add({ days: ahead }), zone);
    if (window.endsAt > now) return window;
  }
}

type BackupWindow = NonNullable<PolicyProfile["windows"]["backup"]>;

function backupWindowOf(backup: BackupWindow, day: Temporal.PlainDate, zone: string): Window {
  const endDay = backup.to > backup.from ? day : day.add({ days: 1 });
  return {
    startsAt: dateOf(day.toZonedDateTime({ timeZone: zone, plainTime: backup.from })),
    endsAt: dateOf(endDay.toZonedDateTime({ timeZone: zone, plainTime: backup.to })),
  };
}

/** Whether two half-open intervals share any time; touching ends do not. */
export const overlaps = (a: Window, b: Window): boolean => a.startsAt < b.endsAt && b.startsAt < a.endsAt;

/** Warns of work that overlaps the daily backup window (R62). Overridable: responses are slower then, not refused. */
export function checkBackupOverlap(profile: PolicyProfile, zone: string, work: Window): Verdict {
  const { backup } = profile.windows;
  if (!backup)
    return allow({ rule: "R62", source: "AC:47" }, `${profile.name} names no hours for its backups.`, {
      facts: { case: "backupHours.none", service: profile.name },
    });
  const window = nextBackupWindow(profile, zone, work.startsAt)!;
  const clash = overlaps(work, window);
  const facts = {
    case: clash ? "backupHours.overlap" : "backupHours.clear",
    ...{ zone, from: backup.from, to: backup.to },
    ...{ backupStartsAt: utcText(window.startsAt), backupEndsAt: utcText(window.endsAt) },
  };
  const hours = `${backup.from} to ${backup.to} (${zone})`;
  return verdict(
    backup,
    !clash,
    clash ? `It overlaps the daily backup window, ${hours}.` : `It is clear of the daily backup window, ${hours}.`,
    { facts, note: backup.note, ...(clash ? { earliest: utcText(window.endsAt), overridable: true } : {}) },
  );
}

/** The customer's clock at `at`, and whether it is within business hours. */
function businessClock(profile: PolicyProfile, customerZone: string, at: Date) {
  const { from, to, weekdays } = profile.windows.businessHours;
  const local = zonedAt(at, customerZone);
  const time = local.toPlainTime().toString({ smallestUnit: "minute" });
  return { local, time, inside: weekdays.includes(local.dayOfWeek) && time >= from && time < to };
}

/** Scheduled work is held at times of low traffic (R34; R44: off-peak or at a weekend), in the customer's zone. */
export function checkOffPeak(profile: PolicyProfile, customerZone: string, startsAt: Date): Verdict {
  const { offPeak, businessHours } = profile.windows;
  const { inside, time } = businessClock(profile, customerZone, startsAt);
  const sentence = `${time} (${customerZone}) is ${inside ? "a time of high traffic" : "off-peak"}.`;
  return verdict(offPeak, !inside, sentence, {
    facts: {
      case: inside ? "traffic.high" : "traffic.low",
      ...{ zone: customerZone, local: time, from: businessHours.from, to: businessHours.to },
    },
    note: businessHours.note,
    overridable: true,
  });
}

/**
 * Says whether an act that overwrites production may start at `startsAt` in the customer's zone: outside business hours
 * (R72). `earliest` is the end of those hours that day.
 */
export function checkBusinessHours(profile: PolicyProfile, customerZone: string, startsAt: Date): Verdict {
  const { businessHours } = profile.windows;
  const { inside, local, time } = businessClock(profile, customerZone, startsAt);
  const hours = `${businessHours.from} to ${businessHours.to} (${customerZone})`;
  const facts = { zone: customerZone, local: time, from: businessHours.from, to: businessHours.to };
  if (!inside)
    return allow(businessHours, `${time} is outside business hours, ${hours}.`, {
      facts: { case: "businessHours.outside", ...facts },
      note: businessHours.note,
    });
  const end = local.toPlainDate().toZonedDateTime({ timeZone: customerZone, plainTime: businessHours.to });
  return refuse(businessHours, `${time} is within business hours, ${hours}; overwriting waits for their end.`, {
    earliest: utcText(dateOf(end)),
    facts: { case: "businessHours.inside", ...facts },
    overridable: true,
    note: businessHours.note,
  });
}
