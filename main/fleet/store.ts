import type { Pool } from "pg";
import type { ErrorFacts } from "../../shared/errors.ts";
import type { Service, SizeOption } from "../../shared/tenant/model.ts";

export interface StoredSource {
  readonly accountId: string;
  readonly region: string;
  readonly readAt: Date | null;
  readonly error: ErrorFacts | null;
  readonly releases: readonly { readonly service: Service; readonly version: string }[];
  readonly sizes: readonly SizeOption[];
}

/** SQL of the table inventory_source: how fresh each account and region is, and its catalogue as last read. */
export function sourceStore(pool: Pool) {
  return {
    async list(): Promise<StoredSource[]> {
      const { rows } = await pool.query(
        `select account_id as "accountId", region, read_at as "readAt", error, releases, sizes
         from inventory_source order by account_id, region`,
      );
      return rows;
    },

    async read(
      accountId: string,
      region: string,
      readAt: Date,
      releases: StoredSource["releases"],
      sizes: readonly SizeOption[],
    ) {
      await pool.query(
        `insert into inventory_source (account_id, region, read_at, releases, sizes) values ($1, $2, $3, $4, $5)
         on conflict (account_id, region) do update set read_at = $3, error = null, releases = $4, sizes = $5`,
        [accountId, region, readAt, JSON.stringify(releases), JSON.stringify(sizes)],
      );
    },

    async failed(accountId: string, region: string, error: ErrorFacts) {
      await pool.query(
        `insert into inventory_source (account_id, region, error) values ($1, $2, $3)
         on conflict (account_id, region) do update set error = $3`,
        [accountId, region, JSON.stringify(error)],
      );
    },
  };
}
