import type { ProfileFinder } from "../../shared/policy/profiles.ts";
import type { Pool } from "pg";
import type { Account } from "../../shared/settings/model.ts";
import type { Jobs } from "../jobs/index.ts";
import type { Cloud, GetHttps, RepinHostKeys, RunOnHost } from "../toolkit/ports.ts";

export type { Cloud, GetHttps, HostAddress, MadeBy, RunOnHost } from "../toolkit/ports.ts";

export interface TenantPorts {
  /** What binds each tenant, from one look: its profile, what its contract names, its exceptions. */
  profiles(): Promise<ProfileFinder>;
  readonly pool: Pool;
  readonly jobs: Jobs;
  readonly now: () => Date;
  accounts(): readonly Account[];
  cloud(account: Account, region: string): Cloud;
  /** The operator's key for the hosts of an account; made on first need. May throw VaultLocked. */
  operatorKey(account: Account): Promise<{ keyName: string; publicKey: string }>;
  readonly runOnHost: RunOnHost;
  readonly repinHostKeys: RepinHostKeys;
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
