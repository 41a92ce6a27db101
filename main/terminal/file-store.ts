import type { Pool } from "pg";
import type { FileAct } from "../../shared/terminal/files.ts";

const COLUMNS = `id, session_id as "sessionId", act, path, target, bytes::float8 as bytes, sha256, checked, state, error,
  started_at as "startedAt", ended_at as "endedAt"`;

/** SQL of the table file_act: what was done to files in an access session. */
export function fileStore(pool: Pool) {
  return {
    async began(act: FileAct): Promise<void> {
      await pool.query(
        `insert into file_act (id, session_id, act, path, target, bytes, sha256, checked, state, error, started_at, ended_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
        [
          act.id,
          act.sessionId,
          act.act,
          act.path,
          act.target,
          act.bytes,
          act.sha256,
          act.checked,
          act.state,
          act.error && JSON.stringify(act.error),
          act.startedAt,
          act.endedAt,
        ],
      );
    },

    async ended(act: FileAct): Promise<void> {
      await pool.query(
        `update file_act set bytes = $2, sha256 = $3, checked = $4, state = $5, error = $6, ended_at = $7 where id = $1`,
        [act.id, act.bytes, act.sha256, act.checked, act.state, act.error && JSON.stringify(act.error), act.endedAt],
      );
    },

    /** Transfers that a killed console left under way: their parts are on the hosts. */
    async closeLeftOver(machine: string, at: Date): Promise<void> {
      await pool.query(
        `update file_act set state = 'interrupted', ended_at = $2 from access_session s
         where s.id = session_id and s.machine = $1 and file_act.ended_at is null`,
        [machine, at],
      );
    },

    async ofSession(sessionId: string): Promise<FileAct[]> {
      const { rows } = await pool.query(
        `select ${COLUMNS} from file_act where session_id = $1 order by started_at desc limit 1000`,
        [sessionId],
      );
      return rows;
    },
  };
}
export type FileStore = ReturnType<typeof fileStore>;
