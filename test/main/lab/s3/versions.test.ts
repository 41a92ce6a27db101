import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketLifecycleCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  type LifecycleRule,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { codeOf, type RunningS3, runS3, textOf } from "./harness.ts";

const DAY_MS = 86_400_000;
let clock = Date.now();
let run: RunningS3;
let client: S3Client;

beforeAll(async () => {
  run = await runS3({ now: () => new Date(clock) });
  client = run.client();
});
afterAll(() => run.stop());

/** The clocks of client and server move together. */
function travel(days: number): void {
  clock += days * DAY_MS;
  client = run.client({ systemClockOffset: clock - Date.now() });
}

async function makeBucket(Bucket: string, versioning: "" | "Enabled" | "Suspended", lock = false): Promise<void> {
  await client.send(
    new CreateBucketCommand({
      Bucket,
      CreateBucketConfiguration: { LocationConstraint: "eu-west-1" },
      ObjectLockEnabledForBucket: lock,
    }),
  );
  if (versioning) await setVersioning(Bucket, versioning);
}

const setVersioning = (Bucket: string, Status: "Enabled" | "Suspended") =>
  client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));

const put = async (Bucket: string, Key: string, Body: string, more: object = {}) =>
  (await client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))).VersionId;

const get = async (Bucket: string, Key: string, VersionId?: string) =>
  textOf((await client.send(new GetObjectCommand({ Bucket, Key, ...(VersionId ? { VersionId } : {}) }))).Body);

const remove = (Bucket: string, Key: string, more: object = {}) =>
  client.send(new DeleteObjectCommand({ Bucket, Key, ...more }));

test("a bucket with versions keeps what is overwritten and hides what is deleted", async () => {
  await makeBucket("versioned", "Enabled");
  const one = await put("versioned", "k", "one");
  const two = await put("versioned", "k", "two");
  expect([await get("versioned", "k"), await get("versioned", "k", one)]).toEqual(["two", "one"]);

  const { DeleteMarker, VersionId: marker } = await remove("versioned", "k");
  expect(DeleteMarker).toBe(true);
  expect([
    await codeOf(get("versioned", "k")),
    await codeOf(get("versioned", "k", marker)),
    await get("versioned", "k", two),
    await codeOf(get("versioned", "k", "no-such-version")),
  ]).toEqual(["NoSuchKey", "MethodNotAllowed", "two", "NoSuchVersion"]);

  await remove("versioned", "k", { VersionId: marker });
  await remove("versioned", "k", { VersionId: two });
  expect(await get("versioned", "k")).toBe("one");
});

test("versions are found again after a restart", async () => {
  const first = await runS3();
  let second = first;
  try {
    const before = first.client();
    const Bucket = "kept";
    await before.send(
      new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } }),
    );
    await before.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
    const { VersionId } = await before.send(new PutObjectCommand({ Bucket, Key: "k", Body: "old" }));
    await before.send(new PutObjectCommand({ Bucket, Key: "k", Body: "new", Metadata: { a: "1" } }));
    second = await first.restart();
    const after = second.client();
    const old = await after.send(new GetObjectCommand({ Bucket, Key: "k", ...(VersionId ? { VersionId } : {}) }));
    const current = await after.send(new GetObjectCommand({ Bucket, Key: "k" }));
    expect([await textOf(old.Body), await textOf(current.Body), current.Metadata]).toEqual(["old", "new", { a: "1" }]);
    expect((await after.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe("Enabled");
    expect(second.s3.bucketCount()).toBe(1);
  } finally {
    await second.stop();
  }
});

test("suspended versioning keeps old versions and replaces the null version", async () => {
  await makeBucket("suspended", "");
  await put("suspended", "k", "before");
  await setVersioning("suspended", "Enabled");
  const kept = await put("suspended", "k", "kept");
  await setVersioning("suspended", "Suspended");
  await put("suspended", "k", "null 1");
  await put("suspended", "k", "null 2");
  const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket: "suspended" }));
  expect(Versions?.map((one) => one.VersionId)).toEqual(["null", kept]);
  const { VersionId } = await remove("suspended", "k");
  expect([VersionId, await get("suspended", "k", kept)]).toEqual(["null", "kept"]);
});

