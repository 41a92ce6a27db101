import type { Pool } from "pg";
import type { RunbookText } from "../../shared/maintenance/runbook.ts";
import type { Outcome, WhyNotStarted } from "../../shared/maintenance/schedule.ts";
import type { EnvironmentKind } from "../../shared/tenant/model.ts";
import { inTransaction } from "../database/transaction.ts";

export interface StoredRunbook {
  readonly name: string;
  readonly version: number;
  readonly content: RunbookText;
  readonly sha256: string;
  readonly author: string;
  readonly createdAt: Date;
  readonly reviewer: string | null;
  readonly reviewedAt: Date | null;
  readonly reviewedSha256: string | null;
}

/** What a run was decided with; it never changes. */
export interface StoredPlan {
  readonly runbook: RunbookText & { readonly version: number; readonly sha256: string };
  readonly to: string | null;
  readonly steps: readonly string[];
  readonly canary: number;
  readonly concurrency: number;
  readonly errorBudget: number;
  /** RFC 3339. */
  readonly cutOffAt: string | null;
  readonly atCutOff: "abort" | "continue";
  readonly overrides: Readonly<Record<string, string>>;
  /** By "tenant id/environment": id and end of the window, and the end of what was approved. */
  readonly windows: Readonly<Record<string, { readonly id: string; readonly endsAt: string }>>;
}

export interface StoredRun {
  readonly id: string;
  readonly plan: StoredPlan;
  readonly requestedBy: string;
  readonly createdAt: Date;
  readonly stoppedAt: Date | null;
  readonly stoppedBy: string | null;
}

export interface StoredRunTenant {
  readonly runId: string;
  readonly position: number;
  readonly tenantId: string;
  readonly slug: string;
  readonly customer: string;
  readonly environment: EnvironmentKind;
  readonly wave: number;
  readonly jobId: string;
  readonly state: "waiting" | "running" | "ended";
  readonly outcome: Outcome | null;
  readonly whyNotStarted: WhyNotStarted | null;
  readonly detail: string | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
}

const RUNBOOK = `name, version, content, sha256, author, created_at as "createdAt", reviewer, reviewed_at as "reviewedAt",
  reviewed_sha256 as "reviewedSha256"`;
const RUN = `id, plan, requested_by as "requestedBy", created_at as "createdAt", stopped_at as "stoppedAt",
  stopped_by as "stoppedBy"`;
const TENANT = `run_id as "runId", position, tenant_id as "tenantId", slug, customer, environment, wave,
  job_id as "jobId", state, outcome, why_not_started as "whyNotStarted", detail, started_at as "startedAt",
  ended_at as "endedAt"`;

export const keyOf = (one: { readonly tenantId: string; readonly environment: string }): string =>
  `${one.tenantId}/${one.environment}`;

