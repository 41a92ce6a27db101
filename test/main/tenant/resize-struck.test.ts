import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { RESIZE_STEPS } from "../../../shared/tenant/acts.ts";
import { type InProcessConsole, inProcessConsole, order, untilJob } from "../../support/in-process-console.ts";
import { cutSsh, tellStruck, underStrikes } from "../../support/kill-matrix.ts";
import { placesOrder, rebootHost } from "../../support/lab-data.ts";
import { everythingOf } from "../restore/restore-for-tests.ts";

const TENANT = "grows";
/** Twice reaches the job's own retry, once the SDK's, to which EC2 says that a volume changes already. */
const CHANGES = { StopInstances: 2, ModifyInstanceAttribute: 2, ModifyVolume: 1, StartInstances: 2 };
let running: InProcessConsole;
beforeAll(async () => {
  running = await inProcessConsole({ lab: "empty" });
  for (const slug of [TENANT, "restarts", "loses"]) {
    const { jobId } = await running.api.tenant.provision({ requestId: randomUUID(), ...order(slug) });
    expect(await untilJob(running.api, jobId, "done", "failed")).toMatchObject({ state: "done" });
  }
}, 400_000);
afterEach(() => running.api.lab.clearFaults());
afterAll(() => running.end());

async function resize(tenant: string): Promise<string> {
  const { jobId } = await running.api.tenant.resize({
    ...{ requestId: randomUUID(), tenant, environment: "production", instanceType: "m6i.xlarge", volumeGiB: 30 },
    ...{ overrides: { R39: "The customer asked for it." }, confirm: tenant },
  });
  return jobId;
}

async function expectGrown(tenant: string, before: Awaited<ReturnType<typeof everythingOf>>): Promise<void> {
  const [environment] = (await running.api.tenant.get({ tenant })).environments;
  expect(environment).toMatchObject({ state: "running", instanceType: "m6i.xlarge", volumeGiB: 30, lockout: null });
  expect(await placesOrder(running, tenant)).toBe(201);
  expect(await everythingOf(running.home, tenant)).toEqual(before);
}

test("R2: SSH cut in every step of a resize: the tenant has its new size, serves, and is open", {
  timeout: 400_000,
}, async () => {
  const before = await everythingOf(running.home, TENANT);
  const resized = await underStrikes(running.api, await resize(TENANT), () => cutSsh(running.api), {
    each: [0, 25, 90],
  });
  const hit = tellStruck("SSH cut", resized, RESIZE_STEPS);
  expect(resized.job).toMatchObject({ state: "done", error: null });
  await expectGrown(TENANT, before);
  expect(hit).toBeGreaterThan(RESIZE_STEPS.length / 2);
});

test("R2: the host restarted in every step of a resize: retried where a check met the restart, it is done and open", {
  timeout: 400_000,
}, async () => {
  const before = await everythingOf(running.home, "restarts");
  // A machine that does not run cannot be restarted: that strike meets nothing.
  const restart = () => rebootHost(running, "restarts").catch(() => undefined);
  const resized = await underStrikes(running.api, await resize("restarts"), restart, { each: [10] });
  const hit = tellStruck("restarted", resized, RESIZE_STEPS);
  let { job } = resized;
  for (let tries = 0; job.state === "failed" && tries < RESIZE_STEPS.length; tries += 1) {
    await running.api.jobs.retry({ jobId: job.id });
    job = await untilJob(running.api, job.id, "done", "failed", "needsDecision");
  }
  expect(job).toMatchObject({ state: "done", error: null });
  await expectGrown("restarts", before);
  expect(hit).toBeGreaterThan(RESIZE_STEPS.length / 2);
});

test("R2: replies of AWS lost after the effect, at every call of a resize: it is done once and the tenant is open", {
  timeout: 400_000,
}, async () => {
  const before = await everythingOf(running.home, "loses");
  for (const [action, count] of Object.entries(CHANGES))
    await running.api.lab.injectFault({ name: "lost-reply", action, count });
  const job = await untilJob(running.api, await resize("loses"), "done", "failed", "needsDecision");
  expect(job).toMatchObject({ state: "done", error: null });
  const struck = (await running.api.lab.status())!.faults;
  console.log(`replies lost: ${struck.map((fault) => `${fault.action} ${fault.struck}`).join(", ")}`);
  expect(struck.filter((fault) => fault.struck < 1)).toEqual([]);
  await expectGrown("loses", before);
});
