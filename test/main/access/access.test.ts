import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeKeyPair } from "../../../main/adapters/ssh/keys.ts";
import { errorFacts } from "../../../shared/errors.ts";
import { FINAL_JOB_STATES, type Job } from "../../../shared/jobs/model.ts";
import { DAY_MS } from "../../../shared/time.ts";
import { inProcessConsole, type InProcessConsole, order } from "../../support/in-process-console.ts";

const target = { tenant: "keys", environment: "production" } as const;
let running: InProcessConsole;

beforeAll(async () => {
  running = await inProcessConsole({ lab: "empty", vaultPassphrase: "a passphrase for this test" });
  const requestId = randomUUID();
  await running.api.tenant.provision({ ...order("keys"), requestId });
  expect((await ended(requestId)).state).toBe("done");
});
afterAll(() => running.end());

async function ended(jobId: string): Promise<Job> {
  for (;;) {
    const { job } = await running.api.jobs.get({ jobId });
    if (FINAL_JOB_STATES.has(job.state)) return job;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function done({ jobId }: { readonly jobId: string }): Promise<void> {
  const job = await ended(jobId);
  expect([job.kind, job.state, job.error?.message]).toEqual([job.kind, "done", undefined]);
}

const grantOf = (publicKey: string) => ({
  ...target,
  ...{ requestId: randomUUID(), owner: "Partner SA", approver: "Customer SL", purpose: "Support", publicKey },
  expiresAt: new Date(Date.now() + 30 * DAY_MS),
});

test("R102: nobody approves his own access", async () => {
  const { publicKey } = makeKeyPair("partner@desk");
  const order = { ...grantOf(publicKey), approver: "partner sa" };
  const failed = await running.api.access.grant(order).then(
    () => undefined,
    (error: unknown) => errorFacts(error),
  );
  expect(failed).toMatchObject({ code: "RefusedByRule", details: { rule: "R102" } });
});

test("R102: a key is registered, seen on the host, revoked, and seen to be gone", async () => {
  const order = grantOf(makeKeyPair("partner@desk").publicKey);
  await done(await running.api.access.grant(order));
  const { keys, drift } = await running.api.access.list({ tenant: "keys" });
  expect(keys).toMatchObject([
    { id: order.requestId, standing: "active", owner: "Partner SA", approver: "Customer SL" },
  ]);
  expect(drift).toEqual([]);

  await done(await running.api.access.revoke({ requestId: randomUUID(), keyId: order.requestId, reason: "Left" }));
  const after = await running.api.access.list({ tenant: "keys" });
  expect(after.keys).toMatchObject([{ standing: "removed", revokeReason: "Left" }]);
  expect((await running.api.access.read(target)).keys).toBe(1);
});

test("the console's own key is rotated: the host opens to the new one alone, also after a restart", async () => {
  await done(await running.api.access.rotate({ requestId: randomUUID(), accountId: "lab" }));
  expect(await running.api.access.read(target)).toMatchObject({ keys: 1, error: null });
  expect((await running.api.access.list({ tenant: "keys" })).drift).toEqual([]);
  running = await running.restart();
  expect(await running.api.access.read(target)).toMatchObject({ keys: 1 });
});
