import { dayIn } from "../../shared/policy/calendar.ts";
import { checkCopyRequest, checkDeletion, checkReactivation, lifecycleState } from "../../shared/policy/lifecycle.ts";
import type { PolicyProfile } from "../../shared/policy/profile.ts";
import { checkFreeSandbox } from "../../shared/policy/update-train.ts";
import { PROFILES } from "../../shared/policy/profiles.ts";
import { clocksOf } from "../../shared/terms/clocks.ts";
import { entitlementsOf } from "../../shared/terms/entitlements.ts";
import {
  bindingProfile,
  exceptionsOf,
  factsOf,
  lifecycleFactsOf,
  runsNewest,
  type TermsTenant,
  trainFactsOf,
} from "../../shared/terms/facts.ts";
import type { ContractTerms, ProfileView, TermsRecord } from "../../shared/terms/model.ts";
import { profileNumbers } from "../../shared/terms/profile-numbers.ts";
import { todayOf } from "./boards.ts";
import type { ProfileBook } from "./profiles.ts";

/** One contract as of `now`; `bound` is the profile without the exceptions; `records` and `releases` oldest first. */
export function viewTerms(
  tenant: TermsTenant,
  bound: PolicyProfile,
  records: readonly TermsRecord[],
  releases: readonly string[],
  now: Date,
): ContractTerms {
  const facts = factsOf(records);
  const today = dayIn(now, tenant.zone);
  const profile = bindingProfile(bound, tenant, records, now);
  const lifecycle = lifecycleFactsOf(tenant, facts);
  const exceptions = exceptionsOf(records, today);
  const newest = records.at(-1)?.at;
  const { id, slug, customer, service, owner, zone, isLab } = tenant;
  return {
    ...{ tenantId: id, slug, customer, service, owner, zone, isLab, today, facts, exceptions },
    profile: { id: profile.id, name: profile.name, version: profile.version },
    state: lifecycleState(profile, lifecycle, now),
    clocks: clocksOf(tenant, facts, profile, now, releases),
    entitlements: entitlementsOf(tenant, profile, exceptions, releases),
    acts: {
      copyRequest: checkCopyRequest(profile, lifecycle, now),
      reactivation: checkReactivation(profile, lifecycle, now),
      deletion: checkDeletion(profile, lifecycle, now, newest ? { latestRecordedAt: newest } : {}),
    },
    freeSandbox: profile.versions.freeSandbox
      ? checkFreeSandbox(profile, trainFactsOf(tenant, facts, runsNewest(tenant, releases, profile)), today)
      : null,
    records: records
      .map(({ id: recordId, entry, reason, by, at }) => ({ id: recordId, entry, reason, by, at }))
      .toReversed(),
  };
}

/** Every profile with its numbers, and the tenants that they bind. */
export function viewProfiles(
  tenants: readonly TermsTenant[],
  book: ProfileBook,
  recordsOf: (tenantId: string) => readonly TermsRecord[],
  now: Date,
): ProfileView[] {
  const binding = tenants.map((tenant) => {
    const records = recordsOf(tenant.id);
    const exceptions = records.length === 0 ? [] : exceptionsOf(records, todayOf(now, tenant.zone));
    const profileId = book.of(tenant.service, factsOf(records).profileId).id;
    return { tenant, profileId, exceptions };
  });
  const shipped = Object.values(PROFILES).map((profile) => ({ profile, added: null }));
  const own = book.added.map(({ profile, by, at }) => ({ profile, added: { by, at } }));
  return [...shipped, ...own].map(({ profile, added }) => {
    const bound = binding.filter(({ profileId }) => profileId === profile.id);
    const standing = bound.flatMap(({ tenant: { slug, customer }, exceptions }) =>
      exceptions
        .filter((one) => one.standing === "in-force" || one.standing === "ahead")
        .map((one) => ({ ...one, slug, customer })),
    );
    const inForce = standing.filter((one) => one.standing === "in-force");
    return {
      ...{ id: profile.id, name: profile.name, version: profile.version, service: profile.service },
      ...{ added, exceptions: standing },
      tenants: bound.map(({ tenant: { slug, customer } }) => ({ slug, customer })),
      numbers: profileNumbers(profile).map((number) => ({
        ...number,
        excepted: inForce
          .filter(({ rule, numbers }) => rule === number.rule && exceptsNumber(numbers, number.path))
          .map(({ slug }) => slug),
      })),
    };
  });
}

/** An exception without numbers is one to the whole rule. */
const exceptsNumber = (numbers: Readonly<Record<string, unknown>>, path: string): boolean =>
  Object.keys(numbers).length === 0 || Object.hasOwn(numbers, path);
