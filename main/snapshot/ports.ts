import type { ProfileFinder } from "../../shared/policy/profiles.ts";
import type { Pool } from "pg";
import { AppError } from "../../shared/errors.ts";
import type { Snapshot } from "../../shared/snapshot/model.ts";
import type { Account } from "../../shared/settings/model.ts";
import type { Jobs } from "../jobs/index.ts";
import type {
  Cloud,
  FindEnvironment,
  GetHttps,
  ObjectStore,
  OperatedEnvironment,
  RunOnHost,
} from "../toolkit/ports.ts";

export interface SnapshotPorts {
  /** What binds each tenant, from one look: its profile, what its contract names, its exceptions. */
  profiles(): Promise<ProfileFinder>;
  readonly pool: Pool;
  readonly jobs: Jobs;
  readonly now: () => Date;
  accounts(): readonly Account[];
  readonly environment: FindEnvironment;
  /** Every environment of a tenant (slug or id), or of all; never waits for AWS. */
  environments(tenant?: string): Promise<readonly OperatedEnvironment[]>;
  cloud(account: Account, region: string): Cloud;
  storage(account: Account, region: string): Promise<ObjectStore>;
  readonly runOnHost: RunOnHost;
  readonly getHttps: GetHttps;
  /** Name recorded as the author of acts. */
  operator(): string;
  /** Something of the tenant's snapshots changed: windows refetch. */
  changed(tenantId: string): void;
  log(level: "info" | "warning" | "error", text: string): void;
}

/** The account that a snapshot lies in. Without it the job waits. */
export function accountOf(ports: Pick<SnapshotPorts, "accounts">, snapshot: Snapshot): Account {
  const account = ports.accounts().find((one) => one.id === snapshot.accountId);
  if (account) return account;
  throw new AppError("AwsCredentialsExpired", `The account ${snapshot.accountId} is not configured in this console.`, {
    retryable: true,
    tenant: snapshot.tenantSlug,
    next: "Add the account in Settings; the job goes on by itself.",
  });
}
