import { randomUUID } from "node:crypto";
import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { ListMultipartUploadsCommand, ListObjectVersionsCommand } from "@aws-sdk/client-s3";
import { afterEach, expect, test } from "vitest";
import { readArchive } from "../../../main/snapshot/archive.ts";
import { DELETE_STEPS, DOWNLOAD_STEPS, EXPORT_STEPS, IMPORT_STEPS } from "../../../shared/snapshot/steps.ts";
import { launchConsole } from "../../support/console.ts";
import { order, untilJob } from "../../support/in-process-console.ts";
import { type Client, underKills } from "../../support/kill-matrix.ts";
import { s3Of, snapshotsIn } from "../../support/lab-data.ts";
import { endProcessesOf } from "../../support/processes.ts";
import { scratchFolder } from "../../support/scratch.ts";

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const TENANT = "acme";
const PLACE = { tenant: TENANT, environment: "production" as const };

test("killed in every step of export, fetch, import and deletion: each is done once and whole", {
  timeout: 1_200_000,
}, async () => {
  const { folder: home, remove } = await scratchFolder("archive-killed");
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
  async function killed(steps: readonly string[], start: (client: Client) => Promise<{ readonly jobId: string }>) {
    const { struck, job } = await underKills(home, start);
    console.log(`${job.kind}: killed at ${struck.length} points of ${steps.length} steps: ${struck.join(", ")}`);
    expect(job).toMatchObject({ state: "done", error: null });
    // Fast steps may end between two looks; some must have been hit for the test to say anything.
    expect(struck.length).toBeGreaterThan(0);
    return job;
  }
  /** What the bucket holds below a key. */
  async function held(prefix: string) {
    const { client, bucket: Bucket } = await s3Of({ home }, "eu-west-1");
    const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: prefix }));
    const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: prefix }));
    return { versions: Versions?.length ?? 0, uploads: Uploads?.length ?? 0 };
  }

  const taken = randomUUID();
  await withClient(async (client) => {
    const { jobId } = await client.tenant.provision({ requestId: randomUUID(), ...order(TENANT) });
    expect(await untilJob(client, jobId, "done", "failed")).toMatchObject({ state: "done" });
    const take = { requestId: taken, ...PLACE, label: "to go", copyTo: "us-east-1", overrides: {} };
    await client.snapshot.take(take);
    expect(await untilJob(client, taken, "done", "failed")).toMatchObject({ state: "done" });
  });

  const exportId = randomUUID();
  await killed(EXPORT_STEPS, (client) => client.snapshot.export({ requestId: exportId, ...PLACE, label: "out" }));
  const archive = await withClient((client) => client.snapshot.get({ id: exportId }));
  expect(await held(archive.file!.key)).toEqual({ versions: 1, uploads: 0 });

  const folder = path.join(home, "fetched");
  await mkdir(folder);
  const file = path.join(folder, "archive.tar.gz");
  const fetchId = randomUUID();
  await killed(DOWNLOAD_STEPS, (client) =>
    client.snapshot.download({ requestId: fetchId, id: exportId, to: file, reason: "hand-over" }),
  );
  expect(await readdir(folder)).toEqual(["archive.tar.gz"]);
  expect((await readArchive(file)).sha256).toBe(archive.file!.sha256);

  const importId = randomUUID();
  await killed(IMPORT_STEPS, (client) =>
    client.snapshot.import({ requestId: importId, ...PLACE, label: "back in", file }),
  );
  const brought = await withClient((client) => client.snapshot.get({ id: importId }));
  expect(brought.file!.sha256).toBe(archive.file!.sha256);
  expect(await held(brought.file!.key)).toEqual({ versions: 1, uploads: 0 });

  const deleteId = randomUUID();
  await killed(DELETE_STEPS, (client) => client.snapshot.delete({ requestId: deleteId, id: taken, confirm: TENANT }));
  for (const region of ["eu-west-1", "us-east-1"]) expect(await snapshotsIn({ home }, region, taken)).toEqual([]);
  expect(await held(`snapshots/${archive.tenantId}/${taken}`)).toEqual({ versions: 0, uploads: 0 });
  const { snapshots } = await withClient((client) => client.snapshot.list({ tenant: TENANT, refresh: true }));
  expect(snapshots.map(({ id }) => id).toSorted()).toEqual([exportId, importId].toSorted());
});
