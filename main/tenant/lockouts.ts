import type { Pool } from "pg";
import type { LockoutRecord } from "../../shared/tenant/lockout.ts";

export interface OrderedLockout extends LockoutRecord {
  readonly id: string;
  readonly tenantId: string;
  readonly environmentId: string;
}

/** SQL of the table lockout_record: who closed which environment, why, and until when. */
export function lockoutStore(pool: Pool) {
  return {
    /** Repeating it with the same id is harmless. */
    async begin(lockout: OrderedLockout): Promise<void> {
      await pool.query(
        `insert into lockout_record (id, tenant_id, environment_id, since, until, reason, by, job_id, window_ends_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do nothing`,
        [
          lockout.id,
          lockout.tenantId,
          lockout.environmentId,
          lockout.since,
          lockout.until,
          lockout.reason,
          lockout.by,
          lockout.jobId,
          lockout.windowEndsAt,
        ],
      );
    },

    /** It was begun, and nobody has unlocked since. */
    async isOpen(id: string): Promise<boolean> {
      const { rows } = await pool.query("select 1 from lockout_record where id = $1 and ended_at is null", [id]);
      return rows.length > 0;
    },

    /** Every open record of the environment is over: it serves again. */
    async end(environmentId: string, at: Date, by: string): Promise<void> {
      await pool.query(
        "update lockout_record set ended_at = $2, ended_by = $3 where environment_id = $1 and ended_at is null",
        [environmentId, at, by],
      );
    },

    /** The newest open record of each environment that has one. */
    async open(tenantId?: string): Promise<ReadonlyMap<string, LockoutRecord>> {
      const { rows } = await pool.query(
        `select distinct on (environment_id) environment_id as "environmentId", since, until, reason, by,
           job_id as "jobId", window_ends_at as "windowEndsAt" from lockout_record
         where ended_at is null and ($1::text is null or tenant_id = $1) order by environment_id, since desc`,
        [tenantId ?? null],
      );
      return new Map(rows.map(({ environmentId, ...record }) => [environmentId as string, record as LockoutRecord]));
    },
  };
}
export type LockoutStore = ReturnType<typeof lockoutStore>;