test("a legal hold and retentions keep a version from being deleted", async () => {
  await makeBucket("locked", "", true);
  const until = (days: number) => new Date(clock + days * DAY_MS);
  const held = await put("locked", "held", "x", { ObjectLockLegalHoldStatus: "ON" });
  const governed = await put("locked", "governed", "x", {
    ObjectLockMode: "GOVERNANCE",
    ObjectLockRetainUntilDate: until(10),
  });
  const complied = await put("locked", "complied", "x", {
    ObjectLockMode: "COMPLIANCE",
    ObjectLockRetainUntilDate: until(10),
  });
  const bypass = { BypassGovernanceRetention: true };
  expect([
    await codeOf(remove("locked", "held", { VersionId: held })),
    await codeOf(remove("locked", "governed", { VersionId: governed })),
    await codeOf(remove("locked", "complied", { VersionId: complied, ...bypass })),
    await codeOf(remove("locked", "complied")),
  ]).toEqual(["AccessDenied", "AccessDenied", "AccessDenied", "none"]);

  const many = await client.send(
    new DeleteObjectsCommand({ Bucket: "locked", Delete: { Objects: [{ Key: "complied", VersionId: complied }] } }),
  );
  expect(many.Errors?.map((one) => one.Code)).toEqual(["AccessDenied"]);

  const retain = (
    Key: string,
    VersionId: string | undefined,
    Mode: "GOVERNANCE" | "COMPLIANCE",
    days: number,
    more = {},
  ) =>
    codeOf(
      client.send(
        new PutObjectRetentionCommand({
          Bucket: "locked",
          Key,
          ...(VersionId ? { VersionId } : {}),
          Retention: { Mode, RetainUntilDate: until(days) },
          ...more,
        }),
      ),
    );
  expect([
    await retain("complied", complied, "COMPLIANCE", 5),
    await retain("complied", complied, "COMPLIANCE", 20),
    await retain("complied", complied, "GOVERNANCE", 30, bypass),
    await retain("governed", governed, "GOVERNANCE", 5),
    await retain("governed", governed, "GOVERNANCE", 5, bypass),
  ]).toEqual(["AccessDenied", "none", "AccessDenied", "AccessDenied", "none"]);
  const { Retention } = await client.send(
    new GetObjectRetentionCommand({ Bucket: "locked", Key: "complied", ...(complied ? { VersionId: complied } : {}) }),
  );
  expect(Retention).toEqual({ Mode: "COMPLIANCE", RetainUntilDate: until(20) });

  await client.send(new PutObjectLegalHoldCommand({ Bucket: "locked", Key: "held", LegalHold: { Status: "OFF" } }));
  const hold = await client.send(new GetObjectLegalHoldCommand({ Bucket: "locked", Key: "held" }));
  expect([hold.LegalHold?.Status, await codeOf(remove("locked", "held", { VersionId: held }))]).toEqual([
    "OFF",
    "none",
  ]);
  expect(await codeOf(remove("locked", "governed", { VersionId: governed, ...bypass }))).toBe("none");
  expect(await codeOf(setVersioning("locked", "Suspended"))).toBe("InvalidBucketState");

  travel(21);
  expect(await codeOf(remove("locked", "complied", { VersionId: complied }))).toBe("none");
});

test("a bucket's default retention binds new objects", async () => {
  await makeBucket("default-lock", "", true);
  const rule = { DefaultRetention: { Mode: "COMPLIANCE" as const, Days: 30 } };
  const ObjectLockConfiguration = { ObjectLockEnabled: "Enabled" as const, Rule: rule };
  await client.send(new PutObjectLockConfigurationCommand({ Bucket: "default-lock", ObjectLockConfiguration }));
  const read = await client.send(new GetObjectLockConfigurationCommand({ Bucket: "default-lock" }));
  expect(read.ObjectLockConfiguration).toEqual(ObjectLockConfiguration);
  const id = await put("default-lock", "k", "x");
  const { ObjectLockMode } = await client.send(new HeadObjectCommand({ Bucket: "default-lock", Key: "k" }));
  expect([ObjectLockMode, await codeOf(remove("default-lock", "k", { VersionId: id }))]).toEqual([
    "COMPLIANCE",
    "AccessDenied",
  ]);
  await makeBucket("no-lock", "");
  const put1 = put("no-lock", "k", "x", { ObjectLockLegalHoldStatus: "ON" });
  expect(await codeOf(put1)).toBe("InvalidRequest");
  expect(await codeOf(client.send(new GetObjectLockConfigurationCommand({ Bucket: "no-lock" })))).toBe(
    "ObjectLockConfigurationNotFoundError",
  );
});

const setLifecycle = (Bucket: string, Rules: LifecycleRule[]) =>
  client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));

