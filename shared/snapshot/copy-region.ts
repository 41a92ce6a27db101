import type { PolicyProfile } from "../policy/profile.ts";
import { checkRegion, checkResidency } from "../policy/region.ts";

/**
 * Regions of the account that a second copy may go to (R15, R50), the tenant's own left out, those of its own part of the
 * world first.
 *
 * `residency` is an ISO country code, or null where the tenant carries none.
 */
export function copyRegions(
  profile: PolicyProfile,
  tenant: { readonly region: string; readonly residency: string | null },
  accountRegions: readonly string[],
  now: Date,
): string[] {
  const isNear = (region: string) => region.split("-")[0] === tenant.region.split("-")[0];
  return accountRegions
    .filter(
      (region) =>
        region !== tenant.region &&
        checkRegion(profile, region, [], now).allowed &&
        checkResidency(profile, tenant.residency, region).allowed,
    )
    .toSorted((one, other) => Number(isNear(other)) - Number(isNear(one)));
}
