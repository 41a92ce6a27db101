import type { PolicyProfile } from "./profile.ts";
import { allow, refuse, type Verdict } from "./verdict.ts";

/** Written consent to a region outside the profile's list, for one tenant. */
export interface RegionException {
  readonly region: string;
  /** File or ticket that records it. */
  readonly document: string;
  /** Last day, YYYY-MM-DD; absent: until revoked. */
  readonly until?: string;
}

/**
 * Says whether a tenant of this profile may live in `region` (R14).
 *
 * An exception must carry a document and must not have ended by the UTC day of `now`. A profile without a list
 * allows every region.
 */
export function checkRegion(
  profile: PolicyProfile,
  region: string,
  exceptions: readonly RegionException[],
  now: Date,
): Verdict {
  const { regions } = profile;
  if (!regions.allowed)
    return allow(regions, `${profile.name} names no list of regions.`, {
      note: regions.note,
      facts: { case: "region.noList", service: profile.name },
    });
  const list = regions.allowed.join(", ");
  if (regions.allowed.includes(region))
    return allow(regions, `${region} is one of the default regions (${list}).`, {
      facts: { case: "region.default", region, allowed: list },
    });

  const today = now.toISOString().slice(0, 10);
  const recorded = exceptions.filter((one) => one.region === region && one.document.trim() !== "");
  const valid = recorded.find((one) => one.until === undefined || one.until >= today);
  if (valid)
    return allow(regions, `${region} is allowed by the exception recorded in ${valid.document}.`, {
      facts: { case: "region.exception", region, document: valid.document },
    });
  const endedOn = recorded[0]?.until;
  const ended = endedOn ? ` The recorded exception ended on ${endedOn}.` : "";
  return refuse(regions, `${region} is outside the default regions (${list}) and needs a recorded exception.${ended}`, {
    overridable: true,
    facts: endedOn
      ? { case: "region.exceptionEnded", region, allowed: list, endedOn }
      : { case: "region.outside", region, allowed: list },
  });
}

/**
 * Says whether data with a residency tag (ISO country code) may be in `region`: at provisioning, and for every copy,
 * restore and move to another region (R15).
 *
 * A tag the profile does not know is refused rather than waved through.
 */
export function checkResidency(profile: PolicyProfile, residency: string | null | undefined, region: string): Verdict {
  const { residency: rule } = profile.regions;
  if (!residency) return allow(rule, "The tenant carries no residency tag.", { facts: { case: "residency.none" } });
  const tag = residency.toUpperCase();
  const homes = Object.hasOwn(rule.regionsOf, tag) ? rule.regionsOf[tag] : undefined;
  if (!homes)
    return refuse(rule, `No region is known to satisfy the residency tag ${tag}; add it to the profile first.`, {
      facts: { case: "residency.unknown", residency: tag, region },
    });
  const facts = { residency: tag, region, allowed: homes.join(", ") };
  return homes.includes(region)
    ? allow(rule, `${region} satisfies the residency tag ${tag}.`, { facts: { case: "residency.kept", ...facts } })
    : refuse(rule, `Data with the residency tag ${tag} stays in ${homes.join(", ")}; ${region} is elsewhere.`, {
        facts: { case: "residency.elsewhere", ...facts },
      });
}

/** Compliance needs beyond the profile (R16): allowed once they were examined; a fee may follow. */
export function checkCompliance(needs: readonly { readonly name: string; readonly examined: boolean }[]): Verdict {
  const clause = { rule: "R16", source: "AC:67" };
  const open = needs.filter((one) => !one.examined).map((one) => one.name);
  if (open.length === 0)
    return allow(clause, "Every recorded compliance need was examined.", { facts: { case: "compliance.examined" } });
  return refuse(clause, `Not examined yet: ${open.join(", ")}. Options are proposed first; a fee may apply.`, {
    overridable: true,
    facts: { case: "compliance.open", open: open.join(", ") },
  });
}
