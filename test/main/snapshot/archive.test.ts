import { randomBytes, randomUUID } from "node:crypto";
import { chown, mkdir, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
} from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { readArchive } from "../../../main/snapshot/archive.ts";
import { sha256Of } from "../../../main/snapshot/manifest.ts";
import { DAY_MS } from "../../../shared/time.ts";
import { type InProcessConsole, inProcessConsole, order, untilJob } from "../../support/in-process-console.ts";
import { labHostOf, s3Of, snapshotsIn } from "../../support/lab-data.ts";

// Against tests that hang: each waits for whole archives.
vi.setConfig({ testTimeout: 120_000 });

const TENANT = "acme";
const REASON = "hand-over, ticket 4711";
const REGION = "eu-west-1";

let running: InProcessConsole;
let folder: string;
beforeAll(async () => {
  running = await inProcessConsole({ lab: "empty" });
  folder = path.join(running.home, "fetched");
  await mkdir(folder);
  for (const prefix of [TENANT, "other"]) {
    const { jobId } = await running.api.tenant.provision({ requestId: randomUUID(), ...order(prefix) });
    await untilJob(running.api, jobId, "done");
  }
}, 400_000);
afterEach(() => running.api.lab.clearFaults());
afterAll(() => running.end());

const ended = (jobId: string) => untilJob(running.api, jobId, "done", "failed", "needsDecision");

async function done({ jobId }: { readonly jobId: string }) {
  expect(await ended(jobId)).toMatchObject({ state: "done", error: null });
  return running.api.snapshot.get({ id: jobId });
}

const exported = async (label: string) =>
  done(
    await running.api.snapshot.export({ requestId: randomUUID(), tenant: TENANT, environment: "production", label }),
  );

async function fetched(id: string, name: string): Promise<string> {
  const to = path.join(folder, name);
  const started = await running.api.snapshot.download({ requestId: randomUUID(), id, to, reason: REASON });
  expect(await ended(started.jobId)).toMatchObject({ state: "done", error: null });
  return started.file;
}

const importOf = (file: string, tenant = TENANT) =>
  running.api.snapshot.import({ requestId: randomUUID(), tenant, environment: "production", label: "brought", file });

/** Versions and uploads that the bucket holds below a key. */
async function heldBelow(prefix: string) {
  const { client, bucket: Bucket } = await s3Of(running, REGION);
  const { Versions, DeleteMarkers } = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: prefix }));
  const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: prefix }));
  return { versions: Versions?.length ?? 0, markers: DeleteMarkers?.length ?? 0, uploads: Uploads?.length ?? 0 };
}

test("R74: an export is a whole archive in the bucket, with its sum and its end, and leaves nothing on the host", async () => {
  const before = Date.now();
  const archive = await exported("hand-over");
  expect(archive).toMatchObject({ kind: "archive", state: "completed", snapshotId: null, file: { origin: "export" } });
  expect(archive.file!.expiresAt!.getTime()).toBeGreaterThanOrEqual(before + 6 * DAY_MS);

  const s3 = await s3Of(running, REGION);
  const bytes = await s3.get(archive.file!.key);
  expect(sha256Of(bytes)).toBe(archive.file!.sha256);
  expect(archive.file!.key).toMatch(/^exports\//); // what AWS ends by itself
  const { client, bucket: Bucket } = s3;
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: archive.file!.key }));
  expect(head.Metadata).toMatchObject({ sha256: archive.file!.sha256 });

  const { spec } = await labHostOf(running, TENANT);
  const left = await readdir(path.join(spec.folder, "home"), { recursive: true }).catch(() => []);
  expect(left.filter((name) => name.includes(archive.id))).toEqual([]);
});

test("a fetched archive has the name once its sum is right, is the operator's alone, and tells whose data it is", async () => {
  const archive = await exported("to be fetched");
  const file = await fetched(archive.id, "fetched.tar.gz");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const read = await readArchive(file);
  expect(read).toMatchObject({ sha256: archive.file!.sha256, bytes: archive.file!.bytes });
  expect(read.data).toMatchObject({
    tenant: TENANT,
    tenantId: archive.tenantId,
    systemIdentifier: archive.systemIdentifier,
  });
  expect(await readdir(folder)).toEqual(["fetched.tar.gz"]);

  await expect(
    running.api.snapshot.download({ requestId: randomUUID(), id: archive.id, to: file, reason: REASON }),
  ).rejects.toMatchObject({ code: "Conflict" });
});

test("a file that got the name while the archive was fetched is left as it is", async () => {
  const archive = await exported("raced");
  const to = path.join(folder, "raced.tar.gz");
  await running.api.lab.injectFault({ name: "slow", delayMs: 1500, action: "GetObject", count: 1 });
  const { jobId } = await running.api.snapshot.download({
    requestId: randomUUID(),
    id: archive.id,
    to,
    reason: REASON,
  });
  await writeFile(to, "somebody else's");
  expect(await ended(jobId)).toMatchObject({ state: "failed", error: { code: "Conflict" } });
  expect(await readFile(to, "utf8")).toBe("somebody else's");

  await rm(to);
  await running.api.jobs.retry({ jobId });
  expect(await ended(jobId)).toMatchObject({ state: "done" });
  expect((await readArchive(to)).sha256).toBe(archive.file!.sha256);
});

