import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KEYS, type ServedS3, serveS3 } from "./harness.ts";

const run = promisify(execFile);
/** Debian's own, whatever else is in the PATH. */
const AWS = "/usr/bin/aws";
const PYTHON = "/usr/bin/python3";
const hasAws = existsSync(AWS);
const hasBoto = existsSync("/usr/lib/python3/dist-packages/boto3");
const MIB = 1024 * 1024;

let folder: string;
let server: ServedS3;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "fleetwright-s3-cli-"));
  server = await serveS3(path.join(folder, "store"));
  environment = {
    PATH: "/usr/bin:/bin",
    HOME: folder,
    LC_ALL: "C.UTF-8",
    AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
    AWS_DEFAULT_REGION: "eu-west-1",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_MAX_ATTEMPTS: "1",
  };
});
afterAll(async () => {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});

async function aws(...words: string[]): Promise<string> {
  const { stdout } = await run(AWS, ["--endpoint-url", server.endpoint, ...words], {
    env: environment,
    cwd: folder,
    maxBuffer: 64 * MIB,
  });
  return stdout;
}

/** A file that takes no room on the disk but whose every MiB is another. */
async function makeBigFile(name: string, sizeMiB: number): Promise<string> {
  const file = path.join(folder, name);
  const handle = await open(file, "w");
  for (let index = 0; index < sizeMiB; index++) await handle.write(`MiB ${index};`, index * MIB);
  await handle.truncate(sizeMiB * MIB);
  await handle.close();
  return file;
}

async function sameContent(left: string, right: string): Promise<boolean> {
  return run("/usr/bin/cmp", [left, right]).then(
    () => true,
    () => false,
  );
}

test.skipIf(!hasAws)(
  "aws s3 cp carries 1 GiB there and back, and the server keeps it out of its memory",
  async () => {
    await aws("s3", "mb", "s3://big");
    const file = await makeBigFile("big", 1024);
    await aws("s3", "cp", "--no-progress", file, "s3://big/folder/big");
    const head = JSON.parse(await aws("s3api", "head-object", "--bucket", "big", "--key", "folder/big"));
    expect(head.ContentLength).toBe(1024 * MIB);
    await aws("s3", "cp", "--no-progress", "s3://big/folder/big", path.join(folder, "back"));
    expect(await sameContent(file, path.join(folder, "back"))).toBe(true);
    expect(server.peakBytes()).toBeLessThan(400 * MIB);
    await aws("s3", "rb", "--force", "s3://big");
    rmSync(file);
    rmSync(path.join(folder, "back"));
  },
  600_000,
);

test.skipIf(!hasAws)(
  "aws s3 ls shows 2,500 keys",
  async () => {
    await aws("s3", "mb", "s3://many");
    const client = new S3Client({
      endpoint: server.endpoint,
      region: "eu-west-1",
      credentials: KEYS,
      forcePathStyle: true,
    });
    for (let first = 0; first < 2500; first += 50)
      await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          client.send(new PutObjectCommand({ Bucket: "many", Key: `wal/${first + index} +é`, Body: "x" })),
        ),
      );
    client.destroy();
    const lines = (await aws("s3", "ls", "--recursive", "s3://many")).trimEnd().split("\n");
    expect(new Set(lines.map((line) => line.slice(31)))).toEqual(
      new Set(Array.from({ length: 2500 }, (_, index) => `wal/${index} +é`)),
    );
    expect(await aws("s3", "ls", "s3://many")).toMatch(/^ +PRE wal\/\n$/);
  },
  180_000,
);

