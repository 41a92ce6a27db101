import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { combineCrcs, startChecksum } from "../../../../main/lab/s3/checksums.ts";
import { codeOf, type RunningS3, runS3 } from "./harness.ts";

let run: RunningS3;
const Bucket = "multipart";
const MIB = 1024 * 1024;
const first = Buffer.alloc(5 * MIB, "first ");
const second = Buffer.alloc(1234, "second ");

beforeAll(async () => {
  run = await runS3();
  await run
    .client()
    .send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } }));
});
afterAll(() => run.stop());

const start = async (Key: string, more: object = {}) =>
  (await run.client().send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId ?? "";

const put = async (Key: string, UploadId: string, PartNumber: number, Body: Buffer, more: object = {}) => {
  const done = await run.client().send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...more }));
  const { $metadata: _, ServerSideEncryption: _sse, ...part } = done;
  return { ...part, PartNumber } as CompletedPart;
};

const complete = (Key: string, UploadId: string, Parts: CompletedPart[], more: object = {}) =>
  run.client().send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }));

const bytesOf = async (Key: string, more: object = {}) => {
  const got = await run.client().send(new GetObjectCommand({ Bucket, Key, ...more }));
  return Buffer.from((await got.Body?.transformToByteArray()) ?? []);
};

test("parts sent in any order, one of them twice, become one object", async () => {
  const UploadId = await start("whole", { ContentType: "x/y", Metadata: { a: "b" } });
  const two = await put("whole", UploadId, 2, second);
  await put("whole", UploadId, 1, Buffer.alloc(5 * MIB, "wrong"));
  const one = await put("whole", UploadId, 1, first);
  const parts = await run.client().send(new ListPartsCommand({ Bucket, Key: "whole", UploadId }));
  expect(parts.Parts?.map((part) => [part.PartNumber, part.Size])).toEqual([
    [1, first.length],
    [2, second.length],
  ]);
  const done = await complete("whole", UploadId, [one, two]);
  const md5s = [first, second].map((part) => createHash("md5").update(part).digest());
  expect(done.ETag).toBe(`"${createHash("md5").update(Buffer.concat(md5s)).digest("hex")}-2"`);
  expect((await bytesOf("whole")).equals(Buffer.concat([first, second]))).toBe(true);
  expect((await bytesOf("whole", { PartNumber: 2 })).equals(second)).toBe(true);
  const across = `bytes=${first.length - 3}-${first.length + 2}`;
  expect((await bytesOf("whole", { Range: across })).toString()).toBe(
    Buffer.concat([first.subarray(-3), second.subarray(0, 3)]).toString(),
  );
  const head = await run.client().send(new HeadObjectCommand({ Bucket, Key: "whole", PartNumber: 1 }));
  expect([head.PartsCount, head.ContentType, head.Metadata]).toEqual([2, "x/y", { a: "b" }]);
});

test("a repeated completion answers as the first did, and a later object stays", async () => {
  const UploadId = await start("twice");
  const part = await put("twice", UploadId, 1, second);
  const done = await complete("twice", UploadId, [part]);
  expect((await complete("twice", UploadId, [part])).ETag).toBe(done.ETag);
  await run.client().send(new PutObjectCommand({ Bucket, Key: "twice", Body: "newer" }));
  expect(await codeOf(complete("twice", UploadId, [part]))).toBe("NoSuchUpload");
  expect((await bytesOf("twice")).toString()).toBe("newer");
});

test("what does not fit together is refused and the upload stays", async () => {
  const UploadId = await start("refused");
  const one = await put("refused", UploadId, 1, second);
  const two = await put("refused", UploadId, 2, second);
  expect([
    await codeOf(complete("refused", UploadId, [one, two])),
    await codeOf(complete("refused", UploadId, [two, one])),
    await codeOf(complete("refused", UploadId, [{ ...one, ETag: '"0"' }])),
    await codeOf(complete("refused", UploadId, [{ ...one, PartNumber: 7 }])),
    await codeOf(complete("refused", UploadId, [])),
    await codeOf(complete("other", UploadId, [one])),
    await codeOf(put("refused", UploadId, 10_001, second)),
    await codeOf(put("refused", "nothing", 1, second)),
    await codeOf(complete("refused", UploadId, [one], { IfMatch: '"x"' })),
    await codeOf(complete("refused", UploadId, [one])),
  ]).toEqual([
    "EntityTooSmall",
    "InvalidPartOrder",
    "InvalidPart",
    "InvalidPart",
    "MalformedXML",
    "NoSuchUpload",
    "InvalidArgument",
    "NoSuchUpload",
    "NoSuchKey",
    "none",
  ]);
});

