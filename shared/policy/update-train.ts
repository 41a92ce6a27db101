import { addToDay } from "./calendar.ts";
import type { PolicyProfile } from "./profile.ts";
import type { Clause } from "./verdict.ts";

export interface UpdateTrain extends Clause {
  /** Days on which the next update and the next upgrade are due. */
  readonly updateOn: string;
  readonly upgradeOn: string;
  /** False for a customer who keeps the timing (R47). */
  readonly isAutomatic: boolean;
}

/**
 * When a tenant's next update and upgrade come (R46), and whether by themselves (R47). Null for a service without a
 * train.
 */
export function updateTrain(
  profile: PolicyProfile,
  tenant: { readonly lastUpdateOn: string; readonly lastUpgradeOn: string; readonly isFlex: boolean },
): UpdateTrain | null {
  const { train, flex } = profile.versions;
  if (!train) return null;
  const isAutomatic = !(tenant.isFlex && flex);
  const { rule, source } = isAutomatic ? train : flex!;
  return {
    rule,
    source,
    updateOn: addToDay(tenant.lastUpdateOn, { months: train.updateMonths }),
    upgradeOn: addToDay(tenant.lastUpgradeOn, { months: train.upgradeMonths }),
    isAutomatic,
  };
}
