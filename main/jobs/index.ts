import { AsyncLocalStorage } from "node:async_hooks";
import { DBOS, DBOSWorkflowConflictError } from "@dbos-inc/dbos-sdk";
import { implement } from "@orpc/server";
import type { Pool } from "pg";
import type { z } from "zod";
import { AppError, errorFacts } from "../../shared/errors.ts";
import { jobsContract } from "../../shared/jobs/contract.ts";
import { FINAL_JOB_STATES, type Job, type JobDecision } from "../../shared/jobs/model.ts";
import { MINUTE_MS } from "../../shared/time.ts";
import { type Decisions, openDecisions } from "./decisions.ts";
import { LiveFeed } from "./live.ts";
import { type JobRun, jobRun, type StartJob } from "./step.ts";
import { JOBS_CHANNEL, jobStore, shownOf, type StoredJob } from "./store.ts";

export { stableId } from "./stable-id.ts";
export type { Answer, Question } from "./decisions.ts";
export { type JobRun, pollUntil, type StartJob, type StepContext, type StepOptions } from "./step.ts";

/** One job per tenant at a time; other tenants' jobs go on beside it. */
const TENANT_QUEUE = "tenant";
/** A console that was not seen for so long may be dead: its jobs may be adopted. */
const SILENT_MS = MINUTE_MS;
const BEATS_PER_SILENCE = 6;
/** Jobs without a tenant stand in nobody's way, each in a partition of its own. */
const partitionOf = (job: { readonly id: string; readonly tenantId: string | null }) => job.tenantId ?? `job ${job.id}`;
/** Steps of older releases are replayed by `DBOS.patch`, so the version never changes. */
const WORKFLOW_VERSION = "1";

export interface JobsPorts {
  readonly pool: Pool;
  /** `onMissed` is called when announcements of a while are gone. */
  listen(channel: string, onPayload: (payload: string) => void, onMissed: () => void): Promise<() => Promise<void>>;
  /** Stable over restarts of this machine and home: its jobs are taken up again under this name. */
  readonly executor: string;
  /** Without a sign of life for so long, a console's jobs may be adopted; it gives one six times as often. */
  readonly silentMs?: number;
  /** Shown to people. */
  readonly machine: string;
  operator(): string;
  log(level: "info" | "warning" | "error", text: string): void;
}

export interface JobKind<Input> {
  /** Contract path of the act. Stored: never rename. */
  readonly kind: string;
  /** Stored input is parsed again before every run. */
  readonly input: z.ZodType<Input>;
  /** Names of all steps in order, for progress. */
  plan(input: Input): readonly string[];
  run(input: Input, job: JobRun): Promise<void>;
  /** A failed job of this kind can be undone by its area's roll-back. */
  readonly canRollBack?: boolean;
}

export interface Jobs {
  /** Before `launch`. Gives the function that starts such a job; it returns once the job is recorded. */
  define<Input>(kind: JobKind<Input>): (start: StartJob<Input>) => Promise<{ jobId: string }>;
  /** Takes up what an earlier process left and begins to run jobs. */
  launch(): Promise<void>;
  readonly router: ReturnType<typeof jobsRouter>;
  readonly live: LiveFeed;
  /** A tenant's jobs, newest first. */
  ofTenant(tenantId: string): Promise<Job[]>;
  /** Of each tenant the job that runs or waits, or else the newest. */
  ofEachTenant(): Promise<Job[]>;
  get(id: string): Promise<StoredJob | undefined>;
  /** After this console stood still: says at once that it lives, and writes `text` into the log of each of its jobs. */
  wokeUp(text: string): Promise<void>;
  /** Stops running jobs where they are; they go on at the next launch. */
  stop(): Promise<void>;
}

