import type { ShownSnapshot, SnapshotComparison } from "./model.ts";

/** Two snapshots side by side: what each relation holds, and the packages that differ. */
export function compareSnapshots(left: ShownSnapshot, right: ShownSnapshot): SnapshotComparison {
  const identity = [left.systemIdentifier, right.systemIdentifier];
  return {
    left,
    right,
    sameData: identity.includes(null) ? null : left.systemIdentifier === right.systemIdentifier,
    relations: side(
      left.data?.relations.map(({ name, rows }) => [name, rows]),
      right.data?.relations.map(({ name, rows }) => [name, rows]),
    ),
    packages: side(
      left.data?.packages.map(({ name, version }) => [name, version]),
      right.data?.packages.map(({ name, version }) => [name, version]),
    ).filter((one) => one.left !== one.right),
  };
}

function side<Value>(
  left: readonly (readonly [string, Value])[] = [],
  right: readonly (readonly [string, Value])[] = [],
): { name: string; left: Value | null; right: Value | null }[] {
  const lefts = new Map(left);
  const rights = new Map(right);
  return [...new Set([...lefts.keys(), ...rights.keys()])]
    .toSorted((one, other) => one.localeCompare(other))
    .map((name) => ({ name, left: lefts.get(name) ?? null, right: rights.get(name) ?? null }));
}
