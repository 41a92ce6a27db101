import { hasDigest, receiveXml } from "./body.ts";
import type { Bucket } from "./bucket.ts";
import { headerOf, type Reply, type S3Call, xmlReply } from "./call.ts";
import { assertWritable } from "./conditions.ts";
import { S3Error } from "./errors.ts";
import type { ObjectVersion } from "./model.ts";
import { versionHeaders } from "./read-object.ts";
import { childrenOf, textOf, toXml } from "./xml.ts";

const MAX_DELETES = 1000;

interface Deletion {
  readonly deleteMarker: boolean;
  readonly versionId?: string;
}

export async function deleteObject(call: S3Call): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  const done = await deleteOne(call, bucket, call.key, call.query.get("versionId"), (current) =>
    assertWritable(call, current),
  );
  return {
    status: 204,
    headers: {
      ...(done.deleteMarker ? { "x-amz-delete-marker": "true" } : {}),
      ...(done.versionId === undefined ? {} : versionHeaders(bucket, done.versionId)),
    },
  };
}

/** Without a version id: hides the key behind a delete marker where the bucket has versions, else removes it. */
async function deleteOne(
  call: S3Call,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
  check: (current: ObjectVersion | undefined) => void,
): Promise<Deletion> {
  const { versioning } = bucket.settings;
  if (versionId !== undefined) {
    const removed = await bucket.remove(key, versionId, (version) => assertUnlocked(call, version));
    return { deleteMarker: removed?.deleteMarker === true, versionId };
  }
  if (versioning === "") {
    const current = bucket.current(key);
    if (!current) check(undefined);
    else
      await bucket.remove(key, current.versionId, (version) => {
        check(version);
        assertUnlocked(call, version);
      });
    return { deleteMarker: false };
  }
  const marker = await bucket.put(deleteMarkerFor(key), check);
  return { deleteMarker: true, versionId: marker.versionId };
}

/** A delete marker for a key: the version that says that there is nothing. */
export function deleteMarkerFor(key: string): Parameters<Bucket["put"]>[0] {
  return {
    key,
    deleteMarker: true,
    headers: {},
    metadata: {},
    tags: [],
    storageClass: "STANDARD",
    size: 0,
    etag: "",
    segments: [],
    checksums: {},
    checksumType: "FULL_OBJECT",
  };
}

/** Throws AccessDenied for a version that object lock protects now, from this caller. */
function assertUnlocked(call: S3Call, version: ObjectVersion): void {
  const bypass = headerOf(call, "x-amz-bypass-governance-retention")?.toLowerCase() === "true";
  if (isLocked(version, call.now, bypass))
    throw new S3Error("AccessDenied", "Access Denied because object protected by object lock.");
}

/** A legal hold and a compliance retention bind everybody; a governance retention can be bypassed. */
export function isLocked(version: ObjectVersion, now: Date, bypassGovernance = false): boolean {
  if (version.legalHold) return true;
  const { retention } = version;
  if (!retention || Date.parse(retention.until) <= now.getTime()) return false;
  return retention.mode === "COMPLIANCE" || !bypassGovernance;
}

export async function deleteObjects(call: S3Call): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  if (!hasDigest(call))
    throw new S3Error("InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  const { element } = await receiveXml(call, "Delete");
  const wanted = childrenOf(element, "Object").map((object) => ({
    key: textOf(object, "Key"),
    versionId: textOf(object, "VersionId"),
  }));
  if (wanted.length === 0 || wanted.length > MAX_DELETES) throw new S3Error("MalformedXML");
  const quiet = textOf(element, "Quiet")?.trim() === "true";

  const results = await Promise.all(
    wanted.map(async ({ key, versionId }) => {
      if (key === undefined) throw new S3Error("MalformedXML");
      try {
        const done = await deleteOne(call, bucket, key, versionId, () => undefined);
        const marker = done.deleteMarker
          ? { DeleteMarker: true, DeleteMarkerVersionId: done.versionId ?? versionId }
          : {};
        return quiet ? {} : { Deleted: { Key: key, VersionId: versionId, ...marker } };
      } catch (error) {
        if (!(error instanceof S3Error)) throw error;
        return { Error: { Key: key, VersionId: versionId, Code: error.code, Message: error.message } };
      }
    }),
  );
  return xmlReply(toXml("DeleteResult", results));
}