/** The only DBOS set-up. One at a time in a process. */
export async function openJobs(ports: JobsPorts): Promise<Jobs> {
  const store = jobStore(ports.pool, ports.silentMs ?? SILENT_MS);
  let beating: NodeJS.Timeout | undefined;
  const decisions = openDecisions(ports.pool);
  const live = new LiveFeed(store);
  const stopping = new AbortController();
  /** Asks the engine as a bystander: what a workflow asks itself is a step of it, which a run that lost it may not do. */
  const outside = AsyncLocalStorage.snapshot();
  const kinds = new Map<string, { enqueue(job: StoredJob): Promise<void>; plan(input: unknown): readonly string[] }>();

  DBOS.setConfig({
    name: "fleetwright",
    systemDatabasePool: ports.pool,
    systemDatabaseSchemaName: "dbos",
    executorID: ports.executor,
    applicationVersion: WORKFLOW_VERSION,
    enablePatching: true,
    logger: {
      info: () => {},
      debug: () => {},
      warn: (text: unknown) => ports.log("warning", `jobs: ${String(text)}`),
      error: (text: unknown) => ports.log("error", `jobs: ${String(text)}`),
    },
  });
  const unlisten = await ports.listen(
    JOBS_CHANNEL,
    (payload) => {
      decisions.announced(payload);
      live.announced(payload).catch((error) => ports.log("warning", `jobs: ${errorFacts(error).message}`));
    },
    () => {
      decisions.announced();
      live.cut();
    },
  );

  function define<Input>(kind: JobKind<Input>) {
    const workflow = DBOS.registerWorkflow(
      async (stored: unknown) => {
        const jobId = DBOS.workflowID!;
        const fence = await store.claim(jobId, ports.executor, ports.machine);
        try {
          await kind.run(kind.input.parse(stored), jobRun(jobId, fence, store, decisions, outside, stopping.signal));
          await store.setState(jobId, "done");
        } catch (error) {
          const lost = error instanceof DBOSWorkflowConflictError;
          // A run that lost its job to a cancel ends it; one that lost it to another run leaves the record to that.
          const cancelled = lost
            ? (await outside(() => DBOS.getWorkflowStatus(jobId)))?.status === "CANCELLED"
            : isCancellation(error) || errorFacts(error).code === "Cancelled";
          if (cancelled) await store.setState(jobId, "cancelled");
          else if (!lost) await store.setState(jobId, "failed", { error: errorFacts(error) });
          throw error;
        }
      },
      { name: kind.kind },
    );

    const enqueue = async (job: StoredJob) => {
      await DBOS.startWorkflow(workflow, {
        workflowID: job.id,
        queueName: TENANT_QUEUE,
        enqueueOptions: { queuePartitionKey: partitionOf(job) },
      })(job.input);
    };
    kinds.set(kind.kind, { enqueue, plan: (input) => kind.plan(input as Input) });

    return async (start: StartJob<Input>) => {
      const inserted = await store.insert({
        ...start,
        kind: kind.kind,
        steps: kind.plan(start.input),
        canRollBack: kind.canRollBack ?? false,
        executor: ports.executor,
        machine: ports.machine,
      });
      const job = await store.get(start.id);
      if (!job || job.kind !== kind.kind || job.tenantId !== start.tenantId) {
        throw new AppError("Conflict", `The request ${start.id} was used for another job already.`, {
          retryable: false,
          next: "Send the order again with a new request id.",
        });
      }
      if (inserted) {
        await sayWhatItWaitsFor(job, job.createdAt);
        await enqueue(job);
      }
      return { jobId: start.id };
    };
  }

  /** Of the jobs on its tenant that queued before `queuedAt`, shows the oldest. */
  async function sayWhatItWaitsFor(job: StoredJob, queuedAt: Date): Promise<void> {
    if (!job.tenantId) return;
    const others = (await store.list({ tenant: job.tenantId, limit: 50 })).filter(
      (other) => other.id !== job.id && !FINAL_JOB_STATES.has(other.state) && other.createdAt <= queuedAt,
    );
    const other = others.at(-1);
    if (other)
      await store.setState(job.id, "waiting", { waitingFor: `job ${other.id} (${other.kind}) on the same tenant` });
  }

  /** Says that this console lives, and shows which jobs others left behind. */
  const told = new Set<string>();
  async function beat(): Promise<void> {
    try {
      await store.beat(ports.executor, ports.machine);
      const orphans = await store.orphans();
      for (const id of orphans) if (!told.has(id)) await live.announced(`job:${id}`);
      told.clear();
      for (const id of orphans) told.add(id);
    } catch (error) {
      ports.log("warning", `jobs: ${errorFacts(error).message}`);
    }
  }

  const resume = (jobId: string) => DBOS.resumeWorkflow(jobId, { queueName: TENANT_QUEUE });

  /** Brings the jobs' own record and the engine's together after an interruption. */
  async function reconcile(): Promise<void> {
    for (const job of await store.unfinished()) {
      const status = await DBOS.getWorkflowStatus(job.id);
      if (!status) await kinds.get(job.kind)?.enqueue(job);
      // An adoption that was cut short: the record is this console's, the engine does not know it yet.
      else if (status.status === "PENDING" && job.executorId === ports.executor && status.executorId !== ports.executor)
        await resume(job.id);
      else if (status.status === "SUCCESS") await store.setState(job.id, "done");
      else if (status.status === "CANCELLED") await store.setState(job.id, "cancelled");
      else if (status.status === "ERROR" || status.status === "MAX_RECOVERY_ATTEMPTS_EXCEEDED") {
        await store.setState(job.id, "failed", { error: job.error ?? errorFacts(status.error) });
      }
    }
  }

  return {
    define,
    async launch() {
      await store.beat(ports.executor, ports.machine);
      beating = setInterval(() => void beat(), (ports.silentMs ?? SILENT_MS) / BEATS_PER_SILENCE).unref();
      await DBOS.launch();
      await DBOS.registerQueue(TENANT_QUEUE, {
        partitionConcurrency: 1,
        minPollingIntervalMs: 200,
        onConflict: "always_update",
      });
      await reconcile();
    },
    router: jobsRouter({ store, decisions, live, ports, sayWhatItWaitsFor, resume }),
    live,
    ofTenant: (tenantId) => store.list({ tenant: tenantId, limit: 100 }),
    ofEachTenant: () => store.ofEachTenant(),
    get: (id) => store.get(id),
    async wokeUp(text) {
      await beat();
      for (const job of await store.unfinished())
        if (job.executorId === ports.executor && job.startedAt)
          await store.log(job.id, "warning", job.currentStep, text);
    },
    async stop() {
      stopping.abort();
      clearInterval(beating);
      // An embedded database that is gone already has nobody to tell.
      await store.leave(ports.executor).catch(() => undefined);
      live.cut();
      await unlisten();
      await DBOS.shutdown({ deregister: true });
    },
  };
}

