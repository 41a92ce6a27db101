import { createHash } from "node:crypto";
import { evaluationKey } from "../../shared/tenant/licence.ts";
import { TAG } from "../../shared/tenant/tags.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../shared/time.ts";
import { imageId, ROOT_DEVICE } from "./ec2/images.ts";
import type { Instance, LabSchema, Rule, SecurityGroup, Snapshot, Volume } from "./ec2/model.ts";
import { fixedId, PUBLIC_FIRST_THIRD, vpcOf } from "./ec2/regions.ts";
import type { SeedEnvironment, SeedTenant } from "./seed-tenants.ts";
import type { Transaction } from "./state.ts";

const DATA_DEVICE = "/dev/sdf";
const ROOT_GIB = 8;
const NIGHTS = 30;
const BACKUP_HOUR_UTC = 2;
const DOMAINS = { openbravo: "cloud.openbravo.com", acumatica: "acumatica.com" } as const;
/** The workstations of this machine, and an office that does not exist. */
const SSH_FROM = ["127.0.0.0/8", "203.0.113.0/24"];

type Rows = Transaction<LabSchema>;
type Tags = Readonly<Record<string, string>>;

/** An instance that the seed made, and what it should be once its host has an identity. */
export interface Seeded {
  readonly instanceId: string;
  readonly volumeId: string;
  readonly stopped: boolean;
}

