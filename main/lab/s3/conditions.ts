import { headerOf, type S3Call } from "./call.ts";
import { S3Error } from "./errors.ts";
import type { ObjectVersion } from "./model.ts";

/** Says whether an object meets the If-… headers of a read; "not-modified" asks for a 304 without body. */
export function readVerdict(
  call: S3Call,
  version: Pick<ObjectVersion, "etag" | "modifiedAt">,
  prefix = "",
): "ok" | "not-modified" | "failed" {
  const modified = Date.parse(version.modifiedAt);
  const match = headerOf(call, `${prefix}if-match`);
  const noneMatch = headerOf(call, `${prefix}if-none-match`);
  const unmodifiedSince = timeOf(headerOf(call, `${prefix}if-unmodified-since`));
  const modifiedSince = timeOf(headerOf(call, `${prefix}if-modified-since`));

  // An entity tag that matches outweighs a date, in both directions (RFC 9110, 13.2.2).
  if (match !== undefined) {
    if (!names(match, version.etag)) return "failed";
  } else if (unmodifiedSince !== undefined && modified > unmodifiedSince) return "failed";
  if (noneMatch !== undefined) return names(noneMatch, version.etag) ? "not-modified" : "ok";
  return modifiedSince !== undefined && modified <= modifiedSince ? "not-modified" : "ok";
}

/** Refuses a write whose If-Match or If-None-Match the key's current object does not meet. */
export function assertWritable(call: S3Call, current: ObjectVersion | undefined): void {
  const match = headerOf(call, "if-match");
  const noneMatch = headerOf(call, "if-none-match");
  const existing = current && !current.deleteMarker ? current : undefined;
  if (noneMatch !== undefined && noneMatch.trim() !== "*")
    throw new S3Error("NotImplemented", undefined, { fields: { Header: "If-None-Match" } });
  if (noneMatch !== undefined && existing) throw failedCondition("If-None-Match");
  if (match === undefined) return;
  if (!existing) throw new S3Error("NoSuchKey", undefined, { fields: { Key: call.key } });
  if (!names(match, existing.etag)) throw failedCondition("If-Match");
}

export function failedCondition(condition: string): S3Error {
  return new S3Error("PreconditionFailed", undefined, { fields: { Condition: condition } });
}

function names(header: string, etag: string): boolean {
  return header
    .split(",")
    .map((one) => one.trim().replace(/^W\//, "").replace(/^"|"$/g, ""))
    .some((one) => one === "*" || one === etag);
}

function timeOf(header: string | undefined): number | undefined {
  const time = header === undefined ? Number.NaN : Date.parse(header);
  return Number.isNaN(time) ? undefined : time;
}
