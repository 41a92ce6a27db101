import type { EnvironmentRequest, ProvisionRequest, SizeOption } from "../tenant/model.ts";
import { checkEdition, checkLicence } from "./edition-and-licence.ts";
import { checkPrefix } from "./prefix-and-domain.ts";
import type { PolicyProfile } from "./profile.ts";
import { checkRegion, checkResidency, type RegionException } from "./region.ts";
import { checkEnvironmentKinds, checkTestSize, type Size } from "./size.ts";
import { allow, refuse, type Verdict, withOverrides } from "./verdict.ts";
import { checkVersion } from "./version-support.ts";

/** One limit of an AWS account in one region, as AWS tells it. */
export interface QuotaFigure {
  readonly used: number;
  readonly limit: number;
}

/** Limits that were read; one that is absent was not read and is not checked. */
export interface AccountQuota {
  readonly instances?: QuotaFigure;
  readonly vcpus?: QuotaFigure;
  readonly volumes?: QuotaFigure;
  readonly volumeGiB?: QuotaFigure;
  readonly securityGroups?: QuotaFigure;
}

/** Everything `checkProvisioning` needs; plain data, the caller reads it. */
export interface ProvisioningFacts {
  readonly request: ProvisionRequest;
  /** Profile of `request.service`. */
  readonly profile: PolicyProfile;
  /** Confirmed-stable releases of the service, oldest first. */
  readonly releases: readonly string[];
  /** Instance types of the account and region; must hold those of the request. */
  readonly sizes: readonly SizeOption[];
  /** Prefixes of all other tenants of the service, over all accounts and regions. */
  readonly takenPrefixes: Iterable<string>;
  /** Recorded exceptions to the region list; default none. */
  readonly regionExceptions?: readonly RegionException[];
  /** Residency tag of the customer, an ISO country code; default none. */
  readonly residency?: string | null;
  /** Limits of the account in the region; default not read. */
  readonly quota?: AccountQuota;
  /** Existing production, for a request that only adds an environment to it. */
  readonly productionSize?: Size;
  readonly now: Date;
}

/**
 * Every contract rule of a new tenant: one verdict per rule, allowed ones too, refusals never thrown.
 *
 * R10/R12 prefix, R14 region, R15 residency, R76 edition, R77 licence, R1 production, R8/R27/R28 other environments and
 * their size, R42/R46 version, "quota". `request.overrides` are attached to the refusals that may be overridden; the
 * plan may go on when `standingRefusals(verdicts)` is empty.
 */
export function checkProvisioning(facts: ProvisioningFacts): Verdict[] {
  const { request, profile, now } = facts;
  const kinds = request.environments.map((one) => one.kind);
  const existing = facts.productionSize ? (["production"] as const) : [];
  const residency = checkResidency(profile, facts.residency, request.region);
  const region = checkRegion(profile, request.region, facts.regionExceptions ?? [], now);
  const edition = checkEdition(profile, request.edition);

  const verdicts = [
    checkPrefix(profile, request.prefix, facts.takenPrefixes),
    ...(region.rule === residency.rule && region.allowed
      ? [residency]
      : [region, ...(facts.residency ? [residency] : [])]),
    edition,
    ...(edition.allowed ? [checkLicence(profile, request)] : []),
    ...checkEnvironmentKinds(profile, [...existing, ...kinds]),
    ...checkSizes(facts),
    checkVersion(profile, request.version, facts.releases),
    checkQuota(facts),
  ];
  return withOverrides(onePerRule(verdicts), request.overrides);
}

