import { lstat, readdir, statfs } from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import type { LabVolume } from "../../types.ts";
import { ownFolder, type Owner } from "../owner.ts";
import { majorVersion } from "../postgres/cluster.ts";
import { systemIdentifier } from "../postgres/system-identifier.ts";
import { modulesOf } from "./modules.ts";
import { connectTo } from "./store.ts";

export interface Space {
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly freeInodes: number | null;
  readonly databaseBytes: number;
  readonly attachmentsBytes: number;
  readonly walBytes: number;
  readonly scratch: string;
}

export interface Manifest {
  readonly tenant: string;
  readonly tenantId: string;
  readonly environment: string;
  readonly product: string;
  readonly version: string;
  readonly licenceFingerprint: string | null;
  readonly systemIdentifier: string;
  readonly databaseMajor: number;
  readonly databaseBytes: number;
  readonly attachmentsBytes: number;
  readonly relations: readonly { readonly name: string; readonly rows: number }[];
  readonly newestTransactionAt: string | null;
  readonly walPosition: string | null;
  readonly packages: readonly { readonly name: string; readonly version: string }[];
  readonly extensions: readonly { readonly name: string; readonly version: string }[];
  readonly readAt: string;
}

export interface DatabaseIndicators {
  readonly connections: number;
  readonly maxConnections: number;
  readonly committed: number;
  readonly rolledBack: number;
  readonly blocksHit: number;
  readonly blocksRead: number;
  readonly waitingLocks: number;
  readonly longestTransactionSeconds: number | null;
  readonly walBytes: number;
  readonly databaseBytes: number;
  readonly replicationLagBytes: number | null;
  readonly archiveLagSeconds: number | null;
}

const GIB = 2 ** 30;

export const attachmentsFolder = (volume: LabVolume): string => path.join(volume.folder, "attachments");
export const sourceFolder = (volume: LabVolume): string => path.join(volume.folder, "source");
export const scratchFolder = (volume: LabVolume): string => path.join(volume.folder, "scratch");

/** A volume has the size that EC2 gave it, as far as the lab's own disk can hold it. */
export async function readSpace(volume: LabVolume, owner: Owner | undefined, full: boolean): Promise<Space> {
  const scratch = scratchFolder(volume);
  await ownFolder(scratch, owner, 0o700);
  const pgdata = path.join(volume.folder, "pgdata");
  const [used, databaseAndWal, walBytes, attachmentsBytes, disk] = await Promise.all([
    folderBytes(volume.folder),
    folderBytes(pgdata),
    folderBytes(path.join(pgdata, "pg_wal")),
    folderBytes(attachmentsFolder(volume)),
    statfs(volume.folder),
  ]);
  const totalBytes = volume.sizeGiB * GIB;
  return {
    totalBytes,
    freeBytes: full ? 0 : Math.max(0, Math.min(totalBytes - used, disk.bavail * disk.bsize)),
    freeInodes: disk.ffree > 0 ? disk.ffree : null,
    databaseBytes: databaseAndWal - walBytes,
    attachmentsBytes,
    walBytes,
    scratch,
  };
}

