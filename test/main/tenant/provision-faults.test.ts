import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import {
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVolumesCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { findLab } from "../../../main/lab/launch.ts";
import type { FaultInput } from "../../../shared/lab/model.ts";
import type { ProvisionRequest } from "../../../shared/tenant/model.ts";
import { type InProcessConsole, inProcessConsole, order, untilJob } from "../../support/in-process-console.ts";

let running: InProcessConsole;
beforeAll(async () => {
  running = await inProcessConsole({ lab: "empty" });
});
afterEach(() => running.api.lab.clearFaults());
afterAll(() => running.end());

const faults = (...inputs: FaultInput[]) => Promise.all(inputs.map((input) => running.api.lab.injectFault(input)));

async function provision(request: ProvisionRequest): Promise<string> {
  const { jobId } = await running.api.tenant.provision({ requestId: randomUUID(), ...request });
  return jobId;
}

/** What EC2 holds of a tenant, by kind. */
async function made(slug: string) {
  const lab = (await findLab(`${running.home}/lab`))!;
  const ec2 = new EC2Client({
    region: "eu-west-1",
    endpoint: lab.ec2,
    credentials: { accessKeyId: lab.accessKeyId, secretAccessKey: lab.secretAccessKey },
  });
  const Filters = [{ Name: "tag:fleetwright:tenant", Values: [slug] }];
  const [instances, volumes, groups] = await Promise.all([
    ec2.send(new DescribeInstancesCommand({ Filters })),
    ec2.send(new DescribeVolumesCommand({ Filters })),
    ec2.send(new DescribeSecurityGroupsCommand({ Filters })),
  ]);
  ec2.destroy();
  return {
    instances: (instances.Reservations ?? [])
      .flatMap((one) => one.Instances ?? [])
      .filter((one) => one.State?.Name !== "terminated").length,
    // The root device and the data volume.
    volumes: (volumes.Volumes ?? []).length,
    groups: (groups.SecurityGroups ?? []).length,
  };
}
const ONE_OF_EACH = { instances: 1, volumes: 2, groups: 1 };

test("replies lost after the effect, at every call that makes something: the job ends well and made each thing once", async () => {
  // The SDK repeats a lost call once by itself; two in a row reach the job's own retry.
  const actions = [
    "CreateSecurityGroup",
    "AuthorizeSecurityGroupIngress",
    "CreateVolume",
    "RunInstances",
    "AttachVolume",
    "CreateTags",
  ];
  await faults(...actions.map((action): FaultInput => ({ name: "lost-reply", action, count: 2 })));

  const jobId = await provision(order("lost-reply"));
  await untilJob(running.api, jobId, "done", "failed");

  const struck = (await running.api.lab.status())!.faults;
  expect(await running.api.jobs.get({ jobId })).toMatchObject({ job: { state: "done", error: null } });
  expect(await made("lost-reply")).toEqual(ONE_OF_EACH);
  expect(struck.filter((fault) => fault.struck < 2)).toEqual([]);
});

test("throttled and slow, with 5xx in between: the job says what it waits for and ends well", async () => {
  await faults(
    { name: "throttle", rate: 0.3 },
    { name: "server-error", rate: 0.1 },
    { name: "slow", rate: 0.3, delayMs: 200 },
  );
  const { jobId } = await retryingOrder("throttled");
  await untilJob(running.api, jobId, "done", "failed");
  expect(await running.api.jobs.get({ jobId })).toMatchObject({ job: { state: "done" } });
  await running.api.lab.clearFaults();
  expect(await made("throttled")).toEqual(ONE_OF_EACH);
});

test("reads that lag behind writes make nothing twice", async () => {
  await faults({ name: "eventual-consistency", delayMs: 1500 });
  const { jobId } = await retryingOrder("lagging");
  await untilJob(running.api, jobId, "done", "failed");
  expect(await running.api.jobs.get({ jobId })).toMatchObject({ job: { state: "done", error: null } });
  expect(await made("lagging")).toEqual(ONE_OF_EACH);
});

test("credentials that expire pause the job; with new ones it goes on", async () => {
  const jobId = await provision(order("expired"));
  await faults({ name: "expired-credentials" });
  expect(await untilJob(running.api, jobId, "paused")).toMatchObject({ error: { code: "AwsCredentialsExpired" } });
  await running.api.lab.clearFaults();
  await untilJob(running.api, jobId, "done");
  expect(await made("expired")).toEqual(ONE_OF_EACH);
});

test("no capacity fails the job with what to do; retried later it goes on from that step", async () => {
  await faults({ name: "no-capacity" });
  const jobId = await provision(order("full-region"));
  const failed = await untilJob(running.api, jobId, "failed");
  expect(failed).toMatchObject({
    error: { code: "AwsCapacity", details: { next: expect.any(String) } },
    can: { retry: true, rollBack: true },
    currentStep: "production: run instance",
  });

  await running.api.lab.clearFaults();
  await running.api.jobs.retry({ jobId });
  await untilJob(running.api, jobId, "done");
  expect(await made("full-region")).toEqual(ONE_OF_EACH);
});

test("a failed provisioning is rolled back until nothing is left, and its prefix is free again", async () => {
  await faults({ name: "no-capacity" });
  const jobId = await provision(order("rolled-back"));
  await untilJob(running.api, jobId, "failed");
  await expect(
    running.api.tenant.rollBack({ requestId: randomUUID(), tenant: "rolled-back", confirm: "rolled" }),
  ).rejects.toMatchObject({
    code: "ConfirmationNeeded",
  });

  const undo = await running.api.tenant.rollBack({
    requestId: randomUUID(),
    tenant: "rolled-back",
    confirm: "rolled-back",
  });
  await untilJob(running.api, undo.jobId, "done");

  expect(await made("rolled-back")).toEqual({ instances: 0, volumes: 0, groups: 0 });
  await expect(running.api.tenant.get({ tenant: "rolled-back" })).rejects.toMatchObject({ code: "NotFound" });
  expect((await running.api.tenant.plan(order("rolled-back"))).allowed).toBe(true);
});

test("a tenant that was handed over is never rolled back", async () => {
  await expect(
    running.api.tenant.rollBack({ requestId: randomUUID(), tenant: "full-region", confirm: "full-region" }),
  ).rejects.toMatchObject({ code: "Conflict" });
});

test("R10: two orders for one prefix at once make one tenant", async () => {
  const answers = await Promise.allSettled([provision(order("twin")), provision(order("twin"))]);
  const [won] = answers.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const [lost] = answers.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
  expect(lost).toMatchObject({ code: "RefusedByRule", details: { rule: "R10" } });
  await untilJob(running.api, won!, "done");
  expect(await made("twin")).toEqual(ONE_OF_EACH);
});

test("with the local state lost, the fleet is rebuilt from AWS's tags", async () => {
  const before = await shownFleet();
  running = await running.restart(() => rm(`${running.home}/database`, { recursive: true }));
  await running.api.fleet.refresh();
  expect(await shownFleet()).toEqual(before);
});

async function shownFleet() {
  await running.api.fleet.refresh();
  const { rows } = await running.api.fleet.list();
  return rows
    .map(({ slug, customer, service, edition, owner, kind, region, version, url, hostKey, instanceId, volumeId }) => ({
      ...{ slug, customer, service, edition, owner, kind, region, version, url, hostKey, instanceId, volumeId },
    }))
    .toSorted((a, b) => (a.slug < b.slug ? -1 : 1));
}

/** Ordering itself reads AWS too, and may be asked again under the same request id. */
async function retryingOrder(prefix: string): Promise<{ jobId: string }> {
  const requestId = randomUUID();
  for (;;) {
    try {
      return await running.api.tenant.provision({ requestId, ...order(prefix) });
    } catch (error) {
      expect((error as { details: { retryable: boolean } }).details.retryable).toBe(true);
    }
  }
}
