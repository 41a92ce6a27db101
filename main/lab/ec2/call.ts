import { randomBytes } from "node:crypto";
import type { Reader, Transaction } from "../state.ts";
import { AwsError } from "./errors.ts";
import type { AccessKey, LabSchema } from "./model.ts";
import type { Parameters } from "./parameters.ts";
import type { World } from "./world.ts";
import type { XmlTree } from "./xml.ts";

type Table = keyof LabSchema;

/**
 * One call as an action sees it. An action checks, puts rows and says what should happen `after`; the server commits
 * and answers. So a refusal or a dry run leaves no trace, and nothing is answered that is not written.
 */
export interface Call {
  readonly action: string;
  readonly region: string;
  readonly parameters: Parameters;
  readonly caller: AccessKey;
  readonly now: number;
  readonly world: World;
  /** What the caller may see: the state, or an older one while reads are only eventually consistent. */
  readonly seen: Reader<LabSchema>;
  readonly rows: Transaction<LabSchema>;
  /** Runs once the call's changes are written; the answer waits for a promise. */
  after(effect: () => void | Promise<void>): void;
}

export type Action = (call: Call) => XmlTree | Promise<XmlTree>;

/** An id as EC2 makes them. */
export const newId = (prefix: string): string => `${prefix}-0${randomBytes(8).toString("hex")}`;

/** Ids and error codes of each kind of thing that calls name by id. */
const NAMES: Partial<Record<Table, { prefix: string; notFound: string; malformed: string; word: string }>> = {
  instances: {
    prefix: "i",
    notFound: "InvalidInstanceID.NotFound",
    malformed: "InvalidInstanceID.Malformed",
    word: "instance ID",
  },
  volumes: {
    prefix: "vol",
    notFound: "InvalidVolume.NotFound",
    malformed: "InvalidVolumeID.Malformed",
    word: "volume",
  },
  snapshots: {
    prefix: "snap",
    notFound: "InvalidSnapshot.NotFound",
    malformed: "InvalidSnapshotID.Malformed",
    word: "snapshot",
  },
  images: { prefix: "ami", notFound: "InvalidAMIID.NotFound", malformed: "InvalidAMIID.Malformed", word: "image id" },
  securityGroups: {
    prefix: "sg",
    notFound: "InvalidGroup.NotFound",
    malformed: "InvalidGroupId.Malformed",
    word: "security group",
  },
  addresses: {
    prefix: "eipalloc",
    notFound: "InvalidAllocationID.NotFound",
    malformed: "InvalidParameterValue",
    word: "allocation ID",
  },
};

/**
 * The row that a call names, as it is now. Not there for this caller: `….NotFound`, in AWS's words for its kind; not of
 * the form of such an id: `….Malformed`.
 */
export function find<K extends Table>(call: Call, table: K, id: string): LabSchema[K] {
  const seen = call.seen.get(table, id);
  const current = call.rows.get(table, id);
  if (seen && current && current.region === call.region) return current;
  throw notFound(table, id);
}

/** As `find`, for answers that show what the caller may see. */
export function findSeen<K extends Table>(call: Call, table: K, id: string): LabSchema[K] {
  const seen = call.seen.get(table, id);
  if (seen && seen.region === call.region) return seen;
  throw notFound(table, id);
}

export function notFound(table: Table, id: string): AwsError {
  const name = NAMES[table];
  if (!name) return new AwsError("InvalidID", `The ID '${id}' is not valid`);
  if (!new RegExp(`^${name.prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`).test(id))
    return new AwsError(name.malformed, `Invalid id: "${id}" (expecting "${name.prefix}-...")`);
  return new AwsError(name.notFound, `The ${name.word} '${id}' does not exist`);
}

/**
 * Makes a call repeatable by its ClientToken: gives what the first call with it made, or undefined when this is the
 * first. The same token with other parameters is refused.
 */
export function repeated(call: Call): readonly string[] | undefined {
  const token = call.parameters.text("ClientToken");
  if (!token) return undefined;
  if (token.length > 64) throw new AwsError("InvalidParameterValue", "Client token is longer than 64 characters.");
  const known = call.rows.get("tokens", `${call.region}/${call.action}/${token}`);
  if (!known) return undefined;
  if (known.fingerprint !== call.parameters.fingerprint())
    throw new AwsError(
      "IdempotentParameterMismatch",
      "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
    );
  return known.resourceIds;
}

export function rememberToken(call: Call, resourceIds: readonly string[]): void {
  const token = call.parameters.text("ClientToken");
  if (!token) return;
  call.rows.put("tokens", {
    id: `${call.region}/${call.action}/${token}`,
    region: call.region,
    createdAt: call.now,
    fingerprint: call.parameters.fingerprint(),
    resourceIds,
  });
}
