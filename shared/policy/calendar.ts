import { Temporal } from "temporal-polyfill";
import { AppError } from "../errors.ts";

/** Calendar arithmetic that the rules share. Instants cross the border as `Date`, days as "YYYY-MM-DD". */

export const instantOf = (date: Date): Temporal.Instant => Temporal.Instant.fromEpochMilliseconds(date.getTime());

export const dateOf = (moment: Temporal.Instant | Temporal.ZonedDateTime): Date => new Date(moment.epochMilliseconds);

/** RFC 3339 in UTC, without a fraction where there is none: what verdicts carry. */
export const utcText = (date: Date): string => date.toISOString().replace(/\.?0+Z$/, "Z");

/** Asking the runtime costs more than everything else that is done with a zone. */
const knownZones = new Set<string>();

/** Whether the runtime knows the IANA zone. Offsets ("+02:00") are no zones: they know no daylight saving. */
export function isZone(zone: string): boolean {
  if (knownZones.has(zone)) return true;
  if (!/^[A-Za-z]/.test(zone) || zone.length > 60) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    knownZones.add(zone);
    return true;
  } catch {
    return false;
  }
}

/** The instant in the zone's clock. Throws AppError InvalidInput for a zone that is not known. */
export function zonedAt(date: Date, zone: string): Temporal.ZonedDateTime {
  if (!isZone(zone))
    throw new AppError("InvalidInput", `The time zone "${zone.slice(0, 60)}" is not known.`, {
      retryable: false,
      field: "zone",
      next: "Use a name of the IANA list, such as Europe/Madrid.",
    });
  return instantOf(date).toZonedDateTimeISO(zone);
}

/** The calendar day of an instant in a zone, "YYYY-MM-DD". */
export const dayIn = (date: Date, zone: string): string => zonedAt(date, zone).toPlainDate().toString();

/**
 * Reads a local clock time, "2026-03-29T02:30", in a zone.
 *
 * Throws AppError InvalidInput when the clocks skip that time or show it twice, naming both candidates: a window at
 * such a time would start at another hour for half of its readers.
 */
export function localInstant(text: string, zone: string): Date {
  let plain: Temporal.PlainDateTime;
  try {
    plain = Temporal.PlainDateTime.from(text, { overflow: "reject" });
  } catch {
    throw new AppError("InvalidInput", `"${text.slice(0, 60)}" is not a local time such as 2026-03-02T22:00.`, {
      retryable: false,
      next: "Write the date, a T and the time of day.",
    });
  }
  zonedAt(new Date(0), zone);
  const earlier = plain.toZonedDateTime(zone, { disambiguation: "earlier" });
  const later = plain.toZonedDateTime(zone, { disambiguation: "later" });
  if (earlier.epochMilliseconds === later.epochMilliseconds) return dateOf(earlier);
  const skipped = !earlier.toPlainDateTime().equals(plain);
  throw new AppError(
    "InvalidInput",
    `In ${zone} the clocks ${skipped ? "skip" : "show twice"} the time ${text}: it may mean ${earlier.toInstant()} or ${later.toInstant()}.`,
    { retryable: false, next: "Choose another hour, or give the time with its offset from UTC." },
  );
}

/** `day` plus months and days, month ends clamped ("2028-02-29" + 12 months = "2029-02-28"). */
export function addToDay(day: string, duration: { months?: number; days?: number }): string {
  return Temporal.PlainDate.from(day).add(duration).toString();
}

/** Whole days from one day to another; negative when `to` is earlier. */
export function daysBetween(from: string, to: string): number {
  return Temporal.PlainDate.from(from).until(Temporal.PlainDate.from(to), { largestUnit: "day" }).days;
}
