import type { Pool } from "pg";
import type { HostKeyLine, RegisteredKey } from "../../shared/access/model.ts";

const KEY = `id, tenant_id as "tenantId", tenant_slug as "tenantSlug", environment_id as "environmentId", kind, owner,
  approver, purpose, public_key as "publicKey", fingerprint, expires_at as "expiresAt", granted_by as "grantedBy",
  granted_at as "grantedAt", revoked_by as "revokedBy", revoked_at as "revokedAt", revoke_reason as "revokeReason",
  installed_at as "installedAt", removed_at as "removedAt"`;

export interface StoredReading {
  readonly environmentId: string;
  readonly readAt: Date;
  readonly keys: readonly HostKeyLine[];
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** SQL of the tables access_key and access_reading. Entries of the register are never deleted. */
export function accessStore(pool: Pool) {
  return {
    async keys(tenantId?: string): Promise<RegisteredKey[]> {
      const { rows } = await pool.query(
        `select ${KEY} from access_key where $1::text is null or tenant_id = $1 order by granted_at desc, id`,
        [tenantId ?? null],
      );
      return rows;
    },

    async key(id: string): Promise<RegisteredKey | undefined> {
      return (await pool.query(`select ${KEY} from access_key where id = $1`, [id])).rows[0];
    },

    /** Repeating it with the same id is harmless. */
    async register(key: RegisteredKey): Promise<void> {
      await pool.query(
        `insert into access_key (id, tenant_id, tenant_slug, environment_id, kind, owner, approver, purpose, public_key,
           fingerprint, expires_at, granted_by, granted_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict (id) do nothing`,
        [
          key.id,
          key.tenantId,
          key.tenantSlug,
          key.environmentId,
          key.kind,
          key.owner,
          key.approver,
          key.purpose,
          key.publicKey,
          key.fingerprint,
          key.expiresAt,
          key.grantedBy,
          key.grantedAt,
        ],
      );
    },

    async installed(id: string, at: Date): Promise<void> {
      await pool.query("update access_key set installed_at = coalesce(installed_at, $2) where id = $1", [id, at]);
    },

    async revoked(id: string, by: string, at: Date, reason: string): Promise<void> {
      await pool.query(
        `update access_key set revoked_by = $2, revoked_at = $3, revoke_reason = $4
         where id = $1 and revoked_at is null`,
        [id, by, at, reason],
      );
    },

    async removed(id: string, at: Date): Promise<void> {
      await pool.query("update access_key set removed_at = coalesce(removed_at, $2) where id = $1", [id, at]);
    },

    async readings(tenantId?: string): Promise<ReadonlyMap<string, StoredReading>> {
      const { rows } = await pool.query(
        `select environment_id as "environmentId", read_at as "readAt", keys, error from access_reading
         where $1::text is null or tenant_id = $1`,
        [tenantId ?? null],
      );
      return new Map(
        rows.map((row: StoredReading) => [
          row.environmentId,
          { ...row, keys: row.keys.map((line) => ({ ...line, until: line.until && new Date(line.until) })) },
        ]),
      );
    },

    async read(environmentId: string, tenantId: string, at: Date, keys: readonly HostKeyLine[]): Promise<void> {
      await pool.query(
        `insert into access_reading (environment_id, tenant_id, read_at, keys, error) values ($1, $2, $3, $4, null)
         on conflict (environment_id) do update set read_at = $3, keys = $4, error = null`,
        [environmentId, tenantId, at, JSON.stringify(keys)],
      );
    },
  };
}
export type AccessStore = ReturnType<typeof accessStore>;
