import { z } from "zod";
import { Job } from "../jobs/model.ts";
import { Cidr } from "../network.ts";
import { Verdict } from "../policy/verdict.ts";
import { Lockout, LockoutReading } from "./lockout.ts";

export const SERVICES = ["openbravo", "acumatica"] as const;
/** The service profile whose contract binds the tenant: OB = Openbravo Cloud, AC = Acumatica SaaS. */
export const Service = z.enum(SERVICES);
export type Service = z.infer<typeof Service>;

export const EDITIONS = [
  "commerce",
  "business",
  "enterprise-private-cloud",
  "essentials",
  "select",
  "prime",
  "enterprise",
] as const;
/** Openbravo sells Commerce and Business; Acumatica sells the others. */
export const Edition = z.enum(EDITIONS);
export type Edition = z.infer<typeof Edition>;

export const ENVIRONMENT_KINDS = ["production", "test", "sandbox"] as const;
export const EnvironmentKind = z.enum(ENVIRONMENT_KINDS);
export type EnvironmentKind = z.infer<typeof EnvironmentKind>;

/** State of the machine as AWS tells it, or what the console knows when AWS says nothing of it. */
export const EnvironmentState = z.enum([
  "provisioning",
  "running",
  "starting",
  "stopping",
  "stopped",
  "terminated",
  "missing",
  "unknown",
]);
export type EnvironmentState = z.infer<typeof EnvironmentState>;

export const Health = z.object({
  state: z.enum(["up", "degraded", "down", "unknown"]),
  checkedAt: z.date().nullable(),
  /** Why, when not up: "database does not answer". */
  detail: z.string().nullable(),
  /** What the host says of a lock-out; absent when it did not answer. */
  lockout: LockoutReading.nullable().optional(),
  /** Of the certificate that it answered with. */
  certificate: z.object({ validTo: z.date(), issuer: z.string() }).optional(),
});
export type Health = z.infer<typeof Health>;

export const VersionSupport = z.object({
  state: z.enum(["current", "supported", "last", "unsupported", "unknown"]),
  /** Further releases until support ends; 0 = the next release ends it; null when unknown. */
  leavesInReleases: z.number().int().nullable(),
});
export type VersionSupport = z.infer<typeof VersionSupport>;

export const Environment = z.object({
  id: z.string(),
  kind: EnvironmentKind,
  accountId: z.string(),
  accountName: z.string(),
  region: z.string(),
  state: EnvironmentState,
  version: z.string().nullable(),
  versionSupport: VersionSupport,
  health: Health,
  instanceId: z.string().nullable(),
  instanceType: z.string().nullable(),
  vcpus: z.number().nullable(),
  memoryMiB: z.number().nullable(),
  imageId: z.string().nullable(),
  volumeId: z.string().nullable(),
  volumeGiB: z.number().nullable(),
  securityGroupId: z.string().nullable(),
  /** Contract address, https://prefix.cloud.openbravo.com. */
  url: z.string(),
  /** Where it answers now, from AWS: https://203.0.113.7/; null while it has no address. */
  reachedAt: z.string().nullable(),
  sshAddress: z.object({ host: z.string(), port: z.number().int(), user: z.string() }).nullable(),
  /** SHA256:… of the pinned host key. */
  hostKey: z.string().nullable(),
  /** Newest completed backup known from AWS. */
  lastBackupAt: z.date().nullable(),
  /** Start of the next maintenance window, planned or standard. */
  nextWindowAt: z.date().nullable(),
  /** Last time AWS was asked about it. */
  readAt: z.date().nullable(),
  launchedAt: z.date().nullable(),
  /** Contract says: no monitoring, no backup, no SLA (R9). */
  unprotected: z.boolean(),
  /** Null while it is open, as it should be. */
  lockout: Lockout.nullable(),
  /** As last seen; `mark` is the watch step that was reached (60, 30 or 7 days, R13). */
  certificate: z
    .object({
      endsAt: z.date(),
      issuer: z.string(),
      daysLeft: z.number().int(),
      mark: z.number().int().nullable(),
    })
    .nullable(),
});
export type Environment = z.infer<typeof Environment>;

export const Slug = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?$/);

