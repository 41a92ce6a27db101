import { randomUUID } from "node:crypto";
import { CreateTagsCommand } from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type InProcessConsole, inProcessConsole, untilJob } from "../../support/in-process-console.ts";
import { ANY_HOUR, ec2Of, environmentOf, everythingOf, NO_PAPERS, provisionPair, served } from "./restore-for-tests.ts";

const TENANT = "beside";
let running: InProcessConsole;
beforeAll(async () => {
  running = await inProcessConsole({ lab: "empty" });
  await provisionPair(running.api, TENANT);
});
afterAll(() => running.end());

async function done(started: Promise<{ jobId: string; caseId: string }>) {
  const { jobId, caseId } = await started;
  const job = await untilJob(running.api, jobId, "done", "failed", "needsDecision");
  expect(job.error).toBeNull();
  expect(job.state).toBe("done");
  return running.api.restore.get({ caseId });
}
const failedChecks = (one: { checks: { name: string; ok: boolean | null }[] }) =>
  one.checks.filter(({ ok }) => ok !== true);

test("R28: a refresh is prepared beside the test environment, neutralised; discarded, nothing is left", async () => {
  const before = await everythingOf(running.home, TENANT);
  const test0 = await environmentOf(running.api, TENANT, "test");
  const order = { tenant: TENANT, target: "test" as const, fee: null, keepDays: 3, overrides: {} };
  const plan = await running.api.restore.refreshPlan(order);
  expect(plan).toMatchObject({ allowed: true, volumeGiB: 40 });
  expect(plan.losses?.relations.find(({ name }) => name === "orders")).toMatchObject({ copied: null });

  const one = await done(running.api.restore.refresh({ ...order, requestId: randomUUID() }));
  expect(one).toMatchObject({ state: "ready", purpose: "refresh", target: "test" });
  expect(failedChecks(one)).toEqual([]);
  expect(one.source?.grade).toBe("quiesced");
  // The fleet knows its own environments only.
  await running.api.fleet.refresh();
  expect(await environmentOf(running.api, TENANT, "test")).toMatchObject({
    ...{ instanceId: test0.instanceId, volumeId: test0.volumeId },
  });

  await expect(
    running.api.restore.discard({ caseId: one.id, requestId: randomUUID(), confirm: "besides" }),
  ).rejects.toMatchObject({ code: "ConfirmationNeeded" });
  const gone = await done(running.api.restore.discard({ caseId: one.id, requestId: randomUUID(), confirm: TENANT }));
  expect(gone).toMatchObject({ state: "discarded", beside: null });
  // The snapshot of production is a copy of its own and stays.
  expect(await everythingOf(running.home, TENANT)).toEqual({ ...before, snapshots: before.snapshots + 1 });
});

test("R28 R29: activated, the test environment serves production's data, neutralised, and its old volume is kept", async () => {
  const [source] = await running.api.restore.sources({ tenant: TENANT });
  const order = {
    ...{ tenant: TENANT, target: "test" as const, source: source!.id, fee: null, keepDays: 3, overrides: {} },
  };
  const ready = await done(running.api.restore.refresh({ ...order, requestId: randomUUID() }));
  const before = await environmentOf(running.api, TENANT, "test");
  const one = await done(
    running.api.restore.activate({ caseId: ready.id, requestId: randomUUID(), confirm: TENANT, overrides: {} }),
  );

  expect(one).toMatchObject({ state: "swapped", beside: null, kept: { volumeId: before.volumeId, isGone: false } });
  await running.api.fleet.refresh();
  const after = await environmentOf(running.api, TENANT, "test");
  expect(after.volumeId).toBe(ready.beside?.volumeId);
  expect(after.instanceId).toBe(before.instanceId);
  expect(await served(running.home, after)).toMatchObject({ status: "up", environment: "test", lockout: null });

  const cleared = await done(running.api.restore.discard({ caseId: one.id, requestId: randomUUID(), confirm: TENANT }));
  expect(cleared.kept).toMatchObject({ isGone: true });
  const left = await everythingOf(running.home, TENANT);
  expect(left.volumes.map(({ id }) => id)).not.toContain(before.volumeId);
  expect(left.instances).toHaveLength(2);
});

