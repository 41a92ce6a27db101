import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, beforeAll, expect, test } from "vitest";
import { codeOf, KEYS, type RunningS3, runS3, textOf } from "./harness.ts";

let run: RunningS3;
const Bucket = "objects";

beforeAll(async () => {
  run = await runS3();
  await create(Bucket);
});
afterAll(() => run.stop());

const create = (name: string) =>
  run
    .client()
    .send(new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } }));

test("an object comes back with its bytes, headers and metadata", async () => {
  const client = run.client();
  const put = await client.send(
    new PutObjectCommand({
      Bucket,
      Key: "a/b.txt",
      Body: "hello",
      ContentType: "text/plain; charset=utf-8",
      CacheControl: "no-store",
      ContentEncoding: "identity",
      Metadata: { tenant: "acme" },
    }),
  );
  expect(put.ETag).toBe(`"${createHash("md5").update("hello").digest("hex")}"`);
  const got = await client.send(new GetObjectCommand({ Bucket, Key: "a/b.txt" }));
  expect(await textOf(got.Body)).toBe("hello");
  expect(got).toMatchObject({
    ContentType: "text/plain; charset=utf-8",
    CacheControl: "no-store",
    ContentEncoding: "identity",
    ContentLength: 5,
    Metadata: { tenant: "acme" },
    ServerSideEncryption: "AES256",
  });
});

test("an empty object, a missing one and a missing bucket", async () => {
  const client = run.client();
  await client.send(new PutObjectCommand({ Bucket, Key: "empty", Body: "", ContentLength: 0 }));
  const got = await client.send(new GetObjectCommand({ Bucket, Key: "empty" }));
  expect([await textOf(got.Body), got.ContentLength]).toEqual(["", 0]);
  expect([
    await codeOf(client.send(new GetObjectCommand({ Bucket, Key: "none" }))),
    await codeOf(client.send(new HeadObjectCommand({ Bucket, Key: "none" }))),
    await codeOf(client.send(new GetObjectCommand({ Bucket: "no-such-bucket", Key: "x" }))),
    await codeOf(client.send(new DeleteObjectCommand({ Bucket, Key: "none" }))),
  ]).toEqual(["NoSuchKey", "NotFound", "NoSuchBucket", "none"]);
});

test.each([
  "with space",
  "a+b&c=d?e#f",
  "../../etc/passwd",
  "..",
  ".",
  "/leading//and/double/",
  "é à 漢字 🚚",
  "%2e%2e%2f",
  "a\tb\nc",
  '<xml>&"quotes"\'',
  "__proto__",
])("a key of odd characters is kept as it is: %j", async (Key) => {
  const client = run.client();
  await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  expect(await textOf((await client.send(new GetObjectCommand({ Bucket, Key }))).Body)).toBe(Key);
  const listed = await client.send(new ListObjectsV2Command({ Bucket, Prefix: Key }));
  expect(listed.Contents?.map((one) => one.Key)).toContain(Key);
  await client.send(new DeleteObjectCommand({ Bucket, Key }));
  expect(await codeOf(client.send(new HeadObjectCommand({ Bucket, Key })))).toBe("NotFound");
});

test("a key has up to 1024 bytes", async () => {
  const put = (Key: string) => codeOf(run.client().send(new PutObjectCommand({ Bucket, Key, Body: "x" })));
  expect([await put("é".repeat(512)), await put("é".repeat(513))]).toEqual(["none", "KeyTooLongError"]);
});

test.each(["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const)(
  "a stream with a %s trailer is checked and the checksum stored",
  async (ChecksumAlgorithm) => {
    const client = run.client();
    const body = Buffer.alloc(300_001, "0123456789");
    const Key = `stream-${ChecksumAlgorithm}`;
    const put = await client.send(
      new PutObjectCommand({
        Bucket,
        Key,
        Body: Readable.from([body.subarray(0, 100_000), body.subarray(100_000)]),
        ContentLength: body.length,
        ChecksumAlgorithm,
      }),
    );
    const field = `Checksum${ChecksumAlgorithm}` as const;
    expect(put[field]).toMatch(/=$/);
    const got = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
    expect(got[field]).toBe(put[field]);
    const attributes = await client.send(
      new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ["Checksum", "ObjectSize", "ETag"] }),
    );
    expect([attributes.Checksum?.[field], attributes.ObjectSize]).toEqual([put[field], body.length]);
  },
);

