import { z } from "zod";

/** Troubles that the lab can be asked for. */
export const FAULT_NAMES = [
  "throttle",
  "server-error",
  "lost-reply",
  "slow",
  "eventual-consistency",
  "expired-credentials",
  "no-capacity",
  "disk-full",
  "ssh-cut",
  "host-key-changed",
  "host-frozen",
  "region-down",
] as const;
export const FaultName = z.enum(FAULT_NAMES);
export type FaultName = z.infer<typeof FaultName>;

/**
 * A fault as asked for. `count` strikes and it is over; absent means until cleared. `action` narrows it to one API
 * action ("RunInstances"), `region` to one region, `instance` to one host, `rate` (0 to 1) to a share of the calls,
 * `seconds` ends it by itself; `delayMs` is for `slow` and `eventual-consistency`.
 */
export const FaultInput = z.object({
  name: FaultName,
  action: z.string().max(80).optional(),
  region: z.string().max(40).optional(),
  instance: z.string().max(80).optional(),
  count: z.number().int().min(1).max(1_000_000).optional(),
  rate: z.number().min(0).max(1).optional(),
  seconds: z.number().min(0).max(86_400).optional(),
  delayMs: z.number().int().min(0).max(600_000).optional(),
});
export type FaultInput = z.infer<typeof FaultInput>;

export const Fault = FaultInput.extend({
  id: z.string(),
  /** Times it struck so far. */
  struck: z.number().int(),
  since: z.date(),
});
export type Fault = z.infer<typeof Fault>;

/** The line that `fleetwright lab start` prints once everything answers, and all that a client needs. */
export const LabReady = z.object({
  ready: z.literal(true),
  ec2: z.url(),
  s3: z.url(),
  sts: z.url(),
  regions: z.array(z.string()),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  /** PEM file of the lab's own certificate authority. */
  ca: z.string(),
  /** OpenSSH private key file that every seeded host accepts for the user `ubuntu`. */
  operatorKey: z.string(),
  /** Where hosts listen, on their own 127.x.y.z addresses. */
  ports: z.object({ ssh: z.number().int(), https: z.number().int(), http: z.number().int() }),
  /** HTTP address of the lab's own controls (faults, hosts), protected by the same keys' secret as a bearer token. */
  control: z.url(),
  pid: z.number().int(),
});
export type LabReady = z.infer<typeof LabReady>;

export const LabHost = z.object({
  instanceId: z.string(),
  region: z.string(),
  name: z.string(),
  address: z.string(),
  /** AWS's word for the instance. */
  state: z.string(),
  /** `asleep`: running for AWS, its processes start at first contact. */
  processes: z.enum(["off", "asleep", "starting", "awake", "failed"]),
  memoryBytes: z.number().nullable(),
  ordersWritten: z.number().int(),
});
export type LabHost = z.infer<typeof LabHost>;

export const LabStatus = z.object({
  running: z.boolean(),
  seed: z.enum(["demo", "empty"]),
  ec2: z.string(),
  s3: z.string(),
  sts: z.string(),
  regions: z.array(z.string()),
  accessKeyId: z.string(),
  ca: z.string(),
  pid: z.number().int(),
  startedAt: z.date(),
  hosts: z.array(LabHost),
  buckets: z.number().int(),
  faults: z.array(Fault),
  requests: z.object({ ec2: z.number().int(), s3: z.number().int(), sts: z.number().int() }),
});
export type LabStatus = z.infer<typeof LabStatus>;