test.skipIf(!hasAws)(
  "aws s3 sync carries a tree there and back, and removes what is gone",
  async () => {
    await aws("s3", "mb", "s3://tree");
    const files: Record<string, string> = { "a.txt": "a", "b/c d.txt": "cd", "b/é+&.txt": "é", "deep/er/empty": "" };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, "tree", name)), { recursive: true });
      writeFileSync(path.join(folder, "tree", name), text);
    }
    await aws("s3", "sync", "--no-progress", "tree", "s3://tree/copy");
    rmSync(path.join(folder, "tree", "a.txt"));
    await aws("s3", "sync", "--no-progress", "--delete", "tree", "s3://tree/copy");
    await aws("s3", "sync", "--no-progress", "s3://tree/copy", "back");
    const found = readdirSync(path.join(folder, "back"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(path.join(folder, "back"), path.join(entry.parentPath, entry.name)));
    const { "a.txt": _, ...kept } = files;
    expect(
      Object.fromEntries(found.map((name) => [name, readFileSync(path.join(folder, "back", name), "utf8")])),
    ).toEqual(kept);
    expect(await aws("s3", "sync", "--no-progress", "tree", "s3://tree/copy")).toBe("");
  },
  180_000,
);

test.skipIf(!hasAws)(
  "aws says what is wrong in S3's words",
  async () => {
    const refusal = async (...words: string[]) =>
      aws(...words).then(
        () => "none",
        (error: { stderr: string }) => /\((\w+)\)/.exec(error.stderr)?.[1] ?? error.stderr,
      );
    expect([
      await refusal("s3", "ls", "s3://no-such-bucket"),
      await refusal("s3api", "create-bucket", "--bucket", "Bad_Name"),
      await refusal("s3api", "get-bucket-lifecycle-configuration", "--bucket", "no-such-bucket"),
    ]).toEqual(["NoSuchBucket", "InvalidBucketName", "NoSuchBucket"]);
  },
  60_000,
);

const BOTO_PROGRAM = `
import io, json, sys, urllib.request
import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

def client(style):
    return boto3.client("s3", endpoint_url=sys.argv[1], config=Config(s3={"addressing_style": style}))

s3 = client("path")
s3.create_bucket(Bucket="boto", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
s3.put_bucket_versioning(Bucket="boto", VersioningConfiguration={"Status": "Enabled"})
key = "odd /\\u00e9 + & \\u6f22"
s3.put_object(Bucket="boto", Key=key, Body=b"1", Metadata={"a": "b"}, ChecksumAlgorithm="SHA256")
s3.put_object(Bucket="boto", Key=key, Body=b"22")
big = bytes(range(256)) * (12 * 4096)
s3.upload_fileobj(io.BytesIO(big), "boto", "big", Config=TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20))
back = io.BytesIO()
s3.download_fileobj("boto", "big", back)
pages = s3.get_paginator("list_object_versions").paginate(Bucket="boto", PaginationConfig={"PageSize": 1})
versions = [(v["Key"], v["Size"], v["IsLatest"]) for p in pages for v in p.get("Versions", [])]
url = s3.generate_presigned_url("get_object", Params={"Bucket": "boto", "Key": key}, ExpiresIn=60)
s3.delete_objects(Bucket="boto", Delete={"Objects": [{"Key": key}]})
try:
    s3.get_object(Bucket="boto", Key=key)
    code = "none"
except ClientError as error:
    code = error.response["Error"]["Code"]
elsewhere = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1")
print(json.dumps({
    "versions": versions,
    "same": back.getvalue() == big,
    "code": code,
    "location": s3.get_bucket_location(Bucket="boto")["LocationConstraint"],
    "marked": len(s3.list_object_versions(Bucket="boto")["DeleteMarkers"]),
    "redirected": elsewhere.head_object(Bucket="boto", Key="big")["ContentLength"],
    "presigned": url.startswith(sys.argv[1]),
}))
`;

test.skipIf(!hasBoto)(
  "boto3 writes, reads, pages and is led to the right region",
  async () => {
    const { stdout } = await run(PYTHON, ["-c", BOTO_PROGRAM, server.endpoint], { env: environment });
    expect(JSON.parse(stdout)).toEqual({
      versions: [
        ["big", 12 * 1024 * 1024, true],
        ["odd /é + & 漢", 2, true],
        ["odd /é + & 漢", 1, false],
      ],
      same: true,
      code: "NoSuchKey",
      location: "eu-west-1",
      marked: 1,
      redirected: 12 * 1024 * 1024,
      presigned: true,
    });
  },
  60_000,
);