test("a body that is not what its digests say leaves no object", async () => {
  const client = run.client();
  const put = (more: object) => codeOf(client.send(new PutObjectCommand({ Bucket, Key: "bad", Body: "x", ...more })));
  expect([
    await put({ ContentMD5: createHash("md5").update("y").digest("base64") }),
    await put({ ContentMD5: "short" }),
    await put({ ChecksumCRC32: "AAAAAA==" }),
    await put({ ChecksumSHA256: "AAAA" }),
    await codeOf(client.send(new HeadObjectCommand({ Bucket, Key: "bad" }))),
  ]).toEqual(["BadDigest", "InvalidDigest", "BadDigest", "InvalidRequest", "NotFound"]);
});

test("ranges", async () => {
  const client = run.client();
  await client.send(new PutObjectCommand({ Bucket, Key: "range", Body: "0123456789" }));
  const get = async (Range: string) => {
    const got = await client.send(new GetObjectCommand({ Bucket, Key: "range", Range }));
    return [await textOf(got.Body), got.ContentRange];
  };
  expect(await get("bytes=0-3")).toEqual(["0123", "bytes 0-3/10"]);
  expect(await get("bytes=8-")).toEqual(["89", "bytes 8-9/10"]);
  expect(await get("bytes=-3")).toEqual(["789", "bytes 7-9/10"]);
  expect(await get("bytes=5-99")).toEqual(["56789", "bytes 5-9/10"]);
  expect(await get("lines=1-2")).toEqual(["0123456789", undefined]);
  expect(await codeOf(get("bytes=10-"))).toBe("InvalidRange");
});

test("conditional reads", async () => {
  const client = run.client();
  const { ETag = "" } = await client.send(new PutObjectCommand({ Bucket, Key: "if", Body: "1" }));
  const get = async (conditions: object) => {
    try {
      await client.send(new GetObjectCommand({ Bucket, Key: "if", ...conditions }));
      return 200;
    } catch (error) {
      return (error as { $metadata: { httpStatusCode: number } }).$metadata.httpStatusCode;
    }
  };
  const hour = 3_600_000;
  expect([
    await get({ IfMatch: ETag }),
    await get({ IfMatch: '"other"' }),
    await get({ IfNoneMatch: ETag }),
    await get({ IfNoneMatch: '"other"' }),
    await get({ IfModifiedSince: new Date(Date.now() - hour) }),
    await get({ IfModifiedSince: new Date(Date.now() + hour) }),
    await get({ IfUnmodifiedSince: new Date(Date.now() - hour) }),
    await get({ IfMatch: ETag, IfUnmodifiedSince: new Date(Date.now() - hour) }),
  ]).toEqual([200, 412, 304, 200, 200, 304, 412, 200]);
});

test("conditional writes: of many at once that want to be first, one is", async () => {
  const client = run.client();
  const attempts = Array.from({ length: 20 }, (_, index) =>
    codeOf(client.send(new PutObjectCommand({ Bucket, Key: "lease", Body: `${index}`, IfNoneMatch: "*" }))),
  );
  const codes = await Promise.all(attempts);
  expect(codes.toSorted()).toEqual([...Array<string>(19).fill("PreconditionFailed"), "none"]);

  const { ETag = "" } = await client.send(new HeadObjectCommand({ Bucket, Key: "lease" }));
  const put = (Key: string, IfMatch: string) =>
    codeOf(client.send(new PutObjectCommand({ Bucket, Key, Body: "new", IfMatch })));
  expect([
    await put("lease", '"old"'),
    await put("lease", ETag),
    await put("lease", ETag),
    await put("nokey", ETag),
  ]).toEqual(["PreconditionFailed", "none", "PreconditionFailed", "NoSuchKey"]);
});

