import fc from "fast-check";
import { expect, test } from "vitest";
import { nextTick, pauseMs } from "../../../main/metrics/channel.ts";
import { levelFor, LEVELS, slotsOf } from "../../../main/metrics/levels.ts";
import { figuresOf, indicatorFigures, readLine, type Sample, spaceOf } from "../../../main/metrics/readings.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../shared/time.ts";

const LINE =
  "s 100.00 cpu 1000 0 500 8000 100 0 0 50 load 1.25 mem 1000000 400000 2000 1500 disk 2048 4096 100 5000 net 1000 2000 3";
const sample = (line: string): Sample => {
  const read = readLine(line);
  if (read?.kind !== "sample") throw new Error("no sample");
  return read.sample;
};
const before = sample(LINE);

test("rates are what the counters grew by, over the host's own seconds", () => {
  const now = sample(
    "s 110.00 cpu 1300 0 600 8500 100 0 0 150 load 0.5 mem 1000000 250000 2000 1500 disk 4096 4096 150 10000 net 11000 2000 3",
  );
  expect(figuresOf(before, now)).toEqual({
    ...{ "cpu.busy": 50, "cpu.iowait": 0, "cpu.steal": 10, "cpu.load": 0.5 },
    ...{ "memory.used": 75, "memory.usedBytes": 750_000 * 1024, "memory.swap": 25 },
    ...{ "disk.read": 104_857.6, "disk.write": 0, "disk.operations": 5, "disk.busy": 50 },
    ...{ "network.in": 1_000, "network.out": 0, "network.errors": 0 },
  });
});

test("the first reading, a restart of the host and a long silence give no rates, yet the present figures", () => {
  const present = { "cpu.load": 1.25, "memory.used": 60, "memory.usedBytes": 600_000 * 1024, "memory.swap": 25 };
  expect(figuresOf(undefined, before)).toEqual(present);
  expect(figuresOf({ ...before, uptime: 5_000 }, before)).toEqual(present);
  expect(figuresOf({ ...before, uptime: before.uptime - 600 }, before)).toEqual(present);
});

test("a counter that fell gives no rate; the others do", () => {
  const now = { ...before, uptime: 110, disk: [0, 8_192, 200, 5_000], network: [0, 3_000, 3] };
  const figures = figuresOf(before, now);
  expect(figures).not.toHaveProperty("disk.read");
  expect(figures).not.toHaveProperty("network.in");
  expect(figures).toMatchObject({ "disk.write": 209_715.2, "network.out": 100 });
});

test("no order of counters gives a share outside 0 to 100, a rate below nought or a figure that is none", () => {
  const counter = fc.option(fc.nat(1_000_000), { nil: undefined });
  const any = fc.record({
    uptime: fc.double({ min: 0, max: 200, noNaN: true }),
    cpu: fc.array(counter, { minLength: 8, maxLength: 8 }),
    load: fc.constant(undefined),
    memory: fc.array(counter, { minLength: 4, maxLength: 4 }),
    disk: fc.array(counter, { minLength: 4, maxLength: 4 }),
    network: fc.array(counter, { minLength: 3, maxLength: 3 }),
  });
  fc.assert(
    fc.property(any, any, (one, other) => {
      for (const [series, value] of Object.entries(figuresOf(one, other) as Record<string, number>)) {
        expect([series, Number.isFinite(value) && value >= 0]).toEqual([series, true]);
        if (/cpu\.(?!load)|used$|busy|swap/.test(series)) expect(value).toBeLessThanOrEqual(100);
      }
    }),
  );
});

test("what a host does not have is left out", () => {
  const bare = sample("s 110.00 cpu - - - - - - - - load 0.1 mem - - - - disk - - - - net 0 0 0");
  expect(figuresOf(bare, { ...bare, uptime: 120 })).toEqual({
    ...{ "cpu.load": 0.1, "network.in": 0, "network.out": 0, "network.errors": 0 },
  });
});

