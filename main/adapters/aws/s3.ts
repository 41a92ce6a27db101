import type { S3Client } from "@aws-sdk/client-s3";
import { AppError } from "../../../shared/errors.ts";
import type { AwsAccess } from "./access.ts";
import { asAppError, awsCode } from "./errors.ts";

type Sdk = typeof import("@aws-sdk/client-s3");

/** A bucket of ours; every call names its owner, so that one of the same name in another account is refused. */
export interface Bucket {
  readonly name: string;
  readonly owner: string;
}

/** Below this prefix objects end by themselves. */
export const EXPORTS = "exports/";
const ABANDONED_UPLOAD_DAYS = 7;

async function call<T>(aws: AwsAccess, operation: string, work: (s3: S3Client, sdk: Sdk) => Promise<T>): Promise<T> {
  try {
    return await work(await aws.s3(), await import("@aws-sdk/client-s3"));
  } catch (error) {
    throw asAppError(error, operation, aws.region);
  }
}

const isAbsent = (error: unknown) =>
  /^(?:NotFound|NoSuchKey|NoSuchBucket|NoSuchVersion|NoSuchUpload)$/.test(awsCode(error));

/**
 * Finds the bucket or makes it, and sets it up: versions kept, nothing public, encrypted, exports ended by AWS itself
 * after `exportDays`. Safe to repeat. Throws Conflict when the name belongs to another account.
 */
export function findOrCreateBucket(aws: AwsAccess, bucket: Bucket, exportDays: number): Promise<void> {
  return call(aws, "CreateBucket", async (s3, sdk) => {
    const ours = { Bucket: bucket.name, ExpectedBucketOwner: bucket.owner };
    const exists = await s3.send(new sdk.HeadBucketCommand(ours)).then(
      () => true,
      (error: unknown) => {
        if (isAbsent(error)) return false;
        throw error;
      },
    );
    if (!exists) {
      await s3
        .send(
          new sdk.CreateBucketCommand({
            Bucket: bucket.name,
            ...(aws.region === "us-east-1"
              ? {}
              : { CreateBucketConfiguration: { LocationConstraint: aws.region as never } }),
          }),
        )
        .catch((error: unknown) => {
          if (awsCode(error) === "BucketAlreadyOwnedByYou") return;
          if (awsCode(error) !== "BucketAlreadyExists") throw error;
          throw new AppError("Conflict", `The bucket ${bucket.name} belongs to another AWS account.`, {
            retryable: false,
            next: "Find out whose it is; nothing was written to it.",
          });
        });
    }
    await s3.send(new sdk.PutPublicAccessBlockCommand({ ...ours, PublicAccessBlockConfiguration: NOTHING_PUBLIC }));
    await s3.send(new sdk.PutBucketVersioningCommand({ ...ours, VersioningConfiguration: { Status: "Enabled" } }));
    await s3.send(
      new sdk.PutBucketEncryptionCommand({
        ...ours,
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
        },
      }),
    );
    await s3.send(
      new sdk.PutBucketLifecycleConfigurationCommand({
        ...ours,
        LifecycleConfiguration: {
          Rules: [
            {
              ID: "fleetwright-exports",
              Status: "Enabled",
              Filter: { Prefix: EXPORTS },
              Expiration: { Days: exportDays },
              NoncurrentVersionExpiration: { NoncurrentDays: 1 },
            },
            {
              ID: "fleetwright-abandoned-uploads",
              Status: "Enabled",
              Filter: { Prefix: "" },
              AbortIncompleteMultipartUpload: { DaysAfterInitiation: ABANDONED_UPLOAD_DAYS },
            },
          ],
        },
      }),
    );
  });
}

const NOTHING_PUBLIC = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

const object = (bucket: Bucket, key: string) => ({
  Bucket: bucket.name,
  ExpectedBucketOwner: bucket.owner,
  Key: key,
});

export function putObject(
  aws: AwsAccess,
  bucket: Bucket,
  key: string,
  body: Uint8Array,
  contentType: string,
): Promise<void> {
  return call(aws, "PutObject", async (s3, sdk) => {
    await s3.send(new sdk.PutObjectCommand({ ...object(bucket, key), Body: body, ContentType: contentType }));
  });
}

