import type { ProfileFinder } from "../../shared/policy/profiles.ts";
import type { Pool } from "pg";
import type { OpenWindow } from "../../shared/policy/interruption.ts";
import type { EnvironmentKind } from "../../shared/tenant/model.ts";
import type { LockoutRecord } from "../../shared/tenant/lockout.ts";
import type { Jobs } from "../jobs/index.ts";
import type { OperatePorts } from "../toolkit/operate.ts";

export interface PlannedWindow extends OpenWindow {
  readonly tenantId: string;
  readonly environment: EnvironmentKind;
  readonly cancelled: boolean;
}

export interface MaintenancePorts extends OperatePorts {
  /** What binds each tenant, from one look: its profile, what its contract names, its exceptions. */
  profiles(): Promise<ProfileFinder>;
  readonly pool: Pool;
  readonly jobs: Jobs;
  readonly lockouts: {
    begin(
      lockout: LockoutRecord & { readonly id: string; readonly tenantId: string; readonly environmentId: string },
    ): Promise<void>;
    isOpen(id: string): Promise<boolean>;
    end(environmentId: string, at: Date, by: string): Promise<void>;
  };
  /** Asks for health soon, so that the watch is right at once. */
  lookAgain(): void;
  openWindow(tenantId: string, kind: EnvironmentKind): Promise<OpenWindow | null>;
  /** Throws NotFound. */
  plannedWindow(windowId: string): Promise<PlannedWindow>;
  /** Name recorded as the author of acts. */
  operator(): string;
  /** A run or a runbook changed: windows refetch. */
  changed(): void;
}
