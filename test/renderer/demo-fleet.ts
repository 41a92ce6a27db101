import type { FleetRow } from "../../shared/fleet/model.ts";
import { profileOf } from "../../shared/policy/profiles.ts";
import { nextStandardWindow, regionZone } from "../../shared/policy/windows.ts";
import type { Edition, Environment, EnvironmentKind, Service, Tenant } from "../../shared/tenant/model.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../shared/time.ts";

type Sketch = readonly [
  customer: string,
  service: Service,
  edition: Edition,
  region: string,
  zone: string,
  owner: string,
  version: string,
];

const SKETCHES: readonly Sketch[] = [
  ["Albatros Voyages", "openbravo", "business", "eu-west-1", "Europe/Paris", "Atelier Conseil", "26Q1"],
  ["Bluefin Retail", "openbravo", "commerce", "us-east-1", "America/New_York", "Northwind Partners", "26Q2"],
  ["Café Éclair", "openbravo", "commerce", "eu-west-1", "Europe/Paris", "Atelier Conseil", "25Q2"],
  ["Drumlin Foods", "acumatica", "select", "us-east-1", "America/Chicago", "Harbor IT", "2026 R1"],
  ["Érable & Fils", "acumatica", "prime", "ca-central-1", "America/Montreal", "Boréal Systèmes", "2025 R2"],
  ["Fjordline Supplies", "openbravo", "business", "eu-west-1", "Europe/Oslo", "Northwind Partners", "25Q4"],
  ["Gale & Sons", "acumatica", "essentials", "ca-central-1", "America/Vancouver", "Harbor IT", "2026 R1"],
  ["Hazelwood Clinics", "openbravo", "business", "eu-west-1", "Europe/Dublin", "Northwind Partners", "25Q3"],
  ["Ibis Logistics", "acumatica", "enterprise", "us-east-1", "America/New_York", "Harbor IT", "2025 R1"],
  ["Juniper Outdoor", "openbravo", "commerce", "us-east-1", "America/Los_Angeles", "Northwind Partners", "26Q2"],
  ["Kestrel Motors", "acumatica", "select", "us-east-1", "America/Denver", "Harbor IT", "2026 R1"],
  ["Lisière Mode", "openbravo", "commerce", "eu-west-1", "Europe/Paris", "Atelier Conseil", "26Q1"],
];

const HEALTHS: readonly Environment["health"]["state"][] = [
  "up",
  "up",
  "up",
  "degraded",
  "up",
  "up",
  "down",
  "up",
  "up",
  "up",
];
const SUPPORTS: readonly Environment["versionSupport"][] = [
  { state: "supported", leavesInReleases: 3 },
  { state: "current", leavesInReleases: 4 },
  { state: "unsupported", leavesInReleases: null },
  { state: "current", leavesInReleases: null },
  { state: "supported", leavesInReleases: 2 },
  { state: "supported", leavesInReleases: 2 },
  { state: "current", leavesInReleases: null },
  { state: "last", leavesInReleases: 0 },
];

const hex = (seed: number) => (0x1000_0000_0000 + seed * 7_919_191).toString(16).padStart(17, "0").slice(-17);

