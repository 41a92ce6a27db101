import { AwsError, invalidValue } from "./errors.ts";
import type { Call } from "./call.ts";

/** What a filter reads of a row; several values match when any does. */
export type FilterFields<R> = Readonly<Record<string, (row: R) => string | readonly string[] | null | undefined>>;

const MAX_VALUES = 200;

const ANY_TEXT = Symbol("*");
const ANY_CHARACTER = Symbol("?");

/**
 * A pattern of EC2's filters: `*` and `?` are wild, a backslash makes them plain. Case counts. Not a regular
 * expression, because a client's pattern with many stars would keep one busy for hours.
 */
export function wildcard(pattern: string): (text: string) => boolean {
  const wanted: (string | symbol)[] = [];
  const characters = [...pattern];
  for (let index = 0; index < characters.length; index += 1) {
    const character = characters[index] ?? "";
    if (character === "\\" && index + 1 < characters.length) {
      index += 1;
      wanted.push(characters[index] ?? "");
    } else wanted.push(character === "*" ? ANY_TEXT : character === "?" ? ANY_CHARACTER : character);
  }
  return (text) => {
    const given = [...text];
    let place = 0;
    let star = -1;
    let retry = 0;
    for (let index = 0; index < given.length; ) {
      if (place < wanted.length && wanted[place] === ANY_TEXT) {
        star = place;
        retry = index;
        place += 1;
      } else if (place < wanted.length && (wanted[place] === ANY_CHARACTER || wanted[place] === given[index])) {
        place += 1;
        index += 1;
      } else if (star >= 0) {
        // The last star takes one character more; earlier ones need not be tried again.
        retry += 1;
        index = retry;
        place = star + 1;
      } else return false;
    }
    return wanted.slice(place).every((rest) => rest === ANY_TEXT);
  };
}

/**
 * The call's Filter.N parameters as one test. All filters must match, and of each filter any value. `tag:KEY` and
 * `tag-key` work for everything that `tagsOf` gives tags of.
 */
export function readFilters<R>(
  call: Call,
  fields: FilterFields<R>,
  tagsOf: (row: R) => Readonly<Record<string, string>> = () => ({}),
): (row: R) => boolean {
  const tests = call.parameters.structures("Filter").map((filter) => {
    const name = filter.required("Name");
    const values = filter.list("Value");
    if (values.length > MAX_VALUES)
      throw new AwsError("FilterLimitExceeded", `The maximum number of filter values is ${MAX_VALUES}.`);
    if (values.length === 0) throw new AwsError("InvalidParameterValue", `The filter '${name}' has no value.`);
    const matches = values.map(wildcard);
    const any = (texts: readonly string[]): boolean => texts.some((text) => matches.some((match) => match(text)));
    if (name.startsWith("tag:")) {
      const key = name.slice("tag:".length);
      return (row: R) => {
        const tags = tagsOf(row);
        return Object.hasOwn(tags, key) && any([tags[key] ?? ""]);
      };
    }
    if (name === "tag-key") return (row: R) => any(Object.keys(tagsOf(row)));
    const read = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!read) throw new AwsError("InvalidParameterValue", `The filter '${name}' is invalid`);
    return (row: R) => {
      const value = read(row);
      return value !== null && value !== undefined && any(typeof value === "string" ? [value] : value);
    };
  });
  return (row) => tests.every((test) => test(row));
}

export interface Page<R> {
  readonly rows: readonly R[];
  readonly nextToken: string | undefined;
}

/**
 * Cuts one page of MaxResults rows. Without MaxResults everything comes at once, as EC2 does. The token names the last
 * row shown, so rows that come or go between two pages neither repeat nor hide others; `keyOf` must be unique.
 */
export function paginate<R>(
  call: Call,
  rows: readonly R[],
  keyOf: (row: R) => string,
  limits: { readonly min: number; readonly max: number },
): Page<R> {
  const asked = call.parameters.integer("MaxResults");
  const token = call.parameters.text("NextToken");
  if (asked !== undefined && (asked < limits.min || (limits.min > 1 && asked > limits.max)))
    throw invalidValue("maxResults", String(asked), `Expecting a value between ${limits.min} and ${limits.max}.`);
  const size = Math.min(asked ?? limits.max, limits.max);
  const sorted = [...rows].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const after = token ? readToken(call, token) : undefined;
  const start = after === undefined ? 0 : sorted.findIndex((row) => keyOf(row) > after);
  if (asked === undefined && token === undefined) return { rows: sorted, nextToken: undefined };
  const page = start < 0 ? [] : sorted.slice(start, start + size);
  const last = page.at(-1);
  const more = last !== undefined && start + size < sorted.length;
  return { rows: page, nextToken: more ? makeToken(call, keyOf(last)) : undefined };
}

const makeToken = (call: Call, key: string): string =>
  Buffer.from(JSON.stringify([call.action, call.region, key])).toString("base64url");

function readToken(call: Call, token: string): string {
  try {
    const [action, region, key] = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as unknown[];
    if (action === call.action && region === call.region && typeof key === "string") return key;
  } catch {
    // Not one of ours.
  }
  throw new AwsError("InvalidNextToken", "The token is invalid or belongs to another call.");
}
