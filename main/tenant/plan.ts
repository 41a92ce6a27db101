import { AppError } from "../../shared/errors.ts";
import { handOverClock } from "../../shared/policy/hand-over.ts";
import { profileOf } from "../../shared/policy/profiles.ts";
import { checkProvisioning } from "../../shared/policy/provisioning.ts";
import { refuse, standingRefusals, type Verdict, withOverrides } from "../../shared/policy/verdict.ts";
import type { Account } from "../../shared/settings/model.ts";
import type {
  EnvironmentKind,
  EnvironmentRequest,
  PlannedResource,
  ProvisionPlan,
  ProvisionRequest,
  SizeOption,
} from "../../shared/tenant/model.ts";
import { provisionSteps } from "../../shared/tenant/provision-steps.ts";

/** What the decision is made from, read just before. */
export interface PlanFacts {
  readonly account: Account;
  readonly images: readonly { imageId: string; service: string; version: string; name: string; sshUser: string }[];
  readonly sizes: readonly SizeOption[];
  readonly quota: { limit: number; used: number } | undefined;
  /** Confirmed-stable releases of the service, oldest first. */
  readonly releases: readonly string[];
  readonly tenants: readonly { slug: string; service: string; prefix: string }[];
  readonly sshFrom: readonly string[];
  readonly now: Date;
}

/** Everything the job needs, decided once and stored with it. */
export interface ProvisionOrder {
  readonly slug: string;
  readonly imageId: string;
  readonly sshUser: string;
  readonly environments: readonly (EnvironmentRequest & { domain: string })[];
  readonly sshFrom: readonly string[];
}

export interface Planned {
  readonly plan: ProvisionPlan;
  /** Absent while a rule refuses. */
  readonly order: ProvisionOrder | undefined;
}

const ORDER: readonly EnvironmentKind[] = ["production", "test", "sandbox"];

/** Decides about an order: every rule's verdict, every resource and step. Pure; nothing is made. */
export function planProvisioning(request: ProvisionRequest, facts: PlanFacts): Planned {
  const profile = profileOf(request.service);
  const image = facts.images.find((one) => one.service === request.service && one.version === request.version);
  const verdicts: Verdict[] = checkProvisioning({
    request,
    profile,
    releases: facts.releases,
    sizes: facts.sizes,
    takenPrefixes: facts.tenants.filter((one) => one.service === request.service).map((one) => one.prefix),
    ...(facts.quota ? { quota: { instances: facts.quota } } : {}),
    now: facts.now,
  });
  if (!image) verdicts.push(noImage(request));
  const sshFrom = request.sshFrom.length > 0 ? request.sshFrom : facts.sshFrom;
  if (sshFrom.some(isEverybody)) verdicts.push(openSsh(request));

  const slug = slugFor(request, facts.tenants);
  const environments = ORDER.flatMap((kind) => request.environments.filter((one) => one.kind === kind)).map((one) => ({
    ...one,
    domain: domainOf(request.prefix, one.kind, profile.domain.suffix),
  }));
  const allowed = standingRefusals(verdicts).length === 0;
  const clock = handOverClock(profile, request.zone, facts.now);
  return {
    plan: {
      slug,
      verdicts,
      allowed,
      resources: [
        keyPair(request.region, environments[0]?.kind ?? "production"),
        ...environments.flatMap((one) => resourcesOf(slug, one, image, sshFrom, facts)),
      ],
      steps: provisionSteps(environments.map((one) => one.kind)),
      handOver: { targetAt: clock.targetAt, limitAt: clock.limitAt },
    },
    order:
      allowed && image ? { slug, imageId: image.imageId, sshUser: image.sshUser, environments, sshFrom } : undefined,
  };
}

