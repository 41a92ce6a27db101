import { DAY_MS } from "../../../shared/time.ts";
import { tagsOfXml } from "./attributes.ts";
import type { Bucket } from "./bucket.ts";
import { httpDate } from "./call.ts";
import { deleteMarkerFor, isLocked } from "./delete-object.ts";
import { S3Error } from "./errors.ts";
import type { ObjectVersion, Tags } from "./model.ts";
import { childOf, childrenOf, parseXml, textOf, type XmlElement } from "./xml.ts";

export interface LifecycleRule {
  readonly id: string;
  readonly prefix: string;
  readonly tags: Tags;
  readonly largerThan: number;
  readonly smallerThan: number;
  readonly expireDays?: number;
  readonly expireDate?: number;
  readonly removeLoneMarkers: boolean;
  readonly noncurrentDays?: number;
  /** How many noncurrent versions stay whatever their age. */
  readonly newerNoncurrent: number;
  readonly abortUploadDays?: number;
  readonly transitions: readonly { readonly days?: number; readonly date?: number; readonly storageClass: string }[];
}

export type LifecycleAction =
  | { readonly kind: "expire"; readonly version: ObjectVersion }
  | { readonly kind: "remove"; readonly version: ObjectVersion }
  | { readonly kind: "transition"; readonly version: ObjectVersion; readonly storageClass: string };

/** Refuses a lifecycle document that S3 would refuse. */
export function checkLifecycle(element: XmlElement): void {
  const rules = childrenOf(element, "Rule");
  if (rules.length === 0 || rules.length > 1000) throw new S3Error("MalformedXML");
  const ids = rules.map((rule) => textOf(rule, "ID")).filter((id) => id !== undefined && id !== "");
  if (new Set(ids).size < ids.length)
    throw new S3Error("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule");
  for (const rule of rules) {
    const status = textOf(rule, "Status");
    const actions = ["Expiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"];
    const hasAction = [...actions, "Transition", "NoncurrentVersionTransition"].some((name) => childOf(rule, name));
    if ((status !== "Enabled" && status !== "Disabled") || !hasAction) throw new S3Error("MalformedXML");
    if (!childOf(rule, "Filter") && !childOf(rule, "Prefix")) throw new S3Error("MalformedXML");
    for (const action of rule.children) {
      for (const name of ["Days", "NoncurrentDays", "DaysAfterInitiation"]) {
        const text = textOf(action, name);
        const least = action.name === "Transition" ? 0 : 1;
        if (text !== undefined && (!/^\d{1,9}$/.test(text) || Number(text) < least))
          throw new S3Error("InvalidArgument", `'${name}' for ${action.name} action must be a positive integer`);
      }
      const date = textOf(action, "Date");
      if (date !== undefined && (Number.isNaN(Date.parse(date)) || Date.parse(date) % DAY_MS !== 0))
        throw new S3Error("InvalidArgument", "'Date' must be at midnight GMT");
    }
  }
}

/** The enabled rules of a document; none when it is absent. */
export function readLifecycle(document: string | undefined): readonly LifecycleRule[] {
  const element = document === undefined ? undefined : parseXml(document);
  return childrenOf(element, "Rule")
    .filter((rule) => textOf(rule, "Status") === "Enabled")
    .map((rule) => {
      const filter = childOf(rule, "Filter");
      const scope = childOf(filter, "And") ?? filter;
      const expiration = childOf(rule, "Expiration");
      const noncurrent = childOf(rule, "NoncurrentVersionExpiration");
      const number = (parent: XmlElement | undefined, name: string): number | undefined => {
        const text = textOf(parent, name);
        return text === undefined ? undefined : Number(text);
      };
      const expireDays = number(expiration, "Days");
      const date = textOf(expiration, "Date");
      const noncurrentDays = number(noncurrent, "NoncurrentDays");
      const abortUploadDays = number(childOf(rule, "AbortIncompleteMultipartUpload"), "DaysAfterInitiation");
      return {
        id: textOf(rule, "ID") ?? "",
        prefix: textOf(scope, "Prefix") ?? textOf(rule, "Prefix") ?? "",
        tags: scope ? tagsOfXml({ name: "", text: "", children: [{ ...scope, name: "TagSet" }] }) : [],
        largerThan: number(scope, "ObjectSizeGreaterThan") ?? -1,
        smallerThan: number(scope, "ObjectSizeLessThan") ?? Number.POSITIVE_INFINITY,
        ...(expireDays === undefined ? {} : { expireDays }),
        ...(date === undefined ? {} : { expireDate: Date.parse(date) }),
        removeLoneMarkers: textOf(expiration, "ExpiredObjectDeleteMarker") === "true",
        ...(noncurrentDays === undefined ? {} : { noncurrentDays }),
        newerNoncurrent: number(noncurrent, "NewerNoncurrentVersions") ?? 0,
        ...(abortUploadDays === undefined ? {} : { abortUploadDays }),
        transitions: childrenOf(rule, "Transition").map((transition) => {
          const days = number(transition, "Days");
          const at = textOf(transition, "Date");
          return {
            ...(days === undefined ? {} : { days }),
            ...(at === undefined ? {} : { date: Date.parse(at) }),
            storageClass: textOf(transition, "StorageClass") ?? "STANDARD",
          };
        }),
      };
    });
}

