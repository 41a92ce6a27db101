import { type Bucket, NULL_VERSION } from "./bucket.ts";
import { checksumHeaders } from "./body.ts";
import { headerOf, httpDate, numberOf, quoted, type Reply, type S3Call, xmlReply } from "./call.ts";
import { readVerdict } from "./conditions.ts";
import type { DataFiles } from "./data-files.ts";
import { S3Error } from "./errors.ts";
import { expirationHeader } from "./lifecycle.ts";
import type { ObjectVersion, Segment } from "./model.ts";
import { toXml } from "./xml.ts";

/** How much is read from the disk at a time. */
const READ_BYTES = 256 * 1024;

/** The version that a request means: its `versionId`, or the current one. Throws NoSuchKey, NoSuchVersion. */
export function findVersion(
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
): ObjectVersion & { readonly deleteMarker: false } {
  const version =
    versionId === undefined ? bucket.current(key) : bucket.versionsOf(key).find((one) => one.versionId === versionId);
  if (!version && versionId !== undefined)
    throw new S3Error("NoSuchVersion", undefined, { fields: { Key: key, VersionId: versionId } });
  if (!version) throw new S3Error("NoSuchKey", undefined, { fields: { Key: key } });
  if (!version.deleteMarker) return { ...version, deleteMarker: false };
  const headers = { "x-amz-delete-marker": "true", "x-amz-version-id": version.versionId };
  if (versionId === undefined) throw new S3Error("NoSuchKey", undefined, { fields: { Key: key }, headers });
  throw new S3Error("MethodNotAllowed", undefined, {
    fields: { Method: "GET", ResourceType: "DeleteMarker" },
    headers: { ...headers, allow: "DELETE", "last-modified": httpDate(version.modifiedAt) },
  });
}

/** The header that names the version, where the bucket has or had versions. */
export function versionHeaders(bucket: Bucket, versionId: string): Record<string, string> {
  return bucket.settings.versioning === "" && versionId === NULL_VERSION ? {} : { "x-amz-version-id": versionId };
}

export async function getObject(call: S3Call): Promise<Reply> {
  return readObject(call, true);
}

export async function headObject(call: S3Call): Promise<Reply> {
  return readObject(call, false);
}

async function readObject(call: S3Call, withBody: boolean): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  const version = findVersion(bucket, call.key, call.query.get("versionId"));
  const headers = objectHeaders(call, bucket, version);

  const verdict = readVerdict(call, version);
  if (verdict === "failed") throw new S3Error("PreconditionFailed");
  if (verdict === "not-modified") {
    const { "content-type": _, ...kept } = headers;
    return { status: 304, headers: kept };
  }

  const range = rangeOf(call, version);
  if (range) {
    headers["content-range"] = `bytes ${range.from}-${range.to - 1}/${version.size}`;
    headers["content-length"] = String(range.to - range.from);
  } else {
    headers["content-length"] = String(version.size);
    if (headerOf(call, "x-amz-checksum-mode")?.toUpperCase() === "ENABLED")
      Object.assign(headers, checksumHeaders(version.checksums), {
        "x-amz-checksum-type": version.checksumType,
      });
  }
  const status = range ? 206 : 200;
  if (!withBody) return { status, headers };

  const files = version.segments.map((segment) => segment.file);
  const { from, to } = range ?? { from: 0, to: version.size };
  bucket.files.hold(files);
  return {
    status,
    headers,
    stream: {
      size: to - from,
      chunks: readSegments(bucket.files, version.segments, from, to),
      end: () => bucket.files.release(files),
    },
  };
}

/** Response headers that a reader may ask for with `response-…` parameters. */
const OVERRIDES = [
  "content-type",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "expires",
] as const;

