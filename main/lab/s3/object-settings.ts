import { checkedHold, checkedRetention, checkedTags, tagsOfXml } from "./attributes.ts";
import { receiveText, receiveXml } from "./body.ts";
import { headerOf, type Reply, type S3Call, xmlReply } from "./call.ts";
import { S3Error } from "./errors.ts";
import { aclXml } from "./bucket-settings.ts";
import type { Bucket } from "./bucket.ts";
import type { ObjectVersion } from "./model.ts";
import { findVersion, versionHeaders } from "./read-object.ts";
import { textOf, toXml } from "./xml.ts";

interface Target {
  readonly bucket: Bucket;
  readonly version: ObjectVersion;
  readonly headers: Record<string, string>;
}

async function targetOf(call: S3Call): Promise<Target> {
  const bucket = await call.store.bucket(call.bucket);
  const version = findVersion(bucket, call.key, call.query.get("versionId"));
  return { bucket, version, headers: versionHeaders(bucket, version.versionId) };
}

export async function getObjectTagging(call: S3Call): Promise<Reply> {
  const { version, headers } = await targetOf(call);
  const tags = version.tags.map(([Key, Value]) => ({ Key, Value }));
  return xmlReply(toXml("Tagging", { TagSet: { Tag: tags } }), 200, headers);
}

export async function putObjectTagging(call: S3Call): Promise<Reply> {
  const { bucket, version, headers } = await targetOf(call);
  const tags = checkedTags(tagsOfXml((await receiveXml(call, "Tagging")).element));
  await bucket.amend(version.key, version.versionId, () => ({ tags }));
  return { status: 200, headers };
}

export async function deleteObjectTagging(call: S3Call): Promise<Reply> {
  const { bucket, version, headers } = await targetOf(call);
  await bucket.amend(version.key, version.versionId, () => ({ tags: [] }));
  return { status: 204, headers };
}

/** One owner with full control: other grants are accepted and not kept. */
export async function getObjectAcl(call: S3Call): Promise<Reply> {
  const { headers } = await targetOf(call);
  return xmlReply(aclXml(), 200, headers);
}

export async function putObjectAcl(call: S3Call): Promise<Reply> {
  const { headers } = await targetOf(call);
  await receiveText(call);
  return { status: 200, headers };
}

async function lockTargetOf(call: S3Call): Promise<Target> {
  const target = await targetOf(call);
  if (!target.bucket.settings.objectLock)
    throw new S3Error("InvalidRequest", "Bucket is missing Object Lock Configuration");
  return target;
}

export async function getObjectRetention(call: S3Call): Promise<Reply> {
  const { version, headers } = await lockTargetOf(call);
  if (!version.retention) throw new S3Error("NoSuchObjectLockConfiguration");
  const { mode, until } = version.retention;
  return xmlReply(toXml("Retention", { Mode: mode, RetainUntilDate: until }), 200, headers);
}

export async function putObjectRetention(call: S3Call): Promise<Reply> {
  const { bucket, version, headers } = await lockTargetOf(call);
  const { element } = await receiveXml(call, "Retention");
  const mode = textOf(element, "Mode");
  const until = textOf(element, "RetainUntilDate");
  if ((mode === undefined) !== (until === undefined)) throw new S3Error("MalformedXML");
  const retention = mode === undefined || until === undefined ? null : checkedRetention(mode, until, call.now);
  const bypass = headerOf(call, "x-amz-bypass-governance-retention")?.toLowerCase() === "true";

  await bucket.amend(version.key, version.versionId, ({ retention: current }) => {
    const stands = current && Date.parse(current.until) > call.now.getTime();
    const weakens =
      !retention ||
      (current && (Date.parse(retention.until) < Date.parse(current.until) || retention.mode !== current.mode));
    const strengthens = current?.mode === "GOVERNANCE" && retention?.mode === "COMPLIANCE";
    if (stands && weakens && !(strengthens && Date.parse(retention.until) >= Date.parse(current.until))) {
      if (current.mode === "COMPLIANCE" || !bypass)
        throw new S3Error("AccessDenied", "Access Denied because object protected by object lock.");
    }
    return { retention };
  });
  return { status: 200, headers };
}

export async function getObjectLegalHold(call: S3Call): Promise<Reply> {
  const { version, headers } = await lockTargetOf(call);
  if (version.legalHold === undefined) throw new S3Error("NoSuchObjectLockConfiguration");
  return xmlReply(toXml("LegalHold", { Status: version.legalHold ? "ON" : "OFF" }), 200, headers);
}

export async function putObjectLegalHold(call: S3Call): Promise<Reply> {
  const { bucket, version, headers } = await lockTargetOf(call);
  const legalHold = checkedHold(textOf((await receiveXml(call, "LegalHold")).element, "Status") ?? "");
  await bucket.amend(version.key, version.versionId, () => ({ legalHold }));
  return { status: 200, headers };
}
