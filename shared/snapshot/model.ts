import { z } from "zod";
import { Verdict } from "../policy/verdict.ts";
import { EnvironmentKind } from "../tenant/model.ts";

export const CONSISTENCY_GRADES = ["quiesced", "application", "crash"] as const;
/**
 * What a snapshot really reached. `quiesced`: locked out, database in backup mode, file system frozen; `application`: the
 * same without the freeze; `crash`: as after a power cut.
 */
export const ConsistencyGrade = z.enum(CONSISTENCY_GRADES);
export type ConsistencyGrade = z.infer<typeof ConsistencyGrade>;

const Instant = z.coerce.date();
const Named = z.object({ name: z.string(), version: z.string() });

/** Identity and content of the data, as the database itself tells it: what a copy of it must show again. */
export const SnapshotData = z.object({
  tenant: z.string(),
  tenantId: z.string(),
  environment: z.string(),
  product: z.string(),
  version: z.string(),
  licenceFingerprint: z.string().nullable(),
  systemIdentifier: z.string(),
  databaseMajor: z.number().int(),
  databaseBytes: z.number(),
  attachmentsBytes: z.number(),
  /** Rows of each relation of the application, counted, by name. */
  relations: z.array(z.object({ name: z.string(), rows: z.number().int() })),
  newestTransactionAt: Instant.nullable(),
  /** Write-ahead log position when this was read, as PostgreSQL writes it. */
  walPosition: z.string().nullable(),
  packages: z.array(Named),
  extensions: z.array(Named),
  readAt: Instant,
});
export type SnapshotData = z.infer<typeof SnapshotData>;

export const MANIFEST_FORMAT = "fleetwright-snapshot/1";

/** The document that is kept beside a snapshot's data; its SHA-256 is in the snapshot's tags. */
export const SnapshotManifest = z.object({
  format: z.literal(MANIFEST_FORMAT),
  /** The console's own id of the snapshot. */
  id: z.string(),
  /** As AWS names it, in `region`. */
  snapshotId: z.string(),
  volumeId: z.string(),
  volumeGiB: z.number().int(),
  awsAccountId: z.string(),
  region: z.string(),
  tenant: z.string(),
  tenantId: z.string(),
  customer: z.string(),
  environment: EnvironmentKind,
  environmentId: z.string(),
  domain: z.string(),
  label: z.string(),
  grade: ConsistencyGrade,
  /** The data was read while the tenant stood still: its counts are those of the snapshot, not earlier ones. */
  isAtRest: z.boolean(),
  takenAt: Instant,
  takenBy: z.string(),
  imageId: z.string().nullable(),
  instanceType: z.string().nullable(),
  data: SnapshotData,
});
export type SnapshotManifest = z.infer<typeof SnapshotManifest>;

export const SNAPSHOT_KINDS = ["ebs", "archive"] as const;
/** `ebs`: a snapshot of the data volume in AWS. `archive`: a file in the account's bucket, exported or imported. */
export const SnapshotKind = z.enum(SNAPSHOT_KINDS);

export const SNAPSHOT_STATES = ["creating", "pending", "completed", "error", "missing", "ended"] as const;
/** `creating`: asked for, not known of AWS yet. `missing`: AWS does not show it any more. `ended`: the file is gone. */
export const SnapshotState = z.enum(SNAPSHOT_STATES);
export type SnapshotState = z.infer<typeof SnapshotState>;

export const SnapshotCopy = z.object({
  region: z.string(),
  snapshotId: z.string(),
  state: SnapshotState,
  /** 0 to 100. */
  percent: z.number(),
});
export type SnapshotCopy = z.infer<typeof SnapshotCopy>;

export const SnapshotFile = z.object({
  bucket: z.string(),
  key: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  origin: z.enum(["export", "import"]),
  /** When AWS removes it by itself (R74); null: it is kept. */
  expiresAt: Instant.nullable(),
});
export type SnapshotFile = z.infer<typeof SnapshotFile>;

