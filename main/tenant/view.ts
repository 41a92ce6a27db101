import { nextStandardWindow, regionZone } from "../../shared/policy/windows.ts";
import { handOverClock } from "../../shared/policy/hand-over.ts";
import { checkCertificate } from "../../shared/policy/prefix-and-domain.ts";
import { profileOf } from "../../shared/policy/profiles.ts";
import { compareVersions, versionSupport } from "../../shared/policy/version-support.ts";
import { FINAL_JOB_STATES, type Job } from "../../shared/jobs/model.ts";
import type { Account } from "../../shared/settings/model.ts";
import { type LockoutRecord, watchLockout } from "../../shared/tenant/lockout.ts";
import type {
  Environment,
  EnvironmentState,
  HandOver,
  Service,
  SizeOption,
  Tenant,
} from "../../shared/tenant/model.ts";
import type { StoredEnvironment, StoredTenant } from "./store.ts";

/** What was last read of images and sizes, over all accounts and regions. */
export interface Catalogue {
  /** Confirmed-stable releases of each service, oldest first. */
  readonly releases: Readonly<Record<Service, readonly string[]>>;
  readonly sizes: ReadonlyMap<string, SizeOption>;
}

export interface ViewFacts {
  readonly accounts: readonly Account[];
  readonly catalogue: Catalogue;
  /** The tenant's, newest first. */
  readonly jobs: readonly Job[];
  /** Start of the next planned window by tenant and kind: "t-1/production". */
  readonly windows: ReadonlyMap<string, Date>;
  /** Lock-outs that somebody ordered and nobody lifted, by environment. */
  readonly lockouts: ReadonlyMap<string, LockoutRecord>;
  readonly now: Date;
}

/** Sorts and thins a list of versions to releases, oldest first. */
export function releasesOf(versions: Iterable<string>): string[] {
  return [...new Set(versions)].toSorted((a, b) => compareVersions(a, b) ?? (a < b ? -1 : 1));
}

/** The tenant as it is shown: what is stored, with what the contract makes of it now. */
export function viewTenant(tenant: StoredTenant, environments: readonly StoredEnvironment[], facts: ViewFacts): Tenant {
  const account = facts.accounts.find((one) => one.id === tenant.accountId);
  const { jobs } = facts;
  return {
    id: tenant.id,
    slug: tenant.slug,
    customer: tenant.customer,
    service: tenant.service,
    edition: tenant.edition,
    prefix: tenant.prefix,
    owner: tenant.owner,
    users: tenant.users,
    posTerminals: tenant.posTerminals,
    invoiceDate: tenant.invoiceDate,
    zone: tenant.zone,
    environments: environments.map((environment) => viewEnvironment(tenant, environment, facts)),
    handOver: viewHandOver(tenant),
    // A provisioning that ended badly stays in sight until it is retried or rolled back.
    activeJob:
      jobs.find((job) => !FINAL_JOB_STATES.has(job.state)) ?? (tenant.handedOverAt ? null : (jobs.at(0) ?? null)),
    createdAt: tenant.orderedAt,
    isLab: account?.isLab ?? false,
  };
}

function viewHandOver(tenant: StoredTenant): HandOver | null {
  if (!tenant.orderedAt) return null;
  const clock = handOverClock(profileOf(tenant.service), tenant.zone, tenant.orderedAt);
  return {
    orderedAt: tenant.orderedAt,
    targetAt: clock.targetAt,
    limitAt: clock.limitAt,
    handedOverAt: tenant.handedOverAt,
    rule: clock.rule,
  };
}

