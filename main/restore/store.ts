import type { Pool } from "pg";
import { z } from "zod";
import { compared } from "../../shared/restore/compare.ts";
import {
  Losses,
  type RelationRows,
  RestoreCase,
  type RestoreCheck,
  type RestorePapers,
  RestoreSource,
  type RestoreState,
  SourceManifest,
} from "../../shared/restore/model.ts";
import type { Verdict } from "../../shared/policy/verdict.ts";
import { inTransaction } from "../database/transaction.ts";

export interface NewCase {
  readonly id: string;
  readonly tenantId: string;
  readonly slug: string;
  readonly customer: string;
  readonly purpose: RestoreCase["purpose"];
  readonly target: RestoreCase["target"];
  readonly targetName: string;
  readonly reason: RestoreCase["reason"];
  readonly region: string;
  readonly source: RestoreSource | null;
  readonly papers: RestorePapers;
  readonly verdicts: readonly Verdict[];
  readonly profile: { readonly id: string; readonly version: string };
  readonly losses: Losses | null;
  readonly keptUntil: Date;
  readonly requestedBy: string;
  readonly createdAt: Date;
}

/** What a job learns of its case; absent fields stay. */
export interface CaseNews {
  readonly state?: RestoreState;
  readonly source?: RestoreSource;
  readonly losses?: Losses;
  readonly checks?: readonly RestoreCheck[];
  readonly targetRows?: readonly RelationRows[];
  readonly restoredRows?: readonly RelationRows[];
  readonly beside?: NonNullable<RestoreCase["beside"]> | null;
  readonly kept?: NonNullable<RestoreCase["kept"]>;
  readonly swap?: NonNullable<RestoreCase["swap"]>;
}

const OPEN: readonly RestoreState[] = ["running", "ready", "swapping", "discarding"];
const COLUMNS: Readonly<Record<keyof CaseNews, string>> = {
  state: "state",
  source: "source",
  losses: "losses",
  checks: "checks",
  targetRows: "target_rows",
  restoredRows: "restored_rows",
  beside: "beside",
  kept: "kept",
  swap: "swap",
};