/** The refusal as the caller's error: the first rule that stands in the way, all of them in its details. */
export function refusal(request: ProvisionRequest, plan: ProvisionPlan): AppError {
  const standing = standingRefusals(plan.verdicts);
  const first = standing[0]!;
  const earliest = first.earliest ? { earliest: first.earliest } : {};
  return new AppError("RefusedByRule", `${first.rule}: ${first.reason}`, {
    retryable: false,
    tenant: request.prefix,
    rule: first.rule,
    ...earliest,
    verdicts: standing,
    next: standing.every((one) => one.overridable)
      ? "Change the order, or record a reason for each refusal that may be overridden."
      : "Change the order; nothing was made.",
  });
}

/** production: prefix.suffix; every other environment: prefix-kind.suffix. */
export const domainOf = (prefix: string, kind: EnvironmentKind, suffix: string): string =>
  kind === "production" ? `${prefix}.${suffix}` : `${prefix}-${kind}.${suffix}`;

/** The prefix, made unique over the services. Only valid prefixes pass the plan. */
function slugFor(request: ProvisionRequest, tenants: PlanFacts["tenants"]): string {
  const slug = request.prefix.toLowerCase().slice(0, 32);
  return tenants.some((one) => one.slug === slug && one.service !== request.service)
    ? `${slug}-${request.service}`
    : slug;
}

function noImage(request: ProvisionRequest): Verdict {
  return {
    rule: "R18",
    allowed: false,
    reason: `No image of ${request.service} ${request.version} exists in ${request.region}.`,
    source: "OB:60",
    facts: { case: "image.missing", service: request.service, version: request.version, region: request.region },
  };
}

const isEverybody = (network: string): boolean => network.endsWith("/0");

/** Logins can be limited to given addresses (R105); the whole internet is no limit, and needs a reason. */
function openSsh(request: ProvisionRequest): Verdict {
  const clause = { rule: "R105", source: "AC:61" };
  const sentence = "SSH would be open to the whole internet (0.0.0.0/0).";
  const refused = refuse(clause, sentence, { overridable: true, facts: { case: "ssh.everybody" } });
  const [verdict] = withOverrides([refused], request.overrides);
  return verdict!;
}

/** Imported once per region and shared by all tenants of the console; a roll-back leaves it. */
const keyPair = (region: string, environment: EnvironmentKind): PlannedResource => ({
  key: `${environment}/keyPair`,
  type: "keyPair",
  environment,
  name: "fleetwright-…",
  detail: `this console's public key in ${region}; imported once, shared by all tenants`,
});

function resourcesOf(
  slug: string,
  environment: EnvironmentRequest & { domain: string },
  image: { imageId: string; name: string } | undefined,
  sshFrom: readonly string[],
  facts: PlanFacts,
): PlannedResource[] {
  const { kind } = environment;
  const { ports } = facts.account;
  const size = facts.sizes.find((one) => one.instanceType === environment.instanceType);
  const sized = size ? `${size.vcpus} vCPU, ${Math.round(size.memoryMiB / 102.4) / 10} GiB` : "unknown size";
  const resource = (type: PlannedResource["type"], name: string, detail: string): PlannedResource => ({
    key: `${kind}/${type}`,
    type,
    environment: kind,
    name,
    detail,
  });
  return [
    resource(
      "securityGroup",
      resourceName(slug, kind),
      `${ports.https} from 0.0.0.0/0, ${ports.ssh} from ${sshFrom.join(", ")}`,
    ),
    resource("volume", `${resourceName(slug, kind)}-data`, `${environment.volumeGiB} GiB gp3, encrypted`),
    resource(
      "instance",
      resourceName(slug, kind),
      `${environment.instanceType}, ${sized}, ${image?.imageId ?? "no image"}`,
    ),
    resource("licence", environment.domain, "activation key"),
    resource("certificate", environment.domain, "checked for this name"),
    resource("tags", resourceName(slug, kind), "tenant, environment, job and contract facts"),
  ];
}

export const resourceName = (slug: string, kind: EnvironmentKind): string => `fleetwright-${slug}-${kind}`;
