import { DAY_MS, HOUR_MS, MINUTE_MS } from "../time.ts";
import { utcText, zonedAt } from "./calendar.ts";
import type { PolicyProfile } from "./profile.ts";
import { allow, refuse, type Verdict } from "./verdict.ts";
import type { Window } from "./windows.ts";

/** Days that one week has in a rolling average. */
const WEEK_MS = 7 * DAY_MS;

/**
 * Says whether one more major change fits the calendar year of its start (R40): how many a year, and how long.
 *
 * `others`: the tenant's other major changes, held or planned; the year is that of the data-centre `zone`. `earliest`
 * is the first day of the next year with room, in that zone.
 */
export function checkMajorChange(
  profile: PolicyProfile,
  zone: string,
  planned: Window,
  others: readonly Window[],
): Verdict {
  const { major } = profile.counters;
  if (!major)
    return allow(profile.notices.major, `${profile.name} counts no major changes.`, {
      facts: { case: "major.uncounted", service: profile.name },
    });

  const hours = (planned.endsAt.getTime() - planned.startsAt.getTime()) / HOUR_MS;
  const yearOf = (window: Window) => zonedAt(window.startsAt, zone).year;
  const countIn = (year: number) => others.filter((one) => yearOf(one) === year).length;
  const year = yearOf(planned);
  const ordinal = countIn(year) + 1;
  const facts = { year, ordinal, perYear: major.perCalendarYear, hours, maximumHours: major.maximumHours };
  if (hours > major.maximumHours)
    return refuse(major, `A major change lasts at most ${major.maximumHours} hours, not ${round(hours)}.`, {
      facts: { case: "major.tooLong", ...facts },
      overridable: true,
    });
  if (ordinal <= major.perCalendarYear)
    return allow(major, `It is major change ${ordinal} of ${major.perCalendarYear} in ${year}.`, {
      facts: { case: "major.within", ...facts },
    });

  let free = year + 1;
  if (major.perCalendarYear > 0) while (countIn(free) >= major.perCalendarYear) free++;
  const earliest = zonedAt(planned.startsAt, zone)
    .with({ year: free, month: 1, day: 1 })
    .startOfDay()
    .toInstant()
    .toString();
  return refuse(major, `${year} already has ${ordinal - 1} major changes; ${major.perCalendarYear} are allowed.`, {
    ...(major.perCalendarYear > 0 ? { earliest } : {}),
    facts: { case: "major.tooMany", used: ordinal - 1, ...facts },
    overridable: true,
  });
}

/**
 * Says whether scheduled work keeps the rolling average of minutes a week (R44), in every period of `weeks` weeks that
 * holds it. Exactly the average is allowed.
 *
 * `others`: the tenant's other scheduled windows. `facts.averageMinutes` is the worst period's.
 */
export function checkWeeklyAverage(profile: PolicyProfile, planned: Window, others: readonly Window[]): Verdict {
  const { weekly } = profile.counters;
  if (!weekly)
    return allow(profile.notices.standard, `${profile.name} promises no weekly average.`, {
      facts: { case: "weekly.none", service: profile.name },
    });

  const spanMs = weekly.weeks * WEEK_MS;
  const all = [planned, ...others];
  const latest = planned.startsAt.getTime() + spanMs;
  const ends = all.map((one) => one.endsAt.getTime()).filter((end) => end >= planned.endsAt.getTime() && end <= latest);
  const averageTo = (end: number) =>
    all.reduce((sum, one) => sum + sharedMs(one, end - spanMs, end), 0) / MINUTE_MS / weekly.weeks;
  const averageMinutes = round(Math.max(...ends.map(averageTo), averageTo(planned.endsAt.getTime())));
  const facts = {
    averageMinutes,
    limitMinutes: weekly.averageMinutes,
    weeks: weekly.weeks,
    end: utcText(planned.endsAt),
  };
  const sentence = `Scheduled work averages ${averageMinutes} minutes a week over ${weekly.weeks} weeks`;
  return averageMinutes <= weekly.averageMinutes
    ? allow(weekly, `${sentence}, within ${weekly.averageMinutes}.`, { facts: { case: "weekly.within", ...facts } })
    : refuse(weekly, `${sentence}; ${weekly.averageMinutes} are promised.`, {
        facts: { case: "weekly.above", ...facts },
        overridable: true,
      });
}

/** Milliseconds of a window within [from, to). */
function sharedMs(window: Window, from: number, to: number): number {
  return Math.max(0, Math.min(window.endsAt.getTime(), to) - Math.max(window.startsAt.getTime(), from));
}

const round = (value: number) => Math.round(value * 100) / 100;
