import type { Pool } from "pg";
import type { TerminalSession } from "../../shared/terminal/model.ts";

export type StoredSession = Omit<TerminalSession, "streamId" | "state">;

const COLUMNS = `id, tenant_id as "tenantId", tenant_slug as "tenantSlug", customer, environment_id as "environmentId", kind,
  host, operator, reason, contract_reference as "contractReference", command, started_at as "startedAt",
  ended_at as "endedAt", purpose, bytes_out::float8 as "bytesOut", bytes_in::float8 as "bytesIn", exit_code as "exitCode", error,
  recording`;

/** SQL of the table access_session: who logged in where and why. Rows are only ever added and completed. */
export function sessionStore(pool: Pool) {
  return {
    async began(session: StoredSession, machine: string): Promise<void> {
      await pool.query(
        `insert into access_session (id, tenant_id, tenant_slug, customer, environment_id, kind, host, operator, reason,
           contract_reference, command, machine, started_at, purpose)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
        [
          session.id,
          session.tenantId,
          session.tenantSlug,
          session.customer,
          session.environmentId,
          session.kind,
          session.host,
          session.operator,
          session.reason,
          session.contractReference,
          session.command,
          machine,
          session.startedAt,
          session.purpose ?? "terminal",
        ],
      );
    },

    async ended(session: StoredSession): Promise<void> {
      await pool.query(
        `update access_session set ended_at = $2, bytes_out = $3, bytes_in = $4, exit_code = $5, error = $6, recording = $7
         where id = $1`,
        [
          session.id,
          session.endedAt,
          session.bytesOut,
          session.bytesIn,
          session.exitCode,
          session.error && JSON.stringify(session.error),
          session.recording && JSON.stringify(session.recording),
        ],
      );
    },

    /** Sessions that a console of this machine left open when it was killed: their end is not known better than "now". */
    async closeLeftOver(machine: string, at: Date): Promise<void> {
      const error = { code: "Unexpected", message: "The console ended before the session did." };
      await pool.query("update access_session set ended_at = $2, error = $3 where ended_at is null and machine = $1", [
        machine,
        at,
        JSON.stringify(error),
      ]);
    },

    async session(id: string): Promise<StoredSession | undefined> {
      return (await pool.query(`select ${COLUMNS} from access_session where id = $1`, [id])).rows[0];
    },

    async newest(tenant: string | undefined, limit: number): Promise<StoredSession[]> {
      const { rows } = await pool.query(
        `select ${COLUMNS} from access_session where $1::text is null or tenant_id = $1 or tenant_slug = $1
         order by started_at desc limit $2`,
        [tenant ?? null, limit],
      );
      return rows;
    },
  };
}
export type SessionStore = ReturnType<typeof sessionStore>;
