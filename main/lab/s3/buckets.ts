import { receiveText } from "./body.ts";
import { headerOf, numberOf, type Reply, type S3Call, xmlReply } from "./call.ts";
import { S3Error } from "./errors.ts";
import { encodeWhenAsked, OWNER } from "./listing.ts";
import { assertBucketName } from "./store.ts";
import { parseXml, textOf, toXml } from "./xml.ts";

/** S3's oldest region: a bucket without a location lives there. */
const DEFAULT_REGION = "us-east-1";
const MAX_BUCKETS = 10_000;

export async function listBuckets(call: S3Call): Promise<Reply> {
  const prefix = call.query.get("prefix") ?? "";
  const region = call.query.get("bucket-region");
  const after = Buffer.from(call.query.get("continuation-token") ?? "", "base64url").toString("utf8");
  const limit = numberOf(call, "max-buckets", MAX_BUCKETS, 1);
  const rest = call.store
    .names()
    .filter((name) => name.startsWith(prefix) && name > after)
    .flatMap((name) => call.store.identityOf(name) ?? [])
    .filter((bucket) => region === undefined || bucket.region === region);
  const page = rest.slice(0, limit);
  const last = page[page.length - 1];
  return xmlReply(
    toXml("ListAllMyBucketsResult", {
      Owner: OWNER,
      Buckets: {
        Bucket: page.map((bucket) => ({
          Name: bucket.name,
          CreationDate: bucket.createdAt,
          BucketRegion: bucket.region,
        })),
      },
      ContinuationToken: last && rest.length > page.length ? Buffer.from(last.name).toString("base64url") : undefined,
      Prefix: prefix === "" ? undefined : encodeWhenAsked(call, prefix),
    }),
  );
}

export async function createBucket(call: S3Call): Promise<Reply> {
  assertBucketName(call.bucket);
  const endpoint = call.auth.region;
  const text = await receiveText(call);
  const element = text.trim() === "" ? undefined : parseXml(text);
  if (text.trim() !== "" && element?.name !== "CreateBucketConfiguration") throw new S3Error("MalformedXML");
  const asked = textOf(element, "LocationConstraint") ?? "";
  const region = asked === "EU" ? "eu-west-1" : asked;
  if (region !== "" && !call.regions.includes(region))
    throw new S3Error("InvalidLocationConstraint", undefined, { fields: { LocationConstraint: asked } });
  // Only the oldest endpoint makes buckets for the others, and only there may the location be left out.
  if (endpoint !== DEFAULT_REGION && region !== endpoint)
    throw new S3Error(
      "IllegalLocationConstraintException",
      `The ${asked || "unspecified"} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );

  const existing = call.store.identityOf(call.bucket);
  if (
    existing?.region === DEFAULT_REGION &&
    endpoint === DEFAULT_REGION &&
    (region || DEFAULT_REGION) === DEFAULT_REGION
  )
    return { status: 200, headers: { location: `/${call.bucket}` } };
  if (!existing && call.store.count >= MAX_BUCKETS) throw new S3Error("TooManyBuckets");
  const objectLock = headerOf(call, "x-amz-bucket-object-lock-enabled")?.toLowerCase() === "true";
  await call.store.create({
    name: call.bucket,
    region: region || endpoint,
    createdAt: `${call.now.toISOString().slice(0, 19)}.000Z`,
    versioning: objectLock ? "Enabled" : "",
    objectLock,
    documents: {},
  });
  return { status: 200, headers: { location: `/${call.bucket}` } };
}

export async function headBucket(call: S3Call): Promise<Reply> {
  const { settings } = await call.store.bucket(call.bucket);
  return {
    status: 200,
    headers: { "x-amz-bucket-region": settings.region, "content-type": "application/xml" },
  };
}

export async function deleteBucket(call: S3Call): Promise<Reply> {
  await call.store.delete(call.bucket);
  return { status: 204 };
}

export async function getBucketLocation(call: S3Call): Promise<Reply> {
  const { settings } = await call.store.bucket(call.bucket);
  return xmlReply(toXml("LocationConstraint", settings.region === DEFAULT_REGION ? "" : settings.region));
}
