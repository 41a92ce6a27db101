import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../../main/database/index.ts";
import { checkTeamVersion, readTeamUrl } from "../../../main/database/team.ts";
import { silentLog } from "../../../main/log.ts";
import { redact } from "../../../main/vault/redact.ts";
import { scratchHome, serverPrograms, startServer, type TeamServer } from "../../support/database.ts";

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function open(url: string): Promise<Database> {
  const { home, remove } = await scratchHome();
  cleanUps.push(remove);
  const database = await openDatabase({ home, url, log: silentLog, migrations: [] });
  cleanUps.push(() => database.stop());
  return database;
}

test.each([
  ["postgresql://ops:secret@db.example.com:6432/fleet", "fleet on db.example.com:6432"],
  ["postgres://ops@/fleet?host=/run/postgresql", "fleet on /run/postgresql"],
  ["postgresql://db.example.com", "(default) on db.example.com"],
])("the place of %s is named without user and password", (url, place) => {
  expect(readTeamUrl(url).place).toBe(place);
});

test("a password is kept out of log lines, also percent-encoded", () => {
  readTeamUrl("postgresql://ops:p%40ss-w0rd-of-team@db/fleet");
  expect(redact("failed: p@ss-w0rd-of-team, p%40ss-w0rd-of-team")).toBe("failed: [secret], [secret]");
});

test.each([
  "not a url with pass-word-1",
  "mysql://ops:pass-word-1@db/fleet",
  "postgresql://ops:pass-word-1@[bad/fleet",
])("%s is refused without being repeated", async (url) => {
  const failure = await open(url).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "DatabaseUnavailable", details: { retryable: false } });
  expect(everything(failure)).not.toContain("pass-word-1");
});

test("a server that does not answer is told with its place, without the password", async () => {
  const failure = await open("postgresql://ops:pass-word-2@127.0.0.1:1/fleet").catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: "DatabaseUnavailable",
    message: expect.stringContaining("fleet on 127.0.0.1:1"),
    details: { retryable: true },
  });
  expect(everything(failure)).not.toContain("pass-word-2");
});

test("a server older than supported is refused", () => {
  expect(() => checkTeamVersion("14.11 (Debian)", "fleet on db")).toThrow(/needs 15 or newer/);
  checkTeamVersion("15.7 (Debian 15.7-1)", "fleet on db");
});

describe.runIf(serverPrograms() !== undefined || process.env["CI"])("on a server", () => {
  let server: TeamServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.remove());

  test.each([
    ["a wrong password", (url: string) => url.replace(server.password, "pass-word-3"), "user and password"],
    ["an unknown database", (url: string) => url.replace("/postgres?", "/nowhere?"), "Create the database"],
  ])("%s is told with the remedy", async (_, spoil, remedy) => {
    const failure = await open(spoil(server.adminUrl)).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "DatabaseUnavailable",
      details: { retryable: false, next: expect.stringContaining(remedy) },
    });
    expect(everything(failure)).not.toMatch(new RegExp(`pass-word-3|${server.password}`));
  });

  test("a server that goes and comes back is used again, and the gap in the notifications is told", async () => {
    const database = await open(server.adminUrl);
    const heard: string[] = [];
    await database.listen(
      "jobs",
      (payload) => heard.push(payload),
      () => heard.push("missed"),
    );
    await server.end("SIGINT");
    const failure = await database.pool.query("SELECT 1").catch((error: unknown) => error);
    await server.start();
    while (!heard.includes("missed")) await new Promise((resolve) => setTimeout(resolve, 20));
    await database.pool.query("SELECT pg_notify('jobs', 'back')");
    while (!heard.includes("back")) await new Promise((resolve) => setTimeout(resolve, 20));
    expect([database.kind, database.explain(failure)?.code, heard]).toEqual([
      "team",
      "DatabaseUnavailable",
      ["missed", "back"],
    ]);
  });
});

/** All that an error could show, print or store. */
function everything(error: unknown): string {
  const parts: string[] = [];
  for (let one = error as Error | undefined; one; one = one.cause as Error | undefined) {
    parts.push(String(one), one.stack ?? "", JSON.stringify(one));
  }
  return parts.join("\n");
}
