import { z } from "zod";
import { ERROR_CODES } from "../errors.ts";

/**
 * What a job is doing, said honestly.
 *
 * `waiting`: for something named in `waitingFor` (the tenant's other job, a host to boot). `paused`: needs credentials.
 * `lostContact`: the remote side does not answer and the outcome is unknown. `needsDecision`: a person must choose.
 */
export const JOB_STATES = [
  "queued",
  "running",
  "waiting",
  "paused",
  "lostContact",
  "needsDecision",
  "done",
  "failed",
  "cancelled",
] as const;
export const JobState = z.enum(JOB_STATES);
export type JobState = z.infer<typeof JobState>;

/** States that a job never leaves without a new act of a person. */
export const FINAL_JOB_STATES: ReadonlySet<JobState> = new Set(["done", "failed", "cancelled"]);

export const STEP_STATES = ["pending", "running", "done", "failed"] as const;
export const StepState = z.enum(STEP_STATES);
export type StepState = z.infer<typeof StepState>;

export const ErrorFactsSchema = z.object({
  code: z.enum(ERROR_CODES),
  message: z.string(),
  details: z.looseObject({ retryable: z.boolean() }),
});

export const DecisionOption = z.object({
  /** Stable within the question; what is answered. */
  id: z.string(),
  label: z.string(),
  /** Destroys or overwrites: choosing it takes the typed name, see `confirmWordOf`. */
  danger: z.boolean(),
});
export type DecisionOption = z.infer<typeof DecisionOption>;

/** A question that a job put to people, because nothing it can read answers it. */
export const JobDecision = z.object({
  id: z.string(),
  /** Name of the step that asks. */
  step: z.string(),
  question: z.string(),
  /** What is known, by name, in the order in which it is told. */
  facts: z.record(z.string(), z.string()),
  options: z.array(DecisionOption),
  askedAt: z.date(),
  answer: z.object({ option: z.string(), reason: z.string(), by: z.string(), at: z.date() }).nullable(),
});
export type JobDecision = z.infer<typeof JobDecision>;

export const Job = z.object({
  /** Equals the `requestId` that started it. */
  id: z.string(),
  /** Contract path of the act: "tenant.provision". */
  kind: z.string(),
  tenantId: z.string().nullable(),
  tenantSlug: z.string().nullable(),
  /** People's words for the object acted on: the customer's name. */
  subject: z.string(),
  state: JobState,
  waitingFor: z.string().nullable(),
  /** 0 to 100: finished steps of planned steps. */
  percent: z.number().min(0).max(100),
  /** Name of the step that runs, or ran last. */
  currentStep: z.string().nullable(),
  error: ErrorFactsSchema.nullable(),
  /** The question that it waits on; null unless it is in `needsDecision`. */
  decision: JobDecision.nullable(),
  /** Who asked: operator name. */
  requestedBy: z.string(),
  /** Machine whose console runs it. */
  executor: z.string(),
  createdAt: z.date(),
  startedAt: z.date().nullable(),
  endedAt: z.date().nullable(),
  /** What can be done with it now. */
  can: z.object({
    cancel: z.boolean(),
    retry: z.boolean(),
    rollBack: z.boolean(),
    /** The console that ran it is silent: this one may take it over. */
    adopt: z.boolean(),
  }),
});
export type Job = z.infer<typeof Job>;

/** What is typed to confirm a dangerous option: the tenant's slug, or the job's id where there is no tenant. */
export const confirmWordOf = (job: Pick<Job, "id" | "tenantSlug">): string => job.tenantSlug ?? job.id;

export const JobStep = z.object({
  jobId: z.string(),
  /** Order of planning, from 0. */
  position: z.number().int(),
  /** Stable name; the window translates it and shows `detail` beside it. */
  name: z.string(),
  state: StepState,
  /** What was found or made: "vol-0abc, 100 GiB". */
  detail: z.string().nullable(),
  /** Times the step ran; above 1 after a retry or a resume. */
  attempts: z.number().int(),
  error: ErrorFactsSchema.nullable(),
  startedAt: z.date().nullable(),
  endedAt: z.date().nullable(),
});
export type JobStep = z.infer<typeof JobStep>;

export const JobLogLine = z.object({
  jobId: z.string(),
  seq: z.number().int(),
  at: z.date(),
  level: z.enum(["info", "warning", "error"]),
  step: z.string().nullable(),
  text: z.string(),
});
export type JobLogLine = z.infer<typeof JobLogLine>;

/** One push of the stream that every open window holds. */
export const LiveEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("job"), job: Job }),
  z.object({ type: z.literal("step"), step: JobStep }),
  z.object({ type: z.literal("log"), line: JobLogLine }),
  /** The named contract area has new data: refetch what is shown of it. `id` narrows it to one tenant. */
  z.object({
    type: z.literal("stale"),
    area: z.enum([
      "fleet",
      "tenant",
      "settings",
      "lab",
      "calendar",
      "terminal",
      "terms",
      "restore",
      "snapshot",
      "access",
      "maintenance",
      "metrics",
    ]),
    id: z.string().optional(),
  }),
  /** The clock of the console's computer jumped: it slept (`ms` long), or the clock was set back by `ms`. */
  z.object({ type: z.literal("standstill"), kind: z.enum(["stoodStill", "setBack"]), ms: z.number() }),
  /** Sent at once on connecting and every 10 s, so that a silent connection is known to be alive. */
  z.object({ type: z.literal("alive"), at: z.date() }),
]);
export type LiveEvent = z.infer<typeof LiveEvent>;
