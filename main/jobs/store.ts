import type { Pool, PoolClient } from "pg";
import type { ErrorFacts } from "../../shared/errors.ts";
import {
  FINAL_JOB_STATES,
  type Job,
  type JobDecision,
  type JobLogLine,
  type JobState,
  type JobStep,
  type StepState,
} from "../../shared/jobs/model.ts";
import { inTransaction } from "../database/transaction.ts";

/** Channel on which every change of a job is announced: `job:ID`, `step:ID:POSITION`, `log:ID:SEQ`. */
export const JOBS_CHANNEL = "fleetwright_jobs";

type Queryable = Pick<Pool | PoolClient, "query">;

export interface NewJob {
  readonly id: string;
  readonly kind: string;
  readonly tenantId: string | null;
  readonly tenantSlug: string | null;
  /** People's words for what is acted on. */
  readonly subject: string;
  readonly input: unknown;
  readonly steps: readonly string[];
  readonly canRollBack: boolean;
  readonly requestedBy: string;
  readonly executor: string;
  readonly machine: string;
}

export interface StoredJob extends Job {
  readonly executorId: string;
  readonly input: unknown;
}

const COLUMNS = `j.*, (select count(*)::int from job_step s where s.job_id = j.id) as steps,
  (select count(*)::int from job_step s where s.job_id = j.id and s.state = 'done') as steps_done,
  (select row_to_json(d) from job_decision d where d.job_id = j.id and d.option is null and d.closed_at is null
   order by d.asked_at limit 1) as decision`;

const announce = "select pg_notify($1, $2)";

