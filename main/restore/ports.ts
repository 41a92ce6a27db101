import type { ProfileFinder } from "../../shared/policy/profiles.ts";
import type { Pool } from "pg";
import type { RestoreSource, SourceManifest } from "../../shared/restore/model.ts";
import type { Account } from "../../shared/settings/model.ts";
import type { EnvironmentKind } from "../../shared/tenant/model.ts";
import type { Jobs } from "../jobs/index.ts";
import type { Snapshot } from "../../shared/snapshot/model.ts";
import type { Cloud, CloudSnapshot, FindEnvironment, OperatedEnvironment, RunOnHost, Tags } from "../toolkit/ports.ts";

/** Planned work on an environment, from the calendar. */
export interface PlannedWork {
  readonly environment: EnvironmentKind;
  readonly kind: string;
  readonly title: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
}

export interface RestorePorts {
  /** What binds each tenant, from one look: its profile, what its contract names, its exceptions. */
  profiles(): Promise<ProfileFinder>;
  readonly pool: Pool;
  readonly jobs: Jobs;
  readonly now: () => Date;
  operator(): string;
  readonly find: FindEnvironment;
  cloud(account: Account, region: string): Cloud;
  readonly runOnHost: RunOnHost;
  operatorKey(account: Account): Promise<{ keyName: string; publicKey: string }>;
  /** Networks that may reach what stands beside. */
  sshFrom(account: Account): readonly string[];
  /** The key that makes a host this tenant's; null where this console does not know it. */
  activationKey(tenantId: string): Promise<string | null>;
  /** What was read of the data with a snapshot or its copy in another region; null where nothing was. */
  manifestOf(
    snapshot: Pick<CloudSnapshot, "snapshotId" | "tags">,
    place: { readonly account: Account; readonly region: string },
  ): Promise<{ manifest: SourceManifest; isAtRest: boolean } | null>;
  /** Archives of a tenant that can be read now. */
  archives(tenantId: string): Promise<readonly Snapshot[]>;
  /** Where a host may read an archive for a while: never stored, never logged. Throws NotFound once it ended. */
  archiveAddress(id: string): Promise<string>;
  /** Tags of an environment's own resources, as provisioning writes them. */
  environmentTags(environment: OperatedEnvironment): Promise<Tags>;
  plannedWork(tenantId: string): Promise<readonly PlannedWork[]>;
  /** The environment's data is on another volume now. */
  learn(environmentId: string, facts: { volumeId: string; volumeGiB: number }): Promise<void>;
  /** Something of the tenant's restores changed: windows refetch. */
  changed(tenantId: string): void;
  readSoon(accountId: string, region: string): void;
}

export type { RestoreSource };
