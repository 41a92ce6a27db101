import type { Pool } from "pg";
import type { TermsTenant } from "../../shared/terms/facts.ts";
import type { Service } from "../../shared/tenant/model.ts";

export interface TermsPorts {
  readonly pool: Pool;
  readonly now: () => Date;
  tenants(): Promise<readonly TermsTenant[]>;
  /** Each product's releases, oldest first. */
  releases(): Promise<Readonly<Record<Service, readonly string[]>>>;
  /** Name recorded as the author of acts. */
  operator(): string;
  /** Something was recorded: windows refetch. */
  changed(): void;
}