export const Snapshot = z.object({
  /** The request that took it; for one found in AWS without such a mark, AWS's own id. */
  id: z.string(),
  kind: SnapshotKind,
  tenantId: z.string(),
  tenantSlug: z.string(),
  environment: EnvironmentKind,
  environmentId: z.string(),
  accountId: z.string(),
  region: z.string(),
  label: z.string(),
  state: SnapshotState,
  /** 0 to 100. */
  percent: z.number(),
  /** Null while it is not known, and for archives: they are of one instant of the database by themselves. */
  grade: ConsistencyGrade.nullable(),
  isAtRest: z.boolean(),
  /** The instant that it holds. */
  takenAt: z.date(),
  takenBy: z.string(),
  /** As AWS names it; null for an archive. */
  snapshotId: z.string().nullable(),
  volumeId: z.string().nullable(),
  volumeGiB: z.number().int().nullable(),
  version: z.string().nullable(),
  imageId: z.string().nullable(),
  systemIdentifier: z.string().nullable(),
  /** Null while none was read, or where it was lost. */
  data: SnapshotData.nullable(),
  manifestSha256: z.string().nullable(),
  copies: z.array(SnapshotCopy),
  file: SnapshotFile.nullable(),
});
export type Snapshot = z.infer<typeof Snapshot>;

/** A snapshot as it is shown: with what the rules advise now. */
export const ShownSnapshot = Snapshot.extend({
  /** R70, and R74 for an archive; a refusal is advice. */
  advice: z.array(Verdict),
  /** An archive of the same data, of its instant or later, exists (R73). */
  hasExportedCopy: z.boolean(),
  /** What takes or deletes it, while that runs. */
  jobId: z.string().nullable(),
});
export type ShownSnapshot = z.infer<typeof ShownSnapshot>;

/** What each part of the bought storage takes (R69); bytes. */
export const StorageBar = z.object({
  environment: EnvironmentKind,
  purchasedBytes: z.number(),
  dataBytes: z.number(),
  snapshotBytes: z.number(),
  freeBytes: z.number(),
});
export type StorageBar = z.infer<typeof StorageBar>;

export const SnapshotList = z.object({
  snapshots: z.array(ShownSnapshot),
  storage: z.array(StorageBar),
  /** Places that could not be read now; what is known of them is from before. */
  unread: z.array(z.object({ region: z.string(), message: z.string() })),
});
export type SnapshotList = z.infer<typeof SnapshotList>;

export const Label = z
  .string()
  .trim()
  .min(1)
  .max(80)
  .regex(/^[^\p{Cc}\p{Cf}]*$/u);

const Overrides = z.record(z.string().max(10), z.string().trim().min(3).max(500)).default({});

export const TakeRequest = z.object({
  /** Slug or id. */
  tenant: z.string().min(1).max(100),
  environment: EnvironmentKind.default("production"),
  label: Label,
  /** Region of the second copy; null: none; absent: as the contract asks, where the account has a fitting region. */
  copyTo: z.string().min(1).max(40).nullable().optional(),
  overrides: Overrides,
});
export type TakeRequest = z.infer<typeof TakeRequest>;

export const TakePlan = z.object({
  verdicts: z.array(Verdict),
  allowed: z.boolean(),
  /** Size of the full copy that counts against the bought storage (R68). */
  projectedBytes: z.number(),
  /** The host ends the lock-out by itself after so long, at the latest. */
  holdSeconds: z.number(),
  copyTo: z.string().nullable(),
  /** Regions that a second copy may go to. */
  copyRegions: z.array(z.string()),
  steps: z.array(z.string()),
});
export type TakePlan = z.infer<typeof TakePlan>;

/** Two snapshots side by side; null where a side does not know it. */
export const SnapshotComparison = z.object({
  left: ShownSnapshot,
  right: ShownSnapshot,
  /** Both hold data of one and the same database. */
  sameData: z.boolean().nullable(),
  relations: z.array(z.object({ name: z.string(), left: z.number().nullable(), right: z.number().nullable() })),
  packages: z.array(z.object({ name: z.string(), left: z.string().nullable(), right: z.string().nullable() })),
});
export type SnapshotComparison = z.infer<typeof SnapshotComparison>;