/** Whole content of a small object; undefined when there is none, or no bucket. */
export function getObject(aws: AwsAccess, bucket: Bucket, key: string): Promise<Uint8Array | undefined> {
  return call(aws, "GetObject", async (s3, sdk) => {
    try {
      const found = await s3.send(new sdk.GetObjectCommand(object(bucket, key)));
      return await found.Body!.transformToByteArray();
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  });
}

export interface ObjectHead {
  readonly bytes: number;
  readonly modifiedAt: Date | null;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** undefined when there is none, or no bucket. */
export function headObject(aws: AwsAccess, bucket: Bucket, key: string): Promise<ObjectHead | undefined> {
  return call(aws, "HeadObject", async (s3, sdk) => {
    try {
      const head = await s3.send(new sdk.HeadObjectCommand(object(bucket, key)));
      return {
        bytes: head.ContentLength ?? 0,
        modifiedAt: head.LastModified ?? null,
        etag: head.ETag ?? "",
        metadata: head.Metadata ?? {},
      };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  });
}

/** Keys below a prefix with their sizes; empty where there is no bucket. */
export function listObjects(
  aws: AwsAccess,
  bucket: Bucket,
  prefix: string,
): Promise<{ key: string; bytes: number; modifiedAt: Date | null }[]> {
  return call(aws, "ListObjectsV2", async (s3, sdk) => {
    const found: { key: string; bytes: number; modifiedAt: Date | null }[] = [];
    const place = { Bucket: bucket.name, ExpectedBucketOwner: bucket.owner, Prefix: prefix };
    try {
      for await (const page of sdk.paginateListObjectsV2({ client: s3 }, place))
        for (const one of page.Contents ?? [])
          found.push({ key: one.Key!, bytes: one.Size ?? 0, modifiedAt: one.LastModified ?? null });
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
    return found;
  });
}

/** Removes every version of an object, for good. */
export function removeObject(aws: AwsAccess, bucket: Bucket, key: string): Promise<void> {
  return call(aws, "DeleteObject", async (s3, sdk) => {
    const place = { Bucket: bucket.name, ExpectedBucketOwner: bucket.owner, Prefix: key };
    try {
      // What is below the key as a prefix comes first in order, so the first page without it is the last.
      for (;;) {
        const page = await s3.send(new sdk.ListObjectVersionsCommand(place));
        const own = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].filter((one) => one.Key === key);
        if (own.length === 0) return;
        for (const { VersionId } of own)
          await s3.send(new sdk.DeleteObjectCommand({ ...object(bucket, key), ...(VersionId && { VersionId }) }));
      }
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  });
}

/** The newest upload of this key that is under way, or a new one; `metadata` belongs to the object. */
export function findOrBeginUpload(
  aws: AwsAccess,
  bucket: Bucket,
  key: string,
  metadata: Readonly<Record<string, string>>,
): Promise<string> {
  return call(aws, "CreateMultipartUpload", async (s3, sdk) => {
    const existing = (await uploadsOf(s3, sdk, bucket, key)).at(-1);
    if (existing) return existing;
    const begun = await s3.send(
      new sdk.CreateMultipartUploadCommand({ ...object(bucket, key), Metadata: { ...metadata } }),
    );
    return begun.UploadId!;
  });
}

async function uploadsOf(s3: S3Client, sdk: Sdk, bucket: Bucket, key: string): Promise<string[]> {
  const place = { Bucket: bucket.name, ExpectedBucketOwner: bucket.owner };
  const found = await s3.send(new sdk.ListMultipartUploadsCommand({ ...place, Prefix: key }));
  return (found.Uploads ?? []).filter((one) => one.Key === key).map((one) => one.UploadId!);
}

/** Ends what a lost answer has begun twice. */
async function abortUploads(s3: S3Client, sdk: Sdk, bucket: Bucket, key: string): Promise<void> {
  for (const UploadId of await uploadsOf(s3, sdk, bucket, key)) {
    await s3.send(new sdk.AbortMultipartUploadCommand({ ...object(bucket, key), UploadId })).catch((error: unknown) => {
      if (!isAbsent(error)) throw error;
    });
  }
}

export interface UploadedPart {
  readonly number: number;
  readonly bytes: number;
  readonly md5: string;
}

/** Parts that arrived; none when the upload is over. */
export function partsOf(aws: AwsAccess, bucket: Bucket, key: string, uploadId: string): Promise<UploadedPart[]> {
  return call(aws, "ListParts", async (s3, sdk) => {
    const parts: UploadedPart[] = [];
    try {
      const place = { ...object(bucket, key), UploadId: uploadId };
      // The SDK's own paginator never ends: the last page has a marker too.
      for (let marker: string | undefined, isMore = true; isMore; ) {
        const page = await s3.send(
          new sdk.ListPartsCommand({ ...place, ...(marker === undefined ? {} : { PartNumberMarker: marker }) }),
        );
        for (const one of page.Parts ?? [])
          parts.push({ number: one.PartNumber!, bytes: one.Size ?? 0, md5: (one.ETag ?? "").replaceAll('"', "") });
        isMore = page.IsTruncated === true;
        marker = page.NextPartNumberMarker;
      }
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
    return parts;
  });
}

/** An address under which whoever has it may write this one part until it ends; never to be stored or logged. */
export function presignPart(
  aws: AwsAccess,
  bucket: Bucket,
  key: string,
  part: { readonly uploadId: string; readonly number: number; readonly seconds: number },
): Promise<string> {
  return call(aws, "UploadPart", async (s3, sdk) => {
    const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
    const command = new sdk.UploadPartCommand({
      Bucket: bucket.name,
      Key: key,
      UploadId: part.uploadId,
      PartNumber: part.number,
    });
    return getSignedUrl(s3, command, { expiresIn: part.seconds });
  });
}

/** An address under which whoever has it may read this object until it ends; never to be stored or logged. */
export function presignRead(aws: AwsAccess, bucket: Bucket, key: string, seconds: number): Promise<string> {
  return call(aws, "GetObject", async (s3, sdk) => {
    const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
    return getSignedUrl(s3, new sdk.GetObjectCommand({ Bucket: bucket.name, Key: key }), { expiresIn: seconds });
  });
}

export function putPart(
  aws: AwsAccess,
  bucket: Bucket,
  key: string,
  part: { readonly uploadId: string; readonly number: number; readonly body: Uint8Array },
): Promise<void> {
  return call(aws, "UploadPart", async (s3, sdk) => {
    await s3.send(
      new sdk.UploadPartCommand({
        ...object(bucket, key),
        UploadId: part.uploadId,
        PartNumber: part.number,
        Body: part.body,
      }),
    );
  });
}

/**
 * Puts the parts together once each is, by its MD5, what was sent. Safe to repeat. Throws Conflict when a part is missing
 * or another, or the whole has not `bytes` bytes.
 */
export function finishUpload(
  aws: AwsAccess,
  bucket: Bucket,
  key: string,
  whole: { readonly uploadId: string; readonly md5s: readonly string[]; readonly bytes: number },
): Promise<void> {
  return call(aws, "CompleteMultipartUpload", async (s3, sdk) => {
    const parts = await partsOf(aws, bucket, key, whole.uploadId);
    if (parts.length === 0 && (await headObject(aws, bucket, key))?.bytes === whole.bytes)
      return abortUploads(s3, sdk, bucket, key);
    if (parts.length === 0) throw uploadGone(key);
    const wrong = whole.md5s.findIndex((md5, index) => parts.find((one) => one.number === index + 1)?.md5 !== md5);
    const bytes = parts.reduce((sum, one) => sum + one.bytes, 0);
    if (wrong >= 0 || bytes !== whole.bytes) {
      throw new AppError("Conflict", `Part ${wrong + 1} of ${key} did not arrive as it was sent.`, {
        retryable: false,
        next: "Nothing was kept of it. Order it anew.",
      });
    }
    await s3
      .send(
        new sdk.CompleteMultipartUploadCommand({
          ...object(bucket, key),
          UploadId: whole.uploadId,
          MultipartUpload: { Parts: parts.map((one) => ({ PartNumber: one.number, ETag: `"${one.md5}"` })) },
        }),
      )
      .catch(async (error: unknown) => {
        // The answer to an earlier sending of this very call was lost.
        if (!isAbsent(error) || (await headObject(aws, bucket, key))?.bytes !== whole.bytes) throw error;
      });
    await abortUploads(s3, sdk, bucket, key);
  });
}

/** Bytes `from` to `to`, both included. */
export function readRange(aws: AwsAccess, bucket: Bucket, key: string, from: number, to: number): Promise<Uint8Array> {
  return call(aws, "GetObject", async (s3, sdk) => {
    const found = await s3.send(new sdk.GetObjectCommand({ ...object(bucket, key), Range: `bytes=${from}-${to}` }));
    return found.Body!.transformToByteArray();
  });
}

function uploadGone(key: string): AppError {
  return new AppError("Conflict", `The upload of ${key} is over, and nothing came of it.`, {
    retryable: false,
    next: "Nothing was kept of it. Order it anew.",
  });
}
