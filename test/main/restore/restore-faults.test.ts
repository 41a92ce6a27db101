import { randomUUID } from "node:crypto";
import { RebootInstancesCommand } from "@aws-sdk/client-ec2";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { FaultInput } from "../../../shared/lab/model.ts";
import { type InProcessConsole, inProcessConsole, untilJob } from "../../support/in-process-console.ts";
import { ec2Of, environmentOf, everythingOf, provisionPair, served } from "./restore-for-tests.ts";

const TENANT = "faulty";
let running: InProcessConsole;
beforeAll(async () => {
  running = await inProcessConsole({ lab: "empty" });
  await provisionPair(running.api, TENANT);
}, 300_000);
afterEach(() => running.api.lab.clearFaults());
afterAll(() => running.end());

const faults = (...inputs: FaultInput[]) => Promise.all(inputs.map((input) => running.api.lab.injectFault(input)));
const REFRESH = { tenant: TENANT, target: "test" as const, fee: null, keepDays: 1, overrides: {} };
const OVER = ["done", "failed", "needsDecision", "cancelled"] as const;

async function ended(started: Promise<{ jobId: string; caseId: string }>) {
  const { jobId, caseId } = await started;
  const job = await untilJob(running.api, jobId, ...OVER);
  return { job, one: await running.api.restore.get({ caseId }) };
}
const refresh = () => ended(running.api.restore.refresh({ ...REFRESH, requestId: randomUUID() }));
const activate = (caseId: string, requestId = randomUUID()) =>
  running.api.restore.activate({ caseId, requestId, confirm: TENANT, overrides: {} });
const discard = (caseId: string) =>
  ended(running.api.restore.discard({ caseId, requestId: randomUUID(), confirm: TENANT }));

/** The test environment is whole: one volume, on its own machine, open and serving its own environment. */
async function expectServing(volumeId: string) {
  await running.api.fleet.refresh();
  const environment = await environmentOf(running.api, TENANT, "test");
  expect(environment.volumeId).toBe(volumeId);
  expect(await served(running.home, environment)).toMatchObject({ status: 200, environment: "test", lockout: null });
  const { volumes, instances } = await everythingOf(running.home, TENANT);
  expect(volumes.filter(({ on }) => on === environment.instanceId).map(({ id }) => id)).toContain(volumeId);
  return { volumes, instances };
}

test("replies lost after the effect at every call that changes something: both phases end well, nothing is doubled", async () => {
  const lost = (action: string): FaultInput => ({ name: "lost-reply", action, count: 2 });
  const made = ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "CreateSnapshot", "CreateVolume"];
  await faults(...[...made, "RunInstances", "AttachVolume", "CreateTags"].map(lost));
  const { job, one } = await refresh();
  expect(job.error).toBeNull();
  expect(one.state).toBe("ready");
  await running.api.lab.clearFaults();
  const before = await everythingOf(running.home, TENANT);
  expect(before.instances).toHaveLength(3);

  const moved = ["DetachVolume", "AttachVolume", "CreateTags", "DeleteTags"];
  await faults(...[...moved, "TerminateInstances", "DeleteSecurityGroup"].map(lost));
  const swapped = await ended(activate(one.id));
  expect(swapped.job.error).toBeNull();
  await running.api.lab.clearFaults();
  const { instances, volumes } = await expectServing(one.beside!.volumeId);
  expect(instances).toHaveLength(2);
  await discard(one.id);
  expect((await everythingOf(running.home, TENANT)).volumes).toHaveLength(volumes.length - 1);
}, 400_000);

test("SSH cut in the middle of a swap: it goes on when the line is back", async () => {
  const { one } = await refresh();
  const { jobId } = await activate(one.id);
  await untilStep(jobId, "lock out");
  await faults({ name: "ssh-cut", seconds: 5 });
  const job = await untilJob(running.api, jobId, ...OVER);
  expect(job.error).toBeNull();
  await expectServing(one.beside!.volumeId);
  await discard(one.id);
}, 400_000);

test("the host reboots in the middle of a swap: new state, whole and serving", async () => {
  const { one } = await refresh();
  const { jobId } = await activate(one.id);
  await untilStep(jobId, "attach new volume");
  const { instanceId } = await environmentOf(running.api, TENANT, "test");
  const ec2 = await ec2Of(running.home);
  await ec2.send(new RebootInstancesCommand({ InstanceIds: [instanceId!] }));
  ec2.destroy();
  const job = await untilJob(running.api, jobId, ...OVER);
  expect(job.error).toBeNull();
  await expectServing(one.beside!.volumeId);
  await discard(one.id);
}, 400_000);

test("cancelled in the middle of a swap: the old data serves again, by a job that nobody cancelled", async () => {
  const before = await environmentOf(running.api, TENANT, "test");
  const { one } = await refresh();
  const { jobId } = await activate(one.id);
  await untilStep(jobId, "detach old volume");
  await running.api.jobs.cancel({ jobId });
  expect((await untilJob(running.api, jobId, ...OVER)).state).toBe("cancelled");
  const back = await untilBack(one.id);
  expect(back.jobs.at(-1)?.kind).toBe("restore.takeBack");
  await expectServing(before.volumeId!);

  // The copy stands beside again and can still be swapped in.
  const swapped = await ended(activate(one.id));
  expect(swapped.job.error).toBeNull();
  await expectServing(one.beside!.volumeId);
}, 400_000);

async function untilBack(caseId: string) {
  for (;;) {
    const one = await running.api.restore.get({ caseId });
    if (one.state === "ready") return one;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function untilStep(jobId: string, name: string): Promise<void> {
  for (;;) {
    const { job, steps } = await running.api.jobs.get({ jobId });
    const step = steps.find((each) => each.name === name);
    if ((step && step.state !== "pending") || OVER.some((state) => state === job.state)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
