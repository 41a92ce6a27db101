import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Bucket as LocalBucket } from "../../../../main/lab/s3/bucket.ts";
import { Journal } from "../../../../main/lab/s3/journal.ts";
import { KEYS, serveS3, textOf } from "./harness.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "fleetwright-s3-crash-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const Bucket = "crash";
const clientOf = (endpoint: string) =>
  new S3Client({ endpoint, region: "eu-west-1", credentials: KEYS, forcePathStyle: true, maxAttempts: 1 });

const dataFiles = () =>
  readdirSync(path.join(folder, "buckets", Bucket, "data"), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  ).length;

test("kill -9 amid uploads: what was acknowledged is whole, the rest is whole or absent, nothing is left over", async () => {
  let server = await serveS3(folder);
  let client = clientOf(server.endpoint);
  await client.send(
    new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } }),
  );
  const bodyOf = (Key: string) => Key.repeat(20_000);
  const acknowledged = new Set<string>();

  for (const round of [1, 2, 3]) {
    let running = true;
    const writer = async (lane: number) => {
      for (let index = 0; running; index++) {
        const Key = `r${round}/w${lane}/${index}`;
        try {
          await client.send(new PutObjectCommand({ Bucket, Key, Body: bodyOf(Key) }));
          acknowledged.add(Key);
        } catch {
          return;
        }
      }
    };
    const writers = [0, 1, 2, 3].map(writer);
    while (acknowledged.size < round * 40) await new Promise((resolve) => setTimeout(resolve, 5));
    await server.kill();
    running = false;
    await Promise.all(writers);
    client.destroy();

    server = await serveS3(folder);
    client = clientOf(server.endpoint);
    const listed: string[] = [];
    for await (const page of paginateListObjectsV2({ client }, { Bucket }))
      listed.push(...(page.Contents ?? []).map((one) => one.Key ?? ""));
    expect([...acknowledged].filter((key) => !listed.includes(key))).toEqual([]);
    for (const Key of listed)
      expect((await textOf((await client.send(new GetObjectCommand({ Bucket, Key }))).Body)) === bodyOf(Key)).toBe(
        true,
      );
    expect(dataFiles()).toBe(listed.length);
  }
  client.destroy();
  await server.kill();
});

test("an upload in parts goes on after kill -9", async () => {
  const before = await serveS3(folder);
  const client = clientOf(before.endpoint);
  await client.send(
    new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } }),
  );
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: "k" }));
  const one = Buffer.alloc(5 * 1024 * 1024, "1");
  await client.send(new UploadPartCommand({ Bucket, Key: "k", UploadId, PartNumber: 1, Body: one }));
  await before.kill();
  client.destroy();

  const after = await serveS3(folder);
  const again = clientOf(after.endpoint);
  await again.send(new UploadPartCommand({ Bucket, Key: "k", UploadId, PartNumber: 2, Body: "2" }));
  const { Parts } = await again.send(new ListPartsCommand({ Bucket, Key: "k", UploadId }));
  await again.send(new CompleteMultipartUploadCommand({ Bucket, Key: "k", UploadId, MultipartUpload: { Parts } }));
  const got = await again.send(new GetObjectCommand({ Bucket, Key: "k" }));
  expect(await textOf(got.Body)).toBe(`${one}2`);
  again.destroy();
  await after.kill();
});

test("a journal line torn by a crash is cut off and the next one is whole", async () => {
  const file = path.join(folder, "journal");
  writeFileSync(file, '{"n":1}\n{"n":2}\n{"n":');
  const read: unknown[] = [];
  const journal = await Journal.open<{ n: number }>(file, (entry) => read.push(entry.n));
  await Promise.all([journal.append({ n: 3 }), journal.append({ n: 4 })]);
  await journal.close();
  const again: unknown[] = [];
  await (await Journal.open<{ n: number }>(file, (entry) => again.push(entry.n))).close();
  expect([read, again]).toEqual([
    [1, 2, 3, 4],
    [1, 2, 3, 4],
  ]);
});

test("a bucket whose objects change for long keeps a small index", async () => {
  const settings = {
    name: "small",
    region: "eu-west-1",
    createdAt: "2026-01-01T00:00:00.000Z",
    versioning: "" as const,
    objectLock: false,
    documents: {},
  };
  const open = () => LocalBucket.open(folder, settings, () => new Date());
  const bucket = await open();
  const write = (key: string, etag: string) =>
    bucket.put({
      key,
      etag,
      deleteMarker: false,
      headers: {},
      metadata: {},
      tags: [],
      storageClass: "STANDARD",
      size: 0,
      segments: [],
      checksums: {},
      checksumType: "FULL_OBJECT",
    });
  for (let round = 0; round < 60; round++)
    await Promise.all(Array.from({ length: 100 }, (_, index) => write(`k${index % 10}`, `${round}-${index}`)));
  await bucket.close();
  let lines = 0;
  await (await Journal.open(path.join(folder, "index.jsonl"), () => (lines += 1))).close();
  expect(lines).toBeLessThan(3000);
  const again = await open();
  expect([again.keys.length, again.current("k3")?.etag]).toEqual([10, "59-93"]);
  await again.close();
});
