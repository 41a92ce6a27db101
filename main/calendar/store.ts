import type { Pool, PoolClient } from "pg";
import type {
  Blackout,
  CalendarWindow,
  CountedOverride,
  NoticeLanguage,
  NoticeProof,
  NoticeTemplate,
  Override,
  WindowChange,
  WindowNotice,
} from "../../shared/calendar/model.ts";
import type { ErrorFacts } from "../../shared/errors.ts";
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
/** What a month of the whole fleet needs of each window. */
export type TimedWindow = Pick<ListedWindow, "id" | "kind" | "tenantId" | "zone" | "startsAt" | "endsAt" | "title">;
export type StoredNotice = Omit<WindowNotice, "provenInTime" | "attempt">;
/** One attempt to send a notice by mail. */
export interface StoredSending {
  readonly id: string;
  readonly noticeId: string;
  readonly messageId: string;
  readonly recipients: readonly string[];
  readonly sha256: string;
  readonly bytes: number;
  readonly state: "sending" | "sent" | "failed" | "doubt";
  readonly startedAt: Date;
  readonly startedBy: string;
  readonly executor: string;
  readonly endedAt: Date | null;
  readonly error: ErrorFacts | null;
}
export type Sending = Pick<StoredNotice, "state" | "startsAt" | "endsAt" | "sentAt" | "sentBy" | "language" | "proof">;
export type StoredChange = WindowChange & { readonly requestId: string; readonly windowId: string };

const LISTED = `id, kind, tenant_id as "tenantId", slug, customer, service, environment, region, zone,
  customer_zone as "customerZone", starts_at as "startsAt", ends_at as "endsAt", title, interrupts, impact, move, state,
  created_by as "createdBy", created_at as "createdAt", sequence`;
const WINDOW = `${LISTED}, profile, verdicts, overrides`;
const NOTICE = `id, window_id as "windowId", tenant_id as "tenantId", language, subject, body, starts_at as "startsAt",
  ends_at as "endsAt", state, created_at as "createdAt", created_by as "createdBy", sent_at as "sentAt",
  sent_by as "sentBy", proof`;