const keysOf = async (Bucket: string) =>
  ((await client.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map((one) => one.Key);

test("lifecycle rules end what they name, when its time has come", async () => {
  await makeBucket("aging", "");
  await setLifecycle("aging", [
    { ID: "logs", Status: "Enabled", Filter: { Prefix: "logs/" }, Expiration: { Days: 30 } },
    {
      ID: "tagged",
      Status: "Enabled",
      Filter: { And: { Prefix: "data/", Tags: [{ Key: "keep", Value: "no" }], ObjectSizeGreaterThan: 2 } },
      Expiration: { Days: 10 },
    },
    { ID: "off", Status: "Disabled", Filter: { Prefix: "" }, Expiration: { Days: 1 } },
    {
      ID: "uploads",
      Status: "Enabled",
      Filter: { Prefix: "" },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 },
      Transitions: [{ Days: 20, StorageClass: "GLACIER" }],
    },
  ]);
  await put("aging", "logs/1", "x");
  await put("aging", "data/1", "long", { Tagging: "keep=no" });
  await put("aging", "data/2", "x", { Tagging: "keep=no" });
  await put("aging", "data/3", "long", { Tagging: "keep=yes" });
  await client.send(new CreateMultipartUploadCommand({ Bucket: "aging", Key: "data/4" }));
  const head = await client.send(new HeadObjectCommand({ Bucket: "aging", Key: "logs/1" }));
  expect(head.Expiration).toMatch(/^expiry-date=".* 00:00:00 GMT", rule-id="logs"$/);

  await run.s3.sweep();
  expect(await keysOf("aging")).toEqual(["data/1", "data/2", "data/3", "logs/1"]);
  travel(11.01);
  await run.s3.sweep();
  expect(await keysOf("aging")).toEqual(["data/2", "data/3", "logs/1"]);
  expect((await client.send(new ListMultipartUploadsCommand({ Bucket: "aging" }))).Uploads).toBeUndefined();
  travel(21);
  await run.s3.sweep();
  expect(await keysOf("aging")).toEqual(["data/2", "data/3"]);
  const { StorageClass } = await client.send(new HeadObjectCommand({ Bucket: "aging", Key: "data/3" }));
  expect(StorageClass).toBe("GLACIER");
  expect(await run.s3.sweep()).toBe(0);
});

test("lifecycle rules of a bucket with versions hide first, remove later, and respect locks", async () => {
  await makeBucket("aging-versions", "", true);
  await setLifecycle("aging-versions", [
    {
      ID: "all",
      Status: "Enabled",
      Filter: { Prefix: "" },
      Expiration: { Days: 10 },
      NoncurrentVersionExpiration: { NoncurrentDays: 5 },
    },
    { ID: "markers", Status: "Enabled", Filter: { Prefix: "" }, Expiration: { ExpiredObjectDeleteMarker: true } },
  ]);
  await put("aging-versions", "free", "x");
  await put("aging-versions", "held", "x", { ObjectLockLegalHoldStatus: "ON" });
  const list = async () => {
    const page = await client.send(new ListObjectVersionsCommand({ Bucket: "aging-versions" }));
    return [(page.Versions ?? []).map((one) => one.Key), (page.DeleteMarkers ?? []).map((one) => one.Key)];
  };
  travel(11.01);
  await run.s3.sweep();
  expect(await list()).toEqual([
    ["free", "held"],
    ["free", "held"],
  ]);
  travel(6.01);
  await run.s3.sweep();
  await run.s3.sweep();
  expect(await list()).toEqual([["held"], ["held"]]);
});

test("a lifecycle document that makes no sense is refused; a good one is returned and removed", async () => {
  await makeBucket("lifecycle", "");
  const Bucket = "lifecycle";
  const read = () => client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  const rule: LifecycleRule = { ID: "r", Status: "Enabled", Filter: { Prefix: "a" }, Expiration: { Days: 30 } };
  expect([
    await codeOf(read()),
    await codeOf(setLifecycle(Bucket, [{ ...rule, Expiration: { Days: 0 } }])),
    await codeOf(setLifecycle(Bucket, [rule, rule])),
    await codeOf(setLifecycle(Bucket, [{ ID: "r", Status: "Enabled", Filter: { Prefix: "" } }])),
    await codeOf(setLifecycle(Bucket, [rule])),
  ]).toEqual(["NoSuchLifecycleConfiguration", "InvalidArgument", "InvalidArgument", "MalformedXML", "none"]);
  expect((await read()).Rules).toEqual([rule]);
  await client.send(new DeleteBucketLifecycleCommand({ Bucket }));
  expect(await codeOf(read())).toBe("NoSuchLifecycleConfiguration");
});

test("policy and tags of a bucket are kept as they were put", async () => {
  await makeBucket("settings", "");
  const Bucket = "settings";
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [] });
  const TagSet = [{ Key: "tenant", Value: "acme & sons" }];
  expect([
    await codeOf(client.send(new GetBucketPolicyCommand({ Bucket }))),
    await codeOf(client.send(new GetBucketTaggingCommand({ Bucket }))),
    await codeOf(client.send(new PutBucketPolicyCommand({ Bucket, Policy: "no json" }))),
  ]).toEqual(["NoSuchBucketPolicy", "NoSuchTagSet", "MalformedPolicy"]);
  await Promise.all([
    client.send(new PutBucketPolicyCommand({ Bucket, Policy })),
    client.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } })),
  ]);
  expect((await client.send(new GetBucketPolicyCommand({ Bucket }))).Policy).toBe(Policy);
  expect((await client.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual(TagSet);
});
