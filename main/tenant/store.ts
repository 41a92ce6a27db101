import type { Pool } from "pg";
import type { Edition, EnvironmentKind, Health, Service } from "../../shared/tenant/model.ts";
import { inTransaction } from "../database/transaction.ts";

export interface StoredTenant {
  readonly id: string;
  readonly slug: string;
  readonly customer: string;
  readonly service: Service;
  readonly edition: Edition;
  readonly prefix: string;
  readonly owner: string;
  readonly users: number;
  readonly posTerminals: number;
  /** YYYY-MM-DD. */
  readonly invoiceDate: string;
  readonly zone: string;
  readonly accountId: string;
  readonly orderedAt: Date | null;
  readonly handedOverAt: Date | null;
}

/** What AWS and the host said of an environment when they were last read. */
export interface EnvironmentFacts {
  readonly instanceId?: string;
  readonly instanceState?: string;
  readonly instanceType?: string;
  readonly imageId?: string;
  readonly address?: string | null;
  readonly volumeId?: string;
  readonly volumeGiB?: number;
  readonly securityGroupId?: string | null;
  readonly launchedAt?: string | null;
  readonly lastBackupAt?: string | null;
  readonly sshUser?: string;
}

export interface StoredEnvironment {
  readonly id: string;
  readonly tenantId: string;
  readonly kind: EnvironmentKind;
  readonly accountId: string;
  readonly region: string;
  readonly domain: string;
  readonly version: string | null;
  readonly facts: EnvironmentFacts;
  readonly health: Health;
  readonly hostKey: string | null;
  readonly readAt: Date | null;
}

const TENANT_COLUMNS = `id, slug, customer, service, edition, prefix, owner, users, pos_terminals as "posTerminals",
  to_char(invoice_date, 'YYYY-MM-DD') as "invoiceDate", zone, account_id as "accountId", ordered_at as "orderedAt",
  handed_over_at as "handedOverAt"`;
const ENVIRONMENT_COLUMNS = `id, tenant_id as "tenantId", kind, account_id as "accountId", region, domain, version, facts,
  health, host_key as "hostKey", read_at as "readAt"`;

