import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { takeSteps } from "../../../shared/snapshot/steps.ts";
import { type InProcessConsole, inProcessConsole, order, untilJob } from "../../support/in-process-console.ts";
import { cutSsh, type StrikeOptions, tellStruck, underStrikes } from "../../support/kill-matrix.ts";
import { placesOrder, rebootHost, snapshotsIn, startCopy, type WriteLoad, writeLoad } from "../../support/lab-data.ts";

const TENANT = "acme";
const STEPS = takeSteps("the second region that every order gets");
/** Around holding still, asking AWS, reading at rest and letting go. */
const HOLD = "hold still and snapshot";
const CHANGES = [
  ...["CreateSnapshot", "CopySnapshot", "CreateTags", "CreateBucket", "PutBucketVersioning", "PutBucketEncryption"],
  ...["PutPublicAccessBlock", "PutBucketLifecycleConfiguration", "PutObject"],
];
let running: InProcessConsole;
let load: WriteLoad | undefined;
beforeAll(async () => {
  running = await inProcessConsole({ lab: "empty" });
  const { jobId } = await running.api.tenant.provision({ requestId: randomUUID(), ...order(TENANT) });
  expect(await untilJob(running.api, jobId, "done", "failed")).toMatchObject({ state: "done" });
  load = await writeLoad(running, TENANT);
}, 400_000);
afterEach(() => running.api.lab.clearFaults());
afterAll(async () => {
  await load?.end();
  await running.end();
});

/** Takes a snapshot under strikes: it ends well, exists once, has every acknowledged order, and the tenant serves. */
async function takeUnder(how: string, strike: (step: string) => Promise<unknown>, options: StrikeOptions) {
  const request = { tenant: TENANT, environment: "production" as const, label: how, overrides: {} };
  const { jobId } = await running.api.snapshot.take({ ...request, requestId: randomUUID() });
  const taken = await underStrikes(running.api, jobId, strike, options);
  const hit = tellStruck(how, taken, STEPS);
  expect(taken.job).toMatchObject({ state: "done", error: null });

  const snapshot = await running.api.snapshot.get({ id: jobId });
  console.log(`grade ${snapshot.grade}`);
  expect(await snapshotsIn(running, "eu-west-1", jobId)).toEqual([snapshot.snapshotId]);
  expect(await placesOrder(running, TENANT)).toBe(201);
  const copy = await startCopy(running, TENANT, snapshot.snapshotId!, snapshot.version!);
  try {
    const before = load!.acknowledgedBy(snapshot.takenAt);
    expect(before.length).toBeGreaterThan(20);
    const there = await copy.orderNumbers();
    expect(before.slice(-300).filter((number) => !there.has(number))).toEqual([]);
  } finally {
    await copy.end();
  }
  expect(hit).toBeGreaterThan(STEPS.length / 2);
}

test("replies of AWS lost after the effect, at every call of the account's first snapshot that changes something", {
  timeout: 400_000,
}, async () => {
  for (const action of CHANGES) await running.api.lab.injectFault({ name: "lost-reply", action, count: 2 });
  await takeUnder("replies lost", async () => undefined, { each: [0] });
  const { faults } = (await running.api.lab.status())!;
  console.log(`replies lost: ${faults.map(({ action, struck }) => `${action} ${struck}`).join(", ")}`);
  expect(faults.filter(({ struck }) => struck < 1)).toEqual([]);
});

test("SSH cut in every step of a snapshot", { timeout: 400_000 }, () =>
  takeUnder("SSH cut", () => cutSsh(running.api), { each: [0, 20], strikes: { [HOLD]: [0, 30, 600, 660, 700, 800] } }),
);

test("the host restarted in every step of a snapshot", { timeout: 400_000 }, () =>
  takeUnder("restarted", () => rebootHost(running, TENANT), { each: [5], strikes: { [HOLD]: [20, 200] } }),
);
