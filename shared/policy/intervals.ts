import type { Window } from "./windows.ts";

/** Algebra of half-open intervals [startsAt, endsAt). Results are sorted, disjoint and never empty inside. */

/** Joins what overlaps or touches; empty and reversed intervals are dropped. */
export function union(intervals: readonly Window[]): Window[] {
  const sorted = intervals
    .filter((one) => one.startsAt < one.endsAt)
    .sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime());
  const joined: { startsAt: Date; endsAt: Date }[] = [];
  for (const { startsAt, endsAt } of sorted) {
    const last = joined.at(-1);
    if (!last || startsAt > last.endsAt) joined.push({ startsAt, endsAt });
    else if (endsAt > last.endsAt) last.endsAt = endsAt;
  }
  return joined;
}

/** What both cover. */
export function intersect(left: readonly Window[], right: readonly Window[]): Window[] {
  const [a, b] = [union(left), union(right)];
  const shared: Window[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [one, other] = [a[i]!, b[j]!];
    const startsAt = one.startsAt > other.startsAt ? one.startsAt : other.startsAt;
    const endsAt = one.endsAt < other.endsAt ? one.endsAt : other.endsAt;
    if (startsAt < endsAt) shared.push({ startsAt, endsAt });
    if (one.endsAt < other.endsAt) i++;
    else j++;
  }
  return shared;
}

/** What the left covers and the right does not. */
export function subtract(left: readonly Window[], right: readonly Window[]): Window[] {
  const holes = union(right);
  const rest: Window[] = [];
  let hole = 0;
  for (const { startsAt, endsAt } of union(left)) {
    let from = startsAt;
    while (hole < holes.length && holes[hole]!.endsAt <= from) hole++;
    for (let next = hole; next < holes.length && holes[next]!.startsAt < endsAt; next++) {
      const { startsAt: holeStart, endsAt: holeEnd } = holes[next]!;
      if (holeStart > from) rest.push({ startsAt: from, endsAt: holeStart });
      if (holeEnd > from) from = holeEnd;
    }
    if (from < endsAt) rest.push({ startsAt: from, endsAt });
  }
  return rest;
}

/** Length of all, each moment once. */
export function totalMs(intervals: readonly Window[]): number {
  return union(intervals).reduce((sum, one) => sum + one.endsAt.getTime() - one.startsAt.getTime(), 0);
}
