import { createHash } from "node:crypto";
import type pg from "pg";
import { newer } from "./errors.ts";
import type { Migration } from "./migrations/index.ts";

/** Any fixed number: consoles that share a database migrate one after the other. */
const LOCK = 7_310_486_210;

/**
 * Applies what is missing, each step in a transaction of its own, and gives the names of the steps applied now.
 *
 * Throws AppError DatabaseNewer, having changed nothing, for a database that knows steps which this app does not, or
 * the same step with another text.
 */
export async function migrate(pool: pg.Pool, steps: readonly Migration[], place: string): Promise<readonly string[]> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
    const known = await readApplied(client);
    refuseUnknown(known, steps, place);
    const missing = steps.filter(({ name }) => !known.has(name));
    for (const step of missing) await apply(client, step);
    await client.query("SELECT pg_advisory_unlock($1)", [LOCK]);
    return missing.map(({ name }) => name);
  } catch (error) {
    broken = true; // the lock may still be held: end the connection with it
    throw error;
  } finally {
    client.release(broken);
  }
}

async function readApplied(client: pg.PoolClient): Promise<ReadonlyMap<string, string>> {
  const table = await client.query("SELECT to_regclass('fleetwright_migrations') IS NOT NULL AS exists");
  if (!table.rows[0].exists) return new Map();
  const { rows } = await client.query<{ name: string; checksum: string }>(
    "SELECT name, checksum FROM fleetwright_migrations",
  );
  return new Map(rows.map(({ name, checksum }) => [name, checksum]));
}

function refuseUnknown(known: ReadonlyMap<string, string>, steps: readonly Migration[], place: string): void {
  const ours = new Map(steps.map((step) => [step.name, checksumOf(step)]));
  for (const [name, checksum] of known) {
    if (!ours.has(name)) throw newer(`The database ${place} was made by a newer Fleetwright (it knows ${name}).`);
    if (ours.get(name) !== checksum) {
      throw newer(`The database ${place} was made by another build of Fleetwright (${name} differs).`);
    }
  }
}

async function apply(client: pg.PoolClient, step: Migration): Promise<void> {
  await client.query("BEGIN");
  await client.query(`CREATE TABLE IF NOT EXISTS fleetwright_migrations (
    name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
  await client.query(step.sql);
  await client.query("INSERT INTO fleetwright_migrations (name, checksum) VALUES ($1, $2)", [
    step.name,
    checksumOf(step),
  ]);
  await client.query("COMMIT");
}

function checksumOf({ sql }: Migration): string {
  return createHash("sha256").update(sql).digest("hex");
}