test("an aborted upload is gone; open ones are listed", async () => {
  const ids = [await start("list/a"), await start("list/a"), await start("list/b/c")];
  const list = async (more: object) =>
    run.client().send(new ListMultipartUploadsCommand({ Bucket, Prefix: "list/", ...more }));
  expect((await list({})).Uploads?.map((one) => one.UploadId).toSorted()).toEqual(ids.toSorted());
  const folded = await list({ Delimiter: "/" });
  expect([folded.Uploads?.length, folded.CommonPrefixes]).toEqual([2, [{ Prefix: "list/b/" }]]);
  const page = await list({ MaxUploads: 1 });
  const rest = await list({ KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker });
  expect([page.IsTruncated, rest.Uploads?.length]).toEqual([true, 2]);

  const abort = () =>
    run.client().send(new AbortMultipartUploadCommand({ Bucket, Key: "list/a", UploadId: ids[0] ?? "" }));
  await abort();
  expect([await codeOf(abort()), (await list({})).Uploads?.length]).toEqual(["NoSuchUpload", 2]);
});

test("parts copied from other objects", async () => {
  await run.client().send(new PutObjectCommand({ Bucket, Key: "from", Body: first }));
  const UploadId = await start("copied");
  const copy = async (PartNumber: number, more: object) => {
    const command = { Bucket, Key: "copied", UploadId, PartNumber, CopySource: `${Bucket}/from`, ...more };
    const { CopyPartResult } = await run.client().send(new UploadPartCopyCommand(command));
    return { PartNumber, ETag: CopyPartResult?.ETag ?? "" };
  };
  const parts = [await copy(1, {}), await copy(2, { CopySourceRange: "bytes=0-9" })];
  await complete("copied", UploadId, parts);
  expect((await bytesOf("copied")).equals(Buffer.concat([first, first.subarray(0, 10)]))).toBe(true);
});

test.each([
  ["CRC32", "FULL_OBJECT"],
  ["CRC32C", "FULL_OBJECT"],
  ["CRC64NVME", "FULL_OBJECT"],
  ["CRC32", "COMPOSITE"],
  ["SHA256", "COMPOSITE"],
] as const)("checksums of an upload: %s, %s", async (ChecksumAlgorithm, ChecksumType) => {
  const Key = `sum-${ChecksumAlgorithm}-${ChecksumType}`;
  const UploadId = await start(Key, { ChecksumAlgorithm, ChecksumType });
  const parts = [
    await put(Key, UploadId, 1, first, { ChecksumAlgorithm }),
    await put(Key, UploadId, 2, second, { ChecksumAlgorithm }),
  ];
  const done = await complete(Key, UploadId, parts);
  const whole = startChecksum(ChecksumAlgorithm);
  const digests = [first, second].map((bytes) => {
    const part = startChecksum(ChecksumAlgorithm);
    part.update(bytes);
    return part.digest();
  });
  for (const bytes of ChecksumType === "FULL_OBJECT" ? [first, second] : digests) whole.update(bytes);
  const expected = whole.digest().toString("base64");
  expect([done[`Checksum${ChecksumAlgorithm}`], done.ChecksumType]).toEqual([
    ChecksumType === "FULL_OBJECT" ? expected : `${expected}-2`,
    ChecksumType,
  ]);
  expect((await bytesOf(Key, { ChecksumMode: "ENABLED" })).length).toBe(first.length + second.length);
});

test("an algorithm and a type that do not go together are refused", async () => {
  expect(await codeOf(start("sum", { ChecksumAlgorithm: "SHA256", ChecksumType: "FULL_OBJECT" }))).toBe(
    "InvalidRequest",
  );
});

test.each([
  ["CRC32", "cbf43926"],
  ["CRC32C", "e3069283"],
  ["CRC64NVME", "ae8b14860a799888"],
] as const)("%s of the check string is the published one", (algorithm, expected) => {
  const checksum = startChecksum(algorithm);
  checksum.update(Buffer.from("123456789"));
  expect(checksum.digest().toString("hex")).toBe(expected);
});

test.each(["CRC32", "CRC32C", "CRC64NVME"] as const)("%s of parts combines to that of the whole", (algorithm) => {
  const crcOf = (bytes: Uint8Array) => {
    const checksum = startChecksum(algorithm);
    checksum.update(bytes);
    return checksum.digest();
  };
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { minLength: 1, maxLength: 5 }), (parts) => {
      const combined = combineCrcs(
        algorithm,
        parts.map((bytes) => ({ crc: crcOf(bytes), size: bytes.length })),
      );
      expect(combined.toString("hex")).toBe(crcOf(Buffer.concat(parts)).toString("hex"));
    }),
  );
});
