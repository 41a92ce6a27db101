import { errorFacts } from "../../shared/errors.ts";
import { dayIn } from "../../shared/policy/calendar.ts";
import { lifecycleState } from "../../shared/policy/lifecycle.ts";
import type { PolicyProfile } from "../../shared/policy/profile.ts";
import type { ProfileFinder } from "../../shared/policy/profiles.ts";
import { updateTrain } from "../../shared/policy/update-train.ts";
import { checkVersion, versionSupport } from "../../shared/policy/version-support.ts";
import { daysTo, nextEnding, ofVerdict } from "../../shared/terms/clocks.ts";
import {
  exceptionsOf,
  factsOf,
  lifecycleFactsOf,
  runsNewest,
  type TermsTenant,
  trainFactsOf,
} from "../../shared/terms/facts.ts";
import type { ExpiryRow, TermsBoard, TermsRecord, VersionRow } from "../../shared/terms/model.ts";
import type { Service } from "../../shared/tenant/model.ts";

interface BoardFacts {
  readonly tenants: readonly TermsTenant[];
  readonly recordsOf: (tenantId: string) => readonly TermsRecord[];
  readonly releases: Readonly<Record<Service, readonly string[]>>;
  readonly profileFor: ProfileFinder;
  readonly now: Date;
}

/** Both boards, most urgent row first. */
export function boardsOf({ tenants, recordsOf, releases, profileFor, now }: BoardFacts): TermsBoard {
  return {
    versions: tenants
      .flatMap((tenant) =>
        versionRows(tenant, profileFor(tenant, now), recordsOf(tenant.id), releases[tenant.service], now),
      )
      .toSorted((a, b) => urgencyOf(a) - urgencyOf(b) || compare(a.customer, b.customer)),
    expiries: tenants
      .map((tenant) => expiryRow(tenant, profileFor(tenant, now), recordsOf(tenant.id), now))
      // A tenant whose state cannot be told comes first: somebody has to look.
      .toSorted((a, b) => nearnessOf(a) - nearnessOf(b) || compare(a.customer, b.customer)),
  };
}

/** Days to the next date; of a tenant that is deleted nothing comes any more. */
const nearnessOf = ({ problem, daysLeft }: ExpiryRow): number =>
  problem === null ? (daysLeft ?? Infinity) : Number.NEGATIVE_INFINITY;

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** Releases until the end of support: out of support before the last one, unknown after all others. */
const urgencyOf = ({ support: { state, leavesInReleases } }: VersionRow): number =>
  state === "unsupported" ? -1 : (leavesInReleases ?? (state === "current" ? 900 : 1_000));

const shared = ({ id, slug, customer, service, owner, isLab }: TermsTenant) => ({
  ...{ tenantId: id, slug, customer, service, owner, isLab },
});

/** The day at the customer, or in UTC where the customer's zone is not known. */
export function todayOf(now: Date, zone: string): string {
  try {
    return dayIn(now, zone);
  } catch {
    return dayIn(now, "UTC");
  }
}

function versionRows(
  tenant: TermsTenant,
  profile: PolicyProfile,
  records: readonly TermsRecord[],
  releases: readonly string[],
  now: Date,
): VersionRow[] {
  const exceptions = records.length === 0 ? [] : exceptionsOf(records, todayOf(now, tenant.zone));
  const own = exceptions.find(({ rule, standing }) => rule === profile.versions.rule && standing === "in-force");
  const today = todayOf(now, tenant.zone);
  return tenant.environments.map(({ id, kind, region, version }) => {
    const why =
      version === null
        ? ofVerdict({
            ...{ rule: profile.versions.rule, source: profile.versions.source, allowed: false },
            reason: "The version was not read yet.",
          })
        : ofVerdict(checkVersion(profile, version, releases));
    return {
      ...shared(tenant),
      ...{ environmentId: id, environment: kind, region, version },
      newest: releases.at(-1) ?? null,
      support: versionSupport(profile, version, releases),
      exceptionUntil: own?.until ?? null,
      train: kind === "production" ? trainOf(tenant, profile, records, releases, today) : null,
      ...why,
    };
  });
}

function trainOf(
  tenant: TermsTenant,
  profile: PolicyProfile,
  records: readonly TermsRecord[],
  releases: readonly string[],
  today: string,
): VersionRow["train"] {
  try {
    const next = updateTrain(
      profile,
      trainFactsOf(tenant, factsOf(records), runsNewest(tenant, releases, profile)),
      today,
    );
    return next && { ...next, updateOverdue: next.updateOn < today, upgradeOverdue: next.upgradeOn < today };
  } catch {
    // A zone that nobody knows; the expiry board names it.
    return null;
  }
}

function expiryRow(tenant: TermsTenant, profile: PolicyProfile, records: readonly TermsRecord[], now: Date): ExpiryRow {
  const facts = factsOf(records);
  const { goodStanding, legalHold } = facts;
  const row = { ...shared(tenant), goodStanding, legalHold };
  try {
    const today = dayIn(now, tenant.zone);
    const state = lifecycleState(profile, lifecycleFactsOf(tenant, facts), now);
    const next = state === "deleted" ? null : nextEnding(tenant, facts, profile, now, today);
    return {
      ...row,
      state,
      next,
      daysLeft: next && daysTo(next, today),
      problem: null,
    };
  } catch (error) {
    // One tenant with bad data must not hide the others.
    return { ...row, state: "active", next: null, daysLeft: null, problem: errorFacts(error).message };
  }
}