test("copies: within a bucket, across buckets, with new metadata, and onto itself", async () => {
  const client = run.client();
  await create("copies");
  const CopySource = `${Bucket}/${encodeURIComponent("source é")}`;
  await client.send(
    new PutObjectCommand({ Bucket, Key: "source é", Body: "copied", Metadata: { a: "1" }, Tagging: "k=v" }),
  );
  const copy = await client.send(new CopyObjectCommand({ Bucket: "copies", Key: "c", CopySource }));
  expect(copy.CopyObjectResult?.ETag).toBe(`"${createHash("md5").update("copied").digest("hex")}"`);
  await client.send(new DeleteObjectCommand({ Bucket, Key: "gone" }));
  const got = await client.send(new GetObjectCommand({ Bucket: "copies", Key: "c" }));
  expect([await textOf(got.Body), got.Metadata, got.TagCount]).toEqual(["copied", { a: "1" }, 1]);

  await client.send(
    new CopyObjectCommand({ Bucket, Key: "source é", CopySource, MetadataDirective: "REPLACE", Metadata: { b: "2" } }),
  );
  const itself = await client.send(new GetObjectCommand({ Bucket, Key: "source é" }));
  expect([await textOf(itself.Body), itself.Metadata]).toEqual(["copied", { b: "2" }]);
  expect([
    await codeOf(client.send(new CopyObjectCommand({ Bucket, Key: "source é", CopySource }))),
    await codeOf(client.send(new CopyObjectCommand({ Bucket, Key: "x", CopySource: `${Bucket}/nothing` }))),
    await codeOf(client.send(new CopyObjectCommand({ Bucket, Key: "x", CopySource, CopySourceIfMatch: "no" }))),
  ]).toEqual(["InvalidRequest", "NoSuchKey", "PreconditionFailed"]);
});

test("many objects deleted in one call, each with its own answer", async () => {
  const client = run.client();
  const keys = ["d/1", "d/2", "d/& <3>"];
  for (const Key of keys) await client.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
  const answer = await client.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: [...keys, "d/none"].map((Key) => ({ Key })) } }),
  );
  expect(answer.Deleted?.map((one) => one.Key)).toEqual([...keys, "d/none"]);
  expect((await client.send(new ListObjectsV2Command({ Bucket, Prefix: "d/" }))).KeyCount).toBe(0);
});

test("tags of an object", async () => {
  const client = run.client();
  await client.send(new PutObjectCommand({ Bucket, Key: "tagged", Body: "x", Tagging: "a=1&b=%C3%A9" }));
  const tags = async () => (await client.send(new GetObjectTaggingCommand({ Bucket, Key: "tagged" }))).TagSet;
  expect(await tags()).toEqual([
    { Key: "a", Value: "1" },
    { Key: "b", Value: "é" },
  ]);
  const TagSet = [{ Key: "c", Value: "3" }];
  await client.send(new PutObjectTaggingCommand({ Bucket, Key: "tagged", Tagging: { TagSet } }));
  expect(await tags()).toEqual(TagSet);
  const eleven = Array.from({ length: 11 }, (_, index) => ({ Key: `k${index}`, Value: "" }));
  const put = client.send(new PutObjectTaggingCommand({ Bucket, Key: "tagged", Tagging: { TagSet: eleven } }));
  expect(await codeOf(put)).toBe("InvalidTag");
});

test("presigned addresses give and take an object without keys", async () => {
  const client = run.client();
  const Key = "presigned é.txt";
  const put = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key, ContentType: "text/plain" }));
  expect((await fetch(put, { method: "PUT", body: "by address" })).status).toBe(200);
  const get = await getSignedUrl(
    client,
    new GetObjectCommand({ Bucket, Key, ResponseContentDisposition: 'attachment; filename="r.txt"' }),
  );
  const got = await fetch(get);
  expect([await got.text(), got.headers.get("content-disposition")]).toEqual([
    "by address",
    'attachment; filename="r.txt"',
  ]);
  const forged = await fetch(get.replace("presigned", "other"));
  expect([forged.status, (await forged.text()).includes("<Code>SignatureDoesNotMatch</Code>")]).toEqual([403, true]);
});

test("virtual-host style addresses reach the same objects", async () => {
  const client = run.client({
    forcePathStyle: false,
    endpoint: `http://s3.localhost:${run.port}`,
    requestHandler: { httpAgent: { lookup: localLookup } },
  });
  await client.send(new PutObjectCommand({ Bucket, Key: "virtual/host", Body: "v" }));
  const got = await run.client().send(new GetObjectCommand({ Bucket, Key: "virtual/host" }));
  expect(await textOf(got.Body)).toBe("v");
});

/** Not every resolver knows names below localhost. */
function localLookup(
  _name: string,
  options: { all?: boolean },
  done: (error: null, address: unknown, family?: number) => void,
): void {
  if (options.all) done(null, [{ address: "127.0.0.1", family: 4 }]);
  else done(null, "127.0.0.1", 4);
}