/** SQL of the tables restore_case, restore_case_job and restore_manifest. */
export function restoreStore(pool: Pool, now: () => Date) {
  const select = `select c.*, coalesce((select json_agg(json_build_object('id', job_id, 'kind', kind) order by seq)
    from restore_case_job j where j.case_id = c.id), '[]') as jobs from restore_case c`;

  return {
    /** False when another restore of the tenant is open. Repeating it with the same id is harmless. */
    open: (one: NewCase): Promise<boolean> =>
      inTransaction(
        pool,
        async (db) => {
          const known = await db.query(
            "select id from restore_case where id = $1 or (tenant_id = $2 and state = any ($3)) order by id = $1 desc",
            [one.id, one.tenantId, OPEN],
          );
          if (known.rowCount) return known.rows[0].id === one.id;
          await db.query(
            `insert into restore_case (id, tenant_id, slug, customer, purpose, state, target, target_name, reason, region,
               source, papers, verdicts, profile, losses, kept_until, requested_by, created_at)
             values ($1, $2, $3, $4, $5, 'running', $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
            [
              ...[one.id, one.tenantId, one.slug, one.customer, one.purpose, one.target, one.targetName, one.reason],
              ...[one.region, json(one.source), json(one.papers), json(one.verdicts), json(one.profile)],
              ...[json(one.losses), one.keptUntil, one.requestedBy, one.createdAt],
            ],
          );
          return true;
        },
        { lock: `restore/${one.tenantId}` },
      ),

    async get(id: string): Promise<RestoreCase | undefined> {
      const { rows } = await pool.query(`${select} where c.id = $1`, [id]);
      return rows[0] && toCase(rows[0], now());
    },

    /** Newest first. */
    async list(tenantId?: string): Promise<RestoreCase[]> {
      const { rows } = await pool.query(
        `${select} where $1::text is null or c.tenant_id = $1 order by c.created_at desc, c.id`,
        [tenantId ?? null],
      );
      return rows.map((row) => toCase(row, now()));
    },

    async openOf(tenantId: string): Promise<string | null> {
      const { rows } = await pool.query("select id from restore_case where tenant_id = $1 and state = any ($2)", [
        tenantId,
        OPEN,
      ]);
      return rows[0]?.id ?? null;
    },

    async addJob(caseId: string, jobId: string, kind: string): Promise<void> {
      await pool.query(
        "insert into restore_case_job (case_id, job_id, kind) values ($1, $2, $3) on conflict do nothing",
        [caseId, jobId, kind],
      );
    },

    /** A case that a swap or its way back holds, though its job may have ended. */
    async held(): Promise<{ caseId: string; holder: string }[]> {
      const { rows } = await pool.query(
        "select id as \"caseId\", holder from restore_case where holder is not null and state = 'swapping'",
      );
      return rows;
    },

    /**
     * Moves a case on for one job: from one of `from`, or from where this job has put it before. False when somebody
     * else has moved it.
     */
    async take(id: string, jobId: string, from: readonly RestoreState[], to: RestoreState): Promise<boolean> {
      const { rowCount } = await pool.query(
        `update restore_case set state = $4, holder = $2
         where id = $1 and ((holder is null and state = any ($3)) or (holder = $2 and state = $4))`,
        [id, jobId, from, to],
      );
      return rowCount === 1;
    },

    /** The way back takes a case over from the swap that did not end it. */
    async inherit(id: string, from: string, to: string): Promise<boolean> {
      const { rowCount } = await pool.query(
        "update restore_case set holder = $3 where id = $1 and holder = any ($2) and state = 'swapping'",
        [id, [from, to], to],
      );
      return rowCount === 1;
    },

    async holds(id: string, jobId: string): Promise<boolean> {
      const { rows } = await pool.query("select 1 from restore_case where id = $1 and holder = $2", [id, jobId]);
      return rows.length === 1;
    },

    async leave(id: string, jobId: string, state: RestoreState): Promise<void> {
      await pool.query("update restore_case set state = $3, holder = null where id = $1 and holder = $2", [
        id,
        jobId,
        state,
      ]);
    },

    /** Kept from the first touch of a swap to its end: whatever happens, the way back knows its volumes. */
    async keepPieces(id: string, pieces: unknown): Promise<void> {
      await pool.query("update restore_case set pieces = $2 where id = $1", [id, JSON.stringify(pieces)]);
    },

    async pieces(id: string): Promise<unknown> {
      return (await pool.query("select pieces from restore_case where id = $1", [id])).rows[0]?.pieces ?? null;
    },

    /** The swap is over, either way. */
    async dropPieces(id: string): Promise<void> {
      await pool.query("update restore_case set pieces = null, is_opening = false where id = $1", [id]);
    },

    async markOpening(id: string): Promise<void> {
      await pool.query("update restore_case set is_opening = true where id = $1", [id]);
    },

    async isOpening(id: string): Promise<boolean> {
      return (await pool.query("select is_opening from restore_case where id = $1", [id])).rows[0]?.is_opening === true;
    },

    async learn(id: string, news: CaseNews): Promise<void> {
      const entries = Object.entries(news) as [keyof CaseNews, unknown][];
      if (entries.length === 0) return;
      const sets = entries.map(([name], index) => `${COLUMNS[name]} = $${index + 2}`);
      const values = entries.map(([name, value]) => (name === "state" ? value : json(value)));
      await pool.query(`update restore_case set ${sets.join(", ")} where id = $1`, [id, ...values]);
    },

    /** The first reading stays: a copy does not change. */
    async keepManifest(copyId: string, manifest: SourceManifest, isAtRest: boolean): Promise<void> {
      await pool.query(
        "insert into restore_manifest (copy_id, manifest, is_at_rest) values ($1, $2, $3) on conflict (copy_id) do nothing",
        [copyId, JSON.stringify(manifest), isAtRest],
      );
    },

    /** What an attempt read just before it made a copy; the next attempt writes over it. */
    async notePending(key: string, manifest: SourceManifest): Promise<void> {
      await pool.query(
        `insert into restore_manifest (copy_id, manifest, is_at_rest) values ($1, $2, false)
         on conflict (copy_id) do update set manifest = $2`,
        [key, JSON.stringify(manifest)],
      );
    },

    async manifest(copyId: string): Promise<{ manifest: SourceManifest; isAtRest: boolean } | undefined> {
      const { rows } = await pool.query("select * from restore_manifest where copy_id = $1", [copyId]);
      return rows[0] && { manifest: SourceManifest.parse(rows[0].manifest), isAtRest: rows[0].is_at_rest };
    },
  };
}
export type RestoreStore = ReturnType<typeof restoreStore>;

const json = (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value));

const Kept = RestoreCase.shape.kept;
const Swap = RestoreCase.shape.swap;

// biome-ignore lint/suspicious/noExplicitAny: rows of the database, given their types here and nowhere else.
function toCase(row: any, now: Date): RestoreCase {
  const source = row.source && RestoreSource.parse(row.source);
  const kept = Kept.parse(row.kept);
  const due = row.state === "ready" ? row.kept_until : row.state === "swapped" && !kept?.isGone ? kept?.until : null;
  return {
    ...{ id: row.id, tenantId: row.tenant_id, slug: row.slug, customer: row.customer },
    ...{ purpose: row.purpose, state: row.state, source },
    ...{ target: row.target, targetName: row.target_name, reason: row.reason, region: row.region },
    ...{ papers: row.papers, verdicts: row.verdicts, checks: row.checks },
    losses: z.nullable(Losses).parse(row.losses),
    compared: compared(row.target_rows, source?.manifest?.relations ?? null, row.restored_rows),
    ...{ beside: row.beside, jobs: row.jobs, kept, swap: Swap.parse(row.swap) },
    ...{ keptUntil: row.kept_until, isOverdue: due !== null && due !== undefined && due < now },
    ...{ requestedBy: row.requested_by, createdAt: row.created_at },
  };
}
