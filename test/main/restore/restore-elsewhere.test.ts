import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { DeleteSnapshotCommand, DescribeSnapshotsCommand } from "@aws-sdk/client-ec2";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type InProcessConsole, inProcessConsole, untilJob } from "../../support/in-process-console.ts";
import { labHostOf } from "../../support/lab-data.ts";
import { logIn, orderNumbers, placeOrder } from "../lab/hosts/support.ts";
import { ANY_HOUR, ec2Of, environmentOf, everythingOf, NO_PAPERS, provisionPair, served } from "./restore-for-tests.ts";

// Against tests that hang: each waits for whole restores.
vi.setConfig({ testTimeout: 250_000 });

/** The name that the lab's own log-in of tests knows. */
const TENANT = "acme";
const PRODUCTION = { tenant: TENANT, environment: "production" as const };

let running: InProcessConsole;
beforeAll(async () => {
  running = await inProcessConsole({ lab: "empty" });
  await provisionPair(running.api, TENANT);
}, 400_000);
afterEach(() => running.api.lab.clearFaults());
afterAll(() => running.end());

async function done({ jobId }: { readonly jobId: string }) {
  const job = await untilJob(running.api, jobId, "done", "failed", "needsDecision");
  expect(job).toMatchObject({ state: "done", error: null });
}
async function restored(order: Parameters<typeof running.api.restore.plan>[0]) {
  const started = await running.api.restore.run({ ...order, requestId: randomUUID() });
  await done(started);
  return running.api.restore.get({ caseId: started.caseId });
}
const discard = async (caseId: string) =>
  done(await running.api.restore.discard({ caseId, requestId: randomUUID(), confirm: TENANT }));
const failedChecks = (one: { checks: { name: string; ok: boolean | null }[] }) =>
  one.checks.filter(({ ok }) => ok === false);

async function orderNow(): Promise<string[]> {
  const { test: room, spec } = await labHostOf(running, TENANT);
  expect((await placeOrder(room, spec, await logIn(room, spec))).status).toBe(201);
  return [...(await orderNumbers(room, spec))].toSorted();
}

const wanted = (source: string, more: object = {}) => ({
  ...{ tenant: TENANT, source, target: "beside" as const, reason: "drill" as const },
  ...{ papers: NO_PAPERS, keepDays: 3, overrides: ANY_HOUR, ...more },
});

test("an archive that was brought back in is restored beside: every row of it, and nothing is left on the host", async () => {
  const { api } = running;
  const exported = await api.snapshot.export({ requestId: randomUUID(), ...PRODUCTION, label: "out" });
  await done(exported);
  const folder = path.join(running.home, "fetched");
  await mkdir(folder);
  const fetched = await api.snapshot.download({
    ...{ requestId: randomUUID(), id: exported.id, to: folder, reason: "test" },
  });
  await done(fetched);
  const brought = await api.snapshot.import({
    ...{ requestId: randomUUID(), ...PRODUCTION, label: "back in", file: fetched.file },
  });
  await done(brought);

  const sources = await api.restore.sources({ tenant: TENANT });
  expect(
    sources
      .filter(({ kind }) => kind === "archive")
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual([exported.id, brought.id].toSorted());
  const order = wanted(brought.id);
  const plan = await api.restore.plan(order);
  expect(plan).toMatchObject({ allowed: true, source: { kind: "archive" } });
  expect(plan.steps).toContain("fill from archive");

  const before = await everythingOf(running.home, TENANT);
  const one = await restored(order);
  expect(one.state).toBe("ready");
  expect(failedChecks(one)).toEqual([]);
  expect(one.checks.filter(({ name }) => name.startsWith("rows of")).length).toBeGreaterThan(5);
  await discard(one.id);
  expect(await everythingOf(running.home, TENANT)).toEqual(before);
});

test("R71: an archive of another version than the target's is refused", async () => {
  const { api } = running;
  const source = (await api.restore.sources({ tenant: TENANT })).find(({ kind }) => kind === "archive")!;
  const plan = await api.restore.plan(wanted(source.id, { onVersion: "26Q2" }));
  expect(plan.verdicts.filter(({ allowed }) => !allowed).map(({ rule }) => rule)).toContain("R71");
  expect(plan.allowed).toBe(false);
});

test("an archive takes production's place: customers find the orders of its instant", async () => {
  const { api, home } = running;
  const before = await orderNow();
  const exported = await api.snapshot.export({ requestId: randomUUID(), ...PRODUCTION, label: "to go back to" });
  await done(exported);
  const held = (await api.snapshot.get({ id: exported.id })).data!.relations.find(({ name }) => name === "orders")!;
  expect(held.rows).toBeGreaterThanOrEqual(before.length);
  await orderNow();

  const one = await restored(wanted(exported.id, { target: "production", reason: "disaster" }));
  expect(failedChecks(one)).toEqual([]);
  const swap = await api.restore.swap({
    caseId: one.id,
    requestId: randomUUID(),
    confirm: TENANT,
    overrides: ANY_HOUR,
  });
  await done(swap);
  const production = await environmentOf(api, TENANT, "production");
  expect(await served(home, production)).toMatchObject({ status: "up", lockout: null, environment: "production" });
  const { test: room, spec } = await labHostOf(running, TENANT);
  const now = await orderNumbers(room, spec);
  // Of the newest 500 that the application lists.
  expect(before.slice(-100).filter((number) => !now.has(number))).toEqual([]);
});

test("a copy in the second region is restored where the original is gone, whatever replies are lost", async () => {
  const { api, home } = running;
  const take = { requestId: randomUUID(), ...PRODUCTION, label: "two places", overrides: {} };
  const [copyTo] = (await api.snapshot.plan(take)).copyRegions;
  await done(await api.snapshot.take({ ...take, copyTo: copyTo! }));
  const snapshot = await api.snapshot.get({ id: take.requestId });
  const ec2 = await ec2Of(home);
  await ec2.send(new DeleteSnapshotCommand({ SnapshotId: snapshot.snapshotId! }));
  const copy = (await api.restore.sources({ tenant: TENANT })).find(({ region }) => region === copyTo)!;
  expect(copy).toMatchObject({ id: snapshot.copies[0]!.snapshotId, kind: "snapshot", label: "two places" });

  const before = await everythingOf(home, TENANT);
  await api.lab.injectFault({ name: "lost-reply", action: "CopySnapshot", count: 1 });
  const one = await restored(wanted(copy.id));
  expect(one.source).toMatchObject({ region: copyTo, grade: "quiesced" });
  expect(failedChecks(one)).toEqual([]);
  const { Snapshots } = await ec2.send(
    new DescribeSnapshotsCommand({ Filters: [{ Name: "tag:fleetwright:job", Values: [one.id] }] }),
  );
  expect(Snapshots).toHaveLength(1);
  await discard(one.id);
  expect(await everythingOf(home, TENANT)).toEqual(before);
});