function objectHeaders(call: S3Call, bucket: Bucket, version: ObjectVersion): Record<string, string> {
  const headers: Record<string, string> = {
    ...version.headers,
    etag: quoted(version.etag),
    "last-modified": httpDate(version.modifiedAt),
    "accept-ranges": "bytes",
    ...versionHeaders(bucket, version.versionId),
    ...expirationHeader(bucket.settings.documents["lifecycle"], version),
  };
  for (const [name, value] of Object.entries(version.metadata)) headers[`x-amz-meta-${name}`] = value;
  for (const name of OVERRIDES) {
    const value = call.query.get(`response-${name}`);
    if (value !== undefined) headers[name] = value;
  }
  if (version.storageClass !== "STANDARD") headers["x-amz-storage-class"] = version.storageClass;
  if (version.tags.length > 0) headers["x-amz-tagging-count"] = String(version.tags.length);
  if (version.retention) {
    headers["x-amz-object-lock-mode"] = version.retention.mode;
    headers["x-amz-object-lock-retain-until-date"] = version.retention.until;
  }
  if (version.legalHold !== undefined) headers["x-amz-object-lock-legal-hold"] = version.legalHold ? "ON" : "OFF";
  if (version.parts && call.query.has("partNumber")) headers["x-amz-mp-parts-count"] = String(version.parts.length);
  return headers;
}

interface Range {
  readonly from: number;
  /** Behind the last byte. */
  readonly to: number;
}

function rangeOf(call: S3Call, version: ObjectVersion): Range | undefined {
  const header = headerOf(call, "range");
  if (call.query.has("partNumber")) {
    if (header !== undefined)
      throw new S3Error("InvalidRequest", "Cannot specify both Range header and partNumber query parameter");
    return rangeOfPart(numberOf(call, "partNumber", 1, 1), version);
  }
  const ifRange = headerOf(call, "if-range");
  if (header === undefined || (ifRange !== undefined && ifRange !== quoted(version.etag))) return undefined;
  return parseRange(header, version.size);
}

function rangeOfPart(number: number, version: ObjectVersion): Range | undefined {
  const parts = version.parts ?? [{ number: 1, size: version.size }];
  const index = parts.findIndex((part) => part.number === number);
  if (index < 0) throw new S3Error("InvalidPartNumber");
  const from = parts.slice(0, index).reduce((sum, part) => sum + part.size, 0);
  const to = from + (parts[index]?.size ?? 0);
  return to > from ? { from, to } : undefined;
}

/** One range of bytes; what cannot be read as one is ignored, as HTTP wants. Throws InvalidRange behind the end. */
export function parseRange(header: string, size: number): Range | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim());
  const [, first = "", last = ""] = match ?? [];
  if (first === "" && last === "") return undefined;
  if (first !== "" && last !== "" && Number(first) > Number(last)) return undefined;
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (from >= size || (first === "" && Number(last) === 0))
    throw new S3Error("InvalidRange", undefined, {
      fields: { RangeRequested: header, ActualObjectSize: String(size) },
      headers: { "content-range": `bytes */${size}` },
    });
  return { from, to };
}

/** The bytes `from` up to `to` of an object, read as the receiver takes them. */
export async function* readSegments(
  files: DataFiles,
  segments: readonly Segment[],
  from: number,
  to: number,
): AsyncGenerator<Buffer> {
  let start = 0;
  for (const { file, size } of segments) {
    const first = Math.max(from - start, 0);
    const end = Math.min(to - start, size);
    start += size;
    if (first >= end) continue;
    const handle = await files.openForReading(file);
    try {
      for (let position = first; position < end; ) {
        const chunk = Buffer.allocUnsafe(Math.min(READ_BYTES, end - position));
        const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
        if (bytesRead === 0)
          throw new S3Error("InternalError", "An object's data file is shorter than its record says.");
        position += bytesRead;
        yield chunk.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  }
}

export async function getObjectAttributes(call: S3Call): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  const version = findVersion(bucket, call.key, call.query.get("versionId"));
  const wanted = new Set((headerOf(call, "x-amz-object-attributes") ?? "").split(",").map((one) => one.trim()));
  const checksums = Object.entries(version.checksums).map(([name, value]) => [`Checksum${name}`, value]);
  const body = toXml("GetObjectAttributesResponse", {
    ETag: wanted.has("ETag") ? version.etag : undefined,
    Checksum:
      wanted.has("Checksum") && checksums.length > 0
        ? { ...Object.fromEntries(checksums), ChecksumType: version.checksumType }
        : undefined,
    ObjectParts: wanted.has("ObjectParts") && version.parts ? { PartsCount: version.parts.length } : undefined,
    StorageClass: wanted.has("StorageClass") ? version.storageClass : undefined,
    ObjectSize: wanted.has("ObjectSize") ? version.size : undefined,
  });
  return xmlReply(body, 200, {
    "last-modified": httpDate(version.modifiedAt),
    ...versionHeaders(bucket, version.versionId),
  });
}
