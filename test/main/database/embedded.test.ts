import { execFileSync } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../../main/database/index.ts";
import { type Home, openHome } from "../../../main/home/index.ts";
import { silentLog } from "../../../main/log.ts";
import { holdHome } from "../../support/holder.ts";
import { onSmallDisk } from "../../support/small-disk.ts";

const asRoot = process.getuid?.() === 0;

let scratch: string;
const cleanUps: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "fleetwright-test-"));
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  await rm(scratch, { recursive: true, force: true });
});

async function open(folder: string): Promise<{ home: Home; database: Database }> {
  const home = await openHome(folder);
  cleanUps.push(() => home.release());
  const database = await openDatabase({ home, log: silentLog, migrations: [] });
  cleanUps.push(() => database.stop());
  return { home, database };
}

async function postmaster(home: Home): Promise<number> {
  return Number.parseInt(await readFile(join(home.paths.database, "postmaster.pid"), "utf8"), 10);
}

async function answersAgain(database: Database): Promise<unknown[]> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return (await database.pool.query("SELECT 'alive' AS state")).rows;
    } catch (error) {
      if (attempt > 100) throw error;
      await wait(50);
    }
  }
}

test("really writes to disk, and only its own private socket leads to it", async () => {
  const { home, database } = await open(scratch);
  const { rows } = await database.pool.query(
    "SELECT current_setting('fsync') AS fsync, current_setting('listen_addresses') AS tcp",
  );
  const { mode, uid } = await stat(home.paths.database);
  expect([rows, mode & 0o777, uid === 0]).toEqual([[{ fsync: "on", tcp: "" }], 0o700, false]);
});

test("after a kill -9 of the console its database lives on and is adopted with all that was committed", async () => {
  const killed = await holdHome(scratch, "database");
  const pid = Number.parseInt(await readFile(join(scratch, "database", "postmaster.pid"), "utf8"), 10);
  await killed.kill();
  const { home, database } = await open(scratch);
  const { rows } = await database.pool.query("SELECT to_regclass('kept')::text AS kept");
  expect([await postmaster(home), rows]).toEqual([pid, [{ kept: "kept" }]]);
});

test("after a kill -9 of console and database the next start recovers", async () => {
  const killed = await holdHome(scratch, "database");
  const pid = Number.parseInt(await readFile(join(scratch, "database", "postmaster.pid"), "utf8"), 10);
  process.kill(pid, "SIGKILL");
  await killed.kill();
  const { home, database } = await open(scratch);
  const { rows } = await database.pool.query("SELECT to_regclass('kept')::text AS kept");
  expect([(await postmaster(home)) !== pid, rows]).toEqual([true, [{ kept: "kept" }]]);
});

test("a database that is killed under the console comes back by itself, with its listeners", async () => {
  const { home, database } = await open(scratch);
  const heard: string[] = [];
  await database.listen(
    "jobs",
    (payload) => heard.push(payload),
    () => heard.push("missed"),
  );
  await database.pool.query("CREATE TABLE kept AS SELECT 7 AS seven");
  for (let round = 1; round <= 2; round += 1) {
    process.kill(await postmaster(home), "SIGKILL");
    expect(await answersAgain(database)).toEqual([{ state: "alive" }]);
    while (heard.length < round) await wait(10);
  }
  await database.pool.query("SELECT pg_notify('jobs', 'back')");
  while (!heard.includes("back")) await wait(10);
  expect([heard, (await database.pool.query("SELECT * FROM kept")).rows]).toEqual([
    ["missed", "missed", "back"],
    [{ seven: 7 }],
  ]);
});

test("a process that got the number of a dead database is not taken for it", async () => {
  await (await open(scratch)).database.stop();
  await cleanUps.shift()?.();
  cleanUps.length = 0;
  const { uid, gid } = await stat(join(scratch, "database"));
  const stale = join(scratch, "database", "postmaster.pid");
  await writeFile(stale, `${process.pid}\n/somewhere\n1\n5432\n.\n\n  1 1\nready\n`, { mode: 0o600 });
  await chown(stale, uid, gid);
  const { home } = await open(scratch);
  expect(await postmaster(home)).not.toBe(process.pid);
});

test("an empty postmaster.pid, as a power cut may leave it, does not hinder", async () => {
  await (await open(scratch)).database.stop();
  await cleanUps.shift()?.();
  cleanUps.length = 0;
  await writeFile(join(scratch, "database", "postmaster.pid"), "");
  const { database } = await open(scratch);
  expect(await answersAgain(database)).toEqual([{ state: "alive" }]);
});

test("a first start that was cut short is started over", async () => {
  await mkdir(join(scratch, "database.new", "base"), { recursive: true });
  await mkdir(join(scratch, "logs"));
  const { database } = await open(scratch);
  expect(await answersAgain(database)).toEqual([{ state: "alive" }]);
});

