import type { Pool } from "pg";
import type { EnvironmentKind, Service } from "../../shared/tenant/model.ts";

/** What the calendar has to know of a tenant. */
export interface CalendarTenant {
  readonly id: string;
  readonly slug: string;
  readonly customer: string;
  readonly service: Service;
  /** Customer's IANA time zone. */
  readonly zone: string;
  readonly environments: readonly { readonly kind: EnvironmentKind; readonly region: string }[];
}

export interface CalendarPorts {
  readonly pool: Pool;
  readonly now: () => Date;
  tenants(): Promise<readonly CalendarTenant[]>;
  /** Name recorded as the author of acts. */
  operator(): string;
  /** The calendar changed: windows refetch. */
  changed(): void;
}
