import { z } from "zod";
import { RESTORE_REASONS } from "../policy/restore.ts";
import { Verdict } from "../policy/verdict.ts";
import { EnvironmentKind } from "../tenant/model.ts";

/** Where a restore ends: over an environment, by a swap, or beside everything (a drill, a look, a hand-over: R75). */
export const RESTORE_TARGETS = ["production", "test", "sandbox", "beside"] as const;
export const RestoreTarget = z.enum(RESTORE_TARGETS);
export type RestoreTarget = z.infer<typeof RestoreTarget>;

export const RestoreReasonSchema = z.enum(RESTORE_REASONS);

/** Stored as JSON, sent as a date. */
const Instant = z.coerce.date();

export const RelationRows = z.object({ name: z.string(), rows: z.number().int() });
export type RelationRows = z.infer<typeof RelationRows>;

/** What the data says of itself, as it was read from the host with the copy. */
export const SourceManifest = z.object({
  tenantId: z.string(),
  environment: z.string(),
  version: z.string(),
  licenceFingerprint: z.string().nullable(),
  systemIdentifier: z.string(),
  relations: z.array(RelationRows),
  newestTransactionAt: Instant.nullable(),
  databaseBytes: z.number(),
});
export type SourceManifest = z.infer<typeof SourceManifest>;

/**
 * Something that can be restored. `snapshot` was taken on request, `backup` by the nightly plan, `kept` is a volume that
 * a swap took out of use and that is kept until its time, `archive` a file in the account's bucket. A snapshot may be the
 * copy in another region: it is copied to the target's first.
 */
export const RestoreSource = z.object({
  /** The snapshot or volume, as AWS names it; of an archive the console's own id. */
  id: z.string(),
  kind: z.enum(["snapshot", "backup", "kept", "archive"]),
  region: z.string(),
  /** As its tags tell; null where they are silent. */
  tenantId: z.string().nullable(),
  environment: EnvironmentKind.nullable(),
  version: z.string().nullable(),
  systemIdentifier: z.string().nullable(),
  label: z.string().nullable(),
  takenAt: Instant,
  sizeGiB: z.number().int(),
  grade: z.string().nullable(),
  /** It is whole and can be read. */
  isComplete: z.boolean(),
  manifest: SourceManifest.nullable(),
  /** The manifest was read while the tenant stood still: its counts are the copy's, not earlier ones. */
  isAtRest: z.boolean(),
  keptUntil: Instant.nullable(),
});
export type RestoreSource = z.infer<typeof RestoreSource>;

const Paper = z.string().trim().min(1).max(300).nullable().default(null);
export const RestorePapers = z.object({
  /** Written approval: its file or ticket (R52). */
  approval: Paper,
  /** Fee line of the partner's ledger (R29, R52, R66). */
  fee: Paper,
  /** Evaluation with the partner (R66). */
  evaluation: Paper,
  /** Who accepted in writing that the outcome is not guaranteed (R67). */
  bestEffortAcceptedBy: Paper,
});
export type RestorePapers = z.infer<typeof RestorePapers>;

export const RestoreOrder = z.object({
  tenant: z.string().min(1).max(100),
  /** Id of a source of this tenant. */
  source: z.string().min(1).max(100),
  /** Chosen on purpose: there is no default. */
  target: RestoreTarget,
  reason: RestoreReasonSchema,
  papers: RestorePapers.default({ approval: null, fee: null, evaluation: null, bestEffortAcceptedBy: null }),
  /** Version of the image beside; absent: the target's, or for `beside` production's. */
  onVersion: z.string().min(1).max(60).optional(),
  /** Days that the copy beside, and after a swap the old volume, are kept at least. */
  keepDays: z.number().int().min(1).max(90).default(7),
  overrides: z.record(z.string().max(10), z.string().trim().max(500)).default({}),
});
export type RestoreOrder = z.infer<typeof RestoreOrder>;

