import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import ICAL from "ical.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { calendarArea } from "../../../main/calendar/index.ts";
import type { Console, ConsoleOptions } from "../../../main/console.ts";
import { type Database, openDatabase } from "../../../main/database/index.ts";
import { openHome } from "../../../main/home/index.ts";
import { runCli } from "../../../main/hosts/cli.ts";
import { silentLog } from "../../../main/log.ts";
import { shippedProfiles } from "../../../shared/policy/profiles.ts";
import { scratchHome } from "../../support/database.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { createFakeConsole } from "../hosts/fake-console.ts";
import { NO_MAIL, TENANTS } from "./calendar-for-tests.ts";

let database: Database;
let folder: string;
const endings: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const scratch = await scratchFolder("window-verbs");
  folder = scratch.folder;
  const { home, remove } = await scratchHome();
  database = await openDatabase({ home, log: silentLog });
  endings.push(scratch.remove, remove, () => database.stop());
});
afterAll(async () => {
  for (const end of endings.reverse()) await end();
});

/** A console whose calendar is the real one. */
async function startConsole(options: ConsoleOptions): Promise<Console> {
  const home = await openHome(options.home, options.host);
  const fake = createFakeConsole(options.home);
  const calendar = calendarArea({
    pool: database.pool,
    now: () => new Date("2026-01-12T09:00:00Z"),
    tenants: async () => TENANTS,
    profiles: async () => shippedProfiles,
    trains: async () => [],
    contacts: async () => [],
    mail: NO_MAIL,
    messages: options.home,
    machine: "desk-1",
    operator: () => "Camille",
    changed: () => undefined,
  });
  return {
    ...fake,
    router: { ...fake.router, calendar: calendar.router },
    stop: () => fake.stop().then(() => home.release()),
  };
}

async function run(...argv: string[]) {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const streams = { out, err, in: Readable.from([]), env: { FLEETWRIGHT_HOME: join(folder, "home") } };
  const status = await runCli(["window", ...argv], {
    ...{ streams, interrupted: new AbortController().signal, startConsole },
  });
  const text = String(out.read() ?? "");
  return { status, text, err: String(err.read() ?? ""), document: argv.includes("--json") ? JSON.parse(text) : null };
}

const MAJOR = ["albatros", "--kind", "major", "--impact", "The tills work off line.", "--minutes", "240", "--json"];

test("a refused check ends with 3 and the earliest start, and that start can be planned", async () => {
  const refused = await run("check", ...MAJOR, "--start", "2026-02-02T22:00");
  expect(refused.status).toBe(3);
  expect(refused.document).toMatchObject({
    ...{ rule: "R40", allowed: false, earliest: "2026-04-06T21:00:00.000Z", durationSeconds: 14_400 },
    counters: { major: { used: 1, allowed: 2, year: 2026 } },
  });
  const schedule = ["schedule", ...MAJOR, "--request-id", "6f6a3a05-92b1-4a3a-9d4a-0f4d8f7a1c11"];
  const failed = await run(...schedule, "--start", "2026-02-02T22:00");
  expect(failed.status).toBe(3);
  expect(failed.document.error).toMatchObject({
    ...{ code: "RefusedByRule", rule: "R40", earliest: "2026-04-06T21:00:00.000Z" },
  });
  const planned = await run(...schedule, "--start", refused.document.earliest);
  expect([planned.status, planned.document.state, planned.document.startsAt]).toEqual([
    ...[0, "planned", "2026-04-06T21:00:00.000Z"],
  ]);
  expect((await run(...schedule, "--start", refused.document.earliest)).document).toEqual(planned.document);
});

test("an overridden refusal is planned, moved, told, proven and cancelled from the command line", async () => {
  const plan = ["kestrel", "--kind", "standard", "--impact", "Short stop", "--start", "2026-01-13T22:00", "--json"];
  expect((await run("schedule", ...plan)).status).toBe(3);
  const planned = await run("schedule", ...plan, "--override", "R44=Agreed by phone");
  expect(planned.status).toBe(0);
  const { id } = planned.document;

  const to = ["--start", "2026-01-24T20:00", "--zone", "America/Denver", "--json"];
  const moved = await run("move", id, ...to);
  expect([moved.status, moved.document.startsAt]).toEqual([0, "2026-01-25T03:00:00.000Z"]);

  const drafted = await run("notice", "draft", id, "--language", "fr", "--json");
  expect(drafted.document).toMatchObject({ state: "draft", language: "fr" });
  const file = join(folder, "notice.eml");
  expect((await run("notice", "export", drafted.document.id, "--out", file)).status).toBe(0);
  expect(await readFile(file, "utf8")).toContain("X-Unsent: 1");
  await writeFile(file, "the message as it was sent");
  const sent = await run("notice", "sent", drafted.document.id, "--proof", file, "--json");
  expect(sent.document).toMatchObject({
    provenInTime: true,
    proof: { fileName: "notice.eml", sha256: createHash("sha256").update("the message as it was sent").digest("hex") },
  });
  expect((await run("notice", "list", id)).text).toContain("notice.eml");
  const ledger = await run("notice", "list", "--from", "2026-01-12", "--to", "2026-12-31", "--json");
  expect(ledger.document).toContainEqual(
    expect.objectContaining({ id, sent: expect.objectContaining({ by: "Camille", proof: "file" }) }),
  );

  expect((await run("cancel", id)).status).toBe(2);
  expect((await run("cancel", id, "--reason", "Not needed", "--json")).document.state).toBe("cancelled");
});

test("list and calendar show the same range, for people and for programs", async () => {
  const range = ["--from", "2026-02-01", "--to", "2026-03-01"];
  const listed = await run("list", ...range, "--json");
  expect(Object.keys(listed.document)).toEqual(["windows", "recurring", "blackouts"]);
  expect((await run("list", ...range)).text).toContain("by contract");
  const feed = await run("calendar", ...range, "--tenant", "albatros");
  const events = new ICAL.Component(ICAL.parse(feed.text)).getAllSubcomponents("vevent");
  expect(events).toHaveLength(1);
});

test.each([
  [["schedule", "albatros", "--start", "2026-02-02T22:00"], "No kind is named"],
  [["schedule", "--kind", "major", "--start", "2026-02-02T22:00"], "No tenant is named"],
  [["check", "albatros", "--kind", "major"], "No start is named"],
  [["check", "albatros", "--kind", "repair"], "standard, emergency"],
  [["check", "albatros", "--kind", "application", "--start", "2026-03-29T01:30"], "skip"],
  [["notice", "burn", "w-1"], "Choose one of list"],
  [["notice", "sent", "n-1"], "needs its proof"],
  [["list", "--from", "yesterday"], "--from is no time"],
])("%j is a mistake in the call and says which", async (argv, words) => {
  const { status, err } = await run(...argv);
  expect([status, err]).toEqual([2, expect.stringContaining(words)]);
});
