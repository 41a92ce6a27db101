import type { Pool, PoolClient } from "pg";
import type {
  Blackout,
  CalendarWindow,
  NoticeLanguage,
  NoticeProof,
  Override,
  WindowChange,
  WindowNotice,
} from "../../shared/calendar/model.ts";
import type { Verdict } from "../../shared/policy/verdict.ts";
import { inTransaction } from "../database/transaction.ts";

/** As planned; whether it is done follows from the time. */
export type StoredWindow = Omit<CalendarWindow, "state" | "notice"> & {
  readonly state: "planned" | "cancelled";
  readonly profile: { readonly id: string; readonly version: string };
  readonly verdicts: readonly Verdict[];
  readonly overrides: readonly Override[];
};
/** Without what only a look at one window needs. */
export type ListedWindow = Omit<StoredWindow, "profile" | "verdicts" | "overrides">;
export type StoredNotice = Omit<WindowNotice, "provenInTime">;
export type Sending = Pick<StoredNotice, "state" | "startsAt" | "endsAt" | "sentAt" | "proof">;
export type StoredChange = WindowChange & { readonly requestId: string; readonly windowId: string };

const LISTED = `id, kind, tenant_id as "tenantId", slug, customer, service, environment, region, zone,
  customer_zone as "customerZone", starts_at as "startsAt", ends_at as "endsAt", title, interrupts, impact, move, state,
  created_by as "createdBy", created_at as "createdAt", sequence`;
const WINDOW = `${LISTED}, profile, verdicts, overrides`;
const NOTICE = `id, window_id as "windowId", tenant_id as "tenantId", language, subject, body, starts_at as "startsAt",
  ends_at as "endsAt", state, created_at as "createdAt", created_by as "createdBy", sent_at as "sentAt",
  sent_by as "sentBy", proof`;
const BLACKOUT = `id, tenant_id as "tenantId", slug, to_char(first_day, 'YYYY-MM-DD') as "firstDay",
  to_char(last_day, 'YYYY-MM-DD') as "lastDay", title, created_by as "createdBy"`;

type Queryable = Pick<Pool | PoolClient, "query">;

const toWindow = (row: StoredWindow): StoredWindow => ({
  ...row,
  overrides: row.overrides.map((one) => ({ ...one, at: new Date(one.at) })),
});

/** SQL of the tables maintenance_window, maintenance_window_change, maintenance_notice and maintenance_blackout. */
export function calendarStore(pool: Pool) {
  return {
    /** What overlaps [from, to), in order of time. A window is at most 31 days long. */
    async list(from: Date, to: Date, tenantId: string | undefined): Promise<ListedWindow[]> {
      const { rows } = await pool.query(
        `select ${LISTED} from maintenance_window
         where starts_at < $2 and ends_at > $1 and starts_at > $1::timestamptz - interval '32 days'
           and ($3::text is null or tenant_id = $3) order by starts_at, id`,
        [from, to, tenantId ?? null],
      );
      return rows;
    },

    async window(id: string): Promise<StoredWindow | undefined> {
      return windowOf(pool, id);
    },

    async changes(windowId: string): Promise<StoredChange[]> {
      return changesOf(pool, windowId);
    },

    /** The tenant's windows that are not cancelled, from the year before `from` on. */
    others: (tenantId: string, from: Date) => othersOf(pool, tenantId, from),

    /** Runs `work` in a transaction; of one tenant's plans one is decided at a time, on every console. */
    planning: <T>(tenantId: string, work: (db: Planning) => Promise<T>): Promise<T> =>
      inTransaction(pool, (db) => work(planningOn(db)), { lock: `calendar/${tenantId}` }),

    /** Start of each environment's next planned window within a year, by tenant and kind: "t-1/production". */
    async nextStarts(now: Date): Promise<Map<string, Date>> {
      const { rows } = await pool.query<{ key: string; starts: Date }>(
        `select tenant_id || '/' || environment as key, min(starts_at) as starts from maintenance_window
         where state = 'planned' and starts_at >= $1 and starts_at < $1::timestamptz + interval '366 days' group by 1`,
        [now],
      );
      return new Map(rows.map(({ key, starts }) => [key, starts]));
    },

    async notices(windowIds: readonly string[]): Promise<StoredNotice[]> {
      if (windowIds.length === 0) return [];
      const { rows } = await pool.query(
        `select ${NOTICE} from maintenance_notice where window_id = any ($1) order by seq`,
        [windowIds],
      );
      return rows;
    },

    /** What tells how windows stand, without the texts: a month of a fleet has thousands. */
    async sendings(windowIds: readonly string[]): Promise<Map<string, Sending[]>> {
      const byWindow = new Map<string, Sending[]>();
      if (windowIds.length === 0) return byWindow;
      const { rows } = await pool.query<Sending & { windowId: string }>(
        `select window_id as "windowId", state, starts_at as "startsAt", ends_at as "endsAt", sent_at as "sentAt", proof
         from maintenance_notice where window_id = any ($1)`,
        [windowIds],
      );
      for (const row of rows) {
        const known = byWindow.get(row.windowId);
        if (known) known.push(row);
        else byWindow.set(row.windowId, [row]);
      }
      return byWindow;
    },

    async notice(id: string): Promise<StoredNotice | undefined> {
      return (await pool.query(`select ${NOTICE} from maintenance_notice where id = $1`, [id])).rows[0];
    },

    /** Puts the draft in the place of an older one of the same language. Gives the one that is kept. */
    async keepDraft(draft: StoredNotice): Promise<StoredNotice> {
      const { rows } = await pool.query(
        `insert into maintenance_notice (id, window_id, tenant_id, language, subject, body, starts_at, ends_at, state,
           created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8, 'draft', $9, $10)
         on conflict (window_id, language) where state = 'draft' do update set subject = excluded.subject,
           body = excluded.body, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
           created_at = excluded.created_at, created_by = excluded.created_by
         returning ${NOTICE}`,
        [
          draft.id,
          draft.windowId,
          draft.tenantId,
          draft.language satisfies NoticeLanguage,
          draft.subject,
          draft.body,
          draft.startsAt,
          draft.endsAt,
          draft.createdAt,
          draft.createdBy,
        ],
      );
      return rows[0];
    },

    /** undefined when it is no draft any more. */
    async markSent(
      id: string,
      sending: { sentAt: Date; sentBy: string; recordedAt: Date; proof: NoticeProof },
    ): Promise<StoredNotice | undefined> {
      const { rows } = await pool.query(
        `update maintenance_notice set state = 'sent', sent_at = $2, sent_by = $3, recorded_at = $4, proof = $5
         where id = $1 and state = 'draft' returning ${NOTICE}`,
        [id, sending.sentAt, sending.sentBy, sending.recordedAt, JSON.stringify(sending.proof)],
      );
      return rows[0];
    },

    /** Of all tenants, and of one or of each. */
    blackouts: (tenantId?: string) => blackoutsOf(pool, tenantId),

    async addBlackout(blackout: Blackout, at: Date): Promise<Blackout> {
      await pool.query(
        `insert into maintenance_blackout (id, tenant_id, slug, first_day, last_day, title, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do nothing`,
        [
          blackout.id,
          blackout.tenantId,
          blackout.slug,
          blackout.firstDay,
          blackout.lastDay,
          blackout.title,
          blackout.createdBy,
          at,
        ],
      );
      const { rows } = await pool.query(`select ${BLACKOUT} from maintenance_blackout where id = $1`, [blackout.id]);
      return rows[0];
    },

    async removeBlackout(id: string): Promise<boolean> {
      return (await pool.query("delete from maintenance_blackout where id = $1", [id])).rowCount === 1;
    },
  };
}
export type CalendarStore = ReturnType<typeof calendarStore>;

