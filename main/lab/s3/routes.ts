import {
  type DocumentName,
  deleteDocument,
  getBucketVersioning,
  getDocument,
  putBucketVersioning,
  putDocument,
} from "./bucket-settings.ts";
import { createBucket, deleteBucket, getBucketLocation, headBucket, listBuckets } from "./buckets.ts";
import type { Address, Operation } from "./call.ts";
import { deleteObject, deleteObjects } from "./delete-object.ts";
import { S3Error } from "./errors.ts";
import { listObjectsV1, listObjectsV2, listObjectVersions } from "./listing.ts";
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listParts,
  uploadPart,
  uploadPartCopy,
} from "./multipart.ts";
import {
  deleteObjectTagging,
  getObjectAcl,
  getObjectLegalHold,
  getObjectRetention,
  getObjectTagging,
  putObjectAcl,
  putObjectLegalHold,
  putObjectRetention,
  putObjectTagging,
} from "./object-settings.ts";
import { getObject, getObjectAttributes, headObject } from "./read-object.ts";
import { copyObject, putObject } from "./write-object.ts";

export interface Route {
  /** AWS's name of the action. */
  readonly action: string;
  readonly run: Operation;
}

type Routes = Readonly<Record<string, readonly [action: string, run: Operation]>>;

const SERVICE: Routes = { "GET ": ["ListBuckets", listBuckets] };

const BUCKET: Routes = {
  "PUT ": ["CreateBucket", createBucket],
  "HEAD ": ["HeadBucket", headBucket],
  "DELETE ": ["DeleteBucket", deleteBucket],
  "GET ": ["ListObjects", listObjectsV1],
  "GET list-type": ["ListObjectsV2", listObjectsV2],
  "GET versions": ["ListObjectVersions", listObjectVersions],
  "GET uploads": ["ListMultipartUploads", listMultipartUploads],
  "GET location": ["GetBucketLocation", getBucketLocation],
  "GET versioning": ["GetBucketVersioning", getBucketVersioning],
  "PUT versioning": ["PutBucketVersioning", putBucketVersioning],
  "POST delete": ["DeleteObjects", deleteObjects],
  ...documentRoutes("lifecycle", "BucketLifecycleConfiguration", "BucketLifecycle"),
  ...documentRoutes("policy", "BucketPolicy", "BucketPolicy"),
  ...documentRoutes("tagging", "BucketTagging", "BucketTagging"),
  ...documentRoutes("cors", "BucketCors", "BucketCors"),
  ...documentRoutes("website", "BucketWebsite", "BucketWebsite"),
  ...documentRoutes("replication", "BucketReplication", "BucketReplication"),
  ...documentRoutes("encryption", "BucketEncryption", "BucketEncryption"),
  ...documentRoutes("publicAccessBlock", "PublicAccessBlock", "PublicAccessBlock"),
  ...documentRoutes("ownershipControls", "BucketOwnershipControls", "BucketOwnershipControls"),
  ...documentRoutes("acl", "BucketAcl"),
  ...documentRoutes("notification", "BucketNotificationConfiguration"),
  ...documentRoutes("logging", "BucketLogging"),
  ...documentRoutes("accelerate", "BucketAccelerateConfiguration"),
  ...documentRoutes("requestPayment", "BucketRequestPayment"),
  ...documentRoutes("object-lock", "ObjectLockConfiguration"),
};

const OBJECT: Routes = {
  "PUT ": ["PutObject", putObject],
  "GET ": ["GetObject", getObject],
  "HEAD ": ["HeadObject", headObject],
  "DELETE ": ["DeleteObject", deleteObject],
  "PUT copy": ["CopyObject", copyObject],
  "POST uploads": ["CreateMultipartUpload", createMultipartUpload],
  "PUT uploadId": ["UploadPart", uploadPart],
  "PUT uploadId copy": ["UploadPartCopy", uploadPartCopy],
  "GET uploadId": ["ListParts", listParts],
  "POST uploadId": ["CompleteMultipartUpload", completeMultipartUpload],
  "DELETE uploadId": ["AbortMultipartUpload", abortMultipartUpload],
  "GET attributes": ["GetObjectAttributes", getObjectAttributes],
  "GET tagging": ["GetObjectTagging", getObjectTagging],
  "PUT tagging": ["PutObjectTagging", putObjectTagging],
  "DELETE tagging": ["DeleteObjectTagging", deleteObjectTagging],
  "GET acl": ["GetObjectAcl", getObjectAcl],
  "PUT acl": ["PutObjectAcl", putObjectAcl],
  "GET retention": ["GetObjectRetention", getObjectRetention],
  "PUT retention": ["PutObjectRetention", putObjectRetention],
  "GET legal-hold": ["GetObjectLegalHold", getObjectLegalHold],
  "PUT legal-hold": ["PutObjectLegalHold", putObjectLegalHold],
};

function documentRoutes(document: DocumentName, noun: string, deleteNoun?: string): Routes {
  return {
    [`GET ${document}`]: [`Get${noun}`, getDocument(document)],
    [`PUT ${document}`]: [`Put${noun}`, putDocument(document)],
    ...(deleteNoun ? { [`DELETE ${document}`]: [`Delete${deleteNoun}`, deleteDocument(document)] } : {}),
  };
}

/** Query names that choose an operation: also those that S3 has and this one has not, which must not pass for others. */
const SUBRESOURCES = [
  ...new Set([...Object.keys(BUCKET), ...Object.keys(OBJECT)].map((key) => key.split(" ")[1] ?? "")),
  "policyStatus",
  "intelligent-tiering",
  "inventory",
  "analytics",
  "metrics",
  "metadataTable",
  "metadataConfiguration",
  "session",
  "restore",
  "select",
  "torrent",
  "renameObject",
].filter((name) => name !== "" && name !== "copy");

/** The operation that a request means. Throws MethodNotAllowed or NotImplemented. */
export function routeOf(method: string, address: Address, isCopy: boolean): Route {
  const level = address.bucket === "" ? SERVICE : address.key === "" ? BUCKET : OBJECT;
  const chosen = SUBRESOURCES.find((name) => address.query.has(name)) ?? "";
  const suffix =
    level === OBJECT && isCopy && method === "PUT" && (chosen === "" || chosen === "uploadId") ? "copy" : "";
  const route = level[[method, [chosen, suffix].filter(Boolean).join(" ")].join(" ")];
  if (route) return { action: route[0], run: route[1] };
  const known = ["GET", "HEAD", "PUT", "POST", "DELETE"].includes(method) && chosen !== "";
  if (known) throw new S3Error("NotImplemented", `${method} with "${chosen}" is not implemented here.`);
  throw new S3Error("MethodNotAllowed", undefined, {
    fields: { Method: method, ResourceType: level === OBJECT ? "OBJECT" : level === BUCKET ? "BUCKET" : "SERVICE" },
  });
}
