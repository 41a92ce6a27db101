import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pool, PoolClient } from "pg";
import { AppError } from "../../shared/errors.ts";
import { confirmWordOf, type Job, type JobDecision } from "../../shared/jobs/model.ts";
import { SECOND_MS } from "../../shared/time.ts";
import { inTransaction } from "../database/transaction.ts";
import { JOBS_CHANNEL, toDecision } from "./store.ts";

export interface Question {
  /** One sentence that a person can answer without reading the log. */
  readonly question: string;
  /** What is known, by name. */
  readonly facts?: Readonly<Record<string, string>>;
  readonly options: readonly { readonly id: string; readonly label: string; readonly danger?: boolean }[];
}

export interface Answer {
  readonly option: string;
  readonly reason: string;
  readonly by: string;
}

/** An announcement that was missed costs this long. */
const LOOK_AGAIN_MS = 5 * SECOND_MS;

/** Keeps the questions of jobs and wakes who waits on an answer, on whichever console it was given. */
export function openDecisions(pool: Pool) {
  const waiting = new Map<string, Set<() => void>>();

  return {
    /** Finds the question that this place of the job's run put before, or puts it. */
    async ask(jobId: string, functionId: number, step: string, asked: Question): Promise<JobDecision> {
      await pool.query(
        `with this_one as (
           insert into job_decision (id, job_id, function_id, step, question, facts, options)
           values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (job_id, function_id) where closed_at is null do nothing returning id)
         select pg_notify($8, 'job:' || $2) from this_one`,
        [
          randomUUID(),
          jobId,
          functionId,
          step,
          asked.question,
          JSON.stringify(asked.facts ?? {}),
          JSON.stringify(asked.options.map(({ id, label, danger = false }) => ({ id, label, danger }))),
          JOBS_CHANNEL,
        ],
      );
      const { rows } = await pool.query(
        "select * from job_decision where job_id = $1 and function_id = $2 and closed_at is null",
        [jobId, functionId],
      );
      return toDecision(rows[0]);
    },

    /** Comes back with the answer, however long it takes. Throws the signal's reason. */
    async answered(id: string, signal: AbortSignal): Promise<Answer> {
      for (;;) {
        signal.throwIfAborted();
        const woken = new AbortController();
        const wake = () => woken.abort();
        const others = waiting.get(id) ?? new Set();
        waiting.set(id, others.add(wake));
        try {
          // A database that is away for a while takes nothing from a question that stands for days.
          const answer = await pool.query("select * from job_decision where id = $1", [id]).then(
            ({ rows }) => toDecision(rows[0]).answer,
            () => null,
          );
          if (answer) return { option: answer.option, reason: answer.reason, by: answer.by };
          const either = AbortSignal.any([signal, woken.signal]);
          await sleep(LOOK_AGAIN_MS, undefined, { signal: either }).catch(() => undefined);
        } finally {
          others.delete(wake);
          if (others.size === 0) waiting.delete(id);
        }
      }
    },

    /** An announcement of the jobs channel, or undefined when some were missed. */
    announced(payload?: string): void {
      const id = payload?.startsWith("decision:") ? payload.slice("decision:".length) : undefined;
      if (payload !== undefined && id === undefined) return;
      for (const [waitedFor, wakers] of waiting) {
        if (id === undefined || id === waitedFor) for (const wake of wakers) wake();
      }
    },

    async of(jobId: string): Promise<JobDecision[]> {
      const { rows } = await pool.query("select * from job_decision where job_id = $1 order by asked_at, function_id", [
        jobId,
      ]);
      return rows.map(toDecision);
    },

    /** Takes the answer over, once. Throws NotFound, Conflict, InvalidInput, ConfirmationNeeded. */
    answer: (
      job: Pick<Job, "id" | "tenantSlug">,
      decisionId: string,
      given: Answer & { readonly confirm?: string | undefined },
    ): Promise<void> =>
      inTransaction(pool, async (db) => {
        const { rows } = await db.query("select * from job_decision where id = $1 and job_id = $2 for update", [
          decisionId,
          job.id,
        ]);
        if (!rows[0]) throw unknownDecision(job.id, decisionId);
        const { answer, options, question } = toDecision(rows[0]);
        if (answer?.option === given.option) return;
        if (answer) throw answeredOtherwise(question, answer);
        if (rows[0].closed_at) throw nobodyWaits(question);
        const option = options.find(({ id }) => id === given.option);
        if (!option) {
          throw new AppError("InvalidInput", `"${given.option}" is no answer to "${question}".`, {
            retryable: false,
            next: `Choose one of: ${options.map(({ id }) => id).join(", ")}.`,
          });
        }
        const word = confirmWordOf(job);
        if (option.danger && given.confirm !== word) {
          throw new AppError("ConfirmationNeeded", `"${option.label}" cannot be undone. Nothing was answered.`, {
            retryable: false,
            next: `Confirm by typing ${word}.`,
          });
        }
        await record(db, job.id, decisionId, given);
      }),

    /** Before the job's run is taken back to this place: what it asked from there on is asked anew. */
    async takeBack(jobId: string, toFunctionId: number): Promise<void> {
      await pool.query(
        "update job_decision set closed_at = now() where job_id = $1 and function_id >= $2 and closed_at is null",
        [jobId, toFunctionId],
      );
    },
  };
}
export type Decisions = ReturnType<typeof openDecisions>;

async function record(db: PoolClient, jobId: string, decisionId: string, { option, reason, by }: Answer) {
  await db.query(
    "update job_decision set option = $2, reason = $3, decided_by = $4, decided_at = clock_timestamp() where id = $1",
    [decisionId, option, reason, by],
  );
  await db.query("update job set state = 'running', waiting_for = null where id = $1 and state = 'needsDecision'", [
    jobId,
  ]);
  await db.query("select pg_notify($1, 'job:' || $2), pg_notify($1, 'decision:' || $3)", [
    JOBS_CHANNEL,
    jobId,
    decisionId,
  ]);
}

function unknownDecision(jobId: string, decisionId: string): AppError {
  return new AppError("NotFound", `The job ${jobId} never asked the question ${decisionId}.`, {
    retryable: false,
    next: "Look at the job: it shows what it asks now.",
  });
}

function answeredOtherwise(question: string, answer: Answer): AppError {
  return new AppError(
    "Conflict",
    `"${question}" was answered with "${answer.option}" by ${answer.by} already: ${answer.reason}`,
    { retryable: false, next: "Look at the job: it went on with that answer." },
  );
}

function nobodyWaits(question: string): AppError {
  return new AppError("Conflict", `Nobody waits on "${question}" any more: the job ended or was taken back.`, {
    retryable: false,
    next: "Look at the job: it shows what it asks now.",
  });
}
