import type { Pool } from "pg";
import type {
  HostKeyAlarm,
  HostKeyPrint,
  PinnedHostKey,
  PinnedHow,
  SecondLook,
} from "../../shared/terminal/host-keys.ts";
import { inTransaction } from "../database/transaction.ts";

const COLUMNS = `fingerprint, algorithm, how, job_id as "jobId", operator, reason, second_look as "secondLook",
  pinned_at as "pinnedAt", retired_at as "retiredAt"`;
const ALARM_COLUMNS = `environment_id as "environmentId", tenant_id as "tenantId", tenant_slug as "tenantSlug", customer,
  kind, host, offered, first_at as "firstAt", last_at as "lastAt", times`;

export interface NewPins {
  readonly environmentId: string;
  readonly keys: readonly { readonly fingerprint: string; readonly algorithm: string | null }[];
  readonly how: PinnedHow;
  readonly jobId?: string;
  readonly operator?: string;
  readonly reason?: string;
  readonly secondLook?: SecondLook;
  readonly at: Date;
}

type Alarm = Omit<HostKeyAlarm, "firstAt" | "lastAt" | "times">;

/** SQL of the tables host_key and host_key_alarm. */
export function hostKeyStore(pool: Pool) {
  const add = (db: Pick<Pool, "query">, pins: NewPins) =>
    db.query(
      `insert into host_key (environment_id, fingerprint, algorithm, how, job_id, operator, reason, second_look, pinned_at)
       select $1, key->>'fingerprint', key->>'algorithm', $3, $4, $5, $6, $7, $8 from jsonb_array_elements($2) key
       on conflict (environment_id, fingerprint) where retired_at is null do nothing`,
      [
        pins.environmentId,
        JSON.stringify(pins.keys),
        pins.how,
        pins.jobId ?? null,
        pins.operator ?? null,
        pins.reason ?? null,
        pins.secondLook ? JSON.stringify(pins.secondLook) : null,
        pins.at,
      ],
    );

  return {
    async rows(environmentId: string): Promise<PinnedHostKey[]> {
      const { rows } = await pool.query(
        `select ${COLUMNS} from host_key where environment_id = $1 order by retired_at is not null, id desc`,
        [environmentId],
      );
      return rows;
    },

    add: (pins: NewPins) => add(pool, pins),

    /** These and no others from now on; settles an open alarm. Repeating it changes nothing. */
    replace: (pins: NewPins, settledBy: string) =>
      inTransaction(
        pool,
        async (db) => {
          const fingerprints = pins.keys.map(({ fingerprint }) => fingerprint);
          await db.query(
            `update host_key set retired_at = $3 where environment_id = $1 and retired_at is null
               and fingerprint <> all ($2)`,
            [pins.environmentId, fingerprints, pins.at],
          );
          await add(db, pins);
          await db.query(
            `update host_key_alarm set settled_at = $2, settled_by = $3, settled_how = $4
             where environment_id = $1 and settled_at is null`,
            [pins.environmentId, pins.at, settledBy, pins.how],
          );
        },
        { lock: `host-key ${pins.environmentId}` },
      ),

    async alarm(alarm: Alarm, at: Date): Promise<void> {
      const { environmentId, tenantId, tenantSlug, customer, kind, host, offered } = alarm;
      await pool.query(
        `insert into host_key_alarm (environment_id, tenant_id, tenant_slug, customer, kind, host, offered, first_at, last_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
         on conflict (environment_id) where settled_at is null
         do update set last_at = excluded.last_at, times = host_key_alarm.times + 1, host = excluded.host,
           offered = excluded.offered`,
        [
          environmentId,
          tenantId,
          tenantSlug,
          customer,
          kind,
          host,
          JSON.stringify(offered satisfies HostKeyPrint[]),
          at,
        ],
      );
    },

    async openAlarms(environmentId?: string): Promise<HostKeyAlarm[]> {
      const { rows } = await pool.query(
        `select ${ALARM_COLUMNS} from host_key_alarm where settled_at is null and ($1::text is null or environment_id = $1)
         order by last_at desc`,
        [environmentId ?? null],
      );
      return rows;
    },
  };
}
export type HostKeyStore = ReturnType<typeof hostKeyStore>;
