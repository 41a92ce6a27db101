import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { canonicalJson, sha256Of } from "../../../main/snapshot/manifest.ts";
import { type InProcessConsole, inProcessConsole, order, untilJob } from "../../support/in-process-console.ts";
import { ec2Of, s3Of, snapshotsIn, startCopy, tagsOf, type WriteLoad, writeLoad } from "../../support/lab-data.ts";

// Against tests that hang: each waits for whole snapshots.
vi.setConfig({ testTimeout: 400_000 });

let running: InProcessConsole;
let load: WriteLoad | undefined;
beforeAll(async () => {
  running = await inProcessConsole({ lab: "empty" });
  const { jobId } = await running.api.tenant.provision({ requestId: randomUUID(), ...order("acme") });
  await untilJob(running.api, jobId, "done");
  load = await writeLoad(running, "acme");
}, 400_000);
afterEach(() => running.api.lab.clearFaults());
afterAll(async () => {
  await load?.end();
  await running.end();
});

async function take(label: string, more: { copyTo?: string | null } = {}) {
  const { jobId } = await running.api.snapshot.take({
    requestId: randomUUID(),
    tenant: "acme",
    environment: "production",
    label,
    overrides: {},
    copyTo: null,
    ...more,
  });
  const job = await untilJob(running.api, jobId, "done", "failed");
  expect(job).toMatchObject({ state: "done", error: null });
  return running.api.snapshot.get({ id: jobId });
}

test("under write load, a snapshot holds every order acknowledged before its instant, and starts", async () => {
  const snapshot = await take("under load");

  expect(snapshot).toMatchObject({ state: "completed", grade: "quiesced", label: "under load" });
  const copy = await startCopy(running, "acme", snapshot.snapshotId!, snapshot.version!);
  try {
    const before = load!.acknowledgedBy(snapshot.takenAt);
    expect(before.length).toBeGreaterThan(20);
    const there = await copy.orderNumbers();
    expect(before.slice(-300).filter((number) => !there.has(number))).toEqual([]);
    expect(copy.manifest.systemIdentifier).toBe(snapshot.systemIdentifier);
    // On a slow host the manifest is of the moment before, and says so.
    if (snapshot.isAtRest) expect(copy.manifest.relations).toEqual(snapshot.data!.relations);
  } finally {
    await copy.end();
  }
});

test("the manifest beside the data has the SHA-256 of the snapshot's tag, and says whose data it is", async () => {
  const snapshot = await take("with manifest");
  const tags = await tagsOf(running, "eu-west-1", snapshot.snapshotId!);
  const s3 = await s3Of(running, "eu-west-1");
  const bytes = await s3.get(`snapshots/${snapshot.tenantId}/${snapshot.id}/manifest.json`);
  expect(sha256Of(bytes)).toBe(tags["fleetwright:manifest"]);
  const manifest = JSON.parse(Buffer.from(bytes).toString("utf8"));
  expect(canonicalJson(manifest)).toBe(Buffer.from(bytes).toString("utf8"));
  expect(manifest).toMatchObject({
    tenant: "acme",
    tenantId: snapshot.tenantId,
    label: "with manifest",
    grade: "quiesced",
    data: { systemIdentifier: snapshot.systemIdentifier, version: "26Q3" },
  });
  expect(await s3.settings()).toMatchObject({
    versioning: "Enabled",
    isPublicBlocked: true,
    encryption: "AES256",
    exportDays: 7,
  });
});

test("a second copy stands in another region, with the manifest beside it", async () => {
  const [region] = (
    await running.api.snapshot.plan({ tenant: "acme", environment: "production", label: "-", overrides: {} })
  ).copyRegions;
  const snapshot = await take("two places", { copyTo: region! });
  expect(snapshot.copies).toMatchObject([{ region, state: "completed" }]);
  const s3 = await s3Of(running, region!);
  const bytes = await s3.get(`snapshots/${snapshot.tenantId}/${snapshot.id}/manifest.json`);
  expect(sha256Of(bytes)).toBe(snapshot.manifestSha256);
  expect(await tagsOf(running, region!, snapshot.copies[0]!.snapshotId)).toMatchObject({
    "fleetwright:kind": "snapshot-copy",
    "fleetwright:manifest": snapshot.manifestSha256,
  });
});

