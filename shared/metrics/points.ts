/** Figures of one stretch of time: lowest, average and highest of its readings. */
export interface Point {
  /** Start of the stretch, milliseconds since 1970. */
  readonly at: number;
  readonly low: number;
  readonly average: number;
  readonly high: number;
  /** Readings in it. */
  readonly readings: number;
}

/** Joins points of one stretch; the average counts every reading once. `points` is not empty. */
export function joined(points: readonly Point[], at: number): Point {
  const readings = points.reduce((sum, point) => sum + point.readings, 0);
  const low = Math.min(...points.map((point) => point.low));
  const high = Math.max(...points.map((point) => point.high));
  const average = points.reduce((sum, point) => sum + point.average * (point.readings / readings), 0);
  // Sums of fractions may leave the range by a rounding error.
  return { at, low, high, readings, average: Math.min(high, Math.max(low, average)) };
}

/**
 * At most `count` points over [from, to): points of one stretch are joined, none is made up.
 *
 * Points are in order of time; those outside the range are left out. Pure.
 */
export function thinned(points: readonly Point[], from: number, to: number, count: number): Point[] {
  const inside = points.filter(({ at }) => at >= from && at < to);
  if (inside.length <= count || count < 1) return inside;
  const stretch = (to - from) / count;
  const groups = new Map<number, Point[]>();
  for (const point of inside) {
    const index = Math.min(count - 1, Math.floor((point.at - from) / stretch));
    const group = groups.get(index);
    if (group) group.push(point);
    else groups.set(index, [point]);
  }
  return [...groups.values()].map((group) => joined(group, group[0]!.at));
}

/** How far apart two values of a series may be, as a multiple of the usual distance, before nothing is drawn between. */
const SILENCE = 2.5;

export interface Line {
  /** Milliseconds since 1970, rising. */
  readonly at: number[];
  readonly low: (number | null)[];
  readonly average: (number | null)[];
  readonly high: (number | null)[];
}

/** Columns to draw, with an empty place in the middle of each silence: a gap is a gap, nothing is guessed. Pure. */
export function withGaps(points: readonly Point[], usualMs: number): Line {
  const line: Line = { at: [], low: [], average: [], high: [] };
  const add = (at: number, point: Point | null) => {
    line.at.push(at);
    line.low.push(point?.low ?? null);
    line.average.push(point?.average ?? null);
    line.high.push(point?.high ?? null);
  };
  let last: number | undefined;
  for (const point of points) {
    if (last !== undefined && point.at - last > SILENCE * usualMs) add(last + (point.at - last) / 2, null);
    add(point.at, point);
    last = point.at;
  }
  return line;
}