interface RouterParts {
  readonly store: ReturnType<typeof jobStore>;
  readonly decisions: Decisions;
  readonly live: LiveFeed;
  readonly ports: JobsPorts;
  sayWhatItWaitsFor(job: StoredJob, queuedAt: Date): Promise<void>;
  resume(jobId: string): Promise<unknown>;
}

function jobsRouter({ store, decisions, live, ports, sayWhatItWaitsFor, resume }: RouterParts) {
  const os = implement(jobsContract);

  async function existing(jobId: string): Promise<StoredJob> {
    const job = await store.get(jobId);
    if (!job)
      throw new AppError("NotFound", `There is no job ${jobId}.`, {
        retryable: false,
        next: "Look at the list of jobs.",
      });
    return job;
  }
  const shown = async (jobId: string): Promise<Job> => shownOf(await existing(jobId));

  return {
    list: os.list.handler(({ input }) => store.list(input)),
    get: os.get.handler(async ({ input }) => ({
      job: await shown(input.jobId),
      steps: await store.steps(input.jobId),
      decisions: await decisions.of(input.jobId),
    })),
    logs: os.logs.handler(async ({ input }) => {
      await existing(input.jobId);
      return store.logs(input.jobId, input.after);
    }),
    cancel: os.cancel.handler(async ({ input }) => {
      const job = await existing(input.jobId);
      if (FINAL_JOB_STATES.has(job.state)) return shown(job.id);
      const runs = (await DBOS.getWorkflowStatus(job.id))?.status === "PENDING";
      await DBOS.cancelWorkflow(job.id);
      // A job that waits for its turn, new or retried, has no run that could say it ended.
      if (!runs) await store.setState(job.id, "cancelled");
      else await store.log(job.id, "warning", null, "Cancel asked: stops before the next step; what was made stays.");
      return shown(job.id);
    }),
    retry: os.retry.handler(async ({ input }) => {
      const job = await existing(input.jobId);
      if (!FINAL_JOB_STATES.has(job.state)) return shown(job.id);
      if (job.state === "done") {
        throw new AppError("Conflict", `Job ${job.id} is done; there is nothing to retry.`, { retryable: false });
      }
      const startStep = retryFrom((await DBOS.listWorkflowSteps(job.id)) ?? [], await decisions.of(job.id));
      await decisions.takeBack(job.id, startStep);
      await store.resetForRetry(job.id);
      await sayWhatItWaitsFor(job, new Date());
      await DBOS.rewindWorkflow(job.id, {
        startStep,
        queueName: TENANT_QUEUE,
        queuePartitionKey: partitionOf(job),
      });
      await store.log(job.id, "info", null, "Retried from the step that failed.");
      return shown(job.id);
    }),
    decide: os.decide.handler(async ({ input }) => {
      const job = await existing(input.jobId);
      const { option, reason, confirm } = input;
      await decisions.answer(job, input.decisionId, { option, reason, confirm, by: ports.operator() });
      return shown(job.id);
    }),
    adopt: os.adopt.handler(async ({ input }) => {
      const job = await existing(input.jobId);
      if (FINAL_JOB_STATES.has(job.state) || job.executorId === ports.executor) return shown(job.id);
      if (!(await store.adopt(job.id, ports.executor, ports.machine))) {
        const other = await store.lastSeen(job.executorId);
        throw stillSeen(job, other?.seenAt ?? new Date(), ports.silentMs ?? SILENT_MS);
      }
      await store.log(
        job.id,
        "warning",
        null,
        `Adopted by ${ports.operator()} on ${ports.machine} from ${job.executor}, which is silent.`,
      );
      await resume(job.id);
      return shown(job.id);
    }),
    watch: os.watch.handler(({ input, signal }) => live.watch(signal, input.jobId)),
  };
}

function stillSeen(job: StoredJob, seenAt: Date, silentMs: number): AppError {
  return new AppError(
    "Conflict",
    `The console on ${job.executor} runs this job and was seen at ${seenAt.toISOString()}.`,
    {
      retryable: true,
      earliest: new Date(seenAt.getTime() + silentMs).toISOString(),
      next: "Leave the job to it, or end that console first.",
    },
  );
}

/**
 * Where a job that ended badly goes on: at the step that failed; at its last question when the answer ended it; else
 * behind everything that was done.
 */
function retryFrom(
  engineSteps: readonly { readonly functionID: number; readonly name: string; readonly error: unknown }[],
  decisions: readonly JobDecision[],
): number {
  const failed = engineSteps.find((step) => step.error !== null);
  if (failed) return failed.functionID;
  const last = engineSteps.toSorted((one, other) => one.functionID - other.functionID).at(-1);
  if (!last) return 0;
  return decisions.some(({ step }) => step === last.name) ? last.functionID : last.functionID + 1;
}

function isCancellation(error: unknown): boolean {
  return (
    (error as { name?: string } | null)?.name === "DBOSWorkflowCancelledError" ||
    String(error).includes("has been cancelled")
  );
}
