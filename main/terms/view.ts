import { dayIn } from "../../shared/policy/calendar.ts";
import { checkCopyRequest, checkDeletion, checkReactivation, lifecycleState } from "../../shared/policy/lifecycle.ts";
import { PROFILES, profileOf } from "../../shared/policy/profiles.ts";
import { clocksOf } from "../../shared/terms/clocks.ts";
import { entitlementsOf } from "../../shared/terms/entitlements.ts";
import { exceptionsOf, factsOf, lifecycleFactsOf, profileWith, type TermsTenant } from "../../shared/terms/facts.ts";
import type { ContractTerms, ProfileView, TermsRecord } from "../../shared/terms/model.ts";
import { profileNumbers } from "../../shared/terms/profile-numbers.ts";
import { todayOf } from "./boards.ts";

/** One contract as of `now`; `records` and `releases` oldest first. */
export function viewTerms(
  tenant: TermsTenant,
  records: readonly TermsRecord[],
  releases: readonly string[],
  now: Date,
): ContractTerms {
  const facts = factsOf(records);
  const today = dayIn(now, tenant.zone);
  const profile = profileWith(profileOf(tenant.service), facts);
  const lifecycle = lifecycleFactsOf(tenant, facts);
  const exceptions = exceptionsOf(records, today);
  const newest = records.at(-1)?.at;
  const { id, slug, customer, service, owner, zone, isLab } = tenant;
  return {
    ...{ tenantId: id, slug, customer, service, owner, zone, isLab, today, facts, exceptions },
    profile: { id: profile.id, name: profile.name, version: profile.version },
    state: lifecycleState(profile, lifecycle, now),
    clocks: clocksOf(tenant, facts, profile, now),
    entitlements: entitlementsOf(tenant, profile, exceptions, releases),
    acts: {
      copyRequest: checkCopyRequest(profile, lifecycle, now),
      reactivation: checkReactivation(profile, lifecycle, now),
      deletion: checkDeletion(profile, lifecycle, now, newest ? { latestRecordedAt: newest } : {}),
    },
    records: records
      .map(({ id: recordId, entry, reason, by, at }) => ({ id: recordId, entry, reason, by, at }))
      .toReversed(),
  };
}

/** Every profile with its numbers, and the tenants that they bind. */
export function viewProfiles(
  tenants: readonly TermsTenant[],
  recordsOf: (tenantId: string) => readonly TermsRecord[],
  now: Date,
): ProfileView[] {
  return Object.values(PROFILES).map((profile) => {
    const bound = tenants.filter(({ service }) => service === profile.service);
    const excepted = bound.map(({ id, slug, zone }) => ({
      slug,
      rules: exceptionsOf(recordsOf(id), todayOf(now, zone))
        .filter(({ standing }) => standing === "in-force")
        .map(({ rule }) => rule),
    }));
    return {
      ...{ id: profile.id, name: profile.name, version: profile.version, service: profile.service },
      tenants: bound.map(({ slug, customer }) => ({ slug, customer })),
      numbers: profileNumbers(profile).map((number) => ({
        ...number,
        excepted: excepted.filter(({ rules }) => rules.includes(number.rule)).map(({ slug }) => slug),
      })),
    };
  });
}