test("R72: restored over production: what is lost is counted, customers' address serves the copy's data, the old volume is kept", async () => {
  const { api, home } = running;
  const production = await environmentOf(api, TENANT, "production");
  const [source] = await api.restore.sources({ tenant: TENANT });
  const request = {
    ...{ tenant: TENANT, source: source!.id, target: "production" as const, reason: "vendor" as const },
    ...{ papers: NO_PAPERS, keepDays: 3, overrides: ANY_HOUR },
  };
  const plan = await api.restore.plan(request);
  expect(plan.allowed).toBe(true);
  const orders = (rows: readonly { name: string }[]) => rows.find(({ name }) => name === "orders");
  expect(orders(plan.losses!.relations)).toMatchObject({ copied: expect.any(Number) });
  const ready = await done(api.restore.run({ ...request, requestId: randomUUID() }));
  expect(failedChecks(ready)).toEqual([]);
  // Before the swap production serves what it always did.
  expect(await served(home, production)).toMatchObject({ status: "up", lockout: null });

  const one = await done(
    api.restore.swap({ caseId: ready.id, requestId: randomUUID(), confirm: TENANT, overrides: ANY_HOUR }),
  );
  expect(one).toMatchObject({ state: "swapped", kept: { volumeId: production.volumeId } });
  const lost = one.losses!.relations.find(({ name }) => name === "orders")!;
  expect(one.swap!.ordersSince).toBe(lost.now - lost.copied!);
  console.log(`production locked out for ${one.swap!.lockoutSeconds} s`);

  await api.fleet.refresh();
  const after = await environmentOf(api, TENANT, "production");
  expect(after).toMatchObject({
    ...{ instanceId: production.instanceId, volumeId: ready.beside!.volumeId, hostKey: production.hostKey },
  });
  expect(await served(home, after)).toMatchObject({ status: "up", environment: "production", lockout: null });
  const counted = one.compared.find(({ name }) => name === "orders")!;
  expect(counted.restored).toBe(counted.source);
}, 400_000);

test("the old volume that a swap kept can be swapped back; a lock-out that an operator ordered before keeps its end", async () => {
  const { api } = running;
  const closed = { tenant: TENANT, environment: "production" as const, reason: "An incident", overrides: { R39: "x" } };
  const lockOut = await api.tenant.lockOut({ ...closed, requestId: randomUUID(), minutes: 60 });
  expect(await untilJob(api, lockOut.jobId, "done", "failed")).toMatchObject({ state: "done" });
  const lockedUntil = async () => {
    const health = await served(running.home, await environmentOf(api, TENANT, "production"));
    return Date.parse((health as { lockout: { until: string } }).lockout.until);
  };
  const until = await lockedUntil();
  const kept = (await api.restore.sources({ tenant: TENANT })).find(({ kind }) => kind === "kept")!;
  const request = {
    ...{ tenant: TENANT, source: kept.id, target: "production" as const, reason: "vendor" as const },
    ...{ papers: NO_PAPERS, keepDays: 3, overrides: ANY_HOUR },
  };
  const ready = await done(api.restore.run({ ...request, requestId: randomUUID() }));
  expect(failedChecks(ready)).toEqual([]);
  const one = await done(
    api.restore.swap({ caseId: ready.id, requestId: randomUUID(), confirm: TENANT, overrides: ANY_HOUR }),
  );
  const orders = one.compared.find(({ name }) => name === "orders")!;
  expect(orders.restored).toBe(kept.manifest!.relations.find(({ name }) => name === "orders")!.rows);
  expect(Math.abs((await lockedUntil()) - until)).toBeLessThan(2 * 60_000);
  const unlock = await api.tenant.unlock({ ...closed, requestId: randomUUID(), reason: "Over" });
  expect(await untilJob(api, unlock.jobId, "done", "failed")).toMatchObject({ state: "done" });
}, 400_000);

test("a copy that names another tenant is refused by the plan and by the order, whatever reason is given", async () => {
  const { api, home } = running;
  const [source] = (await api.restore.sources({ tenant: TENANT })).filter(({ kind }) => kind === "snapshot");
  const ec2 = await ec2Of(home);
  const Tags = [{ Key: "fleetwright:tenant-id", Value: "somebody-else" }];
  await ec2.send(new CreateTagsCommand({ Resources: [source!.id], Tags }));
  ec2.destroy();
  const request = {
    ...{ tenant: TENANT, source: source!.id, target: "production" as const, reason: "disaster" as const },
    ...{ papers: NO_PAPERS, keepDays: 3, overrides: { ...ANY_HOUR, identity: "it is surely theirs" } },
  };
  const plan = await api.restore.plan(request);
  expect(plan.verdicts.find(({ rule }) => rule === "identity")).toMatchObject({
    ...{ allowed: false, facts: { case: "identity.tags" } },
  });
  await expect(api.restore.run({ ...request, requestId: randomUUID() })).rejects.toMatchObject({
    ...{ code: "RefusedByRule", details: { rule: "identity" } },
  });
});