/** S3 counts days from the change and rounds up to the next midnight UTC. */
export function dueAt(from: string, days: number): number {
  return Math.ceil((Date.parse(from) + days * DAY_MS) / DAY_MS) * DAY_MS;
}

/** What the rules want done now with one key, given its versions from the newest. Pure. */
export function lifecycleActions(
  rules: readonly LifecycleRule[],
  versions: readonly ObjectVersion[],
  now: Date,
): readonly LifecycleAction[] {
  const [current, ...noncurrent] = versions;
  if (!current) return [];
  const actions = new Map<string, LifecycleAction>();
  const add = (action: LifecycleAction): void => {
    // Removal outweighs a change of class, whatever the order of the rules.
    const known = actions.get(action.version.versionId);
    if (!known || known.kind === "transition") actions.set(action.version.versionId, action);
  };
  const reached = (from: string, days: number | undefined, date: number | undefined): boolean =>
    (days !== undefined && now.getTime() >= dueAt(from, days)) || (date !== undefined && now.getTime() >= date);

  for (const rule of rules) {
    if (current.deleteMarker) {
      const old = reached(current.modifiedAt, rule.expireDays, rule.expireDate);
      if (noncurrent.length === 0 && applies(rule, current) && (rule.removeLoneMarkers || old))
        add({ kind: "remove", version: current });
    } else if (applies(rule, current)) {
      if (reached(current.modifiedAt, rule.expireDays, rule.expireDate)) add({ kind: "expire", version: current });
      for (const { days, date, storageClass } of rule.transitions)
        if (reached(current.modifiedAt, days, date) && storageClass !== current.storageClass)
          add({ kind: "transition", version: current, storageClass });
    }
    for (const [index, version] of noncurrent.entries()) {
      // It became noncurrent when its successor came.
      const since = versions[index]?.modifiedAt ?? version.modifiedAt;
      if (index >= rule.newerNoncurrent && applies(rule, version) && reached(since, rule.noncurrentDays, undefined))
        add({ kind: "remove", version });
    }
  }
  return [...actions.values()];
}

function applies(rule: LifecycleRule, version: ObjectVersion): boolean {
  return (
    version.key.startsWith(rule.prefix) &&
    (version.deleteMarker || (version.size > rule.largerThan && version.size < rule.smallerThan)) &&
    rule.tags.every(([key, value]) => version.tags.some((tag) => tag[0] === key && tag[1] === value))
  );
}

/** Applies a bucket's lifecycle rules as of `now`; returns how many versions and uploads it ended or moved. */
export async function sweepBucket(bucket: Bucket, now: Date): Promise<number> {
  const rules = readLifecycle(bucket.settings.documents["lifecycle"]);
  if (rules.length === 0) return 0;
  let done = 0;
  const keys = Array.from({ length: bucket.keys.length }, (_, index) => bucket.keys.at(index) ?? "");
  for (const key of keys) {
    for (const action of lifecycleActions(rules, bucket.versionsOf(key), now))
      if (await unlessGone(apply(bucket, action, now))) done += 1;
  }
  for (const { upload } of bucket.uploads.values()) {
    const due = rules.some(
      ({ prefix, abortUploadDays }) =>
        abortUploadDays !== undefined &&
        upload.key.startsWith(prefix) &&
        now.getTime() >= dueAt(upload.startedAt, abortUploadDays),
    );
    if (due && (await unlessGone(bucket.abortUpload(upload.uploadId).then(() => true)))) done += 1;
  }
  return done;
}

/** A client may end the same thing, or the bucket, first. */
async function unlessGone(work: Promise<boolean>): Promise<boolean> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof S3Error && error.code.startsWith("NoSuch")) return false;
    throw error;
  }
}

async function apply(bucket: Bucket, action: LifecycleAction, now: Date): Promise<boolean> {
  const { key, versionId } = action.version;
  if (action.kind === "transition") {
    await bucket.amend(key, versionId, () => ({ storageClass: action.storageClass }));
    return true;
  }
  if (action.kind === "expire" && bucket.settings.versioning !== "") {
    await bucket.put(deleteMarkerFor(key));
    return true;
  }
  if (isLocked(action.version, now)) return false;
  return (await bucket.remove(key, versionId, () => undefined)) !== undefined;
}

/** The x-amz-expiration header of an object that a rule will end. */
export function expirationHeader(document: string | undefined, version: ObjectVersion): Record<string, string> {
  const due = readLifecycle(document)
    .filter((rule) => rule.expireDays !== undefined && applies(rule, version))
    .map((rule) => ({ id: rule.id, at: dueAt(version.modifiedAt, rule.expireDays ?? 0) }))
    .sort((a, b) => a.at - b.at)[0];
  if (!due) return {};
  const date = httpDate(new Date(due.at).toISOString());
  return { "x-amz-expiration": `expiry-date="${date}", rule-id="${encodeURIComponent(due.id)}"` };
}
