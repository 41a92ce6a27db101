import { AppError } from "../errors.ts";
import { contradictions, PolicyProfile } from "./profile.ts";

export type NumberValue = number | boolean | string | readonly (string | number)[];

/** A written departure from one rule of a profile: other numbers from the first day to the last, both included. */
export interface ProfileException {
  readonly id: string;
  readonly rule: string;
  readonly from: string;
  readonly until: string;
  /** By path, "notices.major.hours". Empty: the document excuses from the rule without another number. */
  readonly numbers: Readonly<Record<string, NumberValue>>;
}

type Section = { [name: string]: unknown };

/**
 * The numbers that bind one tenant on a day: the profile with every exception in force. Its version names the exceptions,
 * so that a decision can be read again: "1+3f2a9b1c".
 *
 * `day` is the customer's, "YYYY-MM-DD". Throws AppError InvalidInput for a path that the profile does not have, a value
 * of another form, numbers that contradict each other, and exceptions that overlap.
 */
export function effectiveProfile(
  profile: PolicyProfile,
  exceptions: readonly ProfileException[],
  day: string,
): PolicyProfile {
  const inForce = exceptions.filter(({ from, until, numbers }) => {
    return from <= day && day <= until && Object.keys(numbers).length > 0;
  });
  if (inForce.length === 0) return profile;
  const changed = JSON.parse(JSON.stringify(profile)) as Section;
  const seen = new Map<string, ProfileException>();
  for (const exception of inForce)
    for (const [path, value] of Object.entries(exception.numbers)) {
      const other = seen.get(path);
      if (other) throw overlapping(path, exception, other);
      seen.set(path, exception);
      setNumber(changed, path, value, exception);
    }
  const parsed = PolicyProfile.safeParse({ ...changed, version: versionWith(profile, inForce) });
  const problems = parsed.success
    ? contradictions(parsed.data)
    : parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw invalid(
    `The numbers of the exception${inForce.length > 1 ? "s" : ""} to ${inForce.map(({ rule }) => rule).join(", ")} do not fit: ${problems.join("; ")}.`,
    { problems },
  );
}

/**
 * Every problem that an exception would make on any of its days beside the others; throws as `effectiveProfile` does.
 * Between two boundaries nothing changes, so the boundaries stand for all days.
 */
export function checkException(
  profile: PolicyProfile,
  others: readonly ProfileException[],
  exception: ProfileException,
): void {
  const days = [exception, ...others].flatMap(({ from, until }) => [from, until]);
  for (const day of new Set(days))
    if (exception.from <= day && day <= exception.until) effectiveProfile(profile, [...others, exception], day);
}

/** Version texts are short: three exceptions are named, more are counted. */
function versionWith({ version }: PolicyProfile, inForce: readonly ProfileException[]): string {
  const named = inForce.slice(0, 3).map(({ id }) => id.slice(0, 8));
  return [version.slice(0, 10), ...(inForce.length > 3 ? [...named.slice(0, 2), `${inForce.length}`] : named)].join(
    "+",
  );
}

/** Puts a value in the place of the one that is there, when the rule beside it is the exception's. */
function setNumber(profile: Section, path: string, value: NumberValue, { rule }: ProfileException): void {
  const names = path.split(".");
  let place: unknown = profile;
  let cited: unknown;
  for (const name of names.slice(0, -1)) {
    place = childOf(place, name);
    if (isSection(place) && typeof place["rule"] === "string") cited = place["rule"];
  }
  const last = names.at(-1)!;
  const citing = last === "rule" || last === "source" || last === "note";
  if (!isSection(place) || citing || !Object.hasOwn(place, last) || isSection(place[last]))
    throw invalid(`The profile has no number "${path}".`, { path });
  if (cited !== rule) throw invalid(`The number "${path}" stands under ${String(cited)}, not under ${rule}.`, { path });
  place[last] = value;
}

const isSection = (value: unknown): value is Section =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function childOf(place: unknown, name: string): unknown {
  if (Array.isArray(place)) return place.find((one, index) => (nameOf(one) ?? String(index + 1)) === name);
  return isSection(place) && Object.hasOwn(place, name) ? place[name] : undefined;
}

/** What tells an entry of a list apart from the others. */
export function nameOf(value: unknown): string | null {
  if (!isSection(value)) return null;
  const name = value["kind"] ?? value["edition"] ?? value["id"] ?? value["name"];
  return typeof name === "string" ? name : null;
}

const overlapping = (path: string, one: ProfileException, other: ProfileException): AppError =>
  invalid(
    `Two exceptions change "${path}" at once: from ${one.from} to ${one.until}, and from ${other.from} to ${other.until}.`,
    { path },
  );

const invalid = (message: string, more: Readonly<Record<string, unknown>>): AppError =>
  new AppError("InvalidInput", message, {
    ...{ retryable: false, ...more },
    next: "Correct the exception; the numbers in force stay as they are.",
  });