test("an interrupted download goes on where it stopped; a damaged part is told, removed and fetched again", async () => {
  const archive = await exported("resumed");
  const to = path.join(folder, "resumed.tar.gz");
  const requestId = randomUUID();
  const part = `${to}.${requestId.slice(0, 8)}.part`;
  const whole = await (await s3Of(running, REGION)).get(archive.file!.key);
  await writeFile(part, whole.subarray(0, whole.length >> 1));
  const first = await open(part, "r+");
  await first.write(Buffer.from([whole[0]! ^ 0xff]), 0, 1, 0);
  await first.close();

  const { jobId } = await running.api.snapshot.download({ requestId, id: archive.id, to, reason: REASON });
  // The first half was not fetched again, so its damage is there to be found.
  expect(await ended(jobId)).toMatchObject({
    state: "failed",
    error: { code: "Conflict" },
    currentStep: "verify archive",
  });
  await running.api.jobs.retry({ jobId });
  expect(await ended(jobId)).toMatchObject({ state: "done" });
  expect((await readArchive(to)).sha256).toBe(archive.file!.sha256);
});

test("R104: who fetched an archive, and why, is in the job's log", async () => {
  const archive = await exported("on record");
  const to = path.join(folder, "on-record.tar.gz");
  const { jobId } = await running.api.snapshot.download({
    requestId: randomUUID(),
    id: archive.id,
    to,
    reason: REASON,
  });
  await ended(jobId);
  const log = await running.api.jobs.logs({ jobId });
  expect(log.map(({ text }) => text).join("\n")).toContain(REASON);
});

test("an archive comes back in as it went out, and counts as a copy", async () => {
  const archive = await exported("out and in");
  const brought = await done(await importOf(await fetched(archive.id, "out-and-in.tar.gz")));
  expect(brought).toMatchObject({
    ...{ kind: "archive", label: "brought", systemIdentifier: archive.systemIdentifier, version: archive.version },
    file: { origin: "import", sha256: archive.file!.sha256, expiresAt: null },
  });
  expect(brought.data!.relations).toEqual(archive.data!.relations);
  expect(sha256Of(await (await s3Of(running, REGION)).get(brought.file!.key))).toBe(archive.file!.sha256);
});

test("another tenant's, a damaged and a cut archive are refused before anything is sent", async () => {
  const archive = await exported("to be refused");
  const file = await fetched(archive.id, "refused.tar.gz");
  const { id: other } = await running.api.tenant.get({ tenant: "other" });
  expect(await ended((await importOf(file, "other")).jobId)).toMatchObject({
    state: "failed",
    error: { code: "Conflict" },
  });
  const bytes = await readFile(file);
  const damaged = Buffer.from(bytes);
  damaged[damaged.length >> 1]! ^= 0xff;
  for (const wrong of [damaged, bytes.subarray(0, bytes.length - 2000), Buffer.from("no archive at all")]) {
    await writeFile(file, wrong);
    expect(await ended((await importOf(file)).jobId)).toMatchObject({
      state: "failed",
      error: { code: "InvalidInput" },
    });
  }
  expect(await heldBelow(`imports/${other}`)).toEqual({ versions: 0, markers: 0, uploads: 0 });
});

test("replies that are lost after their effect make one archive and leave no upload", async () => {
  for (const action of ["CreateMultipartUpload", "CompleteMultipartUpload"])
    await running.api.lab.injectFault({ name: "lost-reply", action, count: 1 });
  const archive = await exported("lost replies");
  await running.api.lab.injectFault({ name: "lost-reply", action: "UploadPart", count: 1 });
  await running.api.lab.injectFault({ name: "lost-reply", action: "CompleteMultipartUpload", count: 1 });
  const file = await fetched(archive.id, "lost.tar.gz");
  const brought = await done(await importOf(file));
  expect((await running.api.lab.status())!.faults.filter(({ struck }) => struck === 0)).toEqual([]);
  for (const { file: held } of [archive, brought])
    expect(await heldBelow(held!.key)).toEqual({ versions: 1, markers: 0, uploads: 0 });
});

