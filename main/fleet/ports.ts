import type { Pool } from "pg";
import type { Account } from "../../shared/settings/model.ts";
import type { Health, Service, SizeOption, Tenant } from "../../shared/tenant/model.ts";

/** One environment as the cloud shows it; `tags` are read by the tenant area. */
export interface FoundEnvironment {
  readonly tags: Readonly<Record<string, string>>;
  readonly region: string;
  readonly instance: {
    readonly instanceId: string;
    readonly state: string;
    readonly instanceType: string;
    readonly imageId: string;
    readonly address: string | null;
    readonly securityGroupId: string | null;
    readonly launchedAt: string | null;
  } | null;
  readonly volume: { readonly volumeId: string; readonly sizeGiB: number } | null;
  readonly lastBackupAt: string | null;
}

export interface RegionReading {
  readonly environments: readonly FoundEnvironment[];
  readonly releases: readonly { readonly service: Service; readonly version: string }[];
  readonly sizes: readonly SizeOption[];
}

export interface FleetPorts {
  readonly pool: Pool;
  readonly now: () => Date;
  accounts(): readonly Account[];
  /** Everything with a tenant tag in one region, with its images and sizes. */
  readRegion(account: Account, region: string): Promise<RegionReading>;
  listTenants(): Promise<Tenant[]>;
  /** Takes over a complete reading of one region. */
  takeOver(account: Account, region: string, environments: readonly FoundEnvironment[], readAt: Date): Promise<void>;
  setHealth(environmentId: string, health: Health): Promise<void>;
  /** GET /health with the certificate checked. */
  getHealth(target: {
    account: Account;
    address: string;
    domain: string;
    name: string;
    signal: AbortSignal;
  }): Promise<{ status: number; body: string }>;
  intervals(): { inventorySeconds: number; healthSeconds: number };
  /** The fleet changed: windows refetch. */
  changed(): void;
  log(level: "info" | "warning" | "error", text: string): void;
}
