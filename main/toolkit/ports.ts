import type { PolicyProfile } from "../../shared/policy/profile.ts";
import type { ProfileFinder } from "../../shared/policy/profiles.ts";
import type { Account } from "../../shared/settings/model.ts";
import type { EnvironmentKind, ImageOption, Service, SizeOption } from "../../shared/tenant/model.ts";

/** Find-or-create key: the job that makes it and what it is for ("production/volume"). */
export interface MadeBy {
  readonly jobId: string;
  readonly resource: string;
}
export type Tags = Readonly<Record<string, string>>;

/** One account in one region. Every method may be repeated: it finds what an earlier call made. */
export interface Cloud {
  whoAmI(): Promise<{ awsAccountId: string; arn: string }>;
  images(): Promise<readonly (Omit<ImageOption, "region" | "support"> & { sshUser: string })[]>;
  sizes(): Promise<readonly SizeOption[]>;
  instanceQuota(): Promise<{ limit: number; used: number } | undefined>;
  /** With `zone`: there, since a volume can only be attached within its zone. */
  place(seed: string, zone?: string): Promise<{ vpcId: string; subnetId: string; zone: string }>;
  /** Keys belong to the console, not to a job: they are shared and never rolled back. */
  findOrImportKeyPair(name: string, publicKey: string): Promise<string>;
  findOrCreateSecurityGroup(
    made: MadeBy,
    group: {
      vpcId: string;
      name: string;
      description: string;
      rules: readonly { port: number; from: string; description: string }[];
      tags: Tags;
    },
  ): Promise<string>;
  findOrCreateVolume(
    made: MadeBy,
    /** With `snapshotId` it holds that snapshot's data; `sizeGiB` may then not be below the snapshot's. */
    volume: { zone: string; sizeGiB: number; tags: Tags; snapshotId?: string },
  ): Promise<{ volumeId: string; state: string }>;
  findOrRunInstance(
    made: MadeBy,
    order: {
      imageId: string;
      instanceType: string;
      keyName: string;
      securityGroupId: string;
      subnetId: string;
      tags: Tags;
    },
  ): Promise<string>;
  /** undefined when AWS does not know it, or does not show it yet. */
  instance(instanceId: string): Promise<CloudInstance | undefined>;
  volume(volumeId: string): Promise<CloudVolume | undefined>;
  ensureAttached(volumeId: string, instanceId: string, device: string): Promise<void>;
  /** Host key fingerprints that the machine printed at boot; empty while it has not. */
  hostKeys(instanceId: string): Promise<readonly string[]>;
  /** The same with their algorithms ("ssh-ed25519"). */
  printedHostKeys(instanceId: string): Promise<readonly { algorithm: string; fingerprint: string }[]>;
  setTags(resources: readonly string[], tags: Tags): Promise<void>;
  listMadeBy(jobId: string): Promise<{
    instances: string[];
    volumes: { id: string; state: string }[];
    securityGroups: string[];
  }>;
  terminate(instanceId: string): Promise<void>;
  detach(volumeId: string): Promise<void>;
  deleteVolume(volumeId: string): Promise<void>;
  deleteSecurityGroup(groupId: string): Promise<void>;

  /** Starting what runs and stopping what is stopped is harmless. */
  startInstance(instanceId: string): Promise<void>;
  stopInstance(instanceId: string): Promise<void>;
  rebootInstance(instanceId: string): Promise<void>;
  /** Only while it is stopped. */
  setInstanceType(instanceId: string, instanceType: string): Promise<void>;
  /** Grows only; never shrinks. Throws AwsFailed for a smaller size. */
  growVolume(volumeId: string, sizeGiB: number): Promise<void>;
  /** Takes tags off; unknown keys are passed over. */
  removeTags(resources: readonly string[], keys: readonly string[]): Promise<void>;

  /** One snapshot for one key however often it is asked: found by its tags, which may lag behind by seconds. */
  findOrCreateSnapshot(
    made: MadeBy,
    snapshot: { volumeId: string; description: string; tags: Tags },
  ): Promise<CloudSnapshot>;
  /** Asked of the target region's cloud. */
  findOrCopySnapshot(
    made: MadeBy,
    copy: { fromRegion: string; snapshotId: string; description: string; tags: Tags },
  ): Promise<CloudSnapshot>;
  /** What one key made; undefined when there is none, or EC2 does not show it yet. */
  findSnapshot(made: MadeBy): Promise<CloudSnapshot | undefined>;
  snapshot(snapshotId: string): Promise<CloudSnapshot | undefined>;
  /** All of this account with these values in their tags. */
  snapshots(tags: Tags): Promise<readonly CloudSnapshot[]>;
  deleteSnapshot(snapshotId: string): Promise<void>;
}

export interface CloudInstance {
  readonly state: string;
  readonly address: string | null;
  readonly launchedAt: Date | null;
  readonly instanceType: string | null;
  readonly zone: string | null;
}

export interface CloudVolume {
  readonly state: string;
  readonly attachedTo: string | null;
  readonly attachment: string | null;
  readonly device: string | null;
  readonly zone: string | null;
  readonly sizeGiB: number;
  readonly snapshotId: string | null;
  readonly tags: Tags;
}

