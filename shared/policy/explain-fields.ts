import { Temporal } from "temporal-polyfill";
import { z } from "zod";
import { dateOf, dayIn, isZone, localInstant } from "./calendar.ts";
import { regionZone, type Window } from "./windows.ts";

export type FieldType = "instant" | "day" | "number" | "boolean" | "choice" | "text" | "list" | "intervals";

/** One fact of a family, as the command line shows it and turns it into a flag. */
export interface ExplainInput {
  /** "pos-terminals": the flag without its dashes. */
  readonly name: string;
  readonly type: FieldType;
  readonly required: boolean;
  readonly description: string;
  readonly example: string;
  readonly unit?: string;
  readonly choices?: readonly string[];
  /** Other names that are understood, for flags that the help does not show. */
  readonly aliases: readonly string[];
}

/** How one fact is described and read. */
export interface Field<T> extends Omit<ExplainInput, "name"> {
  readonly schema: (place: Place) => z.ZodType<T>;
}

/** Where clock times without an offset are meant. */
export interface Place {
  /** Zone of days and local times; UTC when nothing was said. */
  readonly zone: string;
  /** Somebody named a zone or a region, so local times have a meaning. */
  readonly isNamed: boolean;
}

interface Description {
  readonly description: string;
  readonly example: string;
  readonly unit?: string;
  readonly aliases?: readonly string[];
}

/** Years in which facts may lie, so that no clock runs past the ends of the calendar. */
const YEARS = { first: 1970, last: 2200 };

function field<T>(
  type: FieldType,
  { aliases = [], ...about }: Description,
  schema: Field<T>["schema"],
  choices?: readonly string[],
): Field<T> {
  return { ...about, type, aliases, required: true, schema, ...(choices ? { choices } : {}) };
}

/** The same fact, which may be left out. */
export function optional<T>(one: Field<T>): Field<T | undefined> {
  return { ...one, required: false, schema: (place) => one.schema(place).optional() };
}

export const instant = (about: Description): Field<Date> =>
  field("instant", about, (place) =>
    z.union([z.string(), z.date()]).transform((value, context) => read(context, () => readInstant(value, place))),
  );

export const day = (about: Description): Field<string> =>
  field("day", about, (place) =>
    z.union([z.string(), z.date()]).transform((value, context) => read(context, () => readDay(value, place))),
  );

export const number = (about: Description & { readonly integer?: boolean }): Field<number> =>
  field("number", { ...about }, () =>
    z.union([z.number(), z.string()]).transform((value, context) =>
      read(context, () => {
        const result = typeof value === "number" ? value : value.trim() === "" ? Number.NaN : Number(value);
        if (!Number.isFinite(result) || result < 0 || result > 1e12) throw new Error("is no number from 0 on");
        if (about.integer && !Number.isInteger(result)) throw new Error("is no whole number");
        return result;
      }),
    ),
  );

const TRUE = new Set<unknown>([true, "true", "yes", "1", ""]);
const FALSE = new Set<unknown>([false, "false", "no", "0"]);

export const boolean = (about: Description): Field<boolean> =>
  field("boolean", about, () =>
    z.union([z.boolean(), z.string()]).transform((value, context) =>
      read(context, () => {
        const plain = typeof value === "string" ? value.trim().toLowerCase() : value;
        if (!TRUE.has(plain) && !FALSE.has(plain)) throw new Error("is neither true nor false");
        return TRUE.has(plain);
      }),
    ),
  );

/** One of `choices`; `synonyms` lead to one of them. */
export const choice = <const C extends string>(
  choices: readonly C[],
  about: Description,
  synonyms: Readonly<Record<string, C>> = {},
): Field<C> =>
  field(
    "choice",
    about,
    () =>
      z.string().transform((value, context) =>
        read(context, () => {
          const plain = value.trim().toLowerCase().replaceAll(/[ _]/g, "-");
          const found =
            choices.find((one) => one === plain) ?? (Object.hasOwn(synonyms, plain) ? synonyms[plain] : undefined);
          if (!found) throw new Error(`is none of ${choices.join(", ")}`);
          return found;
        }),
      ),
    choices,
  );