/** Refresh of a test environment from production; without a source a fresh snapshot of production is taken. */
export const RefreshOrder = z.object({
  tenant: z.string().min(1).max(100),
  target: z.enum(["test", "sandbox"]),
  source: z.string().min(1).max(100).optional(),
  fee: Paper,
  keepDays: z.number().int().min(1).max(90).default(7),
  overrides: z.record(z.string().max(10), z.string().trim().max(500)).default({}),
});
export type RefreshOrder = z.infer<typeof RefreshOrder>;

/** One side of the proof that source and target are one tenant's. */
export const IdentitySide = z.object({
  side: z.enum(["tags", "data", "host"]),
  tenantId: z.string().nullable(),
  systemIdentifier: z.string().nullable(),
  licence: z.string().nullable(),
});
export type IdentitySide = z.infer<typeof IdentitySide>;

/** What the target holds and the source does not: gone after a swap. */
export const Losses = z.object({
  relations: z.array(z.object({ name: z.string(), now: z.number().int(), copied: z.number().int().nullable() })),
  newestNow: Instant.nullable(),
  newestThen: Instant.nullable(),
});
export type Losses = z.infer<typeof Losses>;

export const RestorePlan = z.object({
  verdicts: z.array(Verdict),
  allowed: z.boolean(),
  source: RestoreSource.nullable(),
  /** "acme production", and its address; null for a copy beside everything. */
  target: z.object({ name: z.string(), domain: z.string(), version: z.string().nullable() }).nullable(),
  identity: z.array(IdentitySide),
  losses: Losses.nullable(),
  /** A way that is open where the version stands in the way (R71). */
  remedy: z.object({ target: z.literal("beside"), onVersion: z.string(), imageId: z.string() }).nullable(),
  resources: z.array(z.string()),
  steps: z.array(z.string()),
  volumeGiB: z.number().int().nullable(),
  keptUntil: z.date(),
});
export type RestorePlan = z.infer<typeof RestorePlan>;

/** One thing that was compared on the copy; `ok` is null where it could not be. */
export const RestoreCheck = z.object({
  name: z.string(),
  expected: z.string().nullable(),
  found: z.string().nullable(),
  ok: z.boolean().nullable(),
});
export type RestoreCheck = z.infer<typeof RestoreCheck>;

export const RESTORE_STATES = ["running", "ready", "swapping", "swapped", "discarding", "discarded"] as const;
/** `ready`: stands beside and waits for a person; `swapped`: its data serves, the old volume is kept. */
export const RestoreState = z.enum(RESTORE_STATES);
export type RestoreState = z.infer<typeof RestoreState>;

export const RestoreCase = z.object({
  /** Equals the `requestId`, and the job that made it. */
  id: z.string(),
  tenantId: z.string(),
  slug: z.string(),
  customer: z.string(),
  purpose: z.enum(["restore", "refresh"]),
  state: RestoreState,
  source: RestoreSource.nullable(),
  target: RestoreTarget,
  targetName: z.string(),
  reason: RestoreReasonSchema,
  papers: RestorePapers,
  verdicts: z.array(Verdict),
  losses: Losses.nullable(),
  checks: z.array(RestoreCheck),
  /** What each side holds, by relation: the target when it was last counted, the source's manifest, the copy. */
  compared: z.array(
    z.object({
      name: z.string(),
      target: z.number().int().nullable(),
      source: z.number().int().nullable(),
      restored: z.number().int().nullable(),
    }),
  ),
  /** Where the copy answers, for an operator who compares. */
  beside: z.object({ instanceId: z.string(), address: z.string(), volumeId: z.string() }).nullable(),
  /** Jobs on it, the latest last. */
  jobs: z.array(z.object({ id: z.string(), kind: z.string() })),
  /** The volume that a swap took out of use. */
  kept: z.object({ volumeId: z.string(), until: Instant, isGone: z.boolean() }).nullable(),
  swap: z.object({ lockoutSeconds: z.number(), ordersSince: z.number().int().nullable(), at: Instant }).nullable(),
  region: z.string(),
  /** Until when it stands beside; a person is reminded then, nothing is removed by itself. */
  keptUntil: z.date(),
  isOverdue: z.boolean(),
  requestedBy: z.string(),
  createdAt: z.date(),
});
export type RestoreCase = z.infer<typeof RestoreCase>;
