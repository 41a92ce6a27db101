import type { Pool, PoolClient } from "pg";
import type { TermsEntry, TermsEntryKind, TermsRecord } from "../../shared/terms/model.ts";
import { inTransaction } from "../database/transaction.ts";
import type { AddedProfile } from "./profiles.ts";

export interface NewRecord extends TermsRecord {
  readonly tenantId: string;
  readonly slug: string;
  readonly profile: { readonly id: string; readonly version: string };
}
export type StoredRecord = TermsRecord & { readonly tenantId: string };

const RECORD = `id, tenant_id as "tenantId", entry, reason, by, at`;

const BINDING_KINDS: readonly TermsEntryKind[] = [
  ...(["profile", "exception", "exception-end", "uptime", "tiers", "from-contract"] as const),
];

type Queryable = Pick<Pool | PoolClient, "query">;

/** SQL of the table terms_record. */
export function termsStore(pool: Pool) {
  return {
    /** One tenant's, or all; oldest first. */
    async records(tenantId?: string): Promise<StoredRecord[]> {
      return recordsOf(pool, tenantId);
    },

    /** Of all tenants, what changes the numbers that bind them; oldest first. */
    async bindingRecords(): Promise<StoredRecord[]> {
      const { rows } = await pool.query(
        `select ${RECORD} from terms_record where entry ->> 'kind' = any ($1) order by seq`,
        [BINDING_KINDS],
      );
      return rows;
    },

    /** The newest version of each, or every version. */
    async profiles(versions: "newest" | "all" = "newest"): Promise<AddedProfile[]> {
      const { rows } = await pool.query(
        `select ${versions === "newest" ? "distinct on (id)" : ""} profile, added_by as "by", added_at as "at"
         from policy_profile order by id, seq desc`,
      );
      return rows;
    },

    /** Repeating it with the same version changes nothing. */
    async addProfile({ profile, by, at }: AddedProfile): Promise<void> {
      await pool.query(
        `insert into policy_profile (id, version, profile, added_by, added_at) values ($1, $2, $3, $4, $5)
         on conflict (id, version) do nothing`,
        [profile.id, profile.version, JSON.stringify(profile), by, at],
      );
    },

    /** Runs `work` in a transaction; of one tenant's facts one is recorded at a time, on every console. */
    recording: <T>(tenantId: string, work: (db: Recording) => Promise<T>): Promise<T> =>
      inTransaction(pool, (db) => work(recordingOn(db)), { lock: `terms/${tenantId}` }),
  };
}

async function recordsOf(db: Queryable, tenantId: string | undefined): Promise<StoredRecord[]> {
  const { rows } = await db.query(
    `select ${RECORD} from terms_record where $1::text is null or tenant_id = $1 order by seq`,
    [tenantId ?? null],
  );
  return rows;
}

function recordingOn(db: PoolClient) {
  return {
    records: (tenantId: string) => recordsOf(db, tenantId),

    /** Of any tenant: ids are the callers' requests. */
    async record(id: string): Promise<StoredRecord | undefined> {
      return (await db.query(`select ${RECORD} from terms_record where id = $1`, [id])).rows[0];
    },

    async insert(record: NewRecord): Promise<void> {
      const { id, tenantId, slug, reason, by, at } = record;
      const entry: TermsEntry = record.entry;
      await db.query(
        `insert into terms_record (id, tenant_id, slug, entry, reason, by, at, profile)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [id, tenantId, slug, JSON.stringify(entry), reason, by, at, JSON.stringify(record.profile)],
      );
    },
  };
}
export type Recording = ReturnType<typeof recordingOn>;