/** What the database says of itself, all of one instant. Counts every row. */
export async function readManifest(socketFolder: string, volume: LabVolume): Promise<Manifest> {
  const pgdata = path.join(volume.folder, "pgdata");
  const attachmentsBytes = await folderBytes(attachmentsFolder(volume));
  const identifier = await systemIdentifier(pgdata);
  const databaseMajor = await majorVersion(pgdata);
  return connectTo(socketFolder, async (client) => {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const one = await client.query<{
      tenant: string;
      tenantId: string;
      environment: string;
      product: string;
      version: string;
      licenceFingerprint: string | null;
      databaseBytes: string;
      walPosition: string | null;
      newest: Date | null;
    }>(
      `SELECT tenant, tenant_id AS "tenantId", environment, product, version,
         licence_fingerprint AS "licenceFingerprint", pg_database_size(current_database()) AS "databaseBytes",
         pg_current_wal_lsn()::text AS "walPosition",
         (SELECT max(at) FROM (SELECT max(placed_at) at FROM orders UNION ALL SELECT max(issued_at) FROM invoices
            UNION ALL SELECT max(paid_at) FROM payments UNION ALL SELECT max(shipped_at) FROM shipments
            UNION ALL SELECT max(made_at) FROM purchase_documents) newest) AS newest
       FROM erp_instance`,
    );
    const row = one.rows[0];
    if (!row) throw new Error("The database does not say whose it is.");
    const { databaseBytes, newest, ...identity } = row;
    const extensions = await client.query<{ name: string; version: string }>(
      "SELECT extname AS name, extversion AS version FROM pg_extension ORDER BY 1",
    );
    const relations = [];
    for (const name of await tablesOf(client)) {
      const counted = await client.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${pg.escapeIdentifier(name)}`);
      relations.push({ name, rows: Number(counted.rows[0]?.rows) });
    }
    await client.query("COMMIT");
    return {
      ...identity,
      systemIdentifier: identifier ?? "",
      databaseMajor: databaseMajor ?? 0,
      databaseBytes: Number(databaseBytes),
      attachmentsBytes,
      relations,
      newestTransactionAt: newest?.toISOString() ?? null,
      packages: modulesOf(identity.product, identity.version),
      extensions: extensions.rows,
      readAt: new Date().toISOString(),
    };
  });
}

export async function tablesOf(client: pg.Client): Promise<readonly string[]> {
  const found = await client.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1",
  );
  return found.rows.map((row) => row.name);
}

/** One reading of the server's own counters. */
export async function readDatabase(socketFolder: string): Promise<DatabaseIndicators> {
  return connectTo(socketFolder, async (client) => {
    const found = await client.query<Record<keyof DatabaseIndicators, string | null>>(
      `SELECT s.numbackends AS connections, current_setting('max_connections') AS "maxConnections",
         s.xact_commit AS committed, s.xact_rollback AS "rolledBack", s.blks_hit AS "blocksHit",
         s.blks_read AS "blocksRead", (SELECT count(*) FROM pg_locks WHERE NOT granted) AS "waitingLocks",
         (SELECT extract(epoch FROM max(now() - xact_start)) FROM pg_stat_activity
           WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) AS "longestTransactionSeconds",
         pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS "walBytes",
         pg_database_size(s.datname) AS "databaseBytes",
         (SELECT max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)) FROM pg_stat_replication) AS "replicationLagBytes",
         CASE WHEN current_setting('archive_mode') <> 'off'
           THEN (SELECT extract(epoch FROM now() - last_archived_time) FROM pg_stat_archiver) END AS "archiveLagSeconds"
       FROM pg_stat_database s WHERE s.datname = current_database()`,
    );
    const row = found.rows[0];
    if (!row) throw new Error("The database has no counters.");
    const number = (name: keyof DatabaseIndicators) => Number(row[name] ?? 0);
    const maybe = (name: keyof DatabaseIndicators) => (row[name] === null ? null : Number(row[name]));
    return {
      connections: number("connections"),
      maxConnections: number("maxConnections"),
      committed: number("committed"),
      rolledBack: number("rolledBack"),
      blocksHit: number("blocksHit"),
      blocksRead: number("blocksRead"),
      waitingLocks: number("waitingLocks"),
      longestTransactionSeconds: maybe("longestTransactionSeconds"),
      walBytes: number("walBytes"),
      databaseBytes: number("databaseBytes"),
      replicationLagBytes: maybe("replicationLagBytes"),
      archiveLagSeconds: maybe("archiveLagSeconds"),
    };
  });
}

/** Bytes of the files below a folder; 0 when there is none. Files that go away meanwhile do not count. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      const place = path.join(folder, entry.name);
      return entry.isDirectory() ? folderBytes(place) : ((await lstat(place).catch(() => undefined))?.size ?? 0);
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