/** Business-day clock of R84; a hand-over record exists once provisioning has ended well. */
export const HandOver = z.object({
  orderedAt: z.date(),
  targetAt: z.date(),
  limitAt: z.date(),
  handedOverAt: z.date().nullable(),
  rule: z.string(),
});
export type HandOver = z.infer<typeof HandOver>;

export const Tenant = z.object({
  id: z.string(),
  slug: Slug,
  customer: z.string(),
  service: Service,
  edition: Edition,
  prefix: z.string(),
  /** Partner that looks after it. */
  owner: z.string(),
  users: z.number().int(),
  posTerminals: z.number().int(),
  /** Subscription start (R80), plain date YYYY-MM-DD. */
  invoiceDate: z.string(),
  /** Customer's IANA time zone. */
  zone: z.string(),
  environments: z.array(Environment),
  handOver: HandOver.nullable(),
  activeJob: Job.nullable(),
  createdAt: z.date().nullable(),
  /** Fed by a lab, not by AWS. */
  isLab: z.boolean(),
});
export type Tenant = z.infer<typeof Tenant>;

/** One thing that the plan will make or check in AWS. */
export const PlannedResource = z.object({
  /** Find-or-create key, stable over retries: "production/volume". */
  key: z.string(),
  type: z.enum(["keyPair", "securityGroup", "volume", "instance", "licence", "certificate", "tags"]),
  environment: EnvironmentKind,
  name: z.string(),
  /** Figures to read: "m6i.xlarge, 4 vCPU, 16 GiB, ami-…". */
  detail: z.string(),
});
export type PlannedResource = z.infer<typeof PlannedResource>;

export const EnvironmentRequest = z.object({
  kind: EnvironmentKind,
  instanceType: z.string().min(1).max(40),
  volumeGiB: z.number().int().min(1).max(16384),
});
export type EnvironmentRequest = z.infer<typeof EnvironmentRequest>;

/** What the operator orders. Form is checked here; contract rules give verdicts in the plan. */
export const ProvisionRequest = z.object({
  customer: z.string().trim().min(1).max(80),
  service: Service,
  edition: Edition,
  prefix: z.string().min(1).max(63),
  version: z.string().min(1).max(40),
  accountId: z.string().min(1).max(100),
  region: z.string().min(1).max(40),
  environments: z.array(EnvironmentRequest).min(1).max(3),
  users: z.number().int().min(0).max(1_000_000),
  posTerminals: z.number().int().min(0).max(1_000_000),
  invoiceDate: z.iso.date(),
  owner: z.string().trim().min(1).max(80),
  /** Customer's IANA time zone. */
  zone: z.string().min(1).max(60),
  /** Networks that may reach SSH; empty takes the account's default. */
  sshFrom: z.array(Cidr).max(50).default([]),
  /** Vendor's activation key (R3); absent asks the console to issue an evaluation key. */
  activationKey: z.string().min(8).max(200).optional(),
  /** Written reasons for refusals that may be overridden, by rule: {"R8": "…"}. */
  overrides: z.record(z.string(), z.string().min(3).max(500)).default({}),
});
export type ProvisionRequest = z.infer<typeof ProvisionRequest>;

export const ProvisionPlan = z.object({
  slug: z.string(),
  verdicts: z.array(Verdict),
  /** False while any verdict refuses without a recorded override. */
  allowed: z.boolean(),
  resources: z.array(PlannedResource),
  steps: z.array(z.string()),
  handOver: z.object({ targetAt: z.date(), limitAt: z.date() }),
});
export type ProvisionPlan = z.infer<typeof ProvisionPlan>;

export const ImageOption = z.object({
  imageId: z.string(),
  region: z.string(),
  service: Service,
  version: z.string(),
  name: z.string(),
  createdAt: z.date().nullable(),
  support: VersionSupport,
});
export type ImageOption = z.infer<typeof ImageOption>;

export const SizeOption = z.object({ instanceType: z.string(), vcpus: z.number(), memoryMiB: z.number() });
export type SizeOption = z.infer<typeof SizeOption>;

/** Everything the wizard offers, read from the account. */
export const ProvisionOptions = z.object({
  accounts: z.array(z.object({ id: z.string(), name: z.string(), regions: z.array(z.string()), isLab: z.boolean() })),
  images: z.array(ImageOption),
  sizes: z.array(SizeOption),
  owners: z.array(z.string()),
});
export type ProvisionOptions = z.infer<typeof ProvisionOptions>;