test("buckets: made, listed, located, refused and removed", async () => {
  const client = run.client();
  const north = run.client({ region: "us-east-1" });
  await create("bucket-eu");
  await north.send(new CreateBucketCommand({ Bucket: "bucket-us" }));
  await north.send(
    new CreateBucketCommand({ Bucket: "bucket-ca", CreateBucketConfiguration: { LocationConstraint: "ca-central-1" } }),
  );
  const { Buckets } = await client.send(new ListBucketsCommand({ Prefix: "bucket-" }));
  expect(Buckets?.map((one) => [one.Name, one.BucketRegion])).toEqual([
    ["bucket-ca", "ca-central-1"],
    ["bucket-eu", "eu-west-1"],
    ["bucket-us", "us-east-1"],
  ]);
  const location = async (name: string) =>
    (await client.send(new GetBucketLocationCommand({ Bucket: name }))).LocationConstraint;
  expect([await location("bucket-eu"), (await location("bucket-us")) ?? ""]).toEqual(["eu-west-1", ""]);
  expect([
    await codeOf(create("bucket-eu")),
    await codeOf(north.send(new CreateBucketCommand({ Bucket: "bucket-us" }))),
    await codeOf(client.send(createIn("ca-central-1"))),
    await codeOf(create("Bad_Name")),
    await codeOf(create("10.0.0.1")),
    await codeOf(client.send(new DeleteBucketCommand({ Bucket }))),
    await codeOf(client.send(new DeleteBucketCommand({ Bucket: "bucket-eu" }))),
    await codeOf(client.send(new HeadBucketCommand({ Bucket: "bucket-eu" }))),
  ]).toEqual([
    "BucketAlreadyOwnedByYou",
    "none",
    "IllegalLocationConstraintException",
    "InvalidBucketName",
    "InvalidBucketName",
    "BucketNotEmpty",
    "none",
    "NotFound",
  ]);
});

const createIn = (LocationConstraint: "ca-central-1") =>
  new CreateBucketCommand({ Bucket: "elsewhere", CreateBucketConfiguration: { LocationConstraint } });

test("a bucket is reached in its own region; a client that follows redirects finds it", async () => {
  await create("at-home");
  await run.client().send(new PutObjectCommand({ Bucket: "at-home", Key: "k", Body: "found" }));
  const get = new GetObjectCommand({ Bucket: "at-home", Key: "k" });
  expect(await codeOf(run.client({ region: "us-east-1" }).send(get))).toBe("PermanentRedirect");
  expect(await codeOf(run.client({ region: "mars-1" }).send(get))).toBe("AuthorizationHeaderMalformed");
  const following = run.client({ region: "us-east-1", followRegionRedirects: true });
  expect(await textOf((await following.send(get)).Body)).toBe("found");
});

test("wrong keys get AWS's own codes", async () => {
  const list = new ListBucketsCommand({});
  const withKeys = (credentials: object) => codeOf(run.client({ credentials: { ...KEYS, ...credentials } }).send(list));
  expect([
    await withKeys({ accessKeyId: "AKIDNOBODY" }),
    await withKeys({ secretAccessKey: "wrong" }),
    await withKeys({ sessionToken: "stray" }),
    await codeOf(run.client({ systemClockOffset: -20 * 60_000 }).send(list)),
  ]).toEqual(["InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "RequestTimeTooSkewed"]);
  const anonymous = await fetch(`${run.endpoint}/${Bucket}/a/b.txt`);
  expect([anonymous.status, (await anonymous.text()).includes("<Code>AccessDenied</Code>")]).toEqual([403, true]);
});

test("lib-storage uploads a stream of unknown length in parts", async () => {
  const client = run.client();
  const body = Buffer.alloc(11 * 1024 * 1024, "part");
  const chunks = Array.from({ length: 11 }, (_, index) => body.subarray(index * 1_048_576, (index + 1) * 1_048_576));
  const done = await new Upload({
    client,
    params: { Bucket, Key: "big", Body: Readable.from(chunks) },
  }).done();
  expect(done.ETag).toMatch(/-3"$/);
  const got = await client.send(new GetObjectCommand({ Bucket, Key: "big" }));
  expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
});
