import fc from "fast-check";
import { expect, test } from "vitest";
import { joined, type Point, thinned, withGaps } from "../../../shared/metrics/points.ts";

const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const pointsFrom = (values: readonly number[], spacing = 10_000): Point[] =>
  values.map((average, index) => ({ at: index * spacing, low: average - 1, average, high: average + 1, readings: 1 }));
const points = fc.array(value, { minLength: 1, maxLength: 400 }).map((values) => pointsFrom(values));

test("thinning keeps every extreme, every reading and the order, and makes no more points than asked for", () => {
  fc.assert(
    fc.property(points, fc.integer({ min: 1, max: 50 }), (all, count) => {
      const to = all.length * 10_000;
      const thin = thinned(all, 0, to, count);
      expect(thin.length).toBeLessThanOrEqual(count < all.length ? count : all.length);
      expect(Math.min(...thin.map(({ low }) => low))).toBe(Math.min(...all.map(({ low }) => low)));
      expect(Math.max(...thin.map(({ high }) => high))).toBe(Math.max(...all.map(({ high }) => high)));
      expect(thin.reduce((sum, { readings }) => sum + readings, 0)).toBe(all.length);
      for (const one of thin) {
        expect(one.low).toBeLessThanOrEqual(one.average);
        expect(one.high).toBeGreaterThanOrEqual(one.average);
      }
      expect(thin.map(({ at }) => at)).toEqual(thin.map(({ at }) => at).toSorted((a, b) => a - b));
    }),
  );
});

test("joining twice is joining once: averages weigh each reading", () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 2, maxLength: 60 }), fc.integer({ min: 1, max: 59 }), (values, cut) => {
      const all = pointsFrom(values);
      const at = Math.min(cut, values.length - 1);
      const inParts = joined([joined(all.slice(0, at), 0), joined(all.slice(at), 0)], 0);
      expect(inParts.average).toBeCloseTo(joined(all, 0).average, 3);
      expect(inParts).toMatchObject({ low: joined(all, 0).low, high: joined(all, 0).high, readings: values.length });
    }),
  );
});

test("a silence becomes one empty place, and nothing is made up in it", () => {
  const before = pointsFrom([1, 2, 3]);
  const after = pointsFrom([9]).map((point) => ({ ...point, at: 120_000 }));
  expect(withGaps([...before, ...after], 10_000)).toEqual({
    at: [0, 10_000, 20_000, 70_000, 120_000],
    low: [0, 1, 2, null, 8],
    average: [1, 2, 3, null, 9],
    high: [2, 3, 4, null, 10],
  });
});

test("one missed reading is no gap", () => {
  const points = pointsFrom([1, 2, 3]).filter(({ at }) => at !== 10_000);
  expect(withGaps(points, 10_000).average).toEqual([1, 3]);
});
