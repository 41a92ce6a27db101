import type { Pool } from "pg";
import type { Account } from "../../shared/settings/model.ts";
import type { EnvironmentKind } from "../../shared/tenant/model.ts";
import type { TerminalSession } from "../../shared/terminal/model.ts";
import type { Jobs } from "../jobs/index.ts";
import type { FindEnvironment, HostAddress, RunOnHost } from "../toolkit/ports.ts";

export interface AccessPlace {
  readonly tenantId: string;
  readonly tenantSlug: string;
  readonly environmentId: string;
  readonly kind: EnvironmentKind;
  readonly accountId: string;
  /** AWS says that its machine runs. */
  readonly running: boolean;
}

/** The operator's own keys for the hosts of one account, in the vault. */
export interface OwnKeys {
  /** Fingerprints that are this console's own, old and new ones. */
  fingerprints(account: Account): Promise<ReadonlySet<string>>;
  /** Makes the next key, or gives the one that was made before. */
  next(account: Account): Promise<{ publicKey: string; fingerprint: string }>;
  /** What the console logs in with now. */
  present(account: Account): Promise<{ publicKey: string; fingerprint: string }>;
  /** The next key becomes the present one; the one before stays at hand until `forget`. Repeating is harmless. */
  change(account: Account, toFingerprint: string): Promise<void>;
  /** The key before the present one; null when there is none. */
  before(account: Account): Promise<{ fingerprint: string } | null>;
  forget(account: Account): Promise<void>;
  /** One log-in with the next key and nothing else. */
  logInWithNext(host: HostAddress, signal: AbortSignal): Promise<void>;
}

export interface AccessPorts {
  readonly pool: Pool;
  readonly jobs: Jobs;
  readonly now: () => Date;
  readonly find: FindEnvironment;
  readonly runOnHost: RunOnHost;
  places(): Promise<readonly AccessPlace[]>;
  account(id: string): Account;
  /** Name recorded as the author of acts. */
  operator(): string;
  readonly ownKeys: OwnKeys;
  sessions(tenant: string | undefined, limit: number): Promise<readonly TerminalSession[]>;
  /** The register or a host's list changed: windows refetch. */
  changed(): void;
}
