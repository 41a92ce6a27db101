import { attributesOf } from "./attributes.ts";
import type { Bucket, NewVersion } from "./bucket.ts";
import { checksumHeaders, hasDigest, receiveFile } from "./body.ts";
import { headerOf, quoted, type Reply, type S3Call, xmlReply } from "./call.ts";
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, startChecksum } from "./checksums.ts";
import { assertWritable, failedCondition, readVerdict } from "./conditions.ts";
import { S3Error } from "./errors.ts";
import type { Checksums, ObjectVersion } from "./model.ts";
import { findVersion, readSegments, versionHeaders } from "./read-object.ts";
import { toXml } from "./xml.ts";

export async function putObject(call: S3Call): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  const attributes = attributesOf(call, bucket.settings);
  if ((attributes.retention || attributes.legalHold !== undefined) && !hasDigest(call))
    throw new S3Error(
      "InvalidRequest",
      "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
    );
  // Spares the client from sending what will be refused; the decision falls again when the bytes are here.
  assertWritable(call, bucket.current(call.key));
  const received = await receiveFile(call, bucket.files, algorithmOf(call, "x-amz-sdk-checksum-algorithm"));
  const version = await bucket.put(
    {
      ...attributes,
      key: call.key,
      deleteMarker: false,
      size: received.size,
      etag: received.etag,
      segments: [{ file: received.file, size: received.size }],
      checksums: received.checksums,
      checksumType: "FULL_OBJECT",
    },
    (current) => assertWritable(call, current),
  );
  return { status: 200, headers: writtenHeaders(bucket, version) };
}

/** What S3 tells of a version just written. */
export function writtenHeaders(bucket: Bucket, version: ObjectVersion): Record<string, string> {
  const hasChecksum = Object.keys(version.checksums).length > 0;
  return {
    etag: quoted(version.etag),
    ...checksumHeaders(version.checksums),
    ...(hasChecksum ? { "x-amz-checksum-type": version.checksumType } : {}),
    ...encryptionHeaders(version),
    ...versionHeaders(bucket, version.versionId),
  };
}

export function encryptionHeaders({ headers }: Pick<ObjectVersion, "headers">): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.startsWith("x-amz-server-side-encryption")),
  );
}

export function algorithmOf(call: S3Call, header: string): ChecksumAlgorithm | undefined {
  const name = headerOf(call, header)?.toUpperCase();
  if (name === undefined) return undefined;
  const known = CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === name);
  if (!known) throw new S3Error("InvalidRequest", `Checksum algorithm provided is unsupported: ${name}`);
  return known;
}

export interface CopySource {
  readonly bucket: Bucket;
  readonly version: ObjectVersion;
}

/** Finds what x-amz-copy-source names and checks the x-amz-copy-source-if-… headers. */
export async function copySourceOf(call: S3Call): Promise<CopySource> {
  const header = headerOf(call, "x-amz-copy-source") ?? "";
  const [path = "", query = ""] = header.split("?");
  let name: string;
  let key: string;
  try {
    const [first = "", ...rest] = decodeURIComponent(path).replace(/^\//, "").split("/");
    name = first;
    key = rest.join("/");
  } catch {
    throw new S3Error("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  }
  if (!name || !key)
    throw new S3Error("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  const bucket = await call.store.bucket(name);
  const version = findVersion(bucket, key, new URLSearchParams(query).get("versionId") ?? undefined);
  if (readVerdict(call, version, "x-amz-copy-source-") !== "ok") throw failedCondition("x-amz-copy-source-If-");
  return { bucket, version };
}

export async function copyObject(call: S3Call): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  const source = await copySourceOf(call);
  const from = source.version;
  const replaces = headerOf(call, "x-amz-metadata-directive") === "REPLACE";
  const asked = attributesOf(call, bucket.settings);
  const attributes = {
    ...asked,
    ...(replaces ? {} : { headers: from.headers, metadata: from.metadata }),
    ...(headerOf(call, "x-amz-tagging-directive") === "REPLACE" ? {} : { tags: from.tags }),
  };
  const current = source.bucket === bucket && from.key === call.key ? bucket.current(call.key) : undefined;
  if (current?.versionId === from.versionId && !replaces && asked.storageClass === from.storageClass)
    throw new S3Error(
      "InvalidRequest",
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );

  const held = from.segments.map((segment) => segment.file);
  source.bucket.files.hold(held);
  try {
    const segments = [];
    for (const { file, size } of from.segments)
      segments.push({ file: await bucket.files.duplicate(source.bucket.files, file), size });
    const algorithm = algorithmOf(call, "x-amz-checksum-algorithm");
    const copy: NewVersion = {
      ...attributes,
      key: call.key,
      deleteMarker: false,
      size: from.size,
      etag: from.etag,
      segments,
      ...(algorithm && !from.checksums[algorithm]
        ? { checksums: await checksumOf(source, algorithm), checksumType: "FULL_OBJECT" as const }
        : { checksums: from.checksums, checksumType: from.checksumType }),
      ...(from.parts ? { parts: from.parts } : {}),
    };
    const version = await bucket.put(copy, (current) => assertWritable(call, current));
    const checksums = Object.entries(version.checksums).map(([name, value]) => [`Checksum${name}`, value]);
    return xmlReply(
      toXml("CopyObjectResult", {
        LastModified: version.modifiedAt,
        ETag: quoted(version.etag),
        ...Object.fromEntries(checksums),
        ChecksumType: checksums.length > 0 ? version.checksumType : undefined,
      }),
      200,
      {
        ...encryptionHeaders(version),
        ...versionHeaders(bucket, version.versionId),
        ...(source.bucket.settings.versioning === "" ? {} : { "x-amz-copy-source-version-id": from.versionId }),
      },
    );
  } finally {
    source.bucket.files.release(held);
  }
}

async function checksumOf({ bucket, version }: CopySource, algorithm: ChecksumAlgorithm): Promise<Checksums> {
  const checksum = startChecksum(algorithm);
  for await (const chunk of readSegments(bucket.files, version.segments, 0, version.size)) checksum.update(chunk);
  return { [algorithm]: checksum.digest().toString("base64") };
}
