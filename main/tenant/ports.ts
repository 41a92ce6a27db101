import type { Pool } from "pg";
import type { Account } from "../../shared/settings/model.ts";
import type { ImageOption, SizeOption } from "../../shared/tenant/model.ts";
import type { Jobs } from "../jobs/index.ts";

/** Find-or-create key: the job that makes it and what it is for ("production/volume"). */
export interface MadeBy {
  readonly jobId: string;
  readonly resource: string;
}
type Tags = Readonly<Record<string, string>>;

/** One account in one region. Every method may be repeated: it finds what an earlier call made. */
export interface Cloud {
  whoAmI(): Promise<{ awsAccountId: string; arn: string }>;
  images(): Promise<readonly (Omit<ImageOption, "region" | "support"> & { sshUser: string })[]>;
  sizes(): Promise<readonly SizeOption[]>;
  instanceQuota(): Promise<{ limit: number; used: number } | undefined>;
  place(seed: string): Promise<{ vpcId: string; subnetId: string; zone: string }>;
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
    volume: { zone: string; sizeGiB: number; tags: Tags },
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
  instance(instanceId: string): Promise<{ state: string; address: string | null; launchedAt: Date | null } | undefined>;
  volume(
    volumeId: string,
  ): Promise<{ state: string; attachedTo: string | null; attachment: string | null } | undefined>;
  ensureAttached(volumeId: string, instanceId: string, device: string): Promise<void>;
  /** Host key fingerprints that the machine printed at boot; empty while it has not. */
  hostKeys(instanceId: string): Promise<readonly string[]>;
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
}

export interface HostAddress {
  readonly account: Account;
  readonly address: string;
  readonly user: string;
  readonly hostKeys: readonly string[];
  /** For messages: "acme production". */
  readonly name: string;
}

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
) => Promise<{ status: number; body: string; certificate: { validTo: string; issuer: string } }>;

export interface TenantPorts {
  readonly pool: Pool;
  readonly jobs: Jobs;
  readonly now: () => Date;
  accounts(): readonly Account[];
  cloud(account: Account, region: string): Cloud;
  /** The operator's key for the hosts of an account; made on first need. May throw VaultLocked. */
  operatorKey(account: Account): Promise<{ keyName: string; publicKey: string }>;
  readonly runOnHost: RunOnHost;
  readonly getHttps: GetHttps;
  plainHttpAnswers(account: Account, address: string): Promise<boolean>;
  /** Name recorded as the author of acts. */
  operator(): string;
  /** Networks that may reach SSH where the order names none. */
  sshFrom(account: Account): readonly string[];
  /** Something of the tenant changed: windows refetch. */
  changed(tenantId: string): void;
  /** Reads the region's inventory again, soon. */
  readSoon(accountId: string, region: string): void;
}
