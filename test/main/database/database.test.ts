import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Migration } from "../../../main/database/migrations/index.ts";
import { describeOnBothDatabases } from "../../support/database.ts";

const first: Migration = { name: "0001-first", sql: "CREATE TABLE tenant (id text PRIMARY KEY); SELECT 1;" };
const second: Migration = { name: "0002-second", sql: "ALTER TABLE tenant ADD COLUMN label text" };
const broken: Migration = { name: "0002-broken", sql: "CREATE TABLE half (id int); SELECT no_such_function()" };

describeOnBothDatabases("migrations", (open) => {
  test("are applied in order, once, and new ones follow", async () => {
    const { database, reopen } = await open({ migrations: [first] });
    await database.pool.query("INSERT INTO tenant VALUES ('acme')");
    const again = await reopen({ migrations: [first, second] });
    const { rows } = await again.pool.query("SELECT id, label FROM tenant");
    const names = await again.pool.query("SELECT name FROM fleetwright_migrations ORDER BY name");
    expect([rows, names.rows.map(({ name }) => name)]).toEqual([
      [{ id: "acme", label: null }],
      ["0001-first", "0002-second"],
    ]);
  });

  test("a database with unknown newer steps is refused and left as it is", async () => {
    const { reopen } = await open({ migrations: [first, second] });
    await expect(reopen({ migrations: [first] })).rejects.toMatchObject({
      code: "DatabaseNewer",
      message: expect.stringContaining("0002-second"),
      details: { next: expect.stringContaining("Update the app") },
    });
    const again = await reopen({ migrations: [first, second] });
    expect((await again.pool.query("SELECT label FROM tenant")).rows).toEqual([]);
  });

  test("a step whose text has changed is refused", async () => {
    const { reopen } = await open({ migrations: [first] });
    const changed = { ...first, sql: "CREATE TABLE tenant (id uuid PRIMARY KEY)" };
    await expect(reopen({ migrations: [changed] })).rejects.toMatchObject({ code: "DatabaseNewer" });
  });

  test("a step that fails leaves nothing of itself", async () => {
    const { reopen } = await open({ migrations: [first] });
    await expect(reopen({ migrations: [first, broken] })).rejects.toThrow("no_such_function");
    const again = await reopen({ migrations: [first, second] });
    expect((await again.pool.query("SELECT to_regclass('half') AS half")).rows).toEqual([{ half: null }]);
  });
});

describeOnBothDatabases("the application's own schema", (open) => {
  test("is applied and found again", async () => {
    const { database, reopen } = await open();
    const before = await database.pool.query(
      "SELECT count(*)::int AS steps FROM pg_tables WHERE schemaname = 'public'",
    );
    const again = await reopen();
    const after = await again.pool.query("SELECT count(*)::int AS steps FROM pg_tables WHERE schemaname = 'public'");
    expect(after.rows).toEqual(before.rows);
  });
});

describeOnBothDatabases("notifications", (open) => {
  test("arrive in order on the channels that are listened to, and no longer after the end", async () => {
    const { database } = await open({ migrations: [] });
    const heard: string[] = [];
    const stop = await database.listen("jobs", (payload) => heard.push(`jobs ${payload}`));
    await database.listen('odd "channel"', (payload) => heard.push(`odd ${payload}`));
    const notify = (channel: string, payload: string) =>
      database.pool.query("SELECT pg_notify($1, $2)", [channel, payload]);
    await notify("jobs", "1");
    await notify("jobs", "2");
    await notify('odd "channel"', "3");
    await notify("other", "4");
    await until(() => heard.length === 3);
    await stop();
    await notify("jobs", "5");
    await notify('odd "channel"', "6");
    await until(() => heard.length === 4);
    expect(heard).toEqual(["jobs 1", "jobs 2", "odd 3", "odd 6"]);
  });

  test("come again after the connection was cut, and the gap is told", async () => {
    const { database } = await open({ migrations: [] });
    const heard: string[] = [];
    await database.listen(
      "jobs",
      (payload) => heard.push(payload),
      () => heard.push("missed"),
    );
    await database.pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()",
    );
    await until(() => heard.includes("missed"));
    await database.pool.query("SELECT pg_notify('jobs', 'after')");
    await until(() => heard.includes("after"));
    expect(heard).toEqual(["missed", "after"]);
  });
});

describeOnBothDatabases("connections", (open) => {
  test("closed by the server, idle or in use, fail one query at most and crash nothing", async () => {
    const { database } = await open({ migrations: [] });
    const inUse = await database.pool.connect();
    inUse.removeAllListeners(); // as the job engine does
    await database.pool.query("SELECT 1");
    await database.pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()",
    );
    await wait(50);
    const failure = await inUse.query("SELECT 1").catch((error: unknown) => error);
    inUse.release(true);
    expect(database.explain(failure)).toMatchObject({ code: "DatabaseUnavailable", details: { retryable: true } });
    expect((await database.pool.query("SELECT 2 AS two")).rows).toEqual([{ two: 2 }]);
  });

  test("that idle too long for the server are replaced without a word", async () => {
    const { database } = await open({ migrations: [] });
    const client = await database.pool.connect();
    await client.query("SET idle_session_timeout = '30ms'");
    client.release();
    await expect.poll(() => database.pool.totalCount).toBe(0); // the server's word has arrived
    expect((await database.pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });

  test("hold hostile text as it is", async () => {
    const { database } = await open({ migrations: [first] });
    const names = [`'; DROP TABLE tenant; --`, "$1 $$ \\x00", "𝕷𝖊 café ‮", "x".repeat(10_000_000)];
    await database.pool.query("INSERT INTO tenant (id) SELECT left(v, 1000) FROM unnest($1::text[]) AS v", [names]);
    const { rows } = await database.pool.query("SELECT id FROM tenant");
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(names.map((name) => name.slice(0, 1000))));
  });

  test("an error in a query that is a bug is not explained away", async () => {
    const { database } = await open({ migrations: [] });
    const failure = await database.pool.query("SELECT nonsense").catch((error: unknown) => error);
    expect(database.explain(failure)).toBeUndefined();
  });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("waited in vain");
    await wait(5);
  }
}