test("an archive of several parts arrives whole though replies to its parts are lost and refused for a while", async () => {
  const { volumeId } = (await running.api.tenant.get({ tenant: TENANT })).environments[0]!;
  const attachments = path.join(running.home, "lab", "storage", "volumes", volumeId!, "attachments");
  const { uid, gid } = await stat(attachments);
  const large = path.join(attachments, "large.bin");
  await writeFile(large, randomBytes(40 * 1024 ** 2)); // does not compress
  await chown(large, uid, gid);
  await running.api.lab.injectFault({ name: "lost-reply", action: "UploadPart", count: 2 });
  await running.api.lab.injectFault({ name: "throttle", action: "UploadPart", count: 1 });
  const archive = await exported("several parts");
  expect((await running.api.lab.status())!.faults.filter(({ struck }) => struck === 0)).toEqual([]);
  expect(archive.file!.bytes).toBeGreaterThan(40 * 1024 ** 2);
  const file = await fetched(archive.id, "several.tar.gz");
  expect(await readArchive(file)).toMatchObject({ sha256: archive.file!.sha256, bytes: archive.file!.bytes });
  const brought = await done(await importOf(file));
  expect(brought.file!.sha256).toBe(archive.file!.sha256);
  for (const { file: held } of [archive, brought])
    expect(await heldBelow(held!.key)).toEqual({ versions: 1, markers: 0, uploads: 0 });
  await rm(large);
});

test("R73: a snapshot goes for good with its copies and papers, after its name was typed in full", async () => {
  const requestId = randomUUID();
  const [copyTo] = (
    await running.api.snapshot.plan({ tenant: TENANT, environment: "production", label: "-", overrides: {} })
  ).copyRegions;
  const take = { requestId, tenant: TENANT, environment: "production" as const, label: "to go", overrides: {} };
  const snapshot = await done(await running.api.snapshot.take({ ...take, copyTo: copyTo! }));
  expect(snapshot.hasExportedCopy).toBe(false);
  await expect(
    running.api.snapshot.delete({ requestId: randomUUID(), id: snapshot.id, confirm: "to g" }),
  ).rejects.toMatchObject({ code: "ConfirmationNeeded" });
  await exported("copy of it");
  expect((await running.api.snapshot.get({ id: snapshot.id })).hasExportedCopy).toBe(true);

  await running.api.lab.injectFault({ name: "lost-reply", action: "DeleteSnapshot", count: 1 });
  await running.api.lab.injectFault({ name: "lost-reply", action: "DeleteObject", count: 1 });
  const { jobId } = await running.api.snapshot.delete({ requestId: randomUUID(), id: snapshot.id, confirm: "to go" });
  expect(await ended(jobId)).toMatchObject({ state: "done", error: null });
  await running.api.lab.clearFaults();
  await expect(running.api.snapshot.get({ id: snapshot.id })).rejects.toMatchObject({ code: "NotFound" });
  for (const region of [REGION, copyTo!]) expect(await snapshotsIn(running, region, requestId)).toEqual([]);
  expect(await heldBelow(`snapshots/${snapshot.tenantId}/${snapshot.id}`)).toEqual({
    versions: 0,
    markers: 0,
    uploads: 0,
  });
  expect((await running.api.snapshot.list({ tenant: TENANT })).snapshots.map(({ id }) => id)).not.toContain(
    snapshot.id,
  );
});

test("a deleted archive leaves no version of its file", async () => {
  const archive = await exported("archive to go");
  const { jobId } = await running.api.snapshot.delete({ requestId: randomUUID(), id: archive.id, confirm: TENANT });
  expect(await ended(jobId)).toMatchObject({ state: "done", error: null });
  expect(await heldBelow(path.posix.dirname(archive.file!.key))).toEqual({ versions: 0, markers: 0, uploads: 0 });
});

test("an archive with a file that its sums do not name is refused", async () => {
  const archive = await exported("with a stowaway");
  const file = await fetched(archive.id, "stowaway.tar.gz");
  const plain = path.join(folder, "stowaway.tar");
  const { execFileSync } = await import("node:child_process");
  await writeFile(plain, execFileSync("gzip", ["-dc", file], { maxBuffer: 1024 ** 3 }));
  await writeFile(path.join(folder, "stowaway"), "not named");
  execFileSync("tar", ["-rf", plain, "-C", folder, "stowaway"]);
  execFileSync("gzip", ["-f", plain]);
  expect(await ended((await importOf(`${plain}.gz`)).jobId)).toMatchObject({
    state: "failed",
    error: { code: "InvalidInput" },
  });
});

test("with the local state lost, archives are listed again out of the bucket, and one that is gone there is missing", async () => {
  const archives = async () =>
    (await running.api.snapshot.list({ tenant: TENANT })).snapshots.filter(({ kind }) => kind === "archive");
  const before = await archives();
  expect(before.length).toBeGreaterThan(3);
  running = await running.restart(() => rm(path.join(running.home, "database"), { recursive: true }));
  await running.api.fleet.refresh();
  expect(await archives()).toEqual(before);

  const { client, bucket: Bucket } = await s3Of(running, REGION);
  await client.send(new DeleteObjectCommand({ Bucket, Key: before[0]!.file!.key }));
  expect((await archives())[0]).toMatchObject({ id: before[0]!.id, state: "missing" });
});
