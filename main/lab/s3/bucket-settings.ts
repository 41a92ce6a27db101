import { receiveText } from "./body.ts";
import { type Operation, type Reply, type S3Call, xmlReply } from "./call.ts";
import { type S3ErrorCode, S3Error } from "./errors.ts";
import { checkLifecycle } from "./lifecycle.ts";
import { OWNER } from "./listing.ts";
import type { BucketSettings } from "./model.ts";
import { childOf, childrenOf, parseXml, textOf, toXml, type XmlElement } from "./xml.ts";

interface DocumentKind {
  /** Root element, absent for JSON. */
  readonly root?: string;
  /** What to answer when there is none: an error, or the document that AWS starts with. */
  readonly absent: S3ErrorCode | (() => string);
  /** Throws S3Error for what S3 would not take. */
  readonly check?: (element: XmlElement, settings: BucketSettings) => void;
  readonly putStatus?: number;
}

/** Configurations of a bucket that are kept as they were put. Lifecycle and object lock are acted upon as well. */
const DOCUMENTS = {
  lifecycle: {
    root: "LifecycleConfiguration",
    absent: "NoSuchLifecycleConfiguration",
    check: checkLifecycle,
  },
  policy: { absent: "NoSuchBucketPolicy", putStatus: 204 },
  tagging: { root: "Tagging", absent: "NoSuchTagSet", putStatus: 204 },
  cors: { root: "CORSConfiguration", absent: "NoSuchCORSConfiguration" },
  website: { root: "WebsiteConfiguration", absent: "NoSuchWebsiteConfiguration" },
  replication: { root: "ReplicationConfiguration", absent: "ReplicationConfigurationNotFoundError" },
  encryption: {
    root: "ServerSideEncryptionConfiguration",
    absent: () =>
      toXml("ServerSideEncryptionConfiguration", {
        Rule: {
          ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
          BucketKeyEnabled: false,
        },
      }),
  },
  publicAccessBlock: {
    root: "PublicAccessBlockConfiguration",
    absent: () =>
      toXml("PublicAccessBlockConfiguration", {
        BlockPublicAcls: true,
        IgnorePublicAcls: true,
        BlockPublicPolicy: true,
        RestrictPublicBuckets: true,
      }),
  },
  ownershipControls: {
    root: "OwnershipControls",
    absent: () => toXml("OwnershipControls", { Rule: { ObjectOwnership: "BucketOwnerEnforced" } }),
  },
  acl: { root: "AccessControlPolicy", absent: () => aclXml() },
  notification: { root: "NotificationConfiguration", absent: () => toXml("NotificationConfiguration", {}) },
  logging: { root: "BucketLoggingStatus", absent: () => toXml("BucketLoggingStatus", {}) },
  accelerate: { root: "AccelerateConfiguration", absent: () => toXml("AccelerateConfiguration", {}) },
  requestPayment: {
    root: "RequestPaymentConfiguration",
    absent: () => toXml("RequestPaymentConfiguration", { Payer: "BucketOwner" }),
  },
  "object-lock": {
    root: "ObjectLockConfiguration",
    absent: "ObjectLockConfigurationNotFoundError",
    check: checkObjectLock,
  },
} as const satisfies Record<string, DocumentKind>;

export type DocumentName = keyof typeof DOCUMENTS;

export function getDocument(name: DocumentName): Operation {
  return async (call) => {
    const { settings } = await call.store.bucket(call.bucket);
    const kind: DocumentKind = DOCUMENTS[name];
    const document = settings.documents[name];
    if (document !== undefined && kind.root === undefined)
      return { status: 200, headers: { "content-type": "application/json" }, body: document };
    if (document !== undefined) return xmlReply(document);
    if (name === "object-lock" && settings.objectLock)
      return xmlReply(toXml("ObjectLockConfiguration", { ObjectLockEnabled: "Enabled" }));
    if (typeof kind.absent === "string")
      throw new S3Error(kind.absent, undefined, { fields: { BucketName: call.bucket } });
    return xmlReply(kind.absent());
  };
}

export function putDocument(name: DocumentName): Operation {
  return async (call) => {
    const bucket = await call.store.bucket(call.bucket);
    const kind: DocumentKind = DOCUMENTS[name];
    const text = await receiveText(call);
    // A canned ACL comes as a header, without a document.
    if (name === "acl" && text === "") return { status: 200 };
    if (kind.root === undefined) assertJson(text);
    else {
      const element = parseXml(text);
      if (element?.name !== kind.root) throw new S3Error("MalformedXML");
      kind.check?.(element, bucket.settings);
    }
    await bucket.changeSettings((settings) => ({
      documents: { ...settings.documents, [name]: text },
      ...(name === "object-lock" ? { objectLock: true } : {}),
    }));
    return { status: kind.putStatus ?? 200 };
  };
}

export function deleteDocument(name: DocumentName): Operation {
  return async (call) => {
    const bucket = await call.store.bucket(call.bucket);
    await bucket.changeSettings(({ documents }) => {
      const { [name]: _, ...rest } = documents;
      return { documents: rest };
    });
    return { status: 204 };
  };
}

function assertJson(text: string): void {
  try {
    if (text.startsWith("{")) {
      JSON.parse(text);
      return;
    }
  } catch {
    // Falls through to the refusal.
  }
  throw new S3Error("MalformedPolicy");
}

function checkObjectLock(element: XmlElement, settings: BucketSettings): void {
  if (settings.versioning !== "Enabled")
    throw new S3Error(
      "InvalidBucketState",
      "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
    );
  if (textOf(element, "ObjectLockEnabled") !== "Enabled") throw new S3Error("MalformedXML");
  const rule = childOf(element, "Rule");
  if (!rule) return;
  const retention = childOf(rule, "DefaultRetention");
  const mode = textOf(retention, "Mode");
  const periods = [...childrenOf(retention, "Days"), ...childrenOf(retention, "Years")];
  if ((mode !== "GOVERNANCE" && mode !== "COMPLIANCE") || periods.length !== 1) throw new S3Error("MalformedXML");
  if (!/^[1-9]\d{0,4}$/.test(periods[0]?.text ?? ""))
    throw new S3Error("InvalidArgument", "Default retention period must be a positive integer value");
}

export async function getBucketVersioning(call: S3Call): Promise<Reply> {
  const { settings } = await call.store.bucket(call.bucket);
  return xmlReply(toXml("VersioningConfiguration", { Status: settings.versioning || undefined }));
}

export async function putBucketVersioning(call: S3Call): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  const element = parseXml(await receiveText(call));
  const status = textOf(element, "Status");
  if (element?.name !== "VersioningConfiguration" || (status !== "Enabled" && status !== "Suspended"))
    throw new S3Error("MalformedXML");
  if (status === "Suspended" && bucket.settings.objectLock)
    throw new S3Error(
      "InvalidBucketState",
      "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
    );
  await bucket.changeSettings(() => ({ versioning: status }));
  return { status: 200 };
}

export function aclXml(): string {
  return toXml("AccessControlPolicy", {
    Owner: OWNER,
    AccessControlList: {
      Grant: {
        Grantee: {
          "@xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
          "@xsi:type": "CanonicalUser",
          ...OWNER,
        },
        Permission: "FULL_CONTROL",
      },
    },
  });
}