const TEMPLATE = `kind, language, subject, body, version, changed_by as "changedBy", changed_at as "changedAt"`;
const SENDING = `id, notice_id as "noticeId", message_id as "messageId", recipients, sha256, bytes, state,
  started_at as "startedAt", started_by as "startedBy", executor, ended_at as "endedAt", error`;
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

    /**
     * Production's windows that were not cancelled and overlap [from, to), with the `weeks` before them and the major
     * changes of the year before, in order of time.
     */
    async sinceWeeks(from: Date, to: Date, weeks: number, tenantIds: readonly string[] | null): Promise<TimedWindow[]> {
      const { rows } = await pool.query(
        `select id, kind, tenant_id as "tenantId", zone, starts_at as "startsAt", ends_at as "endsAt", title
         from maintenance_window
         where state <> 'cancelled' and environment = 'production' and starts_at < $2
           and ((starts_at > $1::timestamptz - interval '32 days' - make_interval(weeks => $3)
             and ends_at > $1::timestamptz - make_interval(weeks => $3))
             or (kind = 'major' and starts_at > $1::timestamptz - interval '367 days'))
           and ($4::text[] is null or tenant_id = any ($4)) order by starts_at, id`,
        [from, to, weeks, tenantIds],
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

    /** Overrides written within [from, to), newest first. */
    async overrides(from: Date, to: Date, tenantId: string | undefined): Promise<CountedOverride[]> {
      const { rows } = await pool.query<CountedOverride>(
        `select w.id as "windowId", w.slug, w.customer, w.kind, w.starts_at as "startsAt", o ->> 'rule' as rule,
           o ->> 'reason' as reason, o ->> 'by' as by, (o ->> 'at')::timestamptz as at
         from maintenance_window w, jsonb_array_elements(w.overrides) o
         where w.overrides <> '[]' and ($3::text is null or w.tenant_id = $3)
           and (o ->> 'at')::timestamptz >= $1 and (o ->> 'at')::timestamptz < $2
         order by at desc, w.id`,
        [from, to, tenantId ?? null],
      );
      return rows;
    },

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
        `select window_id as "windowId", state, starts_at as "startsAt", ends_at as "endsAt", sent_at as "sentAt",
           sent_by as "sentBy", language, proof
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
      return noticeOf(pool, id);
    },

    /** Runs `work` in a transaction; of one notice's sendings one is begun at a time, on every console. */
    sendingNotice: <T>(noticeId: string, work: (db: Sendings) => Promise<T>): Promise<T> =>
      inTransaction(pool, (db) => work(sendingsOn(db)), { lock: `notice/${noticeId}` }),

    /** The newest attempt of each notice. */
    async lastSendings(noticeIds: readonly string[]): Promise<Map<string, StoredSending>> {
      if (noticeIds.length === 0) return new Map();
      const { rows } = await pool.query<StoredSending>(
        `select distinct on (notice_id) ${SENDING} from maintenance_notice_sending where notice_id = any ($1)
         order by notice_id, seq desc`,
        [noticeIds],
      );
      return new Map(rows.map((row) => [row.noticeId, row]));
    },

    async endSending(id: string, state: "failed" | "doubt", at: Date, error: ErrorFacts | null): Promise<void> {
      return sendingsOn(pool).endSending(id, state, at, error);
    },

    /** Both in one: the attempt succeeded, and the ledger has its proof. An entry that was sent already stays. */
    recordSent: (
      sending: StoredSending,
      { sentAt, sentBy, proof }: { sentAt: Date; sentBy: string; proof: NonNullable<StoredNotice["proof"]> },
    ): Promise<void> =>
      inTransaction(pool, async (db) => {
        await db.query("update maintenance_notice_sending set state = 'sent', ended_at = $2 where id = $1", [
          sending.id,
          sentAt,
        ]);
        await db.query(
          `update maintenance_notice set state = 'sent', sent_at = $2, sent_by = $3, recorded_at = $2, proof = $4
           where id = $1 and state = 'draft'`,
          [sending.noticeId, sentAt, sentBy, JSON.stringify(proof)],
        );
      }),

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

    async templates(): Promise<NoticeTemplate[]> {
      const { rows } = await pool.query(`select ${TEMPLATE} from notice_template order by kind, language`);
      return rows;
    },

    /** undefined when `version` is not the one that is kept; 0 stands for none. */
    async setTemplate(template: NoticeTemplate): Promise<NoticeTemplate | undefined> {
      const { rows } = await pool.query(
        `insert into notice_template (kind, language, subject, body, version, changed_by, changed_at)
         select $1::text, $2::text, $3, $4, 1, $6, $7::timestamptz where $5::int = 0
           or exists (select 1 from notice_template where kind = $1 and language = $2)
         on conflict (kind, language) do update set subject = excluded.subject, body = excluded.body,
           version = notice_template.version + 1, changed_by = excluded.changed_by, changed_at = excluded.changed_at
           where notice_template.version = $5
         returning ${TEMPLATE}`,
        [
          template.kind,
          template.language,
          template.subject,
          template.body,
          template.version,
          template.changedBy,
          template.changedAt,
        ],
      );
      return rows[0];
    },

    async resetTemplate({ kind, language }: Pick<NoticeTemplate, "kind" | "language">): Promise<void> {
      await pool.query("delete from notice_template where kind = $1 and language = $2", [kind, language]);
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

async function noticeOf(db: Queryable, id: string): Promise<StoredNotice | undefined> {
  return (await db.query(`select ${NOTICE} from maintenance_notice where id = $1`, [id])).rows[0];
}

function sendingsOn(db: Queryable) {
  return {
    notice: (id: string) => noticeOf(db, id),

    async lastSending(noticeId: string): Promise<StoredSending | undefined> {
      const { rows } = await db.query(
        `select ${SENDING} from maintenance_notice_sending where notice_id = $1 order by seq desc limit 1`,
        [noticeId],
      );
      return rows[0];
    },

    async insertSending(sending: StoredSending): Promise<void> {
      await db.query(
        `insert into maintenance_notice_sending (id, notice_id, message_id, recipients, sha256, bytes, state,
           started_at, started_by, executor) values ($1, $2, $3, $4, $5, $6, 'sending', $7, $8, $9)`,
        [
          sending.id,
          sending.noticeId,
          sending.messageId,
          JSON.stringify(sending.recipients),
          sending.sha256,
          sending.bytes,
          sending.startedAt,
          sending.startedBy,
          sending.executor,
        ],
      );
    },

    async endSending(id: string, state: "failed" | "doubt", at: Date, error: ErrorFacts | null): Promise<void> {
      await db.query(
        "update maintenance_notice_sending set state = $2, ended_at = $3, error = $4 where id = $1 and state = 'sending'",
        [id, state, at, error && JSON.stringify(error)],
      );
    },
  };
}
export type Sendings = ReturnType<typeof sendingsOn>;

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
