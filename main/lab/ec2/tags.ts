import type { Action, Call } from "./call.ts";
import { notFound } from "./call.ts";
import { AwsError } from "./errors.ts";
import { paginate, readFilters } from "./listing.ts";
import type { LabSchema } from "./model.ts";
import type { Parameters } from "./parameters.ts";
import { VPCS } from "./regions.ts";
import { items, type XmlTree } from "./xml.ts";

type TagMap = Readonly<Record<string, string>>;

const MAX_TAGS = 50;
const MAX_KEY = 128;
const MAX_VALUE = 256;

const TYPES: Readonly<Record<string, { type: string; table: keyof LabSchema | null }>> = {
  i: { type: "instance", table: "instances" },
  vol: { type: "volume", table: "volumes" },
  snap: { type: "snapshot", table: "snapshots" },
  ami: { type: "image", table: "images" },
  sg: { type: "security-group", table: "securityGroups" },
  key: { type: "key-pair", table: "keyPairs" },
  eipalloc: { type: "elastic-ip", table: "addresses" },
  vpc: { type: "vpc", table: null },
  subnet: { type: "subnet", table: null },
};

const kindOf = (id: string) => TYPES[id.split("-", 1)[0] ?? ""];

export const tagsOf = (call: Call, id: string): TagMap => call.seen.get("tags", id)?.tags ?? {};

export const tagSetXml = (call: Call, id: string): XmlTree =>
  items(Object.entries(tagsOf(call, id)).map(([key, value]) => ({ key, value })));

/** Adds tags to a resource that this call makes or names. */
export function putTags(call: Call, id: string, tags: TagMap): void {
  if (Object.keys(tags).length === 0) return;
  const merged = { ...call.rows.get("tags", id)?.tags, ...tags };
  if (Object.keys(merged).length > MAX_TAGS)
    throw new AwsError("TagLimitExceeded", `The maximum number of Tags for a resource is ${MAX_TAGS}.`);
  call.rows.put("tags", { id, region: call.region, tags: merged });
}

/** Tags for new resources of a type, from TagSpecification.N. */
export function specifiedTags(call: Call, type: string, ...others: readonly string[]): TagMap {
  let tags: TagMap = {};
  for (const specification of call.parameters.structures("TagSpecification")) {
    const resourceType = specification.required("ResourceType");
    const own = readTags(specification);
    if (resourceType === type) tags = { ...tags, ...own };
    else if (!others.includes(resourceType))
      throw new AwsError(
        "InvalidParameterValue",
        `'${resourceType}' is not a valid taggable resource type for this operation.`,
      );
  }
  return tags;
}

function readTags(parameters: Parameters): TagMap {
  const tags: Record<string, string> = {};
  for (const tag of parameters.structures("Tag")) {
    const key = tag.required("Key");
    const value = tag.text("Value") ?? "";
    checkTag(key, value);
    if (Object.hasOwn(tags, key)) throw new AwsError("InvalidParameterValue", `Duplicate tag key '${key}' specified.`);
    Object.defineProperty(tags, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return tags;
}

function checkTag(key: string, value: string): void {
  if ([...key].length > MAX_KEY)
    throw new AwsError("InvalidParameterValue", `Tag key exceeds the maximum length of ${MAX_KEY} characters`);
  if ([...value].length > MAX_VALUE)
    throw new AwsError("InvalidParameterValue", `Tag value exceeds the maximum length of ${MAX_VALUE} characters`);
  if (/^aws:/i.test(key))
    throw new AwsError(
      "InvalidParameterValue",
      `Value ( ${key} ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use`,
    );
  if (/\p{Cc}/u.test(key + value))
    throw new AwsError("InvalidParameterValue", "Tags must not hold control characters.");
}

function requireResource(call: Call, id: string): void {
  const kind = kindOf(id);
  if (!kind) throw new AwsError("InvalidID", `The ID '${id}' is not valid`);
  if (kind.table) {
    const seen = call.seen.get(kind.table, id);
    if (!seen || seen.region !== call.region || !call.rows.get(kind.table, id)) throw notFound(kind.table, id);
    return;
  }
  const known = VPCS.some(
    (vpc) => vpc.region === call.region && (vpc.id === id || vpc.subnets.some((one) => one.id === id)),
  );
  if (!known)
    throw new AwsError(
      kind.type === "vpc" ? "InvalidVpcID.NotFound" : "InvalidSubnetID.NotFound",
      `The ${kind.type} ID '${id}' does not exist`,
    );
}

export const createTags: Action = (call) => {
  const ids = call.parameters.list("ResourceId");
  const tags = readTags(call.parameters);
  if (ids.length === 0) call.parameters.required("ResourceId");
  if (Object.keys(tags).length === 0) call.parameters.required("Tag");
  for (const id of ids) {
    requireResource(call, id);
    putTags(call, id, tags);
  }
  return { return: true };
};

export const deleteTags: Action = (call) => {
  const ids = call.parameters.list("ResourceId");
  if (ids.length === 0) call.parameters.required("ResourceId");
  const wanted = call.parameters
    .structures("Tag")
    .map((tag) => ({ key: tag.required("Key"), value: tag.text("Value") }));
  for (const id of ids) {
    requireResource(call, id);
    const kept = Object.entries(call.rows.get("tags", id)?.tags ?? {}).filter(
      ([key, value]) =>
        wanted.length > 0 && !wanted.some((tag) => tag.key === key && (tag.value === undefined || tag.value === value)),
    );
    call.rows.put("tags", { id, region: call.region, tags: Object.fromEntries(kept) });
  }
  return { return: true };
};

export const describeTags: Action = (call) => {
  const all = call.seen
    .all("tags", call.region)
    .flatMap(({ id, tags }) => Object.entries(tags).map(([key, value]) => ({ id, key, value })));
  type Tag = (typeof all)[number];
  const matches = readFilters<Tag>(
    call,
    {
      "resource-id": (tag) => tag.id,
      "resource-type": (tag) => kindOf(tag.id)?.type,
      key: (tag) => tag.key,
      value: (tag) => tag.value,
    },
    (tag) => ({ [tag.key]: tag.value }),
  );
  const page = paginate(call, all.filter(matches), (tag) => `${tag.id} ${tag.key}`, { min: 5, max: 1000 });
  return {
    tagSet: items(
      page.rows.map((tag) => ({
        resourceId: tag.id,
        resourceType: kindOf(tag.id)?.type,
        key: tag.key,
        value: tag.value,
      })),
    ),
    nextToken: page.nextToken,
  };
};
