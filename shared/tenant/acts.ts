import { z } from "zod";
import { Verdict } from "../policy/verdict.ts";
import { EnvironmentKind } from "./model.ts";

/** What can be done to one running environment; each is a job, and a verb of the command line. */
export const ACTS = ["start", "stop", "reboot", "lockOut", "unlock", "renewCertificate"] as const;
export const Act = z.enum(ACTS);
export type Act = z.infer<typeof Act>;

/** Acts that close the tenant to its users; on production the contract's notice is asked for. */
export const INTERRUPTING: ReadonlySet<Act> = new Set<Act>(["stop", "reboot", "lockOut"]);
/** Acts on production that want the tenant's slug typed. */
export const CONFIRMED: ReadonlySet<Act> = new Set<Act>(["stop", "reboot"]);

export const ACT_STEPS = {
  "tenant.start": ["start machine", "wait for the host", "check HTTPS"],
  "tenant.stop": ["stop machine"],
  "tenant.reboot": ["note boot", "reboot machine", "wait for the host", "check HTTPS"],
  "tenant.lockOut": ["lock out"],
  "tenant.unlock": ["unlock"],
  "tenant.renewCertificate": ["renew certificate", "check HTTPS"],
  "tenant.installCertificate": ["install certificate", "check HTTPS"],
} as const;

export const RESIZE_STEPS = [
  "lock out",
  "release data volume",
  "stop machine",
  "change instance type",
  "grow data volume",
  "start machine",
  "wait for the host",
  "set up application",
  "check HTTPS",
  "smoke test",
  "write inventory",
  "unlock",
] as const;
/** The volume alone grows under a running tenant. */
export const GROW_STEPS = [
  "grow data volume",
  "set up application",
  "check HTTPS",
  "smoke test",
  "write inventory",
] as const;

export const EnvironmentRef = z.object({
  /** Slug or id. */
  tenant: z.string().min(1).max(100),
  environment: EnvironmentKind.default("production"),
});
export const Overrides = z.record(z.string().max(12), z.string().max(500)).default({});
export const Reason = z.string().trim().min(3).max(500);

export const ActPlan = z.object({
  verdicts: z.array(Verdict),
  allowed: z.boolean(),
  /** The tenant's slug, where it must be typed. */
  confirm: z.string().nullable(),
});
export type ActPlan = z.infer<typeof ActPlan>;

const SizeFacts = z.object({
  instanceType: z.string(),
  vcpus: z.number().nullable(),
  memoryMiB: z.number().nullable(),
  volumeGiB: z.number(),
});

export const ResizeRequest = EnvironmentRef.extend({
  /** Absent: stays. */
  instanceType: z.string().min(1).max(40).optional(),
  /** Absent: stays. Volumes only grow. */
  volumeGiB: z.number().int().min(1).max(16_384).optional(),
  overrides: Overrides,
});
export type ResizeRequest = z.infer<typeof ResizeRequest>;

export const ResizePlan = z.object({
  from: SizeFacts,
  to: SizeFacts,
  /** The machine stops for some minutes: another instance type. */
  interrupts: z.boolean(),
  verdicts: z.array(Verdict),
  allowed: z.boolean(),
  steps: z.array(z.string()),
  sizes: z.array(z.object({ instanceType: z.string(), vcpus: z.number(), memoryMiB: z.number() })),
});
export type ResizePlan = z.infer<typeof ResizePlan>;

export const Certificate = z.object({
  domain: z.string(),
  issuer: z.string(),
  validFrom: z.date(),
  validTo: z.date(),
  fingerprint: z.string(),
  origin: z.enum(["vendor", "customer"]),
});
export type Certificate = z.infer<typeof Certificate>;

/** Chain and key as one PEM text; the key part never leaves the console but to the host. */
export const CertificatePem = z.string().min(100).max(100_000);

/** What a PEM holds, seen before anything is sent. */
export const CertificateCheck = z.object({
  names: z.array(z.string()),
  issuer: z.string(),
  validFrom: z.date(),
  validTo: z.date(),
  fingerprint: z.string(),
  /** In plain words; empty when it can be installed. */
  problems: z.array(z.string()),
  verdicts: z.array(Verdict),
  allowed: z.boolean(),
});
export type CertificateCheck = z.infer<typeof CertificateCheck>;