/** SQL of the tables maintenance_runbook, maintenance_run and maintenance_run_tenant. */
export function maintenanceStore(pool: Pool) {
  return {
    async runbooks(): Promise<StoredRunbook[]> {
      return (await pool.query(`select ${RUNBOOK} from maintenance_runbook order by name, version desc`)).rows;
    },

    /** The next version of its name; the same text again gives the version that exists. */
    saveRunbook: (content: RunbookText, sha256: string, author: string, at: Date): Promise<StoredRunbook> =>
      inTransaction(pool, async (db) => {
        await db.query("select pg_advisory_xact_lock(hashtext('maintenance_runbook'))");
        const same = await db.query(`select ${RUNBOOK} from maintenance_runbook where name = $1 and sha256 = $2`, [
          content.name,
          sha256,
        ]);
        if (same.rows[0]) return same.rows[0];
        const { rows } = await db.query(
          `insert into maintenance_runbook (name, version, content, sha256, author, created_at)
           select $1::text, coalesce(max(version), 0) + 1, $2::jsonb, $3::text, $4::text, $5::timestamptz
           from maintenance_runbook where name = $1::text
           returning ${RUNBOOK}`,
          [content.name, JSON.stringify(content), sha256, author, at],
        );
        return rows[0];
      }),

    async review(name: string, version: number, sha256: string, by: string, at: Date): Promise<void> {
      await pool.query(
        `update maintenance_runbook set reviewer = $3, reviewed_at = $4, reviewed_sha256 = $5
         where name = $1 and version = $2`,
        [name, version, by, at, sha256],
      );
    },

    /** A run and its tenants, all or nothing. Repeating it with the same id is harmless. */
    createRun: (run: StoredRun, tenants: readonly StoredRunTenant[]): Promise<void> =>
      inTransaction(pool, async (db) => {
        const added = await db.query(
          `insert into maintenance_run (id, plan, requested_by, created_at) values ($1, $2, $3, $4)
           on conflict (id) do nothing`,
          [run.id, JSON.stringify(run.plan), run.requestedBy, run.createdAt],
        );
        if (added.rowCount === 0) return;
        for (const one of tenants) {
          await db.query(
            `insert into maintenance_run_tenant (run_id, position, tenant_id, slug, customer, environment, wave, job_id,
               state) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
            [
              one.runId,
              one.position,
              one.tenantId,
              one.slug,
              one.customer,
              one.environment,
              one.wave,
              one.jobId,
              one.state,
            ],
          );
        }
      }),

    async run(id: string): Promise<StoredRun | undefined> {
      return (await pool.query(`select ${RUN} from maintenance_run where id = $1`, [id])).rows[0];
    },

    /** Newest first. */
    async runs(limit: number): Promise<StoredRun[]> {
      return (await pool.query(`select ${RUN} from maintenance_run order by created_at desc limit $1`, [limit])).rows;
    },

    async tenants(runId: string): Promise<StoredRunTenant[]> {
      const { rows } = await pool.query(
        `select ${TENANT} from maintenance_run_tenant where run_id = $1 order by position`,
        [runId],
      );
      return rows;
    },

    async stop(runId: string, by: string, at: Date): Promise<void> {
      await pool.query(
        "update maintenance_run set stopped_at = $2, stopped_by = $3 where id = $1 and stopped_at is null",
        [runId, at, by],
      );
    },

    async started(jobId: string, at: Date): Promise<void> {
      await pool.query(
        `update maintenance_run_tenant set state = 'running', started_at = coalesce(started_at, $2)
         where job_id = $1 and state = 'waiting'`,
        [jobId, at],
      );
    },

    /** The outcome of a tenant's work; a later one (a retried job) takes its place. */
    async ended(jobId: string, outcome: Outcome, detail: string | null, at: Date): Promise<void> {
      await pool.query(
        `update maintenance_run_tenant set state = 'ended', outcome = $2, detail = $3, ended_at = $4 where job_id = $1`,
        [jobId, outcome, detail?.slice(0, 1_000) ?? null, at],
      );
    },

    /** Only what waits: a tenant that is under way has its own end. */
    async notStarted(jobId: string, why: WhyNotStarted, at: Date): Promise<void> {
      await pool.query(
        `update maintenance_run_tenant set state = 'ended', outcome = 'notStarted', why_not_started = $2, ended_at = $3
         where job_id = $1 and state = 'waiting'`,
        [jobId, why, at],
      );
    },

    /** Steps of the runbook that were begun on a tenant: those are finished, whatever the run decides. */
    async begun(jobId: string): Promise<number> {
      const { rows } = await pool.query("select begun from maintenance_run_tenant where job_id = $1", [jobId]);
      return rows[0]?.begun ?? 0;
    },

    async begin(jobId: string, step: number): Promise<void> {
      await pool.query("update maintenance_run_tenant set begun = greatest(begun, $2) where job_id = $1", [
        jobId,
        step,
      ]);
    },
  };
}
export type MaintenanceStore = ReturnType<typeof maintenanceStore>;