async function windowOf(db: Queryable, id: string): Promise<StoredWindow | undefined> {
  const { rows } = await db.query<StoredWindow>(`select ${WINDOW} from maintenance_window where id = $1`, [id]);
  return rows[0] && toWindow(rows[0]);
}

async function changesOf(db: Queryable, windowId: string): Promise<StoredChange[]> {
  const { rows } = await db.query(
    `select request_id as "requestId", window_id as "windowId", act, at, by, starts_at as "startsAt",
       ends_at as "endsAt", reason from maintenance_window_change where window_id = $1 order by seq`,
    [windowId],
  );
  return rows;
}

async function othersOf(db: Queryable, tenantId: string, from: Date): Promise<ListedWindow[]> {
  const { rows } = await db.query(
    `select ${LISTED} from maintenance_window where tenant_id = $1 and state <> 'cancelled'
       and starts_at > $2::timestamptz - interval '400 days' order by starts_at`,
    [tenantId, from],
  );
  return rows;
}

async function blackoutsOf(db: Queryable, tenantId?: string): Promise<Blackout[]> {
  const { rows } = await db.query(
    `select ${BLACKOUT} from maintenance_blackout where $1::text is null or tenant_id is null or tenant_id = $1
     order by first_day, id`,
    [tenantId ?? null],
  );
  return rows;
}

/** Everything that a decision reads comes over its own connection: waiting for another one could wait for ever. */
function planningOn(db: PoolClient) {
  return {
    blackouts: (tenantId: string) => blackoutsOf(db, tenantId),
    window: (id: string) => windowOf(db, id),
    others: (tenantId: string, from: Date) => othersOf(db, tenantId, from),

    /** Whether the request acted before. */
    async isDone(requestId: string): Promise<boolean> {
      const done = await db.query("select 1 from maintenance_window_change where request_id = $1", [requestId]);
      return done.rowCount === 1;
    },

    async insert(window: StoredWindow): Promise<void> {
      await db.query(
        `insert into maintenance_window (id, kind, tenant_id, slug, customer, service, environment, region, zone,
           customer_zone, starts_at, ends_at, title, interrupts, impact, move, state, created_by, created_at, profile,
           verdicts, overrides)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
        [
          window.id,
          window.kind,
          window.tenantId,
          window.slug,
          window.customer,
          window.service,
          window.environment,
          window.region,
          window.zone,
          window.customerZone,
          window.startsAt,
          window.endsAt,
          window.title,
          window.interrupts,
          window.impact,
          window.move && JSON.stringify(window.move),
          window.state,
          window.createdBy,
          window.createdAt,
          JSON.stringify(window.profile),
          JSON.stringify(window.verdicts),
          JSON.stringify(window.overrides),
        ],
      );
    },

    /** Takes over times, state and decision. */
    async update(window: StoredWindow): Promise<void> {
      await db.query(
        `update maintenance_window set starts_at = $2, ends_at = $3, state = $4, profile = $5, verdicts = $6,
           overrides = $7, sequence = sequence + 1 where id = $1`,
        [
          window.id,
          window.startsAt,
          window.endsAt,
          window.state,
          JSON.stringify(window.profile),
          JSON.stringify(window.verdicts),
          JSON.stringify(window.overrides),
        ],
      );
    },

    async record(change: StoredChange): Promise<void> {
      await db.query(
        `insert into maintenance_window_change (request_id, window_id, act, at, by, starts_at, ends_at, reason)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [
          change.requestId,
          change.windowId,
          change.act,
          change.at,
          change.by,
          change.startsAt,
          change.endsAt,
          change.reason,
        ],
      );
    },
  };
}
export type Planning = ReturnType<typeof planningOn>;
