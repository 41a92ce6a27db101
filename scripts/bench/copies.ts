import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, rm, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import type { Client } from "../../main/hosts/connect.ts";
import { findLab } from "../../main/lab/launch.ts";
import type { RunningConsole } from "../../test/support/console.ts";
import { provisionRequest } from "../../test/support/provision-request.ts";
import { type Figure, rounded } from "./figure.ts";
import { withConsole } from "./scratch-console.ts";

const run = promisify(execFile);
const AWS = "/usr/bin/aws";
const MIB = 1024 ** 2;
const ATTACHMENTS_MIB = 256;
const TENANT = "bench-copies";
const NO_PAPERS = { approval: null, fee: null, evaluation: null, bestEffortAcceptedBy: null };

/**
 * Snapshot and restore of one tenant against `cp` of the same volume, export and fetch against Debian's `aws` with the
 * same file and the same S3, in the same run. The tenant has random attachments, which do not compress.
 */
export async function measureCopies(): Promise<Figure[]> {
  return withConsole("empty", async (running, client) => {
    const request = await provisionRequest(client, { customer: "Bench Copies", prefix: TENANT });
    await done(client, (await client.tenant.provision({ ...request, requestId: randomUUID() })).jobId);
    const { volumeId } = (await client.tenant.get({ tenant: TENANT })).environments[0]!;
    const volume = path.join(running.home, "lab", "storage", "volumes", volumeId!);
    await writeAttachments(path.join(volume, "attachments"));
    const place = { tenant: TENANT, environment: "production" as const };
    return [...(await snapshotAndRestore(running, client, volume, place)), ...(await archives(running, client, place))];
  });
}

type Place = { readonly tenant: string; readonly environment: "production" };

async function snapshotAndRestore(running: RunningConsole, client: Client, volume: string, place: Place) {
  const copyOf = async (name: string) => {
    const to = path.join(running.home, name);
    const seconds = await timed(() => run("cp", ["-a", "--reflink=never", `${volume}/.`, to]));
    await rm(to, { recursive: true, force: true });
    return seconds;
  };
  const before = await copyOf("cp-1");
  const take = { requestId: randomUUID(), ...place, label: "bench", copyTo: null, overrides: {} };
  const snapshot = await timed(async () => done(client, (await client.snapshot.take(take)).jobId));
  const { snapshotId } = await client.snapshot.get({ id: take.requestId });
  const order = {
    ...{ requestId: randomUUID(), tenant: TENANT, source: snapshotId!, target: "beside" as const },
    ...{ reason: "drill" as const, papers: NO_PAPERS, keepDays: 1, overrides: {} },
  };
  const restore = await timed(async () => done(client, (await client.restore.run(order)).jobId));
  const peer = { name: "cp -a of the same volume", value: rounded((before + (await copyOf("cp-2"))) / 2) };
  return [
    { name: "snapshot", value: rounded(snapshot), unit: "s" as const, peer, ratio: rounded(snapshot / peer.value) },
    { name: "restore-beside", value: rounded(restore), unit: "s" as const, peer, ratio: rounded(restore / peer.value) },
  ];
}

async function archives(running: RunningConsole, client: Client, place: Place): Promise<Figure[]> {
  const exportId = (await client.snapshot.export({ requestId: randomUUID(), ...place, label: "bench" })).jobId;
  await done(client, exportId);
  const sent = await stepSeconds(client, exportId, "send archive to the bucket");
  const whole = await jobSeconds(client, exportId);
  const { file } = await client.snapshot.get({ id: exportId });
  const folder = path.join(running.home, "fetched");
  await mkdir(folder);
  const to = path.join(folder, "archive.tar.gz");
  const fetch = await client.snapshot.download({ requestId: randomUUID(), id: exportId, to, reason: "bench" });
  await done(client, fetch.jobId);
  const fetched = await stepSeconds(client, fetch.jobId, "fetch archive");
  const rate = (seconds: number) => rounded(file!.bytes / MIB / seconds);
  const figures: Figure[] = [{ name: "export", value: rounded(whole), unit: "s" }];
  const peers = existsSync(AWS) ? await awsSeconds(running, to, file!.bucket) : undefined;
  for (const [name, seconds, direction] of [
    ["export-throughput", sent, "up"],
    ["fetch-throughput", fetched, "down"],
  ] as const) {
    const peer = peers && { name: `aws s3 cp, ${direction}`, value: rate(peers[direction]) };
    const value = rate(seconds);
    figures.push({ name, value, unit: "MiB/s", ...(peer ? { peer, ratio: rounded(value / peer.value) } : {}) });
  }
  return figures;
}

/** The start of the program, which takes most of a second, is taken off: it is measured by itself. */
async function awsSeconds(running: RunningConsole, file: string, bucket: string) {
  const lab = (await findLab(`${running.home}/lab`))!;
  const env = {
    ...{ PATH: "/usr/bin:/bin", HOME: running.home, LC_ALL: "C.UTF-8", AWS_DEFAULT_REGION: "eu-west-1" },
    ...{ AWS_ACCESS_KEY_ID: lab.accessKeyId, AWS_SECRET_ACCESS_KEY: lab.secretAccessKey, AWS_CA_BUNDLE: lab.ca },
    AWS_EC2_METADATA_DISABLED: "true",
  };
  const aws = (...words: string[]) => timed(() => run(AWS, ["--endpoint-url", lab.s3, ...words], { env }));
  const start = await aws("s3api", "head-bucket", "--bucket", bucket);
  const object = `s3://${bucket}/exports/bench`;
  const up = await aws("s3", "cp", "--only-show-errors", file, object);
  const down = await aws("s3", "cp", "--only-show-errors", object, `${file}.aws`);
  return { up: up - start, down: down - start };
}

async function writeAttachments(folder: string): Promise<void> {
  const { uid, gid } = await stat(folder);
  for (let index = 0; index < ATTACHMENTS_MIB / 8; index += 1) {
    const file = await open(path.join(folder, `bench-${index}.bin`), "w");
    await file.write(randomBytes(8 * MIB));
    await file.chown(uid, gid);
    await file.close();
  }
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await act();
  return (performance.now() - startedAt) / 1000;
}

async function done(client: Client, jobId: string): Promise<void> {
  for (;;) {
    const { job } = await client.jobs.get({ jobId });
    if (job.state === "done") return;
    if (job.state === "failed" || job.state === "needsDecision")
      throw new Error(`${job.kind}: ${job.error?.message ?? job.state}`);
    await wait(50);
  }
}

async function stepSeconds(client: Client, jobId: string, name: string): Promise<number> {
  const { steps } = await client.jobs.get({ jobId });
  const { startedAt, endedAt } = steps.find((step) => step.name === name)!;
  return (endedAt!.getTime() - startedAt!.getTime()) / 1000;
}

async function jobSeconds(client: Client, jobId: string): Promise<number> {
  const { steps } = await client.jobs.get({ jobId });
  const last = steps.at(-1)!;
  return (last.endedAt!.getTime() - steps[0]!.startedAt!.getTime()) / 1000;
}
