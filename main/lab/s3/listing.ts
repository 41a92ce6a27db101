import type { Bucket } from "./bucket.ts";
import { numberOf, quoted, type Reply, type S3Call, xmlReply } from "./call.ts";
import { S3Error } from "./errors.ts";
import type { ObjectVersion } from "./model.ts";
import { toXml, type XmlFields } from "./xml.ts";

/** One account owns everything here. */
export const OWNER: XmlFields = {
  ID: "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a",
  DisplayName: "lab",
};

const MAX_KEYS = 1000;

/** Keys, prefixes and markers in the encoding that `encoding-type=url` asks for. */
export function encodeWhenAsked(call: S3Call, text: string): string {
  const type = call.query.get("encoding-type");
  if (type !== undefined && type !== "url")
    throw new S3Error("InvalidArgument", "Invalid Encoding Method specified in Request", {
      fields: { ArgumentName: "encoding-type", ArgumentValue: type },
    });
  if (type === undefined) return text;
  return encodeURIComponent(text)
    .replaceAll("%2F", "/")
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

interface Page {
  readonly items: readonly (readonly [key: string, version: ObjectVersion])[];
  readonly prefixes: readonly string[];
  readonly truncated: boolean;
  /** The last key or common prefix of the page. */
  readonly last: string;
}

/** Where a listing goes on: behind a key, or behind all keys of a common prefix. */
type Start = { readonly afterKey: string } | { readonly behindPrefix: string };

/** One page of current objects. Common prefixes are jumped over, so a page costs what it shows. */
function listPage(bucket: Bucket, prefix: string, delimiter: string, start: Start, limit: number): Page {
  const { keys } = bucket;
  const items: (readonly [string, ObjectVersion])[] = [];
  const prefixes: string[] = [];
  let last = "";
  const from = "afterKey" in start ? keys.firstAfter(start.afterKey) : keys.firstBehindPrefix(start.behindPrefix);
  let index = Math.max(from, keys.firstFrom(prefix));
  while (index < keys.length) {
    const key = keys.at(index) ?? "";
    if (!key.startsWith(prefix)) break;
    const version = bucket.current(key);
    if (!version || version.deleteMarker) {
      index += 1;
      continue;
    }
    if (items.length + prefixes.length >= limit) return { items, prefixes, truncated: limit > 0, last };
    const common = commonPrefix(key, prefix, delimiter);
    if (common === undefined) {
      items.push([key, version]);
      last = key;
      index += 1;
    } else {
      prefixes.push(common);
      last = common;
      index = keys.firstBehindPrefix(common);
    }
  }
  return { items, prefixes, truncated: false, last };
}

function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}

function content(call: S3Call, [key, version]: readonly [string, ObjectVersion], withOwner: boolean): XmlFields {
  const algorithms = Object.keys(version.checksums);
  return {
    Key: encodeWhenAsked(call, key),
    LastModified: version.modifiedAt,
    ETag: quoted(version.etag),
    ChecksumAlgorithm: algorithms,
    ChecksumType: algorithms.length > 0 ? version.checksumType : undefined,
    Size: version.size,
    Owner: withOwner ? OWNER : undefined,
    StorageClass: version.storageClass,
  };
}

export async function listObjectsV2(call: S3Call): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  const prefix = call.query.get("prefix") ?? "";
  const delimiter = call.query.get("delimiter") ?? "";
  const startAfter = call.query.get("start-after") ?? "";
  const token = call.query.get("continuation-token");
  const limit = Math.min(numberOf(call, "max-keys", MAX_KEYS), MAX_KEYS);
  const start = token === undefined ? { afterKey: startAfter } : readToken(token);
  const page = listPage(bucket, prefix, delimiter, start, limit);
  const withOwner = call.query.get("fetch-owner") === "true";
  return xmlReply(
    toXml("ListBucketResult", {
      Name: call.bucket,
      Prefix: encodeWhenAsked(call, prefix),
      Delimiter: delimiter === "" ? undefined : encodeWhenAsked(call, delimiter),
      StartAfter: startAfter === "" ? undefined : encodeWhenAsked(call, startAfter),
      ContinuationToken: token,
      NextContinuationToken: page.truncated ? writeToken(page) : undefined,
      KeyCount: page.items.length + page.prefixes.length,
      MaxKeys: limit,
      EncodingType: call.query.get("encoding-type"),
      IsTruncated: page.truncated,
      Contents: page.items.map((item) => content(call, item, withOwner)),
      CommonPrefixes: page.prefixes.map((one) => ({ Prefix: encodeWhenAsked(call, one) })),
    }),
  );
}

/** Opaque for clients: the last entry of the page before, and whether it was a common prefix. */
function writeToken({ last, prefixes }: Page): string {
  return Buffer.from(`${prefixes[prefixes.length - 1] === last ? "p" : "k"}${last}`).toString("base64url");
}

function readToken(token: string): Start {
  const text = Buffer.from(token, "base64url").toString("utf8");
  if (text.startsWith("k")) return { afterKey: text.slice(1) };
  if (text.startsWith("p")) return { behindPrefix: text.slice(1) };
  throw new S3Error("InvalidArgument", "The continuation token provided is incorrect", {
    fields: { ArgumentName: "continuation-token" },
  });
}

