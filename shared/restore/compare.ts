import type { Losses, RelationRows, RestoreCase, RestoreCheck, SourceManifest } from "./model.ts";

/** A manifest as far as copies are compared by it. */
export type Comparable = Pick<
  SourceManifest,
  "tenantId" | "version" | "systemIdentifier" | "relations" | "newestTransactionAt"
>;

/** What is in `now` and not in the copy `then`, by relation; `copied` is null where the copy's count is not known. */
export function lossesOf(now: Comparable, then: Comparable | null): Losses {
  const counted = new Map(then?.relations.map(({ name, rows }) => [name, rows]));
  return {
    relations: now.relations.map(({ name, rows }) => ({
      name,
      now: rows,
      copied: then ? (counted.get(name) ?? 0) : null,
    })),
    newestNow: now.newestTransactionAt,
    newestThen: then?.newestTransactionAt ?? null,
  };
}

/** Rows of the target that the copy does not have; null where the copy was not counted. */
export function lostRows(losses: Losses, relation?: string): number | null {
  let lost = 0;
  for (const { name, now, copied } of losses.relations) {
    if (relation !== undefined && name !== relation) continue;
    if (copied === null) return null;
    lost += Math.max(0, now - copied);
  }
  return lost;
}

/**
 * Compares the restored data with what the copy's manifest promised.
 *
 * A copy that was taken while the tenant worked may hold rows that were committed between the reading of the manifest
 * and the instant of the copy (`isAtRest` false): then at least the counted rows must be there. Of a copy at rest every
 * count must be the same.
 */
export function checksOf(
  expected: Comparable,
  found: Comparable | null,
  options: { readonly isAtRest: boolean; readonly version: string },
): RestoreCheck[] {
  const { isAtRest, version } = options;
  const check = (name: string, wanted: string | null, got: string | null, ok: boolean | null): RestoreCheck => ({
    name,
    expected: wanted,
    found: got,
    ok,
  });
  if (!found) return [check("starts", "ready", null, false)];
  const same = (name: string, wanted: string, got: string) => check(name, wanted, got, wanted === got);
  const counted = new Map(found.relations.map(({ name, rows }) => [name, rows]));
  const newest = found.newestTransactionAt;
  const promised = expected.newestTransactionAt;
  return [
    check("starts", "ready", "ready", true),
    same("version", version, found.version),
    same("tenant id", expected.tenantId, found.tenantId),
    same("system identifier", expected.systemIdentifier, found.systemIdentifier),
    ...expected.relations.map(({ name, rows }) => {
      const got = counted.get(name);
      const ok = got !== undefined && (isAtRest ? got === rows : got >= rows);
      return check(`rows of ${name}`, String(rows), got === undefined ? null : String(got), ok);
    }),
    ...found.relations
      .filter(({ name }) => isAtRest && !expected.relations.some((one) => one.name === name))
      .map(({ name, rows }) => check(`rows of ${name}`, null, String(rows), null)),
    check(
      "newest transaction",
      promised?.toISOString() ?? null,
      newest?.toISOString() ?? null,
      promised === null
        ? newest === null || !isAtRest
        : newest !== null && (isAtRest ? newest.getTime() === promised.getTime() : newest >= promised),
    ),
  ];
}

/** The three columns that an operator compares, by relation. */
export function compared(
  target: readonly RelationRows[] | null,
  source: readonly RelationRows[] | null,
  restored: readonly RelationRows[] | null,
): RestoreCase["compared"] {
  const rowsIn = (side: readonly RelationRows[] | null, name: string) =>
    side?.find((one) => one.name === name)?.rows ?? null;
  const names = new Set([...(target ?? []), ...(source ?? []), ...(restored ?? [])].map(({ name }) => name));
  return [...names].toSorted().map((name) => ({
    name,
    target: rowsIn(target, name),
    source: rowsIn(source, name),
    restored: rowsIn(restored, name),
  }));
}