function environment(index: number, kind: EnvironmentKind, sketch: Sketch, slug: string, now: Date): Environment {
  const [, service, , region, , , version] = sketch;
  const production = kind === "production";
  const seed = index * 3 + (production ? 1 : 2);
  const zone = regionZone(region) ?? "UTC";
  const asleep = !production && index % 3 === 2;
  const health = HEALTHS[index % HEALTHS.length] ?? "up";
  const profile = profileOf(service);
  const name = production ? slug : `${slug}-${kind}`;
  return {
    id: `env-${index}-${kind}`,
    kind,
    accountId: "lab",
    accountName: "Lab",
    region,
    state: asleep ? "stopped" : "running",
    version,
    versionSupport: SUPPORTS[index % SUPPORTS.length] ?? { state: "unknown", leavesInReleases: null },
    health: {
      state: production ? health : "unknown",
      checkedAt: production ? new Date(now.getTime() - 20_000) : null,
      detail:
        health === "down" && production
          ? "The database does not answer."
          : health === "degraded" && production
            ? "Answers in 4.2 s."
            : null,
    },
    instanceId: `i-${hex(seed)}`,
    instanceType: production ? "m6i.xlarge" : "m6i.large",
    vcpus: production ? 4 : 2,
    memoryMiB: production ? 16_384 : 8_192,
    imageId: `ami-${hex(seed + 100)}`,
    volumeId: `vol-${hex(seed + 200)}`,
    volumeGiB: production ? 100 : 50,
    securityGroupId: `sg-${hex(seed + 300)}`,
    url: `https://${name}.${profile.domain.suffix}`,
    reachedAt: asleep ? null : `https://127.10.0.${(seed % 200) + 2}:8443/`,
    sshAddress: asleep ? null : { host: `127.10.0.${(seed % 200) + 2}`, port: 2222, user: "ubuntu" },
    hostKey: `SHA256:${btoa(`host key of ${name}`).replaceAll("=", "").padEnd(43, "x").slice(0, 43)}`,
    lastBackupAt: production && index % 7 !== 4 ? new Date(now.getTime() - (9 + (index % 30)) * HOUR_MS) : null,
    nextWindowAt: nextStandardWindow(profile, zone, now)?.startsAt ?? null,
    readAt: new Date(now.getTime() - 40_000),
    launchedAt: new Date(now.getTime() - (40 + index) * DAY_MS),
    unprotected: !production,
    lockout: null,
    certificate: production
      ? { endsAt: new Date(now.getTime() + 80 * DAY_MS), issuer: "Lab CA", daysLeft: 80, mark: null }
      : null,
  };
}

/** `count` tenants of both services; the first twelve have names of their own, further ones repeat them with a number. */
export function demoTenants(count: number, now: Date): Tenant[] {
  return Array.from({ length: count }, (_, index) => {
    const sketch = SKETCHES[index % SKETCHES.length] as Sketch;
    const round = Math.floor(index / SKETCHES.length);
    const customer = round ? `${sketch[0]} ${round + 1}` : sketch[0];
    const slug = customer
      .normalize("NFD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-");
    const [, service, edition, , zone, owner] = sketch;
    const createdAt = new Date(now.getTime() - (60 + index) * DAY_MS);
    const second: EnvironmentKind = service === "openbravo" ? "test" : "sandbox";
    return {
      id: `t-${index}`,
      slug,
      customer,
      service,
      edition,
      prefix: slug,
      owner,
      users: 20 + ((index * 7) % 90),
      posTerminals: edition === "commerce" ? 20 + ((index * 5) % 60) : 0,
      invoiceDate: createdAt.toISOString().slice(0, 10),
      zone,
      environments: [
        environment(index, "production", sketch, slug, now),
        environment(index, second, sketch, slug, now),
      ],
      handOver: {
        orderedAt: createdAt,
        targetAt: new Date(createdAt.getTime() + DAY_MS),
        limitAt: new Date(createdAt.getTime() + 7 * DAY_MS),
        handedOverAt: new Date(createdAt.getTime() + 14 * MINUTE_MS),
        rule: "R84",
      },
      activeJob: null,
      createdAt,
      isLab: true,
    };
  });
}

/** One row per environment, as the console lists the fleet. */
export function rowsOf(tenants: readonly Tenant[]): FleetRow[] {
  return tenants.flatMap((tenant) =>
    tenant.environments.map((each) => ({
      ...each,
      tenantId: tenant.id,
      slug: tenant.slug,
      customer: tenant.customer,
      service: tenant.service,
      edition: tenant.edition,
      owner: tenant.owner,
      zone: tenant.zone,
      isLab: tenant.isLab,
      activeJob: tenant.activeJob && {
        id: tenant.activeJob.id,
        kind: tenant.activeJob.kind,
        state: tenant.activeJob.state,
        percent: tenant.activeJob.percent,
      },
    })),
  );
}
