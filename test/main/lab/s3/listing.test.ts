import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectsCommand,
  type ListObjectsCommandOutput,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compareKeys, SortedKeys } from "../../../../main/lab/s3/keys.ts";
import { codeOf, type RunningS3, runS3 } from "./harness.ts";

let run: RunningS3;
const Bucket = "listing";

beforeAll(async () => {
  run = await runS3();
  const client = run.client();
  const CreateBucketConfiguration = { LocationConstraint: "eu-west-1" as const };
  await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
  const keys = ["a", "b/1", "b/2", "b/c/3", "d&<e>", "é/1", "z"];
  for (const Key of keys) await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
});
afterAll(() => run.stop());

const list = async (input: Partial<ListObjectsV2CommandInput>) => {
  const page = await run.client().send(new ListObjectsV2Command({ Bucket, ...input }));
  return { ...page, names: [...(page.Contents ?? []), ...(page.CommonPrefixes ?? [])].map((one) => name(one)) };
};
const name = (one: { Key?: string | undefined } | { Prefix?: string | undefined }) =>
  "Key" in one ? one.Key : (one as { Prefix?: string }).Prefix;

test("keys, prefixes and delimiters", async () => {
  expect((await list({})).names).toEqual(["a", "b/1", "b/2", "b/c/3", "d&<e>", "z", "é/1"]);
  expect((await list({ Delimiter: "/" })).names).toEqual(["a", "d&<e>", "z", "b/", "é/"]);
  expect((await list({ Prefix: "b/", Delimiter: "/" })).names).toEqual(["b/1", "b/2", "b/c/"]);
  expect((await list({ Prefix: "nothing" })).names).toEqual([]);
  expect((await list({ StartAfter: "b/2" })).names).toEqual(["b/c/3", "d&<e>", "z", "é/1"]);
  expect(await list({ MaxKeys: 0 })).toMatchObject({ KeyCount: 0, IsTruncated: false });
});

test("names come encoded when asked", async () => {
  const page = await list({ EncodingType: "url", Prefix: "d" });
  expect([page.names, page.EncodingType]).toEqual([["d%26%3Ce%3E"], "url"]);
});

test.each([1, 2, 3])("pages of %i entries join to the whole, also over common prefixes", async (MaxKeys) => {
  const names: (string | undefined)[] = [];
  for (let token: string | undefined, more = true; more; ) {
    const page = await list({ MaxKeys, Delimiter: "/", ...(token ? { ContinuationToken: token } : {}) });
    names.push(...page.names);
    token = page.NextContinuationToken;
    more = page.IsTruncated === true;
  }
  expect(new Set(names)).toEqual(new Set(["a", "b/", "d&<e>", "z", "é/"]));
  expect(names).toHaveLength(5);
});

test("the first version of listing goes on from markers", async () => {
  const names: (string | undefined)[] = [];
  for (let Marker: string | undefined = "", more = true; more; ) {
    const page: ListObjectsCommandOutput = await run
      .client()
      .send(new ListObjectsCommand({ Bucket, MaxKeys: 2, Delimiter: "/", Marker }));
    names.push(...[...(page.Contents ?? []), ...(page.CommonPrefixes ?? [])].map((one) => name(one)));
    Marker = page.NextMarker;
    more = page.IsTruncated === true;
  }
  expect(new Set(names)).toEqual(new Set(["a", "b/", "d&<e>", "z", "é/"]));
  expect(names).toHaveLength(5);
});

test("broken parameters are refused", async () => {
  expect([
    await codeOf(list({ ContinuationToken: "???" })),
    await codeOf(list({ MaxKeys: -1 })),
    await codeOf(list({ EncodingType: "rot13" as never })),
  ]).toEqual(["InvalidArgument", "InvalidArgument", "InvalidArgument"]);
});

test("2,500 keys are listed whole, in order, and again after a restart", async () => {
  const many = await runS3();
  let again = many;
  try {
    const client = many.client();
    await client.send(
      new CreateBucketCommand({ Bucket: "many", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } }),
    );
    const keys = Array.from({ length: 2500 }, (_, index) => `wal/${String(index).padStart(6, "0")}`);
    for (let first = 0; first < keys.length; first += 50)
      await Promise.all(
        keys
          .slice(first, first + 50)
          .map((Key) => client.send(new PutObjectCommand({ Bucket: "many", Key, Body: "x" }))),
      );
    const listAll = async (from: RunningS3) => {
      const found: (string | undefined)[] = [];
      for await (const page of paginateListObjectsV2({ client: from.client() }, { Bucket: "many" }))
        found.push(...(page.Contents ?? []).map((one) => one.Key));
      return found;
    };
    expect(await listAll(many)).toEqual(keys);
    again = await many.restart();
    expect(await listAll(again)).toEqual(keys);
  } finally {
    await again.stop();
  }
});

test("versions and delete markers are listed in pages, newest first", async () => {
  const client = run.client();
  await client.send(
    new CreateBucketCommand({ Bucket: "versions", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } }),
  );
  await client.send(
    new PutBucketVersioningCommand({ Bucket: "versions", VersioningConfiguration: { Status: "Enabled" } }),
  );
  const ids: (string | undefined)[] = [];
  for (const Key of ["a", "a", "b"])
    ids.push((await client.send(new PutObjectCommand({ Bucket: "versions", Key, Body: "x" }))).VersionId);
  ids.push((await client.send(new DeleteObjectCommand({ Bucket: "versions", Key: "a" }))).VersionId);
  const [first, second, third, marker] = ids;
  const entries: unknown[] = [];
  for (let KeyMarker: string | undefined, VersionIdMarker: string | undefined, more = true; more; ) {
    const page = await client.send(
      new ListObjectVersionsCommand({
        Bucket: "versions",
        MaxKeys: 1,
        ...(KeyMarker ? { KeyMarker } : {}),
        ...(VersionIdMarker ? { VersionIdMarker } : {}),
      }),
    );
    for (const one of [...(page.DeleteMarkers ?? []), ...(page.Versions ?? [])])
      entries.push([one.Key, one.VersionId, one.IsLatest, "Size" in one]);
    KeyMarker = page.NextKeyMarker;
    VersionIdMarker = page.NextVersionIdMarker;
    more = page.IsTruncated === true;
  }
  expect(entries).toEqual([
    ["a", marker, true, false],
    ["a", second, false, true],
    ["a", first, false, true],
    ["b", third, true, true],
  ]);
});

test("keys are in the order of their UTF-8 bytes, whatever the order of adding and removing", () => {
  const key = fc.string({ unit: "binary", minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.uniqueArray(key), fc.uniqueArray(key), key, (loaded, added, prefix) => {
      const sorted = new SortedKeys();
      for (const one of loaded) sorted.addLater(one);
      const rest = added.filter((one) => !loaded.includes(one));
      for (const one of rest) sorted.add(one);
      for (const one of loaded.slice(0, 2)) sorted.remove(one);
      const expected = [...loaded.slice(2), ...rest].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(Array.from({ length: sorted.length }, (_, index) => sorted.at(index))).toEqual(expected);
      const behind = expected.findIndex((one) => compareKeys(one, prefix) > 0 && !one.startsWith(prefix));
      expect(sorted.firstBehindPrefix(prefix)).toBe(behind < 0 ? expected.length : behind);
    }),
  );
});