test("replies lost after the effect make one snapshot and one copy, whose grade is still proven", async () => {
  for (const action of ["CreateSnapshot", "CopySnapshot", "CreateTags"])
    await running.api.lab.injectFault({ name: "lost-reply", action, count: 1 });
  const [region] = (
    await running.api.snapshot.plan({ tenant: "acme", environment: "production", label: "-", overrides: {} })
  ).copyRegions;
  const snapshot = await take("lost replies", { copyTo: region! });
  expect(snapshot.grade).toBe("quiesced");
  expect(await snapshotsIn(running, "eu-west-1", snapshot.id)).toHaveLength(1);
  expect(await snapshotsIn(running, region!, snapshot.id)).toHaveLength(1);
  expect((await running.api.lab.status())!.faults.filter(({ struck }) => struck === 0)).toEqual([]);
});

test("tags that lag behind make no second snapshot", async () => {
  await running.api.lab.injectFault({ name: "eventual-consistency", delayMs: 3000 });
  await running.api.lab.injectFault({ name: "lost-reply", action: "CreateSnapshot", count: 1 });
  const snapshot = await take("lagging");
  await running.api.lab.clearFaults();
  expect(await snapshotsIn(running, "eu-west-1", snapshot.id)).toHaveLength(1);
});

test("throttled calls are tried again, and the tenant is not locked out meanwhile", async () => {
  await running.api.lab.injectFault({ name: "throttle", action: "CreateSnapshot", count: 2 });
  const snapshot = await take("throttled");
  expect(snapshot.grade).toBe("quiesced");
  expect(await snapshotsIn(running, "eu-west-1", snapshot.id)).toHaveLength(1);
});

test("volume's tags of another tenant: refused before anything is held", async () => {
  const { volumeId } = (await running.api.tenant.get({ tenant: "acme" })).environments[0]!;
  const ec2 = await ec2Of(running, "eu-west-1");
  const ours = (await tagsOf(running, "eu-west-1", volumeId!))["fleetwright:tenant-id"]!;
  const tag = (value: string) => ec2.tag(volumeId!, { "fleetwright:tenant-id": value });
  await tag("somebody-else");
  try {
    const { jobId } = await running.api.snapshot.take({
      requestId: randomUUID(),
      ...{ tenant: "acme", environment: "production", label: "wrong", copyTo: null, overrides: {} },
    });
    expect(await untilJob(running.api, jobId, "done", "failed")).toMatchObject({
      state: "failed",
      error: { code: "Conflict" },
      currentStep: "check identity",
    });
  } finally {
    await tag(ours);
  }
});

test("with the local state lost, the list is rebuilt from AWS's tags and the manifests", async () => {
  const before = (await running.api.snapshot.list({ tenant: "acme" })).snapshots;
  expect(before.length).toBeGreaterThan(3);
  await load?.end();
  running = await running.restart(() => rm(path.join(running.home, "database"), { recursive: true }));
  await running.api.fleet.refresh();
  const after = (await running.api.snapshot.list({ tenant: "acme" })).snapshots;
  expect(after).toEqual(before);
});

test("R59: nightly backups are never among the snapshots", async () => {
  const snapshot = (await running.api.snapshot.list({ tenant: "acme" })).snapshots.at(-1)!;
  const ec2 = await ec2Of(running, "eu-west-1");
  await ec2.tag(snapshot.snapshotId!, { "fleetwright:kind": "backup" });
  try {
    // What AWS does not show is believed to be missing once its lag is over.
    const listed = async () =>
      (await running.api.snapshot.list({ tenant: "acme" })).snapshots
        .filter((one) => one.state === "completed")
        .map((one) => one.id);
    await expect.poll(listed, { timeout: 180_000, interval: 1000 }).not.toContain(snapshot.id);
  } finally {
    await ec2.tag(snapshot.snapshotId!, { "fleetwright:kind": "snapshot" });
  }
});
