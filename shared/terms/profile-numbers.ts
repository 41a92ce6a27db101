import { nameOf } from "../policy/effective-profile.ts";
import type { PolicyProfile } from "../policy/profile.ts";
import type { ProfileNumber } from "./model.ts";

type Value = string | number | boolean | readonly Value[] | { readonly [name: string]: Value | undefined };
type Clause = Pick<ProfileNumber, "rule" | "source" | "note">;

const CITING = new Set(["rule", "source", "note", "id", "name", "version", "service"]);

/** Every number, list and switch of a profile, each with the rule that stands beside it, in the profile's order. */
export function profileNumbers(profile: PolicyProfile): Omit<ProfileNumber, "excepted">[] {
  return Object.entries(profile).flatMap(([name, section]) =>
    CITING.has(name) ? [] : numbersBelow(name, section as unknown as Value, null),
  );
}

function numbersBelow(
  path: string,
  value: Value | undefined,
  clause: Clause | null,
): Omit<ProfileNumber, "excepted">[] {
  if (value === undefined) return [];
  if (typeof value !== "object") return clause ? [{ path, value: String(value), ...clause }] : [];
  if (isList(value)) {
    if (value.every((one) => typeof one !== "object"))
      return clause ? [{ path, value: value.join(", "), ...clause }] : [];
    return value.flatMap((one, index) => numbersBelow(`${path}.${nameOf(one) ?? index + 1}`, one, clause));
  }
  const own = clauseOf(value) ?? clause;
  return Object.entries(value).flatMap(([name, part]) =>
    CITING.has(name) ? [] : numbersBelow(`${path}.${name}`, part, own),
  );
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

function clauseOf(value: { readonly [name: string]: Value | undefined }): Clause | null {
  const { rule, source, note } = value;
  if (typeof rule !== "string" || typeof source !== "string") return null;
  return { rule, source, note: typeof note === "string" ? note : null };
}
