import { setTimeout as sleep } from "node:timers/promises";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { FINAL_JOB_STATES, type Job } from "../../shared/jobs/model.ts";
import { AppError, type ErrorFacts, errorFacts } from "../../shared/errors.ts";
import type { Answer, Decisions, Question } from "./decisions.ts";
import { decideRetry, type RetryDecision } from "./retry.ts";
import { stableId } from "./stable-id.ts";
import { type JobStore, shownOf } from "./store.ts";

/** What a step may use while it runs. */
export interface StepContext {
  readonly jobId: string;
  /** Aborts when the job is cancelled or the console stops. */
  readonly signal: AbortSignal;
  /** The signal aborted, or will, because the job was cancelled: what it left running elsewhere is to be ended. */
  isCancelled(): boolean;
  /** How often the job was retried. */
  readonly retries: number;
  /** Whoever works for this step elsewhere was heard: failures and silence are counted anew from now on. */
  answered(): void;
  /** A line of the job's log. Never a secret. */
  log(text: string, level?: "info" | "warning" | "error"): Promise<void>;
  /** What was found or made, shown beside the step's name. */
  detail(text: string): Promise<void>;
}

export interface StepOptions {
  /** How long a side that does not answer is waited for before the step gives up. Default: 20 minutes. */
  readonly silenceMs?: number;
}

/** A running job, handed to its workflow: names what the operator sees and does it durably. */
export interface JobRun {
  readonly jobId: string;
  /**
   * Does one named step and gives its result, which must survive JSON. After an interruption a finished step is not
   * done again; one that was under way is, so `work` finds before it creates. A failure that may pass is tried again
   * with growing pauses, missing credentials are waited for.
   */
  step<T>(name: string, work: (step: StepContext) => Promise<T>, options?: StepOptions): Promise<T>;
  /**
   * Puts a question to people and waits for the answer, for days if need be, over ends of the console too. For what
   * nothing that can be read answers; the options say what each of them does.
   */
  decide(name: string, question: Question): Promise<Answer>;
  /**
   * Starts a job of its own for a part of the work, once for each name, and gives its id; cancelling this job leaves it
   * alone. A parent has no tenant: a child on its own tenant would wait for it for ever (Conflict).
   */
  startChild<Input>(
    name: string,
    start: (order: StartJob<Input>) => Promise<{ jobId: string }>,
    order: Omit<StartJob<Input>, "id" | "requestedBy">,
  ): Promise<string>;
  /** Waits until that job ended, well or not, and gives it; where it waits for a person, this one says so. */
  waitFor(name: string, jobId: string): Promise<Job>;
}

export interface StartJob<Input> {
  /** The caller's `requestId`: repeating it joins the job that exists. */
  readonly id: string;
  readonly tenantId: string | null;
  readonly tenantSlug: string | null;
  readonly subject: string;
  readonly requestedBy: string;
  readonly input: Input;
}

const CHILD_LOOK_MS = 1_000;
/** Leaves the engine's context, in which starting a workflow would make it a part of the one that runs. */
type Outside = <Result>(work: () => Result) => Result;

/**
 * `fence` is the number under which this run holds the job. Once another run or console holds it, this one stops at its
 * next step, or next attempt of a step, without another look at the world or at the record.
 */