/** SQL of the tables tenant and environment: the inventory as last read, and orders that AWS does not show yet. */
export function tenantStore(pool: Pool) {
  const toEnvironment = (row: StoredEnvironment): StoredEnvironment => ({
    ...row,
    health: healthFromRow(row.health),
  });

  return {
    async tenants(): Promise<StoredTenant[]> {
      return (await pool.query(`select ${TENANT_COLUMNS} from tenant order by lower(customer), slug`)).rows;
    },

    /** By slug or id. */
    async tenant(ref: string): Promise<StoredTenant | undefined> {
      return (await pool.query(`select ${TENANT_COLUMNS} from tenant where slug = $1 or id = $1`, [ref])).rows[0];
    },

    async environments(tenantId?: string): Promise<StoredEnvironment[]> {
      const { rows } = await pool.query(
        `select ${ENVIRONMENT_COLUMNS} from environment where $1::text is null or tenant_id = $1
         order by tenant_id, case kind when 'production' then 0 when 'test' then 1 else 2 end`,
        [tenantId ?? null],
      );
      return rows.map(toEnvironment);
    },

    async environment(id: string): Promise<StoredEnvironment | undefined> {
      const { rows } = await pool.query(`select ${ENVIRONMENT_COLUMNS} from environment where id = $1`, [id]);
      return rows.map(toEnvironment)[0];
    },

    /**
     * Reserves the slug for an order; repeating it with the same id is harmless.
     * False when another tenant holds the slug.
     */
    reserve: (tenant: StoredTenant, environments: readonly StoredEnvironment[]): Promise<boolean> =>
      inTransaction(pool, async (db) => {
        await upsertTenant(db, tenant, "do nothing");
        const holder = await db.query("select id from tenant where slug = $1", [tenant.slug]);
        const ours = holder.rows[0]?.id === tenant.id;
        if (ours) for (const environment of environments) await upsertEnvironment(db, environment);
        return ours;
      }),

    /**
     * Takes over what AWS shows of one tenant. Facts that only this console knows (order, hand-over, health) stay;
     * a slug that another tenant holds is made unique with the end of the id.
     */
    async found(tenant: StoredTenant, environment: StoredEnvironment): Promise<void> {
      const taken = await pool.query("select 1 from tenant where slug = $1 and id <> $2", [tenant.slug, tenant.id]);
      const slug = taken.rowCount ? `${tenant.slug.slice(0, 33)}-${tenant.id.slice(-8)}` : tenant.slug;
      await upsertTenant(
        pool,
        { ...tenant, slug },
        `(id) do update set customer = excluded.customer, edition = excluded.edition, owner = excluded.owner,
           users = excluded.users, pos_terminals = excluded.pos_terminals, invoice_date = excluded.invoice_date,
           zone = excluded.zone, ordered_at = coalesce(tenant.ordered_at, excluded.ordered_at),
           handed_over_at = coalesce(tenant.handed_over_at, excluded.handed_over_at)`,
      );
      await upsertEnvironment(pool, environment);
    },

    /** These environments were in the reading of `readAt`. Rows that went meanwhile are passed over. */
    async seen(environmentIds: readonly string[], readAt: Date): Promise<void> {
      await pool.query("update environment set read_at = $2 where id = any ($1)", [environmentIds, readAt]);
    },

    /** Environments of the region that a complete reading did not show have lost their machine and volume. */
    async missing(accountId: string, region: string, shown: readonly string[]): Promise<string[]> {
      const { rows } = await pool.query(
        `update environment set facts = facts || '{"instanceState":"missing"}'
         where account_id = $1 and region = $2 and id <> all ($3) and facts->>'instanceState' is distinct from 'missing'
           and exists (select 1 from tenant t where t.id = tenant_id and t.handed_over_at is not null)
         returning id`,
        [accountId, region, shown],
      );
      return rows.map((row) => row.id as string);
    },

    async learn(
      environmentId: string,
      facts: EnvironmentFacts,
      more: { hostKey?: string; version?: string } = {},
    ): Promise<void> {
      await pool.query(
        `update environment set facts = facts || $2, host_key = coalesce($3, host_key),
           version = coalesce($4, version), read_at = now() where id = $1`,
        [environmentId, JSON.stringify(facts), more.hostKey ?? null, more.version ?? null],
      );
    },

    async setHealth(environmentId: string, health: Health): Promise<void> {
      await pool.query("update environment set health = $2 where id = $1", [environmentId, JSON.stringify(health)]);
    },

    async handedOver(tenantId: string, at: Date): Promise<void> {
      await pool.query("update tenant set handed_over_at = coalesce(handed_over_at, $2) where id = $1", [tenantId, at]);
    },

    async remove(tenantId: string): Promise<void> {
      await pool.query("delete from tenant where id = $1", [tenantId]);
    },
  };
}
export type TenantStore = ReturnType<typeof tenantStore>;

/** Instants come out of JSON as text. */
function healthFromRow(row: Health): Health {
  const { checkedAt, lockout, certificate } = row;
  const dated = (one: Date | null) => (one ? new Date(one) : null);
  return {
    ...row,
    checkedAt: dated(checkedAt),
    ...(lockout && { lockout: { since: new Date(lockout.since), until: dated(lockout.until) } }),
    ...(certificate && { certificate: { ...certificate, validTo: new Date(certificate.validTo) } }),
  };
}

type Queryable = Pick<Pool, "query">;

/** `onConflict` is SQL of this file, never input. */
async function upsertTenant(db: Queryable, tenant: StoredTenant, onConflict: string): Promise<void> {
  await db.query(
    `insert into tenant (id, slug, customer, service, edition, prefix, owner, users, pos_terminals, invoice_date, zone,
       account_id, ordered_at, handed_over_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict ${onConflict}`,
    [
      tenant.id,
      tenant.slug,
      tenant.customer,
      tenant.service,
      tenant.edition,
      tenant.prefix,
      tenant.owner,
      tenant.users,
      tenant.posTerminals,
      tenant.invoiceDate,
      tenant.zone,
      tenant.accountId,
      tenant.orderedAt,
      tenant.handedOverAt,
    ],
  );
}

async function upsertEnvironment(db: Queryable, environment: StoredEnvironment): Promise<void> {
  await db.query(
    `insert into environment (id, tenant_id, kind, account_id, region, domain, version, facts, host_key, read_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (id) do update set region = excluded.region, domain = excluded.domain,
       version = coalesce(excluded.version, environment.version), facts = environment.facts || excluded.facts,
       host_key = coalesce(environment.host_key, excluded.host_key), read_at = coalesce(excluded.read_at, environment.read_at)`,
    [
      environment.id,
      environment.tenantId,
      environment.kind,
      environment.accountId,
      environment.region,
      environment.domain,
      environment.version,
      JSON.stringify(environment.facts),
      environment.hostKey,
      environment.readAt,
    ],
  );
}
