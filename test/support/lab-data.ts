import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import {
  CreateTagsCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeTagsCommand,
  EC2Client,
  GetConsoleOutputCommand,
  RebootInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  ListBucketsCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { findLab } from "../../main/lab/launch.ts";
import type { HostSpec } from "../../main/lab/types.ts";
import type { Environment, Tenant } from "../../shared/tenant/model.ts";
import { DataManifest } from "../../main/toolkit/erpctl.ts";
import {
  acknowledged,
  logIn,
  openRoom,
  orderNumbers,
  placeOrder,
  sshOnce,
  type TestRoom,
  web,
} from "../main/lab/hosts/support.ts";
import type { InProcessConsole } from "./in-process-console.ts";

type Home = Pick<InProcessConsole, "home">;
/** A console of any host: in this process, or reached over its socket. */
interface Reached extends Home {
  readonly api: { readonly tenant: { get(input: { readonly tenant: string }): Promise<Tenant> } };
}

async function clientOptions({ home }: Home, region: string) {
  const lab = (await findLab(`${home}/lab`))!;
  return {
    lab,
    options: {
      region,
      credentials: { accessKeyId: lab.accessKeyId, secretAccessKey: lab.secretAccessKey },
    },
  };
}

/** The lab's EC2 in one region, asked past the console. */
export async function ec2Of(home: Home, region: string) {
  const { lab, options } = await clientOptions(home, region);
  const ec2 = new EC2Client({ ...options, endpoint: lab.ec2 });
  return {
    client: ec2,
    tag: (id: string, tags: Readonly<Record<string, string>>) =>
      ec2.send(
        new CreateTagsCommand({
          Resources: [id],
          Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        }),
      ),
  };
}

export async function tagsOf(home: Home, region: string, id: string): Promise<Record<string, string>> {
  const { client } = await ec2Of(home, region);
  const { Tags } = await client.send(new DescribeTagsCommand({ Filters: [{ Name: "resource-id", Values: [id] }] }));
  return Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [Key!, Value ?? ""]));
}

/** How often an environment's machine was started, by what it printed. */
export async function bootsOf(home: Home, one: Pick<Environment, "region" | "instanceId">): Promise<number> {
  const { client } = await ec2Of(home, one.region);
  const { Output } = await client.send(new GetConsoleOutputCommand({ InstanceId: one.instanceId!, Latest: true }));
  return (
    Buffer.from(Output ?? "", "base64")
      .toString()
      .match(/ is up$/gm)?.length ?? 0
  );
}

/** Restarts the machine of a tenant's production past the console. */
export async function rebootHost(running: Reached, slug: string): Promise<void> {
  const { environments } = await running.api.tenant.get({ tenant: slug });
  const { region, instanceId } = environments.find(({ kind }) => kind === "production")!;
  const { client } = await ec2Of(running, region);
  await client.send(new RebootInstancesCommand({ InstanceIds: [instanceId!] }));
}

/** Ids of the snapshots in a region that one job made. */
export async function snapshotsIn(home: Home, region: string, jobId: string): Promise<string[]> {
  const { client } = await ec2Of(home, region);
  const { Snapshots } = await client.send(
    new DescribeSnapshotsCommand({ OwnerIds: ["self"], Filters: [{ Name: "tag:fleetwright:job", Values: [jobId] }] }),
  );
  return (Snapshots ?? []).map((one) => one.SnapshotId!);
}

/** The console's bucket of a region, asked past the console. */
export async function s3Of(home: Home, region: string) {
  const { lab, options } = await clientOptions(home, region);
  const s3 = new S3Client({ ...options, endpoint: lab.s3, forcePathStyle: true });
  const { Buckets } = await s3.send(new ListBucketsCommand({}));
  const Bucket = Buckets!.find(({ Name }) => new RegExp(`^fleetwright-\\d+-${region}$`).test(Name ?? ""))!.Name!;
  return {
    client: s3,
    bucket: Bucket,
    async get(key: string): Promise<Uint8Array> {
      return (await s3.send(new GetObjectCommand({ Bucket, Key: key }))).Body!.transformToByteArray();
    },
    async settings() {
      const [versioning, access, encryption, lifecycle] = await Promise.all([
        s3.send(new GetBucketVersioningCommand({ Bucket })),
        s3.send(new GetPublicAccessBlockCommand({ Bucket })),
        s3.send(new GetBucketEncryptionCommand({ Bucket })),
        s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
      ]);
      const [rule] = encryption.ServerSideEncryptionConfiguration?.Rules ?? [];
      return {
        versioning: versioning.Status,
        isPublicBlocked: Object.values(access.PublicAccessBlockConfiguration ?? { none: false }).every(Boolean),
        encryption: rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm,
        exportDays: lifecycle.Rules?.find(({ ID }) => ID === "fleetwright-exports")?.Expiration?.Days,
      };
    },
  };
}

