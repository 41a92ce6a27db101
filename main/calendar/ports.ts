import type { Pool } from "pg";
import type { SmtpProof } from "../../shared/calendar/model.ts";
import type { TrainDay } from "../../shared/policy/update-train.ts";
import type { ProfileFinder } from "../../shared/policy/profiles.ts";
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

/** A day of one tenant's train. */
export interface TrainStop extends TrainDay {
  readonly tenantId: string;
}

/** The company's mail server, as the settings of this console name it. */
export interface MailPort {
  /** Whether one is set up. */
  readonly isReady: () => boolean;
  /** Throws AppError NotFound when none is set up. */
  sender(): { readonly from: string; readonly fromName: string; readonly replyTo: string | null };
  /**
   * Throws AppError MailUnreachable, MailRefused, CertificateInvalid, VaultLocked or InvalidInput when nothing was
   * delivered, and anything else when nobody can know.
   */
  send(order: {
    readonly to: readonly string[];
    readonly message: Uint8Array;
  }): Promise<Readonly<Pick<SmtpProof, "server" | "answer">> & Record<"accepted" | "refused", readonly string[]>>;
}

export interface CalendarPorts {
  readonly pool: Pool;
  readonly now: () => Date;
  tenants(): Promise<readonly CalendarTenant[]>;
  /** The numbers that bind each tenant, its exceptions included. */
  profiles(): Promise<ProfileFinder>;
  /** Days within [from, to) on which updates and upgrades come by themselves (R46, R47). */
  trains(from: string, to: string): Promise<readonly TrainStop[]>;
  /** Addresses that a tenant's notices go to. */
  contacts(tenantId: string): Promise<readonly string[]>;
  readonly mail: MailPort;
  /** Folder of the messages that were sent from here. */
  readonly messages: string;
  /** Stable name of this console's home on this machine. */
  readonly machine: string;
  /** Name recorded as the author of acts. */
  operator(): string;
  /** The calendar changed: windows refetch. */
  changed(): void;
}
