import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, afterEach, describe, test } from "vitest";
import { type Database, openDatabase } from "../../main/database/index.ts";
import type { Migration } from "../../main/database/migrations/index.ts";
import { type Home, openHome } from "../../main/home/index.ts";
import { silentLog } from "../../main/log.ts";

export interface ScratchOptions {
  /** Instead of the application's own. */
  readonly migrations?: readonly Migration[];
}

/** A database of its own for one test; everything of it is removed after the test. */
export interface Scratch {
  readonly database: Database;
  readonly home: Home;
  /** Absent for the embedded database. */
  readonly url: string | undefined;
  /** Ends the database as the console does and opens the same one again. */
  reopen(options?: ScratchOptions): Promise<Database>;
}

export type OpenScratch = (options?: ScratchOptions) => Promise<Scratch>;
export type DatabaseKind = Database["kind"];

/**
 * Runs the same tests on the embedded PostgreSQL and on a server as a team has it: Debian's PostgreSQL, started here on
 * a private socket with password authentication. Without Debian's PostgreSQL that half is skipped by name; where CI is
 * set it fails.
 */
export function describeOnBothDatabases(name: string, tests: (open: OpenScratch, kind: DatabaseKind) => void): void {
  afterAll(removeTemplate); // of the file: all its tests share one template and one server
  afterAll(stopServer);
  describe(`${name} (embedded database)`, () => tests(scratches(embeddedPlace), "embedded"));
  if (serverPrograms() !== undefined) {
    describe(`${name} (team database)`, () => tests(scratches(teamPlace), "team"));
    return;
  }
  test.skipIf(!process.env["CI"])(`${name} (team database): no PostgreSQL 15 below /usr/lib/postgresql`, () => {
    throw new Error("Install it with: apt-get install postgresql");
  });
}

/** A home of its own below the temporary folder. */
export async function scratchHome(): Promise<{ home: Home; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "fleetwright-home-"));
  const home = await openHome(folder, "test");
  const remove = async (): Promise<void> => {
    await home.release();
    await rm(folder, { recursive: true, force: true });
  };
  return { home, remove };
}

interface Place {
  readonly home: Home;
  readonly url?: string;
  remove(): Promise<void>;
}

function scratches(makePlace: () => Promise<Place>): OpenScratch {
  const cleanUps: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });
  return async (options = {}) => {
    const { home, url, remove } = await makePlace();
    cleanUps.push(remove);
    let current: Database | undefined;
    const open = async (opening: ScratchOptions): Promise<Database> => {
      await current?.stop();
      current = undefined;
      current = await openDatabase({ home, url, log: silentLog, ...opening });
      return current;
    };
    cleanUps.push(async () => current?.stop());
    return { database: await open(options), home, url, reopen: (again = options) => open(again) };
  };
}

let template: Promise<Awaited<ReturnType<typeof scratchHome>>> | undefined;

/** A home whose embedded database is a copy of one made once per test file: making it takes seconds. */
async function embeddedPlace(): Promise<Place> {
  template ??= newTemplate();
  const place = await scratchHome();
  await promisify(execFile)("cp", ["-a", "--", (await template).home.paths.database, place.home.paths.database]);
  return place;
}

async function newTemplate(): ReturnType<typeof scratchHome> {
  const place = await scratchHome();
  const database = await openDatabase({ home: place.home, log: silentLog, migrations: [] });
  await database.stop();
  return place;
}

async function removeTemplate(): Promise<void> {
  const made = await template;
  template = undefined;
  await made?.remove();
}

async function teamPlace(): Promise<Place> {
  server ??= startServer();
  const { adminUrl, urlOf } = await server;
  const name = `scratch_${randomBytes(6).toString("hex")}`;
  await asAdmin(adminUrl, `CREATE DATABASE ${name}`);
  const { home, remove } = await scratchHome();
  return {
    home,
    url: urlOf(name),
    remove: async () => {
      await asAdmin(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await remove();
    },
  };
}

async function asAdmin(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** The server of this test file; each test gets a database on it. */
export interface TeamServer {
  readonly adminUrl: string;
  readonly password: string;
  urlOf(database: string): string;
  start(): Promise<void>;
  /** SIGINT is PostgreSQL's fast shutdown. */
  end(signal: NodeJS.Signals): Promise<void>;
  remove(): Promise<void>;
}

let server: Promise<TeamServer> | undefined;

async function stopServer(): Promise<void> {
  const running = await server;
  server = undefined;
  await running?.remove();
}

/** The programs of Debian's PostgreSQL, oldest supported version first. */
export function serverPrograms(): string | undefined {
  return ["15", "16", "17", "18"].map((major) => `/usr/lib/postgresql/${major}/bin`).find((bin) => existsSync(bin));
}

/** Starts a server of Debian's PostgreSQL in a temporary folder, without fsync, as `nobody` when this is root. */
export async function startServer(): Promise<TeamServer> {
  const bin = serverPrograms();
  if (bin === undefined) throw new Error("no PostgreSQL below /usr/lib/postgresql");
  const folder = await mkdtemp(join(tmpdir(), "fleetwright-team-"));
  const account = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  if (account.uid !== undefined) await chown(folder, account.uid, account.gid);
  const password = `team-${randomBytes(12).toString("hex")}`;
  const passwordFile = join(folder, "password");
  await writeFile(passwordFile, password);
  if (account.uid !== undefined) await chown(passwordFile, account.uid, account.gid);
  const data = join(folder, "data");
  const run = promisify(execFile);
  const environment = { cwd: folder, env: { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8" }, ...account };
  const initdb = [
    "-D",
    data,
    "-U",
    "team",
    "-A",
    "scram-sha-256",
    `--pwfile=${passwordFile}`,
    "-E",
    "UTF8",
    "--no-sync",
  ];
  await run(join(bin, "initdb"), initdb, environment);

  const quick = ["-c", "fsync=off", "-c", "max_connections=60", "-c", "shared_buffers=32MB"];
  const place = ["-D", data, "-k", folder, "-c", "listen_addresses="];
  const urlOf = (database: string): string => `postgresql://team:${password}@localhost/${database}?host=${folder}`;
  const adminUrl = urlOf("postgres");
  let child: ReturnType<typeof spawn> | undefined;
  const start = async (): Promise<void> => {
    child = spawn(join(bin, "postgres"), [...place, ...quick], { ...environment, stdio: "ignore" });
    while (
      !(await asAdmin(adminUrl, "SELECT 1").then(
        () => true,
        () => false,
      ))
    ) {
      if (child.exitCode !== null) throw new Error(`the scratch server ended with ${child.exitCode}`);
      await wait(20);
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  };
  const remove = async (): Promise<void> => {
    await end("SIGINT");
    await rm(folder, { recursive: true, force: true });
  };
  await start();
  return { adminUrl, password, urlOf, start, end, remove };
}
