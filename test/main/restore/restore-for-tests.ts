import { randomUUID } from "node:crypto";
import {
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { expect } from "vitest";
import { getHttps } from "../../../main/adapters/https/probe.ts";
import { findLab } from "../../../main/lab/launch.ts";
import type { LabReady } from "../../../shared/lab/model.ts";
import type { Environment, EnvironmentKind } from "../../../shared/tenant/model.ts";
import { type InProcessConsole, order, untilJob } from "../../support/in-process-console.ts";
import type { Client } from "../../support/kill-matrix.ts";

type Api = InProcessConsole["api"] | Client;

/** Always outside of the hours or overridden: no test waits for the evening of Madrid. */
export const ANY_HOUR = { R72: "a test does not wait for the evening" };
export const NO_PAPERS = { approval: null, fee: null, evaluation: null, bestEffortAcceptedBy: null };

async function labOf(home: string): Promise<LabReady> {
  return (await findLab(`${home}/lab`))!;
}

export async function ec2Of(home: string): Promise<EC2Client> {
  const lab = await labOf(home);
  return new EC2Client({
    region: "eu-west-1",
    endpoint: lab.ec2,
    credentials: { accessKeyId: lab.accessKeyId, secretAccessKey: lab.secretAccessKey },
  });
}

/** A tenant with production and test, handed over. */
export async function provisionPair(api: Api, prefix: string): Promise<void> {
  const request = order(prefix, {
    environments: [
      { kind: "production", instanceType: "m6i.xlarge", volumeGiB: 40 },
      { kind: "test", instanceType: "m6i.large", volumeGiB: 20 },
    ],
  });
  const { jobId } = await api.tenant.provision({ requestId: randomUUID(), ...request });
  const job = await untilJob(api, jobId, "done", "failed");
  if (job.state === "failed") throw new Error(job.error?.message);
}

export async function environmentOf(api: Api, tenant: string, kind: EnvironmentKind): Promise<Environment> {
  return (await api.tenant.get({ tenant })).environments.find((one) => one.kind === kind)!;
}

/** What EC2 holds of a tenant, by what it is for. */
export async function everythingOf(home: string, slug: string) {
  const ec2 = await ec2Of(home);
  const Filters = [{ Name: "tag:fleetwright:tenant", Values: [slug] }];
  const [instances, volumes, groups, snapshots] = await Promise.all([
    ec2.send(new DescribeInstancesCommand({ Filters })),
    ec2.send(new DescribeVolumesCommand({ Filters })),
    ec2.send(new DescribeSecurityGroupsCommand({ Filters })),
    ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"], Filters })),
  ]);
  ec2.destroy();
  const data = (volumes.Volumes ?? []).filter((one) => one.Attachments?.[0]?.Device !== "/dev/sda1");
  return {
    instances: (instances.Reservations ?? [])
      .flatMap((one) => one.Instances ?? [])
      .filter((one) => one.State?.Name !== "terminated")
      .map((one) => one.InstanceId!)
      .toSorted(),
    volumes: data.map((one) => ({ id: one.VolumeId!, on: one.Attachments?.[0]?.InstanceId ?? null })),
    groups: (groups.SecurityGroups ?? []).length,
    snapshots: (snapshots.Snapshots ?? []).length,
  };
}

/** What a customer meets at an environment's own address and name. */
export async function served(home: string, environment: Environment) {
  const lab = await labOf(home);
  const answer = await getHttps(
    {
      address: environment.sshAddress!.host,
      port: lab.ports.https,
      domain: new URL(environment.url).hostname,
      caFile: lab.ca,
      name: environment.kind,
    },
    "/health",
  );
  return JSON.parse(answer.body) as { status: string; environment: string; lockout: unknown; tenant: string };
}

/** Every call of a restore and its swap that changes something in EC2. */
export const CHANGES = [
  ...["CreateSnapshot", "CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "CreateVolume", "RunInstances"],
  ...["AttachVolume", "DetachVolume", "CreateTags", "DeleteTags", "TerminateInstances", "DeleteSecurityGroup"],
];

/** After a swap: one data volume more (the old one, kept), one snapshot more (of production), nothing else. */
export async function expectOnlyKept(home: string, slug: string, before: Awaited<ReturnType<typeof everythingOf>>) {
  const left = await everythingOf(home, slug);
  expect({ ...left, volumes: left.volumes.length }).toEqual({
    ...{ ...before, volumes: before.volumes.length + 1, snapshots: before.snapshots + 1 },
  });
}