test("indicators: transactions, hits and WAL are rates; nulls and a restarted database give none", () => {
  const database = { committed: 100, rolledBack: 10, blocksHit: 900, blocksRead: 100, walBytes: 1_000 };
  const later = { committed: 400, rolledBack: 10, blocksHit: 1_800, blocksRead: 200, walBytes: 31_000 };
  const application = { status: "degraded", responseMilliseconds: 12.5, ordersPerMinute: 7 };
  expect(
    indicatorFigures(
      { database },
      { database: { ...later, connections: 20, maxConnections: 100, replicationLagBytes: null }, application },
      30,
    ),
  ).toEqual({
    ...{ "database.connections": 20, "database.connectionsUsed": 20, "database.transactions": 10 },
    ...{ "database.cacheHit": 90, "database.walRate": 1_000 },
    ...{ "application.response": 12.5, "application.orders": 7, "application.health": 50 },
  });
  expect(indicatorFigures({ database: later }, { database }, 30)).toEqual({});
});

test("lines that are not understood are passed over", () => {
  for (const line of ["", "x 1", "s", "s nonsense", "i {", 'i {"other":1}', "d 1 2", "bash: warning"])
    expect([line, readLine(line)]).toEqual([line, undefined]);
  expect(readLine("v 1")).toEqual({ kind: "version", version: 1 });
  expect(readLine("d 1000 250 750")).toMatchObject({ kind: "space", used: 250 });
  expect(spaceOf({ used: 250, available: 750 })).toEqual({ "disk.used": 25, "disk.freeBytes": 768_000 });
});

test("each try waits longer, up to two minutes, and not all hosts wait alike", () => {
  expect([0, 1, 2, 5, 30].map((attempt) => pauseMs(attempt, 0))).toEqual([1_000, 2_000, 4_000, 32_000, 60_000]);
  expect(pauseMs(30, 0.999)).toBeGreaterThan(119_000);
  expect(pauseMs(30, 0.999)).toBeLessThanOrEqual(120_000);
});

test("questions come at each host's own moment of the pace, always ahead", () => {
  fc.assert(
    fc.property(
      fc.nat(1e9),
      fc.constantFrom(10_000, 30_000),
      fc.integer({ min: 0, max: 7_999 }),
      (now, pace, phase) => {
        const next = nextTick(now, pace, phase);
        expect(next).toBeGreaterThan(now);
        expect(next - now).toBeLessThanOrEqual(pace);
        expect((((next - phase) % pace) + pace) % pace).toBe(0);
      },
    ),
  );
});

test.each([
  ["the last five minutes", 5 * MINUTE_MS, 360, 10],
  ["the last hour", HOUR_MS, 360, 10],
  ["the last day", DAY_MS, 360, 60],
  ["the last week", 7 * DAY_MS, 360, 900],
  ["thirty days", 30 * DAY_MS, 360, 10_800],
  ["thirty days, finely", 30 * DAY_MS, 1_000, 900],
  ["a year", 365 * DAY_MS, 360, 10_800],
])("%s are read from the level that holds them", (_, length, points, seconds) => {
  const now = Date.UTC(2026, 2, 2);
  expect(levelFor(now - length, now, now, points).seconds).toBe(seconds);
});

test("an hour of a week ago is read from the level that still has it", () => {
  const now = Date.UTC(2026, 2, 2);
  expect(levelFor(now - 7 * DAY_MS, now - 7 * DAY_MS + HOUR_MS, now, 360).seconds).toBe(900);
});

test("a ring names each of its places once, however long the range", () => {
  const level = LEVELS[0]!;
  expect(slotsOf(level, 10, 12)).toEqual([12, 11, 10]);
  expect(new Set(slotsOf(level, 0, 1e6)).size).toBe(level.slots);
  expect(slotsOf(level, 5, 4)).toEqual([]);
});
