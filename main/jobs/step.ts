import { setTimeout as sleep } from "node:timers/promises";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { AppError, errorFacts } from "../../shared/errors.ts";
import { decideRetry } from "./retry.ts";
import type { JobStore } from "./store.ts";

/** What a step may use while it runs. */
export interface StepContext {
  readonly jobId: string;
  /** Aborts when the job is cancelled or the console stops. */
  readonly signal: AbortSignal;
  /** A line of the job's log. Never a secret. */
  log(text: string, level?: "info" | "warning" | "error"): Promise<void>;
  /** What was found or made, shown beside the step's name. */
  detail(text: string): Promise<void>;
}

/** A running job, handed to its workflow: names what the operator sees and does it durably. */
export interface JobRun {
  readonly jobId: string;
  /**
   * Does one named step and gives its result, which must survive JSON. After an interruption a finished step is not
   * done again; one that was under way is, so `work` finds before it creates. A failure that may pass is tried again
   * with growing pauses, missing credentials are waited for.
   */
  step<T>(name: string, work: (step: StepContext) => Promise<T>): Promise<T>;
}

export function jobRun(jobId: string, store: JobStore, stopping: AbortSignal): JobRun {
  return {
    jobId,
    step: (name, work) =>
      DBOS.runStep(
        async () => {
          const cancelled = DBOS.stepStatus?.cancelSignal;
          const signal = cancelled ? AbortSignal.any([cancelled, stopping]) : stopping;
          const attempts = await store.stepStarted(jobId, name);
          let outcome = "done";
          const context: StepContext = {
            jobId,
            signal,
            log: (text, level = "info") => store.log(jobId, level, name, text),
            detail: (text) => {
              outcome = text;
              return store.stepDetail(jobId, name, text);
            },
          };
          if (attempts > 1) await context.log(`attempt ${attempts}`);
          try {
            const result = await untilDone(name, context, store, work);
            await context.log(outcome);
            await store.stepEnded(jobId, name, "done", null);
            return result;
          } catch (error) {
            if (stopping.aborted) return await new Promise<never>(() => {}); // this process ends; the step is done again
            await store.stepEnded(jobId, name, "failed", errorFacts(error));
            throw plain(error);
          }
        },
        { name },
      ),
  };
}

async function untilDone<T>(
  name: string,
  context: StepContext,
  store: JobStore,
  work: (step: StepContext) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  let shownWaiting = false;
  for (let attempt = 1; ; attempt++) {
    context.signal.throwIfAborted();
    try {
      const result = await work(context);
      if (shownWaiting) await store.setState(context.jobId, "running");
      return result;
    } catch (error) {
      if (context.signal.aborted) throw new AppError("Cancelled", `Cancelled during "${name}".`, { retryable: false });
      const facts = errorFacts(error);
      const decision = decideRetry(facts, attempt, performance.now() - startedAt, Math.random());
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
