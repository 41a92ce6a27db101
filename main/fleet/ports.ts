import type { Pool } from "pg";
import type { FoundEnvironment } from "../../shared/fleet/inventory.ts";
import type { Account } from "../../shared/settings/model.ts";
import type { Jobs } from "../jobs/index.ts";
import type { Health, Service, SizeOption, Tenant } from "../../shared/tenant/model.ts";

export interface RegionReading {
  readonly environments: readonly FoundEnvironment[];
  readonly releases: readonly { readonly service: Service; readonly version: string }[];
  readonly sizes: readonly SizeOption[];
}

export interface HealthLook {
  readonly health: Health;
  /** null where nothing answered. */
  readonly latencyMs: number | null;
  /** This console could not look: neither hosts nor AWS answer it. */
  readonly blind: boolean;
}

export interface FleetPorts {
  readonly pool: Pool;
  readonly now: () => Date;
  readonly jobs: Jobs;
  accounts(): readonly Account[];
  whoAmI(account: Account): Promise<{ awsAccountId: string; arn: string }>;
  /** Name recorded as the author of acts. */
  operator(): string;
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
  }): Promise<{ status: number; body: string; latencyMs: number; certificate?: { validTo: string; issuer: string } }>;
  /** One look from outside, with what it means: for the charts and for the record of availability. */
  looked(environmentId: string, look: HealthLook): Promise<void>;
  intervals(): { inventorySeconds: number; healthSeconds: number };
  /** The fleet changed: windows refetch. */
  changed(): void;
  log(level: "info" | "warning" | "error", text: string): void;
}