function viewEnvironment(tenant: StoredTenant, stored: StoredEnvironment, facts: ViewFacts): Environment {
  const profile = profileOf(tenant.service);
  const account = facts.accounts.find((one) => one.id === stored.accountId);
  const { facts: known } = stored;
  const size = known.instanceType ? facts.catalogue.sizes.get(known.instanceType) : undefined;
  const ports = account?.ports ?? { ssh: 22, https: 443, http: 80 };
  const unprotected = isUnprotected(tenant, stored);
  const state = stateOf(tenant, stored);
  const zone = regionZone(stored.region);
  return {
    id: stored.id,
    kind: stored.kind,
    accountId: stored.accountId,
    accountName: account?.name ?? stored.accountId,
    region: stored.region,
    state,
    version: stored.version,
    versionSupport: versionSupport(profile, stored.version, facts.catalogue.releases[tenant.service]),
    // Nobody asks an unprotected environment (R9): what the provisioning saw is no news of today.
    health:
      state === "running" && !unprotected
        ? stored.health
        : { state: "unknown", checkedAt: stored.health.checkedAt, detail: null },
    instanceId: known.instanceId ?? null,
    instanceType: known.instanceType ?? null,
    vcpus: size?.vcpus ?? null,
    memoryMiB: size?.memoryMiB ?? null,
    imageId: known.imageId ?? null,
    volumeId: known.volumeId ?? null,
    volumeGiB: known.volumeGiB ?? null,
    securityGroupId: known.securityGroupId ?? null,
    url: `https://${stored.domain}`,
    reachedAt: known.address ? httpsUrl(known.address, ports.https) : null,
    sshAddress: known.address ? { host: known.address, port: ports.ssh, user: known.sshUser ?? "ubuntu" } : null,
    hostKey: stored.hostKey,
    lastBackupAt: known.lastBackupAt ? new Date(known.lastBackupAt) : null,
    nextWindowAt: earlier(
      facts.windows.get(`${tenant.id}/${stored.kind}`),
      zone ? nextStandardWindow(profile, zone, facts.now)?.startsAt : undefined,
    ),
    readAt: stored.readAt,
    launchedAt: known.launchedAt ? new Date(known.launchedAt) : null,
    unprotected,
    lockout: viewLockout(stored, facts),
    certificate: viewCertificate(tenant, stored, facts.now),
  };
}

function viewLockout({ id, facts: { instanceState }, health }: StoredEnvironment, facts: ViewFacts) {
  const record = facts.lockouts.get(id) ?? null;
  return watchLockout({
    reading: instanceState === "running" ? health.lockout : undefined,
    readAt: health.checkedAt,
    record,
    activeJobId: facts.jobs.find((job) => !FINAL_JOB_STATES.has(job.state))?.id ?? null,
    now: facts.now,
  });
}

function viewCertificate(tenant: StoredTenant, { health }: StoredEnvironment, now: Date): Environment["certificate"] {
  if (!health.certificate) return null;
  const { validTo, issuer } = health.certificate;
  const { daysLeft, stepDays } = checkCertificate(profileOf(tenant.service), validTo, now).facts ?? {};
  return { endsAt: validTo, issuer, daysLeft: Number(daysLeft), mark: typeof stepDays === "number" ? stepDays : null };
}

/** Contract says: no monitoring, no backup, no SLA (R9). */
export function isUnprotected(tenant: StoredTenant, stored: StoredEnvironment): boolean {
  const contract = profileOf(tenant.service).environments.find((one) => one.kind === stored.kind);
  return contract?.unprotected ?? false;
}

const earlier = (one: Date | undefined, other: Date | undefined): Date | null =>
  (one && other && one > other ? other : (one ?? other)) ?? null;

export const httpsUrl = (address: string, port: number): string =>
  port === 443 ? `https://${address}/` : `https://${address}:${port}/`;

const STATES: Readonly<Record<string, EnvironmentState>> = {
  pending: "starting",
  running: "running",
  stopping: "stopping",
  stopped: "stopped",
  "shutting-down": "terminated",
  terminated: "terminated",
  missing: "missing",
};

export function stateOf(tenant: StoredTenant, stored: StoredEnvironment): EnvironmentState {
  if (!tenant.handedOverAt) return "provisioning";
  const { instanceState } = stored.facts;
  if (instanceState) return STATES[instanceState] ?? "unknown";
  return stored.readAt ? "missing" : "unknown";
}
