import { headerOf, type S3Call } from "./call.ts";
import { S3Error } from "./errors.ts";
import type { BucketSettings, ObjectAttributes, Retention, Tags } from "./model.ts";
import { childOf, childrenOf, parseXml, textOf, type XmlElement } from "./xml.ts";

const KEPT_HEADERS = [
  "content-type",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "expires",
  "x-amz-website-redirect-location",
  "x-amz-server-side-encryption",
  "x-amz-server-side-encryption-aws-kms-key-id",
] as const;
const MAX_METADATA_BYTES = 2048;
const MAX_TAGS = 10;
const META = "x-amz-meta-";

/** Reads what a PUT, a copy or a new upload says of its object. The bucket's default retention fills the gap. */
export function attributesOf(call: S3Call, bucket: BucketSettings): ObjectAttributes {
  if (headerOf(call, "x-amz-server-side-encryption-customer-algorithm") !== undefined)
    throw new S3Error("NotImplemented", "Keys of the customer's own (SSE-C) are not implemented here.");
  const headers: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = headerOf(call, name);
    if (value !== undefined) headers[name] = value;
  }
  const encoding = (headers["content-encoding"] ?? "").split(",").map((one) => one.trim());
  const kept = encoding.filter((one) => one !== "" && one !== "aws-chunked").join(",");
  if (kept) headers["content-encoding"] = kept;
  else delete headers["content-encoding"];
  headers["content-type"] ??= "binary/octet-stream";
  headers["x-amz-server-side-encryption"] ??= "AES256";

  return {
    headers,
    metadata: metadataOf(call),
    tags: tagsOfHeader(headerOf(call, "x-amz-tagging")),
    storageClass: headerOf(call, "x-amz-storage-class") ?? "STANDARD",
    ...locksOf(call, bucket),
  };
}

function metadataOf(call: S3Call): Record<string, string> {
  const metadata: Record<string, string> = {};
  let bytes = 0;
  const raw = call.request.rawHeaders;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? "").toLowerCase();
    if (!name.startsWith(META)) continue;
    const key = name.slice(META.length);
    const value = raw[index + 1] ?? "";
    bytes += key.length + value.length;
    // Own fields only: a name such as "__proto__" must stay a name.
    const known = Object.hasOwn(metadata, key) ? `${metadata[key]},` : "";
    Object.defineProperty(metadata, key, {
      value: known + value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  if (bytes > MAX_METADATA_BYTES)
    throw new S3Error("MetadataTooLarge", undefined, {
      fields: { Size: String(bytes), MaxSizeAllowed: String(MAX_METADATA_BYTES) },
    });
  return metadata;
}

function tagsOfHeader(header: string | undefined): Tags {
  if (header === undefined) return [];
  return checkedTags([...new URLSearchParams(header)]);
}

export function checkedTags(tags: Tags): Tags {
  if (tags.length > MAX_TAGS) throw new S3Error("InvalidTag", `Object tags cannot be greater than ${MAX_TAGS}`);
  if (new Set(tags.map(([key]) => key)).size < tags.length)
    throw new S3Error("InvalidTag", "Cannot provide multiple Tags with the same key");
  for (const [key, value] of tags) {
    if (key === "" || key.length > 128) throw new S3Error("InvalidTag", "The TagKey you have provided is invalid");
    if (value.length > 256) throw new S3Error("InvalidTag", "The TagValue you have provided is invalid");
  }
  return tags;
}

/** Tags of a `<Tagging>` document. */
export function tagsOfXml(tagging: XmlElement): Tags {
  return childrenOf(childOf(tagging, "TagSet"), "Tag").map((tag): [string, string] => [
    textOf(tag, "Key") ?? "",
    textOf(tag, "Value") ?? "",
  ]);
}

function locksOf(call: S3Call, bucket: BucketSettings): Pick<ObjectAttributes, "retention" | "legalHold"> {
  const mode = headerOf(call, "x-amz-object-lock-mode");
  const until = headerOf(call, "x-amz-object-lock-retain-until-date");
  const hold = headerOf(call, "x-amz-object-lock-legal-hold");
  if ((mode ?? until ?? hold) !== undefined && !bucket.objectLock)
    throw new S3Error("InvalidRequest", "Bucket is missing ObjectLockConfiguration");
  if ((mode === undefined) !== (until === undefined))
    throw new S3Error(
      "InvalidArgument",
      "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
    );
  const retention =
    mode !== undefined && until !== undefined
      ? checkedRetention(mode, until, call.now)
      : defaultRetention(bucket, call.now);
  return { ...(retention ? { retention } : {}), ...(hold === undefined ? {} : { legalHold: checkedHold(hold) }) };
}

export function checkedRetention(mode: string, until: string, now: Date): Retention {
  if (mode !== "GOVERNANCE" && mode !== "COMPLIANCE")
    throw new S3Error("InvalidArgument", "Unknown wormMode directive");
  const time = Date.parse(until);
  if (Number.isNaN(time))
    throw new S3Error("InvalidArgument", "The retain until date must be provided in ISO 8601 format");
  if (time <= now.getTime()) throw new S3Error("InvalidArgument", "The retain until date must be in the future!");
  return { mode, until: new Date(time).toISOString() };
}

export function checkedHold(status: string): boolean {
  if (status !== "ON" && status !== "OFF")
    throw new S3Error("InvalidArgument", "Legal Hold must be either of 'ON' or 'OFF'");
  return status === "ON";
}

/** The retention that a bucket gives every new object, by its ObjectLockConfiguration. */
function defaultRetention(bucket: BucketSettings, now: Date): Retention | undefined {
  const document = bucket.documents["object-lock"];
  const rule = childOf(childOf(document ? parseXml(document) : undefined, "Rule"), "DefaultRetention");
  const mode = textOf(rule, "Mode");
  if (mode !== "GOVERNANCE" && mode !== "COMPLIANCE") return undefined;
  const until = new Date(now);
  until.setUTCDate(until.getUTCDate() + Number(textOf(rule, "Days") ?? 0));
  until.setUTCFullYear(until.getUTCFullYear() + Number(textOf(rule, "Years") ?? 0));
  return { mode, until: until.toISOString() };
}
