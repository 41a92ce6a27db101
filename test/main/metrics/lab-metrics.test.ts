import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { MetricsNow } from "../../../shared/metrics/model.ts";
import { MINUTE_MS } from "../../../shared/time.ts";
import { inProcessConsole, type InProcessConsole } from "../../support/in-process-console.ts";

// The way from a host's /proc to a chart's points, over the lab's SSH.
let running: InProcessConsole;
let slug: string;

beforeAll(async () => {
  running = await inProcessConsole({ lab: "demo" });
  await running.api.settings.update({ healthSeconds: 5 });
  await running.api.fleet.refresh({});
  const { rows } = await running.api.fleet.list();
  slug = rows.find(({ kind, state, hostKey }) => kind === "production" && state === "running" && hostKey)!.slug;
});
afterAll(() => running.end());

async function until(matches: (now: MetricsNow) => boolean, kind = "production"): Promise<MetricsNow> {
  for (;;) {
    const found = (await running.api.metrics.now({ tenant: slug })).find((one) => one.kind === kind);
    if (found && matches(found)) return found;
    await wait(200);
  }
}
const query = (series: readonly ("cpu.busy" | "cpu.load" | "outside.latency")[]) => {
  const to = new Date(Date.now() + 1_000);
  const from = new Date(to.getTime() - 30 * MINUTE_MS);
  return running.api.metrics.query({ tenant: slug, from, to, series: [...series], points: 1_000 });
};

test("R95: readings of a production host arrive, are stored once each, and are told as they come", async () => {
  const live = await until((one) => one.contact === "live" && one.values.some(({ series }) => series === "cpu.busy"));
  expect(live).toMatchObject({ tenantSlug: slug, error: null, sampler: 1, unprotected: false });
  expect(live.values.map(({ series }) => series)).toEqual(
    expect.arrayContaining(["cpu.busy", "memory.used", "disk.used", "network.in"]),
  );
  const leaving = new AbortController();
  for await (const { readings } of await running.api.metrics.watch({ tenant: slug }, { signal: leaving.signal })) {
    if (readings.length === 0) continue;
    expect(readings.every((one) => one.tenantSlug === slug)).toBe(true);
    break;
  }
  leaving.abort();
  const { series } = await query(["cpu.load"]);
  expect(series[0]!.at.length).toBeGreaterThanOrEqual(2);
  expect(new Set(series[0]!.at).size).toBe(series[0]!.at.length);
});

test("R97: the look from outside is charted and recorded as a change", async () => {
  // A host of the lab that still wakes may be told as down first.
  const seen = await until((one) => one.values.find(({ series }) => series === "outside.available")?.value === 100);
  expect(seen.values.find(({ series }) => series === "outside.latency")?.value).toBeGreaterThan(0);
  expect(seen.values.find(({ series }) => series === "outside.certificate")?.value).toBeGreaterThan(0);
  const to = new Date();
  const { events, intervals } = await running.api.metrics.events({
    ...{ tenant: slug, from: new Date(to.getTime() - 30 * MINUTE_MS), to },
  });
  expect(events[0]).toMatchObject({ tenantSlug: slug, source: "probe", after: null });
  expect(events.at(-1)).toMatchObject({ state: "up", source: "probe" });
  expect(intervals.at(-1)).toMatchObject({ state: "up" });
});

test("R9: a test environment is read only while somebody looks at it by name", async () => {
  const { rows } = await running.api.fleet.list();
  const row = rows.find(
    (one) => one.kind !== "production" && one.unprotected && one.state === "running" && one.hostKey,
  );
  const before = await running.api.metrics.now({ tenant: row!.slug });
  expect(before.find(({ kind }) => kind === row!.kind)?.contact).toBe("unwatched");
  const leaving = new AbortController();
  const order = { tenant: row!.slug, environment: row!.kind };
  for await (const { readings } of await running.api.metrics.watch(order, { signal: leaving.signal })) {
    if (readings.some(({ kind }) => kind === row!.kind)) break;
  }
  leaving.abort();
  for (;;) {
    const now = await running.api.metrics.now({ tenant: row!.slug });
    if (now.find(({ kind }) => kind === row!.kind)?.contact === "unwatched") break;
    await wait(200);
  }
});

test("a cut of SSH is a gap, and readings go on after it by themselves", async () => {
  const { id } = await inject("ssh-cut");
  const cut = await until((one) => one.contact === "waiting");
  expect(cut.error?.code).toBe("HostUnreachable");
  await running.api.lab.clearFault({ id });
  const back = await until((one) => one.contact === "live");
  expect(back.lastReadingAt!.getTime()).toBeGreaterThan(cut.contactSince!.getTime());
});

test("another host key is refused and shown; nothing is sent to it", async () => {
  const { id } = await inject("host-key-changed");
  const cut = await inject("ssh-cut");
  await until((one) => one.contact === "waiting" || one.contact === "refused");
  await running.api.lab.clearFault({ id: cut.id });
  const refused = await until((one) => one.contact === "refused");
  expect(refused.error?.code).toBe("HostKeyChanged");
  await running.api.lab.clearFault({ id });
});

test("a console that starts again goes on in the same rows", async () => {
  const before = await query(["cpu.load"]);
  running = await running.restart();
  await running.api.fleet.refresh({});
  await until((one) => one.contact === "live" && one.lastReadingAt !== null);
  const after = await query(["cpu.load"]);
  const known = new Set(after.series[0]!.at);
  const stored = before.series[0]!.at.filter((_, index) => before.series[0]!.average[index] !== null);
  expect(stored.filter((at) => !known.has(at))).toEqual([]);
  expect(known.size).toBe(after.series[0]!.at.length);
});

test("limits: a tenant's own one counts, null switches it off, absent goes back to the default", async () => {
  const limitOf = async (value: number | null | undefined) => {
    const limits = await running.api.metrics.setLimit({ tenant: slug, series: "memory.used", value });
    return limits.find(({ series }) => series === "memory.used");
  };
  expect(await limitOf(0.1)).toMatchObject({ value: 0.1, own: true });
  const beyond = await until((one) => one.breaches.some(({ series }) => series === "memory.used"));
  expect(beyond.breaches.find(({ series }) => series === "memory.used")).toMatchObject({ limit: 0.1 });
  expect(await limitOf(null)).toBeUndefined();
  expect(await limitOf(undefined)).toMatchObject({ value: 92, own: false });
});

async function inject(name: "ssh-cut" | "host-key-changed"): Promise<{ id: string }> {
  const { rows } = await running.api.fleet.list();
  const { instanceId } = rows.find((one) => one.slug === slug && one.kind === "production")!;
  return running.api.lab.injectFault({ name, instance: instanceId! });
}
