import { AppError } from "../../shared/errors.ts";
import { localInstant } from "../../shared/policy/calendar.ts";

const WITH_OFFSET = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/i;

/**
 * Reads a start: RFC 3339 with an offset, or a local time in `zone`.
 *
 * Throws AppError InvalidInput for anything else, and for a local time that the clocks skip or show twice.
 */
export function readStart(text: string, zone: string): Date {
  if (!WITH_OFFSET.test(text)) return localInstant(text, zone);
  const date = new Date(text);
  if (!Number.isNaN(date.getTime())) return date;
  throw new AppError("InvalidInput", `"${text}" is no time of the calendar.`, {
    retryable: false,
    next: "Write it like 2026-03-02T22:00:00Z.",
  });
}
