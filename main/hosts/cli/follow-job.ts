import { AppError, errorCode } from "../../../shared/errors.ts";
import { FINAL_JOB_STATES, type Job, type JobStep, type LiveEvent } from "../../../shared/jobs/model.ts";
import { plain } from "./terminal.ts";
import { onConsole } from "./verbs.ts";
import type { Cli, Session } from "./session.ts";

export interface JobOutcome {
  readonly job: Job;
  readonly steps: readonly JobStep[];
}

const ATTEMPTS = 3;

/**
 * Starts a job and follows it to its end, telling each step on standard error.
 *
 * `readTenant` reads what the job acted on, once it is done. When the console goes away in between, it is looked for again or started, and the job goes on there: `start` must be
 * safe to repeat. Throws the job's failure; DecisionNeeded when it waits for a person.
 */
export async function startAndFollow<Started extends { readonly jobId: string }, Tenant>(
  cli: Cli,
  start: (session: Session) => Promise<Started>,
  readTenant: (session: Session, started: Started) => Promise<Tenant>,
): Promise<JobOutcome & { readonly started: Started; readonly tenant: Tenant }> {
  let started: Started | undefined;
  const told = new Map<string, string>();
  for (let attempt = 1; ; attempt++) {
    try {
      return await onConsole(cli, async (session) => {
        started ??= await start(session);
        const outcome = await followJob(cli, session, started.jobId, told);
        return { ...outcome, started, tenant: await readTenant(session, started) };
      });
    } catch (error) {
      if (!started || errorCode(error) !== "ConsoleUnreachable" || attempt === ATTEMPTS) throw error;
      cli.terminal.note("The console went away. Looking for it again; the job goes on there.");
    }
  }
}

/**
 * Follows one job until it ends or waits for a person; throws how it ended, unless well. `told` remembers what was said
 * of each step, for one who follows again.
 */
export async function followJob(
  cli: Cli,
  session: Session,
  jobId: string,
  told = new Map<string, string>(),
): Promise<JobOutcome> {
  const { terminal } = cli;
  const tellStep = (step: JobStep) => {
    const state = `${step.state}/${step.attempts}`;
    if (told.get(step.name) === state) return;
    told.set(step.name, state);
    const what = plain(step.detail ? `${step.name}  ${step.detail}` : step.name);
    if (step.state === "done") terminal.note(`${terminal.paint("green", "done")}     ${what}`);
    if (step.state === "failed") terminal.note(`${terminal.paint("red", "failed")}   ${what}`);
  };
  const tellJob = (job: Job) => {
    const waiting = job.waitingFor ? `, for ${job.waitingFor}` : "";
    terminal.progress(`${job.percent.toFixed(0)} %  ${job.state}${waiting}  ${job.currentStep ?? ""}`);
  };

  await untilSettled(session, jobId, (event) => {
    if (event.type === "step" && event.step.jobId === jobId) tellStep(event.step);
    if (event.type === "job" && event.job.id === jobId) tellJob(event.job);
  });
  const outcome = await session.client.jobs.get({ jobId });
  outcome.steps.forEach(tellStep);
  throwUnlessDone(outcome.job);
  return outcome;
}

/** Reads the job's stream until it needs nobody's waiting any more. The stream is opened first, so nothing is missed. */
async function untilSettled(session: Session, jobId: string, tell: (event: LiveEvent) => void): Promise<void> {
  const { client } = session;
  const stream = await client.jobs.watch({ jobId });
  const gone = session.closed.then((): never => {
    throw new AppError("ConsoleUnreachable", `The console went away while ${jobId} ran; the job itself goes on.`, {
      retryable: true,
      next: `Follow it again with: fleetwright job watch ${jobId}`,
    });
  });
  gone.catch(() => {});
  try {
    const now = await client.jobs.get({ jobId });
    for (const step of now.steps) tell({ type: "step", step });
    tell({ type: "job", job: now.job });
    if (isSettled(now.job)) return;
    for (;;) {
      const { value, done } = await Promise.race([stream.next(), gone]);
      if (done) return;
      tell(value);
      if (value.type === "job" && value.job.id === jobId && isSettled(value.job)) return;
    }
  } finally {
    // Not awaited: on a connection that is gone it would never answer.
    stream.return?.().catch(() => {});
  }
}

/** Nothing will change any more without an act of a person. */
function isSettled({ state }: Job): boolean {
  return FINAL_JOB_STATES.has(state) || state === "needsDecision" || state === "paused";
}

function throwUnlessDone(job: Job): void {
  if (job.state === "done") return;
  const about = {
    jobId: job.id,
    jobState: job.state,
    ...(job.tenantSlug && { tenant: job.tenantSlug }),
    step: job.currentStep,
  };
  if (job.state === "failed" && job.error) {
    const retry = `Retry from that step with: fleetwright job retry ${job.id}`;
    throw new AppError(job.error.code, job.error.message, {
      ...about,
      next: retry,
      ...job.error.details,
    });
  }
  if (job.state === "cancelled") {
    throw new AppError("Cancelled", `The job ${job.id} was cancelled. What it made so far is kept and listed.`, {
      retryable: false,
      ...about,
      next: `See what it made with: fleetwright job get ${job.id}`,
    });
  }
  const why = job.waitingFor ?? job.error?.message ?? "a person must decide";
  throw new AppError("DecisionNeeded", `The job ${job.id} waits for a person: ${why}.`, {
    retryable: false,
    ...about,
    ...(job.error && { cause: job.error.code }),
    ...(job.decision && { decision: job.decision }),
    next: job.decision
      ? `Answer it with: fleetwright job decide ${job.id} --option ${job.decision.options.map(({ id }) => id).join("|")} --reason TEXT`
      : `Look at it with: fleetwright job get ${job.id}`,
  });
}