export interface CloudSnapshot {
  readonly snapshotId: string;
  readonly state: "pending" | "completed" | "error" | "recoverable" | "recovering";
  /** 0 to 100. */
  readonly percent: number;
  readonly startedAt: Date;
  readonly volumeId: string;
  readonly sizeGiB: number;
  readonly tags: Tags;
}

/** The bucket of one account in one region: what is kept beside the machines. */
export interface ObjectStore {
  readonly bucket: string;
  /** Finds or makes the bucket and sets it up. */
  ensure(): Promise<void>;
  put(key: string, body: Uint8Array, contentType: string): Promise<void>;
  /** Whole content of a small object. */
  get(key: string): Promise<Uint8Array | undefined>;
  head(key: string): Promise<{ readonly bytes: number; readonly modifiedAt: Date | null } | undefined>;
  list(
    prefix: string,
  ): Promise<readonly { readonly key: string; readonly bytes: number; readonly modifiedAt: Date | null }[]>;
  /** Every version of it, for good. */
  remove(key: string): Promise<void>;
  /** Bytes `from` to `to`, both included. */
  readRange(key: string, from: number, to: number): Promise<Uint8Array>;
  /** Id of the upload of this key that is under way, or of a new one. */
  findOrBeginUpload(key: string, metadata: Readonly<Record<string, string>>): Promise<string>;
  partsOf(key: string, uploadId: string): Promise<readonly { readonly number: number; readonly md5: string }[]>;
  /** Address for one part; whoever has it can write it until it ends: never stored, never logged. */
  presignPart(key: string, uploadId: string, number: number, seconds: number): Promise<string>;
  /** Address for reading the whole; whoever has it can read it until it ends: never stored, never logged. */
  presignRead(key: string, seconds: number): Promise<string>;
  putPart(key: string, uploadId: string, number: number, body: Uint8Array): Promise<void>;
  /** `md5s` of all parts in order. Throws Conflict where something else arrived. */
  finishUpload(key: string, uploadId: string, md5s: readonly string[], bytes: number): Promise<void>;
}

export interface HostAddress {
  readonly account: Account;
  readonly address: string;
  readonly user: string;
  readonly hostKeys: readonly string[];
  /** For messages: "acme production". */
  readonly name: string;
  /** With it, a changed host key is explained or raises an alarm, and the environment's own way (jump hosts) is taken. */
  readonly environmentId?: string;
}

/**
 * A job of ours made the machine of an environment anew: it is trusted by these host keys from now on, in the inventory
 * and in the tags of its present instance and volume. Safe to repeat. The keys come from `Cloud.printedHostKeys`.
 */
export type RepinHostKeys = (
  environmentId: string,
  keys: readonly { readonly fingerprint: string; readonly algorithm: string | null }[],
  jobId: string,
) => Promise<void>;

/** One command on a host. */
export type RunOnHost = (
  host: HostAddress,
  words: readonly string[],
  options: { stdin?: string; signal: AbortSignal },
) => Promise<{ exitCode: number; stdout: string; stderr: string }>;

/** One GET with the certificate checked for `domain`. */
export type GetHttps = (
  host: { account: Account; address: string; domain: string; name: string },
  path: string,
  signal: AbortSignal,
) => Promise<{ status: number; body: string; latencyMs: number; certificate: { validTo: string; issuer: string } }>;

/** One environment with everything that an act on it needs to know; read anew before each use. */
export interface OperatedEnvironment {
  readonly tenantId: string;
  readonly tenantSlug: string;
  readonly customer: string;
  readonly service: Service;
  readonly edition: string;
  /** Customer's IANA zone. */
  readonly zone: string;
  readonly owner: string;
  readonly environmentId: string;
  readonly kind: EnvironmentKind;
  readonly account: Account;
  readonly region: string;
  readonly domain: string;
  readonly version: string | null;
  readonly instanceId: string | null;
  readonly instanceType: string | null;
  readonly imageId: string | null;
  readonly volumeId: string | null;
  readonly volumeGiB: number | null;
  readonly securityGroupId: string | null;
  readonly address: string | null;
  readonly sshUser: string;
  /** Pinned fingerprints; empty while none is known. */
  readonly hostKeys: readonly string[];
}

/** `tenant` is a slug or an id. Throws NotFound, naming what is there. */
export type FindEnvironment = (tenant: string, kind: EnvironmentKind) => Promise<OperatedEnvironment>;

/** The SSH address of an environment. Its address may be "" while it has none: then nothing answers. */
export const hostOf = (environment: OperatedEnvironment): HostAddress => ({
  account: environment.account,
  address: environment.address ?? "",
  user: environment.sshUser,
  hostKeys: environment.hostKeys,
  name: `${environment.tenantSlug} ${environment.kind}`,
  environmentId: environment.environmentId,
});

/** The numbers that bind the environment's tenant now. For many tenants ask `profiles` once instead. */
export async function bindingProfile(
  ports: { profiles(): Promise<ProfileFinder>; now(): Date },
  { tenantId, service }: Pick<OperatedEnvironment, "tenantId" | "service">,
): Promise<PolicyProfile> {
  return (await ports.profiles())({ id: tenantId, service }, ports.now());
}