function checkSizes({ request, profile, sizes, productionSize }: ProvisioningFacts): Verdict[] {
  const sizeOf = (environment: EnvironmentRequest): Size | undefined => {
    const type = sizes.find((one) => one.instanceType === environment.instanceType);
    return type && { vcpus: type.vcpus, memoryMiB: type.memoryMiB, diskGiB: environment.volumeGiB };
  };
  const productionRequest = request.environments.find((one) => one.kind === "production");
  const production = productionRequest ? sizeOf(productionRequest) : productionSize;

  return request.environments.flatMap((environment) => {
    const limit = profile.environments.find((one) => one.kind === environment.kind);
    if (limit?.maximumPercentOfProduction === undefined) return [];
    const size = sizeOf(environment);
    if (size && production) return [checkTestSize(profile, environment.kind, production, size)];
    const missing = size ? (productionRequest?.instanceType ?? "the production environment") : environment.instanceType;
    return [
      refuse(limit, `The sizes cannot be compared: the size of ${missing} is not known in ${request.region}.`, {
        facts: { case: "size.unknown", type: missing, region: request.region },
      }),
    ];
  });
}

/** The account's own limits against what the request adds. */
function checkQuota({ request, sizes, quota = {} }: ProvisioningFacts): Verdict {
  const clause = { rule: "quota", source: "AWS" };
  const vcpusOf = (instanceType: string) => sizes.find((one) => one.instanceType === instanceType)?.vcpus ?? 0;
  const count = request.environments.length;
  const needs: Readonly<Record<keyof AccountQuota, readonly [name: string, needed: number]>> = {
    instances: ["instances", count],
    vcpus: ["vCPU", request.environments.reduce((sum, one) => sum + vcpusOf(one.instanceType), 0)],
    volumes: ["volumes", count],
    volumeGiB: ["GiB of volumes", request.environments.reduce((sum, one) => sum + one.volumeGiB, 0)],
    securityGroups: ["security groups", count],
  };
  const known = Object.keys(needs).filter((key) => quota[key as keyof AccountQuota]) as (keyof AccountQuota)[];
  if (known.length === 0)
    return allow(clause, "The limits of the account were not read; AWS decides at creation.", {
      facts: { case: "quota.unread" },
    });

  const short = known.flatMap((key) => {
    const [name, needed] = needs[key];
    const { used, limit } = quota[key]!;
    if (used + needed <= limit) return [];
    return [
      {
        words: `${needed} ${name} more than the ${used} in use exceed the limit of ${limit}`,
        facts: { case: "quota.short", region: request.region, resource: key, needed, used, limit },
      },
    ];
  });
  if (short.length === 0)
    return allow(clause, "The request fits the limits of the account.", { facts: { case: "quota.fits" } });
  const words = short.map((one) => one.words).join("; ");
  return refuse(clause, `The account's limits in ${request.region} do not suffice: ${words}.`, {
    facts: short.map((one) => one.facts as VerdictFacts).reduce(withFurther),
  });
}

type VerdictFacts = NonNullable<Verdict["facts"]>;

/** The facts of a second sentence beside those of the first, under "2.", of a third one under "3.". */
function withFurther(facts: VerdictFacts, more: VerdictFacts): VerdictFacts {
  let place = 2;
  while (`${place}.case` in facts) place++;
  return { ...facts, ...Object.fromEntries(Object.entries(more).map(([name, value]) => [`${place}.${name}`, value])) };
}

/** Keeps the refusal of a rule over its allowances, and a refusal that nobody may override over one that may be. */
function onePerRule(verdicts: readonly Verdict[]): Verdict[] {
  const weight = (one: Verdict) => (one.allowed ? 0 : one.overridable ? 1 : 2);
  const kept = new Map<string, Verdict>();
  for (const one of verdicts) {
    const other = kept.get(one.rule);
    if (!other || weight(one) > weight(other)) kept.set(one.rule, one);
    else if (weight(one) === weight(other) && !one.allowed)
      kept.set(one.rule, {
        ...other,
        reason: `${other.reason} ${one.reason}`,
        facts: withFurther(other.facts ?? {}, one.facts ?? {}),
      });
    else if (one.allowed && other.allowed && one.facts) kept.set(one.rule, one);
  }
  return [...kept.values()];
}