test("works below a deep home folder", async () => {
  const { database } = await open(join(scratch, ...Array.from({ length: 12 }, () => "a-folder-with-a-long-name")));
  expect(await answersAgain(database)).toEqual([{ state: "alive" }]);
});

test.each([
  ["99", "DatabaseNewer"],
  ["12", "DatabaseUnavailable"],
])("a cluster of PostgreSQL %s is refused as %s and left as it is", async (version, code) => {
  await mkdir(join(scratch, "database"), { mode: 0o700 });
  await writeFile(join(scratch, "database", "PG_VERSION"), `${version}\n`);
  await expect(open(scratch)).rejects.toMatchObject({ code, details: { next: expect.any(String) } });
  expect(await readFile(join(scratch, "database", "PG_VERSION"), "utf8")).toBe(`${version}\n`);
});

test("a configuration that PostgreSQL refuses is told with its reason", async () => {
  await (await open(scratch)).database.stop();
  await cleanUps.shift()?.();
  cleanUps.length = 0;
  await writeFile(join(scratch, "database", "postgresql.auto.conf"), "work_mem = 'a lot'\n");
  await expect(open(scratch)).rejects.toMatchObject({
    code: "DatabaseUnavailable",
    message: expect.stringContaining("postgresql.auto.conf"),
    details: { next: expect.stringContaining("database.log") },
  });
});

test("a disk too small for a new database is said to be full, and leaves no half of one", async (context) => {
  await onSmallDisk(context, "20m", async (disk) => {
    const home = await openHome(disk);
    await expect(openDatabase({ home, log: silentLog })).rejects.toMatchObject({
      code: "DiskFull",
      message: expect.stringContaining(home.paths.database),
      details: { retryable: true },
    });
    await expect(stat(home.paths.database)).rejects.toThrow("ENOENT");
    await expect(stat(`${home.paths.database}.new`)).rejects.toThrow("ENOENT");
    await home.release();
  });
});

test("when the disk fills up writing stops with DiskFull, nothing committed is lost, and it goes on once there is room", async (context) => {
  await onSmallDisk(context, "160m", async (disk) => {
    const home = await openHome(disk);
    const database = await openDatabase({ home, log: silentLog, migrations: [] });
    await database.pool.query("CREATE TABLE entry (id int PRIMARY KEY, filler text)");
    let committed = 0;
    let failure: unknown;
    while (failure === undefined) {
      try {
        await database.pool.query(
          "INSERT INTO entry SELECT $1, string_agg(md5(random()::text), '') FROM generate_series(1, 50000)",
          [committed + 1],
        );
        committed += 1;
      } catch (error) {
        failure = error;
      }
    }
    const explained = database.explain(failure);
    await writeFile(join(disk, "ballast"), Buffer.alloc(200_000_000)).catch(() => {});
    const whileFull = await database.pool
      .query("INSERT INTO entry SELECT -1, string_agg(md5(random()::text), '') FROM generate_series(1, 50000)")
      .catch((error: unknown) => database.explain(error)?.code);
    await rm(join(disk, "ballast"));
    execFileSync("mount", ["-o", "remount,size=400m", disk]);
    await answersAgain(database);
    await database.pool.query("INSERT INTO entry VALUES (0, 'after')");
    const { rows } = await database.pool.query("SELECT count(*)::int AS entries FROM entry WHERE id >= 0");
    expect([explained?.code, explained?.details.retryable, whileFull, rows]).toEqual([
      "DiskFull",
      true,
      "DiskFull",
      [{ entries: committed + 1 }],
    ]);
    await database.stop();
    await home.release();
  });
});

describe.runIf(asRoot)("as root", () => {
  test("the server runs as nobody, whose way to its data is closed above it", async () => {
    await chmod(scratch, 0o700);
    const { home } = await open(join(scratch, "home"));
    const status = await readFile(`/proc/${await postmaster(home)}/status`, "utf8");
    expect([/^Uid:\s+(\d+)/m.exec(status)?.[1], (await stat(scratch)).uid]).toEqual(["65534", 0]);
  });

  test("an ordinary user's home works for that user, and for root afterwards", async () => {
    const nobody = { uid: 65_534, gid: 65_534 };
    await chown(scratch, nobody.uid, nobody.gid);
    const holder = await holdHome(scratch, "database", nobody);
    expect(holder.answer).toEqual({ holds: scratch });
    await holder.kill();
    const { database } = await open(scratch);
    expect((await database.pool.query("SELECT to_regclass('kept')::text AS kept")).rows).toEqual([{ kept: "kept" }]);
  });
});