export async function listObjectsV1(call: S3Call): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  const prefix = call.query.get("prefix") ?? "";
  const delimiter = call.query.get("delimiter") ?? "";
  const marker = call.query.get("marker") ?? "";
  const limit = Math.min(numberOf(call, "max-keys", MAX_KEYS), MAX_KEYS);
  // A marker that is a common prefix of the page before stands for all keys below it.
  const isPrefix = delimiter !== "" && marker.startsWith(prefix) && commonPrefix(marker, prefix, delimiter) === marker;
  const page = listPage(bucket, prefix, delimiter, isPrefix ? { behindPrefix: marker } : { afterKey: marker }, limit);
  return xmlReply(
    toXml("ListBucketResult", {
      Name: call.bucket,
      Prefix: encodeWhenAsked(call, prefix),
      Marker: encodeWhenAsked(call, marker),
      NextMarker: page.truncated && delimiter !== "" ? encodeWhenAsked(call, page.last) : undefined,
      Delimiter: delimiter === "" ? undefined : encodeWhenAsked(call, delimiter),
      MaxKeys: limit,
      EncodingType: call.query.get("encoding-type"),
      IsTruncated: page.truncated,
      Contents: page.items.map((item) => content(call, item, true)),
      CommonPrefixes: page.prefixes.map((one) => ({ Prefix: encodeWhenAsked(call, one) })),
    }),
  );
}

/** Folds sorted entries with keys into items and common prefixes, up to `limit` of both. */
export function foldByDelimiter<Item extends { readonly key: string }>(
  sorted: Iterable<Item>,
  prefix: string,
  delimiter: string,
  limit: number,
): { items: Item[]; prefixes: string[]; truncated: boolean; last: Item | undefined } {
  const items: Item[] = [];
  const prefixes: string[] = [];
  let last: Item | undefined;
  for (const item of sorted) {
    const common = commonPrefix(item.key, prefix, delimiter);
    if (common !== undefined && prefixes[prefixes.length - 1] === common) {
      last = item;
      continue;
    }
    if (items.length + prefixes.length >= limit) return { items, prefixes, truncated: limit > 0, last };
    if (common === undefined) items.push(item);
    else prefixes.push(common);
    last = item;
  }
  return { items, prefixes, truncated: false, last };
}

export async function listObjectVersions(call: S3Call): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  const prefix = call.query.get("prefix") ?? "";
  const delimiter = call.query.get("delimiter") ?? "";
  const keyMarker = call.query.get("key-marker") ?? "";
  const versionMarker = call.query.get("version-id-marker");
  const limit = Math.min(numberOf(call, "max-keys", MAX_KEYS), MAX_KEYS);
  const versions = versionsFrom(bucket, prefix, keyMarker, versionMarker);
  const { items, prefixes, truncated, last } = foldByDelimiter(versions, prefix, delimiter, limit);
  const describe = (version: ObjectVersion): XmlFields => ({
    Key: encodeWhenAsked(call, version.key),
    VersionId: version.versionId,
    IsLatest: bucket.current(version.key)?.versionId === version.versionId,
    LastModified: version.modifiedAt,
    ...(version.deleteMarker
      ? { Owner: OWNER }
      : {
          ETag: quoted(version.etag),
          ChecksumAlgorithm: Object.keys(version.checksums),
          Size: version.size,
          StorageClass: version.storageClass,
          Owner: OWNER,
        }),
  });
  return xmlReply(
    toXml("ListVersionsResult", {
      Name: call.bucket,
      Prefix: encodeWhenAsked(call, prefix),
      Delimiter: delimiter === "" ? undefined : encodeWhenAsked(call, delimiter),
      KeyMarker: encodeWhenAsked(call, keyMarker),
      VersionIdMarker: versionMarker ?? "",
      NextKeyMarker: truncated ? encodeWhenAsked(call, last?.key ?? "") : undefined,
      NextVersionIdMarker: truncated ? last?.versionId : undefined,
      MaxKeys: limit,
      EncodingType: call.query.get("encoding-type"),
      IsTruncated: truncated,
      // Versions and delete markers stay in one order.
      "": items.map((version) => ({ [version.deleteMarker ? "DeleteMarker" : "Version"]: describe(version) })),
      CommonPrefixes: prefixes.map((one) => ({ Prefix: encodeWhenAsked(call, one) })),
    }),
  );
}

function* versionsFrom(
  bucket: Bucket,
  prefix: string,
  keyMarker: string,
  versionMarker: string | undefined,
): Generator<ObjectVersion> {
  const { keys } = bucket;
  const from = versionMarker ? keys.firstFrom(keyMarker) : keys.firstAfter(keyMarker);
  for (let index = Math.max(from, keys.firstFrom(prefix)); index < keys.length; index++) {
    const key = keys.at(index) ?? "";
    if (!key.startsWith(prefix)) return;
    const versions = bucket.versionsOf(key);
    const marked = key === keyMarker ? versions.findIndex((one) => one.versionId === versionMarker) : -1;
    yield* versions.slice(marked + 1);
  }
}
