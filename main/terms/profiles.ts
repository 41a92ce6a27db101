import { AppError } from "../../shared/errors.ts";
import { parseProfile, type PolicyProfile } from "../../shared/policy/profile.ts";
import { PROFILES, type ProfileFinder, profileOf } from "../../shared/policy/profiles.ts";
import { bindingProfile, factsOf } from "../../shared/terms/facts.ts";
import type { TermsRecord } from "../../shared/terms/model.ts";
import type { Service } from "../../shared/tenant/model.ts";

/** A company's profile as it is kept. */
export interface AddedProfile {
  readonly profile: PolicyProfile;
  readonly by: string;
  readonly at: Date;
}

/** The shipped profiles and the newest version of each of the company's. */
export class ProfileBook {
  readonly added: readonly AddedProfile[];

  constructor(added: readonly AddedProfile[]) {
    this.added = added;
  }

  /** A profile that is gone, or is of the other service, binds nobody: the service's own does. */
  of(service: Service, profileId: string | null): PolicyProfile {
    const own = this.added.find(({ profile }) => profile.id === profileId && profile.service === service);
    return own?.profile ?? profileOf(service);
  }

  /** Refuses a binding to a profile that does not exist, or that belongs to the other service. */
  check(profileId: string | null, tenant: { readonly slug: string; readonly service: Service }): void {
    if (profileId === null || this.of(tenant.service, profileId).id === profileId) return;
    const known = this.added.flatMap(({ profile }) => (profile.service === tenant.service ? [profile.id] : []));
    throw new AppError("NotFound", `There is no profile ${profileId} for ${tenant.service}.`, {
      ...{ retryable: false, tenant: tenant.slug },
      next: known.length > 0 ? `Name one of ${known.join(", ")}.` : "Add the profile first.",
    });
  }
}

type Bound = Parameters<ProfileFinder>[0] & { readonly zone: string };

/** Finds the numbers that bind a tenant at a moment, its exceptions included. */
export function profileFinder(
  book: ProfileBook,
  tenants: readonly Bound[],
  recordsOf: (tenantId: string) => readonly TermsRecord[],
): ProfileFinder {
  const zones = new Map(tenants.map(({ id, zone }) => [id, zone]));
  const known = new Map<string, PolicyProfile>();
  return ({ id, service }, at) => {
    const records = recordsOf(id);
    if (records.length === 0) return profileOf(service);
    // Only exceptions begin and end; all else is one for every day.
    const changes = records.some(({ entry }) => entry.kind === "exception");
    const key = changes ? `${id} ${Math.floor(at.getTime() / QUARTER_MS)}` : id;
    const found =
      known.get(key) ??
      bindingProfile(book.of(service, factsOf(records).profileId), { zone: zones.get(id) ?? "UTC" }, records, at);
    known.set(key, found);
    return found;
  };
}

/** No zone begins its day between two of these. */
const QUARTER_MS = 15 * 60_000;

/**
 * Reads a company's profile. Throws AppError InvalidInput naming every fault, Conflict for a name that is the console's
 * own, or for a version that is kept with other numbers.
 */
export function checkedProfile(json: unknown, kept: readonly AddedProfile[]): PolicyProfile {
  const profile = parseProfile(json);
  const same = kept.filter((one) => one.profile.id === profile.id);
  if (Object.hasOwn(PROFILES, profile.id))
    throw taken(`${profile.id} is the name of a profile that the console brings`);
  if (same.some((one) => one.profile.service !== profile.service))
    throw taken(`${profile.id} is a profile of another service`);
  const before = same.find((one) => one.profile.version === profile.version);
  if (before && canonical(before.profile) !== canonical(profile))
    throw taken(`${profile.id} ${profile.version} is kept with other numbers`);
  return profile;
}

const canonical = (profile: PolicyProfile): string => JSON.stringify(parseProfile(profile), sortedKeys);

/** The database keeps keys in an order of its own. */
const sortedKeys = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;

const taken = (why: string): AppError =>
  new AppError("Conflict", `The policy profile is not added: ${why}.`, {
    retryable: false,
    next: "Give it another id, or a new version. Decisions name the version that they were made under.",
  });