/** Reads and writes the tables job, job_step and job_log, and announces each change to every console on the database. */
export function jobStore(pool: Pool, silentMs: number) {
  const JOB_COLUMNS = `${COLUMNS}, not exists (select 1 from job_executor e
    where e.id = j.executor and e.seen_at > clock_timestamp() - interval '${Math.round(silentMs)} milliseconds') as orphaned`;
  const changed = (db: Queryable, payload: string) => db.query(announce, [JOBS_CHANNEL, payload]);

  return {
    /** Records a queued job with its planned steps; false when the id is taken already. */
    insert: (job: NewJob): Promise<boolean> =>
      inTransaction(pool, async (db) => {
        const inserted = await db.query(
          `insert into job (id, kind, tenant_id, tenant_slug, subject, state, input, can_roll_back, requested_by, executor, machine)
           values ($1, $2, $3, $4, $5, 'queued', $6, $7, $8, $9, $10) on conflict (id) do nothing`,
          [
            job.id,
            job.kind,
            job.tenantId,
            job.tenantSlug,
            job.subject,
            JSON.stringify(job.input),
            job.canRollBack,
            job.requestedBy,
            job.executor,
            job.machine,
          ],
        );
        if (inserted.rowCount === 0) return false;
        await db.query(
          `insert into job_step (job_id, position, name, state)
           select $1, n - 1, name, 'pending' from unnest($2::text[]) with ordinality as planned (name, n)`,
          [job.id, job.steps],
        );
        await changed(db, `job:${job.id}`);
        return true;
      }),

    async get(id: string): Promise<StoredJob | undefined> {
      const { rows } = await pool.query(`select ${JOB_COLUMNS} from job j where id = $1`, [id]);
      return rows[0] && toStored(rows[0]);
    },

    /** Newest first. */
    async list(filter: {
      states?: readonly JobState[] | undefined;
      tenant?: string | undefined;
      limit: number;
    }): Promise<Job[]> {
      const { rows } = await pool.query(
        `select ${JOB_COLUMNS} from job j
         where ($1::text[] is null or state = any($1)) and ($2::text is null or tenant_id = $2 or tenant_slug = $2)
         order by created_at desc, id limit $3`,
        [filter.states ?? null, filter.tenant ?? null, filter.limit],
      );
      return rows.map(toJob);
    },

    /** Of each tenant the job that runs or waits, or else the newest. */
    async ofEachTenant(): Promise<Job[]> {
      const { rows } = await pool.query(
        `select distinct on (j.tenant_id) ${JOB_COLUMNS} from job j where tenant_id is not null
         order by j.tenant_id, state = any ($1), created_at desc`,
        [[...FINAL_JOB_STATES]],
      );
      return rows.map(toJob);
    },

    async unfinished(): Promise<StoredJob[]> {
      const { rows } = await pool.query(
        `select ${JOB_COLUMNS} from job j where state <> all ($1) order by created_at`,
        [[...FINAL_JOB_STATES]],
      );
      return rows.map(toStored);
    },

    async steps(jobId: string): Promise<JobStep[]> {
      const { rows } = await pool.query("select * from job_step where job_id = $1 order by position", [jobId]);
      return rows.map(toStep);
    },

    async step(jobId: string, position: number): Promise<JobStep | undefined> {
      const { rows } = await pool.query("select * from job_step where job_id = $1 and position = $2", [
        jobId,
        position,
      ]);
      return rows[0] && toStep(rows[0]);
    },

    async logs(jobId: string, after: number, limit = 1000): Promise<JobLogLine[]> {
      const { rows } = await pool.query("select * from job_log where job_id = $1 and seq > $2 order by seq limit $3", [
        jobId,
        after,
        limit,
      ]);
      return rows.map(toLine);
    },

    async setState(
      id: string,
      state: JobState,
      more: { waitingFor?: string | null; error?: ErrorFacts | null } = {},
    ): Promise<void> {
      const final = FINAL_JOB_STATES.has(state);
      await pool.query(
        `with updated as (
           update job set state = $2, waiting_for = $3, error = $4,
             started_at = case when $2 = 'running' then coalesce(started_at, now()) else started_at end,
             ended_at = case when $5 then now() end
           where id = $1
             and (state, waiting_for, error, ended_at is null) is distinct from ($2, $3, $4::jsonb, not $5)
           returning id),
         closed as (
           update job_decision set closed_at = now()
           where $5 and job_id = $1 and option is null and closed_at is null)
         select pg_notify($6, 'job:' || id) from updated`,
        [id, state, more.waitingFor ?? null, more.error ? JSON.stringify(more.error) : null, final, JOBS_CHANNEL],
      );
    },

    /** Marks a step as running and the job with it, and gives the count of attempts. Adds a step that was not planned; undefined when the run lost its job. */
    async stepStarted(
      jobId: string,
      name: string,
      fence: number,
    ): Promise<{ attempts: number; retries: number } | undefined> {
      const { rows } = await pool.query(
        `with this_step as (
           insert into job_step (job_id, position, name, state, attempts, started_at)
           select $1, (select coalesce(max(position) + 1, 0) from job_step where job_id = $1), $2, 'running', 1, now()
           from job where id = $1 and fence = $4 for update
           on conflict (job_id, name) do update set state = 'running', attempts = job_step.attempts + 1, error = null,
             started_at = coalesce(job_step.started_at, now()), ended_at = null
           returning position, attempts),
         this_job as (
           update job set state = 'running', waiting_for = null, error = null, ended_at = null, current_step = $2,
             started_at = coalesce(started_at, now()) where id = $1 and fence = $4 returning id, retries)
         select attempts, retries, pg_notify($3, 'step:' || $1 || ':' || position), pg_notify($3, 'job:' || $1)
         from this_step, this_job`,
        [jobId, name, JOBS_CHANNEL, fence],
      );
      return rows[0];
    },

    async stepEnded(jobId: string, name: string, state: StepState, error: ErrorFacts | null): Promise<void> {
      await pool.query(
        `with this_step as (
           update job_step set state = $3, error = $4, ended_at = now() where job_id = $1 and name = $2
           returning position)
         select pg_notify($5, 'step:' || $1 || ':' || position), pg_notify($5, 'job:' || $1) from this_step`,
        [jobId, name, state, error ? JSON.stringify(error) : null, JOBS_CHANNEL],
      );
    },

    async stepDetail(jobId: string, name: string, detail: string): Promise<void> {
      await pool.query(
        `with this_step as (
           update job_step set detail = $3 where job_id = $1 and name = $2 and detail is distinct from $3
           returning position)
         select pg_notify($4, 'step:' || $1 || ':' || position) from this_step`,
        [jobId, name, detail.slice(0, 2000), JOBS_CHANNEL],
      );
    },

    /** A run begins: it is this executor's from now on, and every earlier run has lost it. Gives its number. */
    async claim(jobId: string, executor: string, machine: string): Promise<number> {
      const { rows } = await pool.query(
        `with claimed as (
           update job set fence = fence + 1, executor = $2, machine = $3 where id = $1 returning fence)
         select fence, pg_notify($4, 'job:' || $1) from claimed`,
        [jobId, executor, machine, JOBS_CHANNEL],
      );
      return rows[0]?.fence ?? 0;
    },

    async holds(jobId: string, fence: number): Promise<boolean> {
      const { rows } = await pool.query("select 1 from job where id = $1 and fence = $2", [jobId, fence]);
      return rows.length > 0;
    },

    /** False when its executor was seen lately, or it has ended. Takes the job from whoever ran it. */
    async adopt(jobId: string, executor: string, machine: string): Promise<boolean> {
      const { rowCount } = await pool.query(
        `with adopted as (
           update job j set fence = fence + 1, executor = $2, machine = $3
           where id = $1 and state <> all ($4) and not exists (
             select 1 from job_executor e where e.id = j.executor
             and e.seen_at > clock_timestamp() - $5 * interval '1 millisecond')
           returning id)
         select pg_notify($6, 'job:' || id) from adopted`,
        [jobId, executor, machine, [...FINAL_JOB_STATES], silentMs, JOBS_CHANNEL],
      );
      return (rowCount ?? 0) > 0;
    },

    async beat(executor: string, machine: string): Promise<void> {
      await pool.query(
        `insert into job_executor (id, machine) values ($1, $2)
         on conflict (id) do update set machine = $2, seen_at = clock_timestamp()`,
        [executor, machine],
      );
    },

    /** It ended in order: its jobs may be adopted at once. */
    async leave(executor: string): Promise<void> {
      await pool.query("delete from job_executor where id = $1", [executor]);
    },

    async lastSeen(executor: string): Promise<{ machine: string; seenAt: Date } | undefined> {
      const { rows } = await pool.query("select machine, seen_at from job_executor where id = $1", [executor]);
      return rows[0] && { machine: rows[0].machine, seenAt: rows[0].seen_at };
    },

    /** Jobs that wait for somebody to adopt them. */
    async orphans(): Promise<string[]> {
      const { rows } = await pool.query(
        `select j.id from (select ${JOB_COLUMNS} from job j where state <> all ($1)) j where orphaned`,
        [[...FINAL_JOB_STATES]],
      );
      return rows.map((row) => row.id);
    },

    /** Before a retry: everything that failed is to be done again. */
    async resetForRetry(jobId: string): Promise<void> {
      await pool.query(
        "update job_step set state = 'pending', error = null, ended_at = null where job_id = $1 and state <> 'done'",
        [jobId],
      );
      await pool.query("update job set retries = retries + 1 where id = $1", [jobId]);
      await this.setState(jobId, "queued");
    },

    async log(jobId: string, level: JobLogLine["level"], step: string | null, text: string): Promise<void> {
      await pool.query(
        `with line as (
           insert into job_log (job_id, level, step, text) values ($1, $2, $3, $4) returning seq)
         select pg_notify($5, 'log:' || $1 || ':' || seq) from line`,
        [jobId, level, step, text.slice(0, 10_000), JOBS_CHANNEL],
      );
    },
  };
}
export type JobStore = ReturnType<typeof jobStore>;

