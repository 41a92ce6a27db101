import { randomUUID } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { takeSteps } from "../../../shared/snapshot/steps.ts";
import { order, untilJob } from "../../support/in-process-console.ts";
import { tellStruck, underKills, withConsole } from "../../support/kill-matrix.ts";
import { placesOrder, snapshotsIn, startCopy, writeLoad } from "../../support/lab-data.ts";
import { endProcessesOf } from "../../support/processes.ts";
import { scratchFolder } from "../../support/scratch.ts";

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const TENANT = "acme";
const COPY_TO = "us-east-1";
/** Around holding still, asking AWS, reading at rest and letting go. */
const HOLD = { "hold still and snapshot": [0, 60, 200, 500, 1200] };

test("killed in every step of a snapshot: one snapshot, one copy, every acknowledged order in it, and the tenant serves", {
  timeout: 1_200_000,
}, async () => {
  const { folder: home, remove } = await scratchFolder("snapshot-killed");
  endings.push(remove, () => endProcessesOf(home));
  const load = await withConsole(home, async (client) => {
    const { jobId } = await client.tenant.provision({ requestId: randomUUID(), ...order(TENANT) });
    expect(await untilJob(client, jobId, "done", "failed")).toMatchObject({ state: "done" });
    return writeLoad({ home, api: client }, TENANT);
  });
  endings.push(() => load.end());

  const request = { tenant: TENANT, environment: "production" as const, label: "under kills", overrides: {} };
  const requestId = randomUUID();
  const taken = await underKills(home, (client) => client.snapshot.take({ ...request, copyTo: COPY_TO, requestId }), {
    strikes: HOLD,
  });
  const hit = tellStruck("killed", taken, takeSteps(COPY_TO));

  expect(taken.job.error).toBeNull();
  expect(["done", "needsDecision"]).toContain(taken.job.state);
  await withConsole(home, async (client) => {
    const running = { home, api: client };
    const snapshot = await client.snapshot.get({ id: requestId });
    console.log(`grade ${snapshot.grade}`);
    expect(await snapshotsIn(running, "eu-west-1", requestId)).toEqual([snapshot.snapshotId]);
    expect(await snapshotsIn(running, COPY_TO, requestId)).toEqual(snapshot.copies.map((one) => one.snapshotId));
    if (taken.job.state === "done") expect(snapshot).toMatchObject({ state: "completed", percent: 100 });
    expect(await placesOrder(running, TENANT)).toBe(201);

    const copy = await startCopy(running, TENANT, snapshot.snapshotId!, snapshot.version!);
    endings.push(() => copy.end());
    const before = load.acknowledgedBy(snapshot.takenAt);
    expect(before.length).toBeGreaterThan(20);
    const there = await copy.orderNumbers();
    expect(before.slice(-300).filter((number) => !there.has(number))).toEqual([]);
  });
  // Fast steps may end between two looks; most must have been hit for the test to say anything.
  expect(hit).toBeGreaterThan(takeSteps(COPY_TO).length / 2);
  expect(taken.struck.filter((step) => step in HOLD).length).toBeGreaterThan(1);
});
