import { afterAll, beforeAll, expect, test } from "vitest";
import { type Database, openDatabase } from "../../../main/database/index.ts";
import { silentLog } from "../../../main/log.ts";
import { bucketOf, LEVELS, RAW, startOf } from "../../../main/metrics/levels.ts";
import { metricsStore } from "../../../main/metrics/store.ts";
import type { KnownAvailability } from "../../../shared/metrics/availability.ts";
import { scratchHome } from "../../support/database.ts";

let database: Database;
let store: ReturnType<typeof metricsStore>;
const endings: (() => Promise<unknown>)[] = [];
const [, minute, quarter] = LEVELS as [unknown, (typeof LEVELS)[number], (typeof LEVELS)[number]];
const NOON = Date.UTC(2026, 2, 2, 12);
const first = bucketOf(RAW, NOON);

beforeAll(async () => {
  const { home, remove } = await scratchHome();
  endings.push(remove);
  database = await openDatabase({ home, url: undefined, log: silentLog });
  endings.push(() => database.stop());
  store = metricsStore(database.pool);
});
afterAll(async () => {
  for (const end of endings.reverse()) await end();
});

const rowsOf = async (environmentId: string, level: number) => {
  const { rows } = await database.pool.query(
    `select count(*)::int as count from metric_bucket join metric_environment on no = environment_no
     where environment_id = $1 and level = $2`,
    [environmentId, level],
  );
  return rows[0].count as number;
};

test("a reading written again replaces itself; what is stored is what was read, to the kept fraction", async () => {
  const cell = (busy: number) => ({
    ...{ environmentId: "e-1", bucket: first },
    values: { "cpu.busy": busy, "disk.freeBytes": 3 * 2 ** 40 },
  });
  await store.write([cell(10), cell(20.123)]);
  await store.write([cell(33.33)]);
  expect(await rowsOf("e-1", 0)).toBe(1);
  const points = await store.points("e-1", RAW, ["cpu.busy", "disk.freeBytes", "cpu.load"], NOON, NOON + 10_000);
  expect(points.get("cpu.busy")).toEqual([{ at: NOON, low: 33.33, average: 33.33, high: 33.33, readings: 1 }]);
  expect(points.get("disk.freeBytes")?.[0]?.average).toBe(3 * 2 ** 40);
  expect(points.get("cpu.load")).toEqual([]);
});

test("rolling up keeps lowest, highest and the average over all readings, level by level, and may be repeated", async () => {
  // 30 minutes; the second quarter has fewer readings, so it must weigh less.
  const values = Array.from({ length: 180 }, (_, index) => (index * 37) % 100);
  const kept = values.map((value, index) => ({ value, index })).filter(({ index }) => index < 90 || index % 3 === 0);
  await store.write(
    kept.map(({ value, index }) => ({ environmentId: "e-2", bucket: first + index, values: { "cpu.busy": value } })),
  );
  const [from, to] = [bucketOf(minute, NOON), bucketOf(minute, NOON) + 29];
  for (const repeat of [1, 2]) {
    await store.rollUp(minute, from, to);
    await store.rollUp(quarter, bucketOf(quarter, NOON), bucketOf(quarter, NOON) + 1);
    expect([repeat, await rowsOf("e-2", 1), await rowsOf("e-2", 2)]).toEqual([repeat, 30, 2]);
  }
  const points = (await store.points("e-2", quarter, ["cpu.busy"], NOON, NOON + 1_800_000)).get("cpu.busy")!;
  for (const [index, point] of points.entries()) {
    const own = kept.filter((one) => Math.floor(one.index / 90) === index).map(({ value }) => value);
    expect(point).toMatchObject({ low: Math.min(...own), high: Math.max(...own), readings: own.length });
    expect(point.average).toBeCloseTo(own.reduce((sum, value) => sum + value, 0) / own.length, 1);
  }
});

test("a ring overwrites its oldest: the newest round is all there is, and old instants are gaps", async () => {
  const write = (round: number) =>
    store.write(
      Array.from({ length: RAW.slots }, (_, index) => ({
        ...{ environmentId: "e-3", bucket: first + round * RAW.slots + index, values: { "cpu.busy": round } },
      })),
    );
  await write(0);
  await write(1);
  expect(await rowsOf("e-3", 0)).toBe(RAW.slots);
  const lengthMs = RAW.slots * RAW.seconds * 1_000;
  const old = await store.points("e-3", RAW, ["cpu.busy"], NOON, NOON + lengthMs);
  const present = await store.points("e-3", RAW, ["cpu.busy"], NOON + lengthMs, NOON + 2 * lengthMs);
  expect(old.get("cpu.busy")).toEqual([]);
  expect(present.get("cpu.busy")).toHaveLength(RAW.slots);
  expect(startOf(RAW, first)).toBe(NOON);
});

test("figures too large for four bytes stay at the edge; nothing of them fails the reading", async () => {
  await store.write([{ environmentId: "e-4", bucket: first, values: { "disk.freeBytes": 2 ** 60, "cpu.busy": 5 } }]);
  const points = await store.points("e-4", RAW, ["disk.freeBytes", "cpu.busy"], NOON, NOON + 10_000);
  expect(points.get("disk.freeBytes")?.[0]?.average).toBe((2 ** 31 - 1) * 65_536);
  expect(points.get("cpu.busy")?.[0]?.average).toBe(5);
});

test("R97: a change of availability is recorded once, and the end of what is known moves with each look", async () => {
  const place = { tenantId: "t-1", tenantSlug: "acme", environmentId: "e-5" };
  const at = (seconds: number) => new Date(NOON + seconds * 1_000);
  const look = (state: KnownAvailability["state"], seconds: number): KnownAvailability => ({
    ...{ state, source: "probe", detail: null, confirmedAt: at(seconds) },
  });
  const up = { at: at(0), state: "up", after: null, source: "probe", detail: null } as const;
  const down = { at: at(60), state: "down", after: at(30), source: "probe", detail: "no answer" } as const;
  await store.record(place, look("up", 0), [up]);
  await store.record(place, look("up", 30), []);
  await store.record(place, look("down", 60), [down]);
  await store.record(place, look("down", 60), [down]);
  expect(await store.events("e-5", at(40), at(100))).toMatchObject([
    { ...up, tenantSlug: "acme" },
    { ...down, tenantSlug: "acme" },
  ]);
  expect((await store.confirmed("e-5")).get("e-5")).toEqual(look("down", 60));
});

test("R26: a month's volumes are kept as last told", async () => {
  await store.setVolumes("e-6", "2026-03", [["salesOrders", 10]], new Date(NOON));
  await store.setVolumes("e-6", "2026-03", [["salesOrders", 12]], new Date(NOON + 1));
  await store.setVolumes("e-6", "2026-03", [["salesOrders", 9]], new Date(NOON));
  expect(await store.monthly("e-6", "2025-03")).toEqual([{ month: "2026-03", volume: "salesOrders", count: 12 }]);
});