// biome-ignore lint/suspicious/noExplicitAny: rows of the database, given their types here and nowhere else.
type Row = any;

const toStored = (row: Row): StoredJob => ({ ...toJob(row), input: row.input, executorId: row.executor });

/** A job as it is shown. */
export function shownOf({ input: _input, executorId: _executorId, ...job }: StoredJob): Job {
  return job;
}

function toJob(row: Row): Job {
  const state = row.state as JobState;
  const final = FINAL_JOB_STATES.has(state);
  const halted = state === "failed" || state === "cancelled";
  return {
    id: row.id,
    kind: row.kind,
    tenantId: row.tenant_id,
    tenantSlug: row.tenant_slug,
    subject: row.subject,
    state,
    waitingFor: row.waiting_for,
    percent: state === "done" ? 100 : row.steps === 0 ? 0 : Math.floor((100 * row.steps_done) / row.steps),
    currentStep: row.current_step,
    error: row.error,
    decision: row.decision && toDecision(row.decision),
    requestedBy: row.requested_by,
    executor: row.machine,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    can: { cancel: !final, retry: halted, rollBack: halted && row.can_roll_back, adopt: !final && row.orphaned },
  };
}

export function toDecision(row: Row): JobDecision {
  return {
    id: row.id,
    step: row.step,
    question: row.question,
    facts: row.facts,
    options: row.options,
    askedAt: new Date(row.asked_at),
    answer: row.option
      ? { option: row.option, reason: row.reason, by: row.decided_by, at: new Date(row.decided_at) }
      : null,
  };
}

function toStep(row: Row): JobStep {
  return {
    jobId: row.job_id,
    position: row.position,
    name: row.name,
    state: row.state,
    detail: row.detail,
    attempts: row.attempts,
    error: row.error,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}

function toLine(row: Row): JobLogLine {
  return { jobId: row.job_id, seq: Number(row.seq), at: row.at, level: row.level, step: row.step, text: row.text };
}
