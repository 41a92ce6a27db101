import { z } from "zod";
import { MaintenanceKind } from "../policy/profile.ts";
import { Verdict } from "../policy/verdict.ts";
import { EnvironmentKind } from "../tenant/model.ts";
import { NOT_STARTED, OUTCOMES } from "./schedule.ts";

export const RunOutcome = z.enum(OUTCOMES);

/** What somebody wants to run on whom, and how carefully. */
export const RunRequest = z.object({
  runbook: z.string().min(1).max(60),
  /** The newest usable one when absent. */
  runbookVersion: z.number().int().min(0).optional(),
  /** Version that an application update goes to, where the runbook leaves it open. */
  to: z.string().max(40).optional(),
  /** In the order in which they are treated; the first ones are the canaries. */
  tenants: z
    .array(
      z.object({
        tenant: z.string().min(1).max(100),
        environment: EnvironmentKind.default("production"),
        /** Planned window that it happens in; absent: the one that is open now. */
        windowId: z.string().max(100).optional(),
      }),
    )
    .min(1)
    .max(500),
  canary: z.number().int().min(0).max(50).default(1),
  waveSize: z.number().int().min(1).max(100).default(10),
  concurrency: z.number().int().min(1).max(20).default(3),
  errorBudget: z.number().int().min(0).max(100).default(0),
  /** Nothing starts from this minute on; absent: the end of each tenant's own window. */
  cutOffAt: z.date().optional(),
  atCutOff: z.enum(["abort", "continue"]).default("continue"),
  /** Written reasons by rule number, for refusals that may be overridden. */
  overrides: z.record(z.string().max(12), z.string().max(500)).default({}),
});
export type RunRequest = z.infer<typeof RunRequest>;

const RunWindow = z.object({
  id: z.string(),
  kind: MaintenanceKind,
  title: z.string(),
  startsAt: z.date(),
  endsAt: z.date(),
});

export const PlannedTenant = z.object({
  tenantId: z.string(),
  slug: z.string(),
  customer: z.string(),
  environment: EnvironmentKind,
  wave: z.number().int(),
  window: RunWindow.nullable(),
  verdicts: z.array(Verdict),
  allowed: z.boolean(),
});
export type PlannedTenant = z.infer<typeof PlannedTenant>;

export const RunPlan = z.object({
  runbook: z.object({ name: z.string(), version: z.number().int(), sha256: z.string(), minutes: z.number().int() }),
  steps: z.array(z.string()),
  tenants: z.array(PlannedTenant),
  waves: z.number().int(),
  allowed: z.boolean(),
});
export type RunPlan = z.infer<typeof RunPlan>;

export const RunTenant = z.object({
  tenantId: z.string(),
  slug: z.string(),
  customer: z.string(),
  environment: EnvironmentKind,
  wave: z.number().int(),
  jobId: z.string(),
  state: z.enum(["waiting", "running", "ended"]),
  outcome: RunOutcome.nullable(),
  /** Why it was not started, or what failed. */
  whyNotStarted: z.enum(NOT_STARTED).nullable(),
  detail: z.string().nullable(),
  windowId: z.string().nullable(),
  /** Of its job, as last recorded. */
  jobState: z.string().nullable(),
  currentStep: z.string().nullable(),
  percent: z.number(),
  startedAt: z.date().nullable(),
  endedAt: z.date().nullable(),
});
export type RunTenant = z.infer<typeof RunTenant>;

export const RunSummary = z.object({
  id: z.string(),
  runbook: z.object({ name: z.string(), version: z.number().int(), sha256: z.string() }),
  state: z.string(),
  requestedBy: z.string(),
  createdAt: z.date(),
  tenants: z.number().int(),
  ended: z.number().int(),
  failed: z.number().int(),
  stoppedAt: z.date().nullable(),
});
export type RunSummary = z.infer<typeof RunSummary>;

export const Run = z.object({
  id: z.string(),
  runbook: z.object({ name: z.string(), version: z.number().int(), sha256: z.string() }),
  steps: z.array(z.string()),
  /** Of the parent job. */
  state: z.string(),
  requestedBy: z.string(),
  createdAt: z.date(),
  stoppedAt: z.date().nullable(),
  stoppedBy: z.string().nullable(),
  canary: z.number().int(),
  concurrency: z.number().int(),
  errorBudget: z.number().int(),
  failures: z.number().int(),
  cutOffAt: z.date().nullable(),
  atCutOff: z.enum(["abort", "continue"]),
  overrides: z.record(z.string(), z.string()),
  tenants: z.array(RunTenant),
});
export type Run = z.infer<typeof Run>;

export const RUN_STEPS = ["check runbook and windows", "canary wave", "further waves", "sum up"] as const;
/** Steps of one tenant before and after those of the runbook. */
export const TENANT_STEPS = {
  before: ["pre-checks", "lock out"],
  after: ["post-checks", "smoke test", "unlock", "record outcome"],
} as const;