/** Where the lab keeps the root device of a tenant's production, and how it is reached. */
export async function labHostOf(running: Reached, slug: string): Promise<{ test: TestRoom; spec: HostSpec }> {
  const { environments } = await running.api.tenant.get({ tenant: slug });
  const environment = environments.find(({ kind }) => kind === "production")!;
  const lab = (await findLab(`${running.home}/lab`))!;
  const { client } = await ec2Of(running, environment.region);
  const found = await client.send(new DescribeInstancesCommand({ InstanceIds: [environment.instanceId!] }));
  const [instance] = found.Reservations?.[0]?.Instances ?? [];
  const root = instance!.BlockDeviceMappings!.find(({ DeviceName }) => DeviceName === instance!.RootDeviceName)!;
  return {
    test: {
      authority: await readFile(lab.ca, "utf8"),
      ports: lab.ports,
      domain: new URL(environment.url).hostname,
    } as TestRoom,
    spec: {
      address: environment.sshAddress!.host,
      folder: path.join(running.home, "lab", "storage", "volumes", root.Ebs!.VolumeId!),
    } as HostSpec,
  };
}

/** Places an order in a tenant's production as a customer does: frozen it would not answer, locked out it would refuse. */
export async function placesOrder(running: Reached, slug: string): Promise<number> {
  const { test, spec } = await answeringHostOf(running, slug);
  return (await placeOrder(test, spec, await logIn(test, spec))).status;
}

/** The same as `labHostOf`; a machine that is just coming up is waited for. */
async function answeringHostOf(running: Reached, slug: string): ReturnType<typeof labHostOf> {
  const host = await labHostOf(running, slug);
  while (!(await web(host.test, host.spec, "GET", "/health").catch(() => undefined))) await wait(100);
  return host;
}

/** Numbers of the newest 500 orders in a tenant's production, asked as a customer does. */
export async function ordersOf(running: Reached, slug: string): Promise<Set<string>> {
  const { test, spec } = await answeringHostOf(running, slug);
  return orderNumbers(test, spec);
}

export interface WriteLoad {
  /**
   * Orders that the host has acknowledged under this load, by its log outside of the database, when that was read at or
   * before `at`.
   */
  acknowledgedBy(at: Date): readonly string[];
  end(): Promise<void>;
}

/** Places one order after the other for as long as it lives, and reads the log of what the host acknowledged. */
export async function writeLoad(running: Reached, slug: string): Promise<WriteLoad> {
  const { test, spec } = await labHostOf(running, slug);
  const cookie = await logIn(test, spec);
  const readings: { readonly at: number; readonly count: number }[] = [];
  // What an earlier restore took back stands in the log for ever.
  const earlier = (await acknowledged(spec)).length;
  let known: readonly string[] = [];
  let writing = true;
  const writer = async () => {
    while (writing) {
      const answer = await placeOrder(test, spec, cookie).catch(() => undefined);
      await wait(answer?.status === 201 ? 20 : 100); // locked out, or away for a moment
    }
  };
  const reader = async () => {
    while (writing) {
      known = (await acknowledged(spec)).slice(earlier);
      readings.push({ at: Date.now(), count: known.length });
      await wait(100);
    }
  };
  const all = [writer(), reader()];
  await expectSome(() => known.length > 20);
  return {
    acknowledgedBy(at) {
      const reading = readings.findLast((one) => one.at <= at.getTime());
      return known.slice(0, reading?.count ?? 0);
    },
    async end() {
      writing = false;
      await Promise.all(all);
    },
  };
}

async function expectSome(isThere: () => boolean): Promise<void> {
  while (!isThere()) await wait(20);
}

/**
 * Starts a host of its own on a copy of a snapshot's bytes, apart from the lab.
 *
 * As every image, it serves nothing (no certificate, so HTTPS ends in a reset) before it was told whose host it is.
 */
export async function startCopy(running: Reached, slug: string, snapshotId: string, version: string) {
  const { id: tenantId, environments } = await running.api.tenant.get({ tenant: slug });
  const domain = new URL(environments[0]!.url).hostname;
  const room = await openRoom();
  const spec = await room.spec("copy", { version });
  const from = path.join(running.home, "lab", "storage", "snapshots", snapshotId);
  await room.room.copyVolume(from, spec.volumes["/dev/sdf"]!.folder);
  await room.room.powerOn(spec);
  const ask = async (words: string) => {
    const { code, stdout, stderr } = await sshOnce(room, spec, `erpctl ${words}`);
    if (code !== 0) throw new Error(`erpctl ${words}: ${code} ${stderr}`);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const whose = `--tenant ${slug} --tenant-id ${tenantId} --environment production --domain ${domain}`;
  await ask(`setup ${whose} --zone Europe/Madrid --locked-out --neutralise`);
  // Read while nobody can write: the host's own workload begins when it is opened.
  const manifest = DataManifest.parse((await ask("manifest")).manifest);
  await ask("lockout off");
  return {
    manifest,
    orderNumbers: () => orderNumbers(room, spec),
    end: () => room.close(),
  };
}
