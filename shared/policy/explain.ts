import { z } from "zod";
import { AppError } from "../errors.ts";
import { FAMILIES, type Family, type Fields, invalid } from "./explain-families.ts";
import { type ExplainInput, type Field, placeOf } from "./explain-fields.ts";
import type { PolicyProfile } from "./profile.ts";
import type { Verdict } from "./verdict.ts";

export type ExplainFamily = keyof typeof FAMILIES;

export const EXPLAIN_FAMILIES = Object.keys(FAMILIES) as readonly ExplainFamily[];

/** What each family decides and the facts that it takes, for help texts and flags. */
export const explainInputs: Readonly<
  Record<ExplainFamily, { readonly summary: string; readonly inputs: readonly ExplainInput[] }>
> = Object.fromEntries(
  EXPLAIN_FAMILIES.map((name) => {
    const { summary, fields } = FAMILIES[name];
    const inputs = Object.entries<Field<unknown>>(fields).map(([field, one]) => describeField(field, one));
    return [name, { summary, inputs }];
  }),
) as Record<ExplainFamily, { summary: string; inputs: ExplainInput[] }>;

/**
 * The verdict of one rule family on given facts: pure, the same for everybody.
 *
 * `facts`: an object by the names of `explainInputs`; camelCase, snake_case and some other usual names are understood,
 * values may be text. Times: RFC 3339 with offset, a local time beside `zone` or `region`, or a day. `profile`, `service`
 * and `now` among the facts are passed over, since `options` decides them.
 *
 * Throws AppError InvalidInput naming each wrong, unknown or missing field, and nothing else, whatever the facts are.
 */
export function explain(
  name: string,
  facts: unknown,
  options: { readonly profile: PolicyProfile; readonly now: Date },
): Verdict {
  if (!Object.hasOwn(FAMILIES, name))
    throw new AppError("InvalidInput", `There is no rule family "${name.slice(0, 40)}".`, {
      retryable: false,
      families: EXPLAIN_FAMILIES,
      next: `Choose one of ${EXPLAIN_FAMILIES.join(", ")}.`,
    });
  const { fields, decide } = FAMILIES[name as ExplainFamily] as Family;
  const given = namedFacts(facts, fields);
  const place = placeOf(given);
  const schema = z.object(Object.fromEntries(Object.entries(fields).map(([key, one]) => [key, one.schema(place)])));
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw invalid(parsed.error.issues.map((issue) => describe(issue, given)));
  return decide(parsed.data as never, { ...options, zone: place.zone });
}

/** Facts that decide how every family is judged, not what: the caller reads them. */
const CONTEXT: ReadonlySet<string> = new Set(["profile", "service", "now"]);

/** The facts under the names of the family's fields. */
function namedFacts(facts: unknown, fields: Fields): Record<string, unknown> {
  if (typeof facts !== "object" || facts === null || Array.isArray(facts))
    throw invalid(["facts: are no object of names and values"]);
  const names = new Map<string, string>();
  for (const [name, { aliases }] of Object.entries(fields)) for (const one of [...aliases, name]) names.set(one, name);

  const given: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [key, value] of Object.entries(facts)) {
    if (value === undefined || value === null) continue;
    const plain = key
      .replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")
      .replaceAll("_", "-")
      .toLowerCase();
    const name = Object.hasOwn(fields, plain) ? plain : names.get(plain);
    if (name === undefined) {
      if (!CONTEXT.has(plain)) problems.push(`${key.slice(0, 40)}: is no fact of this family`);
    } else if (Object.hasOwn(given, name)) problems.push(`${name}: is given twice`);
    else given[name] = value;
  }
  if (problems.length > 0) throw invalid([...problems, `known: ${Object.keys(fields).join(", ")}`]);
  return given;
}

function describe(issue: z.core.$ZodIssue, given: Readonly<Record<string, unknown>>): string {
  const name = String(issue.path[0] ?? "facts");
  if (!Object.hasOwn(given, name)) return `${name}: is missing`;
  const value = given[name];
  const shown = typeof value === "string" ? ` "${value.slice(0, 60)}"` : "";
  return issue.code === "custom" ? `${name}:${shown} ${issue.message}` : `${name}:${shown} has the wrong form`;
}

function describeField(name: string, one: Field<unknown>): ExplainInput {
  const { type, required, description, example, aliases, unit, choices } = one;
  const more = { ...(unit ? { unit } : {}), ...(choices ? { choices } : {}) };
  return { name, type, required, description, example, aliases, ...more };
}