export function jobRun(
  jobId: string,
  fence: number,
  store: JobStore,
  decisions: Decisions,
  outside: Outside,
  stopping: AbortSignal,
): JobRun {
  const stillHeld = async () => {
    if (!(await store.holds(jobId, fence))) await lost();
  };
  const run: JobRun = {
    jobId,
    startChild: (name, start, order) =>
      run.step(name, async (step) => {
        const own = await store.get(jobId);
        if (order.tenantId !== null && order.tenantId === own?.tenantId) throw waitsForItself(order.subject);
        const id = stableId(`child ${jobId} ${name}`);
        const started = await outside(() => start({ ...order, id, requestedBy: own?.requestedBy ?? "" }));
        await step.detail(`${order.subject}: job ${started.jobId}`);
        return started.jobId;
      }),
    waitFor: (name, childId) =>
      run
        .step(name, async (step) => {
          for (;;) {
            step.signal.throwIfAborted();
            const child = await store.get(childId);
            if (!child) throw new AppError("NotFound", `There is no job ${childId}.`, { retryable: false });
            if (FINAL_JOB_STATES.has(child.state)) {
              await store.setState(jobId, "running");
              await step.detail(`${child.subject}: ${child.state}`);
              // As the engine keeps it: plain data, times as text.
              return JSON.parse(JSON.stringify(shownOf(child))) as unknown;
            }
            const why = child.state === "needsDecision" ? `job ${childId}, which needs a decision` : `job ${childId}`;
            await store.setState(jobId, "waiting", { waitingFor: why });
            await sleep(CHILD_LOOK_MS, undefined, { signal: step.signal }).catch(() => undefined);
          }
        })
        .then((plainJob) => withDates(plainJob as Job)),
    decide: (name, question) =>
      DBOS.runStep(
        async () => {
          const { stepID, cancelSignal } = DBOS.stepStatus!;
          const signal = AbortSignal.any([cancelSignal, stopping]);
          const { attempts } = (await store.stepStarted(jobId, name, fence)) ?? (await lost());
          const decision = await decisions.ask(jobId, stepID, name, question);
          if (!decision.answer) await store.setState(jobId, "needsDecision", { waitingFor: question.question });
          if (attempts === 1) await store.log(jobId, "warning", name, question.question);
          try {
            const answer = await decisions.answered(decision.id, signal);
            await stillHeld();
            const label = question.options.find(({ id }) => id === answer.option)?.label ?? answer.option;
            await store.setState(jobId, "running");
            await store.stepDetail(jobId, name, label);
            await store.log(jobId, "info", name, `${answer.by}: ${label} (${answer.reason})`);
            await store.stepEnded(jobId, name, "done", null);
            return answer;
          } catch (error) {
            if (stopping.aborted) return await new Promise<never>(() => {}); // the question stands; it is found again
            const cancelled = signal.aborted;
            const failure = cancelled
              ? new AppError("Cancelled", `Cancelled during "${name}".`, { retryable: false })
              : error;
            await store.stepEnded(jobId, name, "failed", errorFacts(failure));
            throw plain(failure);
          }
        },
        { name },
      ),
    step: (name, work, options = {}) =>
      DBOS.runStep(
        async () => {
          const { cancelSignal } = DBOS.stepStatus!;
          const signal = AbortSignal.any([cancelSignal, stopping]);
          const { attempts, retries } = (await store.stepStarted(jobId, name, fence)) ?? (await lost());
          let lastHeard = performance.now();
          let failures = 0;
          let outcome = "done";
          const context: StepContext = {
            jobId,
            signal,
            isCancelled: () => cancelSignal.aborted,
            retries,
            answered() {
              lastHeard = performance.now();
              failures = 0;
            },
            log: (text, level = "info") => store.log(jobId, level, name, text),
            detail: (text) => {
              outcome = text;
              return store.stepDetail(jobId, name, text);
            },
          };
          if (attempts > 1) await context.log(`attempt ${attempts}`);
          try {
            const held = async (step: StepContext) => {
              await stillHeld();
              return work(step);
            };
            const result = await untilDone(name, context, store, held, (facts) =>
              decideRetry(facts, ++failures, performance.now() - lastHeard, Math.random(), options.silenceMs),
            );
            await stillHeld();
            await context.log(outcome);
            await store.stepEnded(jobId, name, "done", null);
            return result;
          } catch (error) {
            if (stopping.aborted) return await new Promise<never>(() => {}); // this process ends; the step is done again
            await stillHeld();
            await store.stepEnded(jobId, name, "failed", errorFacts(error));
            throw plain(error);
          }
        },
        { name },
      ),
  };
  return run;
}

/** Another run holds the job: this one has nothing more to do or to say. */
const lost = (): Promise<never> => new Promise<never>(() => {});

function withDates(job: Job): Job {
  const date = (value: Date | null) => value && new Date(value);
  return {
    ...job,
    createdAt: new Date(job.createdAt),
    startedAt: date(job.startedAt),
    endedAt: date(job.endedAt),
    decision: null,
  };
}

function waitsForItself(subject: string): AppError {
  return new AppError("Conflict", `A job on ${subject} would wait for the job that starts it. Nothing was started.`, {
    retryable: false,
  });
}

async function untilDone<T>(
  name: string,
  context: StepContext,
  store: JobStore,
  work: (step: StepContext) => Promise<T>,
  afterFailure: (facts: ErrorFacts) => RetryDecision,
): Promise<T> {
  let shownWaiting = false;
  for (;;) {
    context.signal.throwIfAborted();
    try {
      const result = await work(context);
      if (shownWaiting) await store.setState(context.jobId, "running");
      return result;
    } catch (error) {
      if (context.signal.aborted) throw new AppError("Cancelled", `Cancelled during "${name}".`, { retryable: false });
      const facts = errorFacts(error);
      const decision = afterFailure(facts);
      await context.log(`${facts.code}: ${facts.message}`, decision.again ? "warning" : "error");
      if (!decision.again) throw error;
      await store.setState(context.jobId, decision.state, { waitingFor: decision.waitingFor, error: facts });
      shownWaiting = true;
      await sleep(decision.afterMs, undefined, { signal: context.signal }).catch(() => undefined);
    }
  }
}

/** The error as the database keeps it: own fields survive, classes and causes do not. */
function plain(error: unknown): Error {
  const facts = errorFacts(error);
  return new AppError(facts.code, facts.message, facts.details);
}

/**
 * Calls `read` until it gives a value other than undefined. For waiting inside a step: reads only, so that doing it
 * again after an interruption is harmless. Throws AppError Timeout (not retryable) with `what` in its message.
 */
export async function pollUntil<T>(
  what: string,
  signal: AbortSignal,
  options: { readonly everyMs: number; readonly withinMs: number },
  read: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + options.withinMs;
  for (;;) {
    signal.throwIfAborted();
    const value = await read();
    if (value !== undefined) return value;
    if (performance.now() > deadline) {
      throw new AppError("Timeout", `${what} did not happen within ${Math.round(options.withinMs / 1000)} s.`, {
        retryable: false,
        next: "Look at the host in AWS, then retry the job from this step.",
      });
    }
    await sleep(options.everyMs, undefined, { signal }).catch(() => undefined);
  }
}
