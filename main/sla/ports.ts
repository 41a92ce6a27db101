import type { AvailabilityInterval } from "../../shared/metrics/availability.ts";
import type { ProfileFinder } from "../../shared/policy/profiles.ts";
import type { ProvenWindow } from "../../shared/sla/report.ts";
import type { TermsTenant } from "../../shared/terms/facts.ts";
import type { TermsFacts } from "../../shared/terms/model.ts";

export interface SlaPorts {
  readonly now: () => Date;
  tenants(): Promise<readonly TermsTenant[]>;
  /** What people recorded of each tenant's contract. */
  facts(): Promise<(tenantId: string) => TermsFacts>;
  /** The numbers that bind each tenant, its exceptions included. */
  profiles(): Promise<ProfileFinder>;
  /** What was seen from outside within [from, to), by environment. */
  availability(
    environmentIds: readonly string[],
    from: Date,
    to: Date,
  ): Promise<ReadonlyMap<string, readonly AvailabilityInterval[]>>;
  /** Production's windows within [from, to) and `weeks` before; of all tenants, or of some. */
  windows(
    from: Date,
    to: Date,
    weeks: number,
    tenantIds: readonly string[] | null,
  ): Promise<readonly (ProvenWindow & { readonly tenantId: string })[]>;
}
