import type { Pool, PoolClient } from "pg";

/**
 * Runs `work` in one transaction: all of it is kept, or nothing.
 *
 * With `lock` it first waits for everybody on the database who runs under the same name, on whichever console.
 */
export async function inTransaction<T>(
  pool: Pool,
  work: (db: PoolClient) => Promise<T>,
  options: { readonly lock?: string } = {},
): Promise<T> {
  const db = await pool.connect();
  try {
    await db.query("begin");
    if (options.lock !== undefined) await db.query("select pg_advisory_xact_lock(hashtext($1))", [options.lock]);
    const result = await work(db);
    await db.query("commit");
    return result;
  } catch (error) {
    await db.query("rollback").catch(() => undefined);
    throw error;
  } finally {
    db.release();
  }
}
