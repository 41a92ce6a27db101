import { randomUUID } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { takeSteps } from "../../../shared/snapshot/steps.ts";
import { launchConsole } from "../../support/console.ts";
import { order, untilJob } from "../../support/in-process-console.ts";
import { type Client, underKills } from "../../support/kill-matrix.ts";
import { labHostOf, snapshotsIn } from "../../support/lab-data.ts";
import { endProcessesOf } from "../../support/processes.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { logIn, placeOrder } from "../lab/hosts/support.ts";

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const TENANT = "acme";
const COPY_TO = "us-east-1";
/** Around holding still, asking AWS, reading at rest and letting go. */
const HOLD = { "hold still and snapshot": [0, 60, 200, 500, 1200] };

test("killed in every step of a snapshot: one snapshot, one copy, and the tenant serves", {
  timeout: 1_200_000,
}, async () => {
  const { folder: home, remove } = await scratchFolder("snapshot-killed");
  endings.push(remove, () => endProcessesOf(home));
  async function withClient<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    const running = await launchConsole(home, "empty");
    const { client, close } = await running.connect();
    try {
      return await work(client);
    } finally {
      close();
      await running.stop();
    }
  }
  await withClient(async (client) => {
    const { jobId } = await client.tenant.provision({ requestId: randomUUID(), ...order(TENANT) });
    expect(await untilJob(client, jobId, "done", "failed")).toMatchObject({ state: "done" });
  });

  const request = { tenant: TENANT, environment: "production" as const, label: "under kills", overrides: {} };
  const requestId = randomUUID();
  const { struck, job } = await underKills(
    home,
    (client) => client.snapshot.take({ ...request, copyTo: COPY_TO, requestId }),
    HOLD,
  );
  console.log(`killed at ${struck.length} points, then ${job.state}: ${struck.join(", ")}`);

  expect(job.error).toBeNull();
  expect(["done", "needsDecision"]).toContain(job.state);
  await withClient(async (client) => {
    const snapshot = await client.snapshot.get({ id: requestId });
    console.log(`grade ${snapshot.grade}`);
    expect(await snapshotsIn({ home }, "eu-west-1", requestId)).toEqual([snapshot.snapshotId]);
    expect(await snapshotsIn({ home }, COPY_TO, requestId)).toEqual(snapshot.copies.map((one) => one.snapshotId));
    if (job.state === "done") expect(snapshot).toMatchObject({ state: "completed", percent: 100 });
    // Frozen it would not answer, locked out it would refuse.
    const { test: room, spec } = await labHostOf({ home, api: client }, TENANT);
    expect((await placeOrder(room, spec, await logIn(room, spec))).status).toBe(201);
  });
  // Fast steps may end between two looks; most must have been hit for the test to say anything.
  expect(struck.length).toBeGreaterThan(takeSteps(COPY_TO).length / 2);
  expect(struck.filter((step) => step in HOLD).length).toBeGreaterThan(1);
});
