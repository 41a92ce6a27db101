import fc from "fast-check";
import { expect, test } from "vitest";
import {
  PLOTS,
  csvOf,
  movedRange,
  rowsOf,
  scaledRange,
  ticksOf,
  valueTicksOf,
  withReadings,
  zoomed,
  zonedInstant,
} from "../../../renderer/metrics/metrics-view.ts";
import { spansOf } from "../../../renderer/metrics/spans.ts";
import { FAMILIES, type SeriesId, seriesOf, seriesOfFamily } from "../../../shared/metrics/catalogue.ts";
import type { MetricSeries } from "../../../shared/metrics/model.ts";

const line = (id: SeriesId, points: readonly (readonly [number, number | null])[]): MetricSeries => ({
  id,
  at: points.map(([at]) => at),
  ...{
    low: points.map(([, value]) => value),
    average: points.map(([, value]) => value),
    high: points.map(([, value]) => value),
  },
});

test("every series has its place in one chart of its family, beside others of its unit and pace", () => {
  for (const family of FAMILIES) {
    expect(PLOTS[family].flatMap((plot) => plot.series).toSorted()).toEqual([...seriesOfFamily(family)].toSorted());
    for (const { series } of PLOTS[family])
      if (!series.includes("database.longestTransaction"))
        expect(new Set(series.map((id) => `${seriesOf(id).unit} ${seriesOf(id).everySeconds}`)).size).toBe(1);
  }
});

test("lines of one chart keep their own neighbours and their own gaps", () => {
  const one = line("cpu.busy", [
    [0, 10],
    [20, 30],
    [30, null],
    [40, 50],
  ]);
  const other = line("cpu.iowait", [
    [10, 1],
    [40, 4],
  ]);
  expect(rowsOf([one, other])).toEqual([
    { at: 0, "cpu.busy": 10, "cpu.iowait": null },
    { at: 10, "cpu.busy": 20, "cpu.iowait": 1 },
    { at: 20, "cpu.busy": 30, "cpu.iowait": 2 },
    { at: 30, "cpu.busy": null, "cpu.iowait": 3 },
    { at: 40, "cpu.busy": 50, "cpu.iowait": 4 },
  ]);
});

test("readings that came since are put at the end, once, and a silence before them stays a gap", () => {
  const reading = (at: number, value: number) => ({
    ...{ environmentId: "e", tenantSlug: "acme", kind: "production" as const, at: new Date(at) },
    values: [{ series: "cpu.busy" as const, value }],
  });
  const stored = line("cpu.busy", [
    [0, 1],
    [10_000, 2],
  ]);
  expect(withReadings(stored, [reading(10_000, 9), reading(20_000, 3), reading(90_000, 4)], 10_000)).toMatchObject({
    at: [0, 10_000, 20_000, 55_000, 90_000],
    average: [1, 2, 3, null, 4],
  });
  expect(withReadings(stored, [], 10_000)).toBe(stored);
});

test("zooming never leaves the range, never shows less than three readings and never the future", () => {
  const range = { from: 1e12, to: 1e12 + 3_600_000 };
  expect(zoomed(range, range.from + 60_000, range.from)).toEqual({ from: range.from, to: range.from + 60_000 });
  expect(zoomed(range, range.from, range.from + 10)).toBeNull();
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 100, noNaN: true }),
      fc.double({ min: -3, max: 3, noNaN: true }),
      (factor, part) => {
        const next = movedRange(scaledRange(range, factor, range.to), part, range.to);
        expect(next.to).toBeLessThanOrEqual(range.to);
        expect(next.to - next.from).toBeGreaterThanOrEqual(29_999);
      },
    ),
  );
});

test("CSV tells each value in UTC and in the data centre's time, and has no line for a gap", () => {
  const at = Date.UTC(2026, 6, 1, 22, 0, 10);
  const text = csvOf(
    [
      line("cpu.busy", [
        [at, 12.3456],
        [at + 1, null],
      ]),
    ],
    "Europe/Dublin",
  );
  expect(text.split("\r\n")).toEqual([
    "time_utc,time_data_centre (Europe/Dublin),series,unit,low,average,high",
    "2026-07-01T22:00:10.000Z,2026-07-01T23:00:10+01:00,cpu.busy,percent,12.346,12.346,12.346",
    "",
  ]);
  expect(zonedInstant(at, "UTC")).toBe("2026-07-01T22:00:10+00:00");
});

test.each([
  [100, "percent", [0, 25, 50, 75, 100]],
  [0, "bytesPerSecond", [0, 1024]],
  [57.2 * 1024 * 1024, "bytesPerSecond", [0, 20, 40, 60].map((mebibytes) => mebibytes * 1024 * 1024)],
  [3 * 1024 ** 3, "bytes", [0, 1, 2, 3].map((gibibytes) => gibibytes * 1024 ** 3)],
  [0.25, "perSecond", [0, 0.1, 0.2, 0.3]],
  [7, "count", [0, 2, 4, 6, 8]],
  [4_100, "milliseconds", [0, 2_000, 4_000, 6_000]],
] as const)("the axis of values up to %d %s is marked at round values", (highest, unit, ticks) => {
  expect(valueTicksOf(highest, unit)).toEqual(ticks);
});

test("the axis is marked at whole steps of the data centre's clock", () => {
  const from = Date.UTC(2026, 2, 2, 10, 7);
  const ticks = ticksOf({ from, to: from + 24 * 3_600_000 }, "America/New_York");
  expect(ticks.length).toBeGreaterThanOrEqual(4);
  expect(
    ticks
      .map((at) => zonedInstant(at, "America/New_York").slice(11, 16))
      .every((time) => /^(00|03|06|09|12|15|18|21):00$/.test(time)),
  ).toBe(true);
});

test("R62: jobs, planned windows and the daily backup window of the tenant are cut to the range; others' are left out", () => {
  const at = (hour: number) => new Date(Date.UTC(2026, 2, 2, hour));
  const recurring = {
    ...{ kind: "backup" as const, service: "acumatica" as const, region: "us-east-1", zone: "America/New_York" },
    ...{
      customerZone: "America/Toronto",
      startsAt: at(4),
      endsAt: at(6),
      rule: "R62",
      source: "AC:47",
      tenants: 3,
      slug: null,
    },
  };
  const facts = {
    ...{ jobs: [], windows: [], environment: "production" as const },
    recurring: [recurring, { ...recurring, region: "eu-west-1" }],
    tenant: { slug: "acme", service: "acumatica" as const, region: "us-east-1", zone: "America/Toronto" },
  };
  const range = { from: at(5).getTime(), to: at(8).getTime() };
  expect(spansOf(facts, range, range.to)).toMatchObject([
    { type: "backup", kind: "backup", from: at(5).getTime(), to: at(6).getTime() },
  ]);
  expect(spansOf({ ...facts, environment: "test" }, range, range.to)).toEqual([]);
});