const uuid = (...of: readonly string[]): string => {
  const hex = createHash("sha256").update(of.join("/")).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

/** Puts a customer's machines, volumes and thirty nights of backups. `place` numbers the addresses. */
export function putTenant(
  rows: Rows,
  tenant: SeedTenant,
  operatorKey: string,
  now: number,
  place: () => number,
): Seeded[] {
  return tenant.environments.map((environment) => {
    const tags = tagsOf(tenant, environment, now);
    const name = `${tenant.slug}-${environment.kind}`;
    const launchedAt = now - ageOf(tenant, environment) * DAY_MS;
    const group = putGroup(rows, tenant, name, tags, launchedAt);
    const number = place();
    const instance = instanceOf(tenant, environment, group.id, operatorKey, launchedAt, number);
    rows.put("instances", instance);
    putTags(rows, instance, { Name: name, ...tags });
    const root = volumeOf(instance, ROOT_DEVICE, ROOT_GIB, true);
    const data = volumeOf(instance, DATA_DEVICE, environment.volumeGiB, false);
    rows.put("volumes", root);
    rows.put("volumes", data);
    putTags(rows, root, { Name: `${name}-root` });
    putTags(rows, data, { Name: `${name}-data`, ...tags });
    if (environment.kind === "production") putBackups(rows, tenant, data, tags, now);
    return { instanceId: instance.id, volumeId: data.id, stopped: environment.stopped ?? false };
  });
}

const ageOf = (tenant: SeedTenant, environment: SeedEnvironment): number =>
  environment.kind === "production" ? tenant.ageDays : Math.max(1, Math.floor(tenant.ageDays / 2));

const putTags = (rows: Rows, { id, region }: { id: string; region: string }, tags: Tags): void =>
  rows.put("tags", { id, region, tags });

function tagsOf(tenant: SeedTenant, environment: SeedEnvironment, now: number): Tags {
  const tenantId = uuid("tenant", tenant.slug);
  const orderedAt = now - tenant.ageDays * DAY_MS - 5 * HOUR_MS;
  return {
    [TAG.tenant]: tenant.slug,
    [TAG.tenantId]: tenantId,
    [TAG.customer]: tenant.customer,
    [TAG.service]: tenant.service,
    [TAG.edition]: tenant.edition,
    [TAG.environment]: environment.kind,
    [TAG.environmentId]: uuid(tenantId, environment.kind),
    [TAG.version]: environment.version,
    [TAG.prefix]: tenant.slug,
    [TAG.domain]: domainOf(tenant, environment),
    [TAG.owner]: tenant.owner,
    [TAG.users]: String(tenant.users),
    [TAG.posTerminals]: String(tenant.posTerminals),
    [TAG.invoiceDate]: new Date(orderedAt).toISOString().slice(0, 10),
    [TAG.zone]: tenant.zone,
    [TAG.ordered]: new Date(orderedAt).toISOString(),
    [TAG.handedOver]: new Date(orderedAt + 6 * HOUR_MS).toISOString(),
    [TAG.job]: uuid("job", tenant.slug),
    [TAG.resource]: `${environment.kind}/instance`,
  };
}

const domainOf = (tenant: SeedTenant, { kind }: SeedEnvironment): string =>
  `${tenant.slug}${kind === "production" ? "" : `-${kind}`}.${DOMAINS[tenant.service]}`;

function putGroup(rows: Rows, tenant: SeedTenant, name: string, tags: Tags, createdAt: number): SecurityGroup {
  const { region } = tenant;
  const rule = (
    egress: boolean,
    protocol: string,
    port: number,
    cidrIpv4: string,
    description: string | null,
  ): Rule => ({
    id: fixedId("sgr", name, String(egress), String(port), cidrIpv4),
    egress,
    protocol,
    fromPort: port,
    toPort: port,
    cidrIpv4,
    cidrIpv6: null,
    groupId: null,
    description,
  });
  const group: SecurityGroup = {
    id: fixedId("sg", region, name),
    region,
    createdAt,
    name,
    description: `Fleetwright: HTTPS for all, SSH for allowed networks (${name})`,
    vpcId: vpcOf(region).id,
    rules: [
      rule(false, "tcp", 443, "0.0.0.0/0", "HTTPS"),
      ...SSH_FROM.map((from) => rule(false, "tcp", 22, from, "SSH, allowed network")),
      rule(true, "-1", -1, "0.0.0.0/0", null),
    ],
  };
  rows.put("securityGroups", group);
  putTags(rows, group, { Name: name, ...tags });
  return group;
}

function instanceOf(
  tenant: SeedTenant,
  environment: SeedEnvironment,
  groupId: string,
  operatorKey: string,
  launchedAt: number,
  number: number,
): Instance {
  const { region, slug, service, edition, users, posTerminals } = tenant;
  const { kind } = environment;
  const tenantId = uuid("tenant", slug);
  const { subnets } = vpcOf(region);
  const subnet = subnets[number % subnets.length];
  if (!subnet) throw new Error(`no subnet in ${region}`);
  const erp = {
    tenant: slug,
    tenantId,
    environment: kind,
    domain: domainOf(tenant, environment),
    zone: tenant.zone,
    activationKey: evaluationKey({ tenantId, service, edition, users, posTerminals }),
  };
  const id = fixedId("i", region, slug, kind);
  return {
    id,
    region,
    createdAt: launchedAt,
    reservationId: fixedId("r", region, slug, kind),
    launchIndex: 0,
    imageId: imageId(region, service, environment.version),
    instanceType: environment.instanceType,
    // All boot once, for their host keys; those that are to be stopped are stopped then.
    state: "running",
    stateReason: null,
    stateSince: launchedAt,
    keyName: "fleetwright-operator",
    securityGroupIds: [groupId],
    subnetId: subnet.id,
    zone: subnet.zone,
    privateAddress: `${subnet.firstThird}.${10 + number}`,
    publicAddress: `${PUBLIC_FIRST_THIRD}.${1 + number}`,
    userData: Buffer.from(JSON.stringify({ erp })).toString("base64"),
    rootDevice: ROOT_DEVICE,
    rootVolumeId: fixedId("vol", id, ROOT_DEVICE),
    disableApiTermination: kind === "production",
    shutdownBehavior: "stop",
    launchedAt,
    clientToken: null,
    authorizedKeys: [operatorKey],
  };
}

function volumeOf(instance: Instance, device: string, sizeGiB: number, deleteOnTermination: boolean): Volume {
  return {
    id: fixedId("vol", instance.id, device),
    region: instance.region,
    createdAt: instance.launchedAt,
    sizeGiB,
    zone: instance.zone,
    type: "gp3",
    iops: 3_000,
    throughput: 125,
    encrypted: true,
    state: "in-use",
    snapshotId: null,
    attachment: {
      instanceId: instance.id,
      device,
      state: "attached",
      attachedAt: instance.launchedAt,
      deleteOnTermination,
    },
  };
}

/** One backup a night, as far back as the customer is old; they hold no data until a restore asks for some. */
function putBackups(rows: Rows, tenant: SeedTenant, volume: Volume, tags: Tags, now: number): void {
  const midnight = now - (now % DAY_MS);
  const offset = createHash("sha256").update(tenant.slug).digest().readUInt16BE(0) % 90;
  for (let night = 0; night < NIGHTS; night += 1) {
    const takenAt = midnight - night * DAY_MS + BACKUP_HOUR_UTC * HOUR_MS + offset * MINUTE_MS;
    const missed = tenant.missedNights?.includes(night) || night < (tenant.quietNights ?? 0);
    if (missed || takenAt > now - HOUR_MS || takenAt < volume.createdAt) continue;
    const snapshot: Snapshot = {
      id: fixedId("snap", volume.id, String(night)),
      region: volume.region,
      createdAt: takenAt,
      volumeId: volume.id,
      sizeGiB: volume.sizeGiB,
      description: `Nightly backup of ${tenant.slug} production`,
      encrypted: true,
      state: "completed",
      stateMessage: null,
      progress: 100,
      completedAt: takenAt + (4 + (offset % 7)) * MINUTE_MS,
      source: { kind: "volume", id: volume.id },
    };
    rows.put("snapshots", snapshot);
    putTags(rows, snapshot, {
      Name: `${tenant.slug}-${new Date(takenAt).toISOString().slice(0, 10)}`,
      [TAG.tenant]: tenant.slug,
      [TAG.tenantId]: tags[TAG.tenantId] ?? "",
      [TAG.environmentId]: tags[TAG.environmentId] ?? "",
      [TAG.environment]: "production",
      [TAG.version]: tags[TAG.version] ?? "",
      [TAG.kind]: "backup",
      [TAG.takenAt]: new Date(takenAt).toISOString(),
    });
  }
}