export const text = (about: Description): Field<string> => field("text", about, () => z.string().max(300));

export const zoneField = (about: Description): Field<string> =>
  field("text", about, () => z.string().refine(isZone, "is no time zone of the IANA list, such as Europe/Madrid"));

const listOf = (value: string | readonly string[]): string[] =>
  (typeof value === "string" ? value.split(",") : [...value]).map((one) => one.trim()).filter((one) => one !== "");

const ListInput = z.union([z.string().max(100_000), z.array(z.string().max(300)).max(10_000)]);

export const list = (about: Description): Field<string[]> => field("list", about, () => ListInput.transform(listOf));

/** "start/end" pairs of instants. */
export const intervals = (about: Description): Field<Window[]> =>
  field("intervals", about, (place) =>
    ListInput.transform((value, context) =>
      read(context, () =>
        listOf(value).map((pair) => {
          const [from, to, ...more] = pair.split("/");
          if (!from || !to || more.length > 0)
            throw new Error(`holds "${pair.slice(0, 60)}", which is no start/end pair`);
          const window = { startsAt: readInstant(from, place), endsAt: readInstant(to, place) };
          if (window.startsAt > window.endsAt) throw new Error(`holds "${pair}", which ends before it starts`);
          return window;
        }),
      ),
    ),
  );

/** Runs a reader and turns what it throws into an issue of the field. */
function read<T>(context: z.RefinementCtx, reader: () => T): T {
  try {
    return reader();
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
}

const DAY_FORM = /^\d{4}-\d{2}-\d{2}$/;
const OFFSET_FORM = /(?:Z|[+-]\d{2}:?\d{2})$/i;

/**
 * RFC 3339 with an offset; a local time where a zone is named; or a day, meaning its first moment in the zone.
 *
 * Throws for anything else, for a time that the clocks skip or show twice, and for years outside 1970 to 2200.
 */
export function readInstant(value: string | Date, place: Place): Date {
  if (value instanceof Date) return inYears(value);
  const plain = value.trim();
  if (DAY_FORM.test(plain)) return inYears(dateOf(readPlainDay(plain).toZonedDateTime(place.zone)));
  if (OFFSET_FORM.test(plain.slice(10))) {
    try {
      return inYears(dateOf(Temporal.Instant.from(plain)));
    } catch {
      throw new Error("is no time such as 2026-03-02T22:00:00Z");
    }
  }
  if (!/^\d{4}-\d{2}-\d{2}T/i.test(plain)) throw new Error("is no time such as 2026-03-02T22:00:00Z");
  if (!place.isNamed) throw new Error("has no offset; add Z or +02:00, or name the zone");
  return inYears(localInstant(plain, place.zone));
}

function readDay(value: string | Date, place: Place): string {
  if (typeof value === "string" && DAY_FORM.test(value.trim())) {
    const plain = readPlainDay(value.trim());
    if (plain.year < YEARS.first || plain.year > YEARS.last) throw outsideYears();
    return plain.toString();
  }
  return dayIn(readInstant(value, place), place.zone);
}

function readPlainDay(value: string): Temporal.PlainDate {
  try {
    return Temporal.PlainDate.from(value, { overflow: "reject" });
  } catch {
    throw new Error("is no day of the calendar such as 2026-03-02");
  }
}

const outsideYears = () => new Error(`lies outside the years ${YEARS.first} to ${YEARS.last}`);

function inYears(date: Date): Date {
  if (Number.isNaN(date.getTime())) throw new Error("is no time");
  const year = date.getUTCFullYear();
  if (year < YEARS.first || year > YEARS.last) throw outsideYears();
  return date;
}

/** The zone that raw facts mean: `zone`, else that of `region`, else UTC. Unsound values are left to their own fields. */
export function placeOf(facts: Readonly<Record<string, unknown>>): Place {
  const { zone, region } = facts;
  if (typeof zone === "string" && isZone(zone)) return { zone, isNamed: true };
  const ofRegion = typeof region === "string" ? regionZone(region) : undefined;
  return ofRegion ? { zone: ofRegion, isNamed: true } : { zone: "UTC", isNamed: false };
}
