import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { z } from "zod";
import type { TermsEntry as EntrySchema } from "../../../shared/terms/model.ts";
import { describeOnBothDatabases } from "../../support/database.ts";
import { TENANTS, termsOn } from "./terms-for-tests.ts";

const NOW = "2026-01-12T09:00:00Z";

/** What a rejected call says. */
async function failure(call: Promise<unknown>) {
  return call.then(
    () => expect.unreachable("it was not refused"),
    ({ code, message, details }) => ({ code, message, details }),
  );
}

type Api = ReturnType<typeof termsOn>["api"];
/** As somebody writes it: what has a default may be left out. */
type TermsEntry = z.input<typeof EntrySchema>;

const record = (api: Api, tenant: string, entry: TermsEntry, requestId: string = randomUUID()) =>
  api.record({ requestId, tenant, entry, reason: "Letter of the customer" });

const datesOf = (clocks: readonly { id: string; on: string }[]) => clocks.map(({ id, on }) => `${id} ${on}`);

describeOnBothDatabases("the contract of a tenant", (open) => {
  test("R46, R80, R82, R83, R84: every date follows from the invoice date, the quarters are the subscription's", async () => {
    const { api } = termsOn((await open()).database, NOW);
    const terms = await api.get({ tenant: "kestrel" });
    expect(terms.state).toBe("active");
    expect(datesOf(terms.clocks)).toEqual([
      "invoice 2025-02-10",
      "renewBy 2026-01-11",
      "yearOne 2026-02-10",
      "quarter 2026-02-10",
      "nextUpdate 2026-02-10",
      "nextUpgrade 2026-02-10",
      "renewal 2026-02-10",
      "upgrade 2026-02-11",
      "quarter 2026-05-10",
      "downgrade 2026-05-10",
      "quarter 2026-08-10",
      "quarter 2026-11-10",
      "cancel 2027-02-10",
    ]);
    expect(terms.clocks.every(({ rule, source, reason }) => rule && source && reason)).toBe(true);
  });

  test("R86, R87, R88: an end starts the parallel clocks of 10 and 30 days, and the state follows from the dates", async () => {
    const { api, clock } = termsOn((await open()).database, NOW);
    await record(api, "kestrel", { kind: "notice", on: "2025-12-20" });
    expect((await api.get({ tenant: "kestrel" })).state).toBe("notice");
    const ended = await record(api, "kestrel", { kind: "end", on: "2026-02-10" });
    expect(ended.state).toBe("notice");
    expect(datesOf(ended.clocks).slice(-4)).toEqual([
      "end 2026-02-10",
      "copyRequest 2026-02-20",
      "suspension 2026-03-12",
      "deletion 2026-03-12",
    ]);

    const stateAt = async (now: string) => {
      clock.now = new Date(now);
      return (await api.get({ tenant: "kestrel" })).state;
    };
    expect(await stateAt("2026-02-10T07:00:00Z")).toBe("request-open");
    expect(await stateAt("2026-02-20T06:59:59Z")).toBe("request-open");
    expect(await stateAt("2026-02-20T07:00:00Z")).toBe("suspended");
    await record(api, "kestrel", { kind: "standing", good: false });
    clock.now = new Date("2026-02-15T12:00:00Z");
    expect((await api.get({ tenant: "kestrel" })).acts.copyRequest).toMatchObject({ rule: "R87", allowed: false });
    expect(await stateAt("2026-03-12T06:00:00Z")).toBe("due-for-deletion");
    await record(api, "kestrel", { kind: "hold", held: true });
    expect((await api.get({ tenant: "kestrel" })).acts.deletion).toMatchObject({ allowed: false, rule: "R86" });

    const renewed = await record(api, "kestrel", { kind: "end", on: null });
    expect(renewed).toMatchObject({ state: "active", facts: { noticeOn: null, endOn: null, legalHold: true } });
    expect(renewed.records.map(({ entry, by }) => `${entry.kind} ${by}`)).toEqual([
      "end Camille",
      "hold Camille",
      "standing Camille",
      "end Camille",
      "notice Camille",
    ]);
  });

  test("R89: after the end of an Openbravo contract its data can be fetched for 60 days", async () => {
    const { api, clock } = termsOn((await open()).database, NOW);
    const ended = await record(api, "albatros", { kind: "end", on: "2026-01-10" });
    expect(ended.state).toBe("retrieval");
    expect(datesOf(ended.clocks)).toEqual([
      "handedOver 2025-03-14",
      "invoice 2025-03-15",
      "handOverTarget 2025-03-17",
      "handOverLimit 2025-03-21",
      "end 2026-01-10",
      "retrieval 2026-03-11",
      "deletion 2026-03-11",
      "yearOne 2026-03-15",
    ]);
    clock.now = new Date("2026-03-10T23:00:00Z");
    expect((await api.get({ tenant: "albatros" })).state).toBe("due-for-deletion");
  });

  test("R89: a deletion is recorded once every clock has run out and nothing holds it, and ends the state", async () => {
    const { api, clock } = termsOn((await open()).database, NOW);
    const deleted = (on: string) => record(api, "albatros", { kind: "deletion", on });
    expect(await failure(deleted("2026-01-12"))).toMatchObject({ code: "RefusedByRule" });
    await record(api, "albatros", { kind: "end", on: "2026-01-10" });
    clock.now = new Date("2026-03-20T12:00:00Z");
    expect(await failure(deleted("2026-03-10"))).toMatchObject({ code: "RefusedByRule", details: { rule: "R89" } });
    expect(await failure(deleted("2026-04-10"))).toMatchObject({ code: "InvalidInput" });
    await record(api, "albatros", { kind: "hold", held: true });
    expect(await failure(deleted("2026-03-11"))).toMatchObject({ code: "RefusedByRule" });
    await record(api, "albatros", { kind: "hold", held: false });
    expect((await deleted("2026-03-11")).state).toBe("deleted");
    expect(await failure(record(api, "albatros", { kind: "end", on: null }))).toMatchObject({ code: "InvalidInput" });
    expect((await api.board()).expiries.at(-1)).toMatchObject({ slug: "albatros", state: "deleted", next: null });
  });

  test("a fact is recorded once however often it is sent, and another one under its request is a conflict", async () => {
    const { api } = termsOn((await open()).database, NOW);
    const requestId = randomUUID();
    const notice = { kind: "notice", on: "2026-01-05" } as const;
    await Promise.all([record(api, "albatros", notice, requestId), record(api, "albatros", notice, requestId)]);
    expect((await api.get({ tenant: "t-ob" })).records).toEqual([
      { id: requestId, entry: notice, reason: "Letter of the customer", by: "Camille", at: new Date(NOW) },
    ]);
    const other = { kind: "notice", on: "2026-01-06" } as const;
    expect(await failure(record(api, "albatros", other, requestId))).toMatchObject({ code: "Conflict" });
    expect(await failure(record(api, "kestrel", notice, requestId))).toMatchObject({ code: "Conflict" });
  });

  test("facts that contradict one another are refused by name, and nothing of them is kept", async () => {
    const { api, clock } = termsOn((await open()).database, NOW);
    const refused = async (entry: TermsEntry) => {
      const { code, message } = await failure(record(api, "albatros", entry));
      return `${code}: ${message}`;
    };
    expect(await refused({ kind: "notice", on: "2026-01-13" })).toMatch(/InvalidInput: .*lies ahead of today/);
    expect(await refused({ kind: "notice", on: "2025-03-14" })).toMatch(/before the start of the subscription/);
    expect(await refused({ kind: "end", on: "2025-03-15" })).toMatch(/the end on 2025-03-15 is before/);
    expect(await refused({ kind: "end", on: null })).toMatch(/no end of the contract is recorded/);
    expect(await refused({ kind: "copy-delivery", on: "2026-01-05" })).toMatch(/no copy request/);
    expect(await refused({ kind: "term", months: 6 })).toMatch(/RefusedByRule: .*6 of at least 12 months/);
    expect(await refused({ kind: "exception-end", exceptionId: "none" })).toMatch(/there is no exception none/);
    const tier = { name: "weekly", everyHours: 168, keepDays: 90 };
    expect(await refused({ kind: "tiers", tiers: [tier, tier] })).toMatch(/"weekly" is named twice/);

    await record(api, "albatros", { kind: "notice", on: "2026-01-10" });
    expect(await refused({ kind: "end", on: "2026-01-09" })).toMatch(/before the notice on 2026-01-10/);
    clock.now = new Date("2026-01-11T09:00:00Z");
    expect(await refused({ kind: "hold", held: true })).toMatch(/clock of this machine .* before the newest record/);
    expect((await api.get({ tenant: "albatros" })).records).toHaveLength(1);
    expect(await failure(api.get({ tenant: "nobody" }))).toMatchObject({ code: "NotFound" });
    expect(await failure(record(api, "albatros", { kind: "end", on: "2026-02-30" as string }))).toMatchObject({
      code: "BAD_REQUEST",
    });
  });

  test("exceptions to one rule may not overlap, and a withdrawn one makes room", async () => {
    const { api } = termsOn((await open()).database, NOW);
    const exception = (from: string, until: string, rule = "R42") =>
      ({ kind: "exception", rule, document: "Annex 3 <signed>", from, until }) as const;
    const requestId = randomUUID();
    const first = await record(api, "albatros", exception("2026-01-01", "2026-06-30"), requestId);
    expect(first.exceptions).toMatchObject([{ id: requestId, rule: "R42", standing: "in-force", by: "Camille" }]);
    expect(first.entitlements.find(({ id }) => id === "version")).toMatchObject({ exceptionId: requestId });

    expect(await failure(record(api, "albatros", exception("2026-06-30", "2026-12-31")))).toMatchObject({
      code: "Conflict",
      details: { rule: "R42", tenant: "albatros" },
      message: expect.stringContaining('"Annex 3 <signed>" from 2026-01-01 to 2026-06-30'),
    });
    expect(await failure(record(api, "albatros", exception("2026-08-01", "2026-07-31")))).toMatchObject({
      code: "InvalidInput",
    });
    await record(api, "albatros", exception("2026-06-30", "2026-12-31", "R8"));
    await record(api, "kestrel", exception("2026-06-30", "2026-12-31"));
    await record(api, "albatros", { kind: "exception-end", exceptionId: requestId });
    const last = await record(api, "albatros", exception("2026-02-01", "2026-12-31"));
    expect(last.exceptions.map(({ rule, standing }) => `${rule} ${standing}`)).toEqual([
      "R42 withdrawn",
      "R42 ahead",
      "R8 ahead",
    ]);
  });

  test("R81, R82, R83: the solver gives the first day and the last day of notice for it", async () => {
    const { api } = termsOn((await open()).database, NOW);
    const answer = async (tenant: string, act: "upgrade" | "downgrade" | "cancel" | "end", announcedOn?: string) => {
      const found = await api.solve({ tenant, act, ...(announcedOn ? { announcedOn } : {}) });
      return `${found.verdict.rule} ${found.effectiveOn} by ${found.noticeBy}`;
    };
    expect(await answer("albatros", "downgrade")).toBe("R81 2026-02-11 by 2026-01-12");
    expect(await answer("albatros", "upgrade", "2025-06-01")).toBe("R81 2026-01-12 by 2025-12-13");
    expect(await answer("kestrel", "upgrade")).toBe("R82 2026-02-11 by 2026-01-12");
    expect(await answer("kestrel", "downgrade", "2026-01-11")).toBe("R82 2026-02-10 by 2026-01-11");
    expect(await answer("kestrel", "cancel", "2026-01-11")).toBe("R83 2026-02-10 by 2026-01-11");
    const end = await api.solve({ tenant: "kestrel", act: "end" });
    expect(datesOf(end.afterwards)).toEqual(["copyRequest 2027-02-20", "suspension 2027-03-12", "deletion 2027-03-12"]);
    const wanted = await api.solve({ tenant: "kestrel", act: "downgrade", wantedOn: "2026-03-01" });
    expect(wanted).toMatchObject({ effectiveOn: "2026-05-10", verdict: { allowed: false, rule: "R82" } });
  });

  test("R42: the version board is in order of urgency, the expiry board in order of the days left", async () => {
    const { api } = termsOn((await open()).database, NOW);
    const until = "2026-06-30";
    await record(api, "albatros", { kind: "exception", rule: "R42", document: "Annex 3", from: "2026-01-01", until });
    await record(api, "albatros", { kind: "end", on: "2026-01-10" });
    const board = await api.board();
    expect(
      board.versions.map(({ slug, environment, support, newest, exceptionUntil }) => ({
        ...{ slug, environment, state: support.state, leaves: support.leavesInReleases, newest, exceptionUntil },
      })),
    ).toEqual([
      { slug: "albatros", environment: "production", state: "last", leaves: 0, newest: "26Q2", exceptionUntil: until },
      { slug: "albatros", environment: "test", state: "current", leaves: 3, newest: "26Q2", exceptionUntil: until },
      {
        ...{ slug: "kestrel", environment: "production", state: "current", leaves: null },
        ...{ newest: "2026 R1", exceptionUntil: null },
      },
    ]);
    expect(
      board.expiries.map(({ slug, state, next, daysLeft }) => `${slug} ${state} ${next?.id} ${next?.on} ${daysLeft}`),
    ).toEqual(["kestrel active renewal 2026-02-10 29", "albatros retrieval retrieval 2026-03-11 58"]);
  });

  test("one tenant with a zone that is not known stays on the boards and says so", async () => {
    const broken = { ...TENANTS[0]!, id: "t-x", slug: "broken", zone: "Mars/Olympus" };
    const { api } = termsOn((await open()).database, NOW, [...TENANTS, broken]);
    const { expiries } = await api.board();
    expect(expiries[0]).toMatchObject({ slug: "broken", next: null, problem: expect.stringContaining("Mars/Olympus") });
    expect(expiries).toHaveLength(3);
  });

  test("values of the signed contract stand where the text is silent, until then they are open", async () => {
    const { api, facts } = termsOn((await open()).database, NOW);
    const standingOf = async (id: string) =>
      (await api.get({ tenant: "kestrel" })).entitlements.find((one) => one.id === id);
    expect(await standingOf("uptime")).toMatchObject({ standing: "open", fromContract: false });
    await record(api, "kestrel", { kind: "uptime", percent: 99.5 });
    const tiers = [{ name: "weekly", everyHours: 168, keepDays: 90 }];
    await record(api, "kestrel", { kind: "tiers", tiers });
    expect(await standingOf("uptime")).toMatchObject({
      ...{ standing: "promised", fromContract: true, facts: { percent: 99.5 } },
    });
    expect(await standingOf("tiers")).toMatchObject({ standing: "promised", rule: "R63" });
    expect(await facts("t-ac")).toMatchObject({ uptimePercent: 99.5, retentionTiers: tiers });
  });

  test("R6, R9, R100: what is included is told per environment", async () => {
    const { api } = termsOn((await open()).database, NOW);
    const { entitlements } = await api.get({ tenant: "albatros" });
    const of = (environment: string) =>
      entitlements
        .filter((one) => one.environment === environment && ["monitoring", "backups", "sla", "size"].includes(one.id))
        .map(({ id, standing, rule }) => `${id} ${standing} ${rule}`);
    expect(of("production")).toEqual(["monitoring promised R6", "backups promised R6", "sla promised R7"]);
    expect(of("test")).toEqual([
      "monitoring not-promised R9",
      "backups not-promised R9",
      "sla not-promised R9",
      "size promised R8",
    ]);
    const acumatica = await api.get({ tenant: "kestrel" });
    expect(acumatica.entitlements.filter(({ rule }) => rule === "R100")).toHaveLength(7);
  });

  test("a profile shows each number with its rule, its source and whom it binds", async () => {
    const { api } = termsOn((await open()).database, NOW);
    const until = "2026-06-30";
    await record(api, "kestrel", { kind: "exception", rule: "R86", document: "Annex 1", from: "2026-01-01", until });
    const profile = (await api.profiles()).find(({ id }) => id === "acumatica");
    expect(profile?.tenants).toEqual([{ slug: "kestrel", customer: "Kestrel <Motors>" }]);
    expect(profile?.numbers.find(({ path }) => path === "lifecycle.suspensionDays")).toEqual({
      ...{ path: "lifecycle.suspensionDays", value: "30", rule: "R86", source: "AC:34", note: null },
      excepted: ["kestrel"],
    });
    const paths = profile?.numbers.map(({ path }) => path) ?? [];
    expect(new Set(paths).size).toBe(paths.length);
  });

  test("R46, R47: the train follows from the start or the last recorded act, until Flex leaves it to the customer", async () => {
    const { api, trains } = termsOn((await open()).database, NOW);
    const stops = async () => (await api.get({ tenant: "kestrel" })).clocks.filter(({ id }) => id.startsWith("nextUp"));
    // It runs the newest release, so the next days from today on count.
    expect(datesOf(await stops())).toEqual(["nextUpdate 2026-02-10", "nextUpgrade 2026-02-10"]);
    await record(api, "kestrel", { kind: "upgrade", on: "2025-12-31" });
    expect(datesOf(await stops())).toEqual(["nextUpdate 2026-01-31", "nextUpgrade 2026-06-30"]);
    expect(
      (await trains("2026-01-01", "2026-04-01")).map(({ tenantId, kind, on }) => `${tenantId} ${kind} ${on}`),
    ).toEqual(["t-ac update 2026-01-31", "t-ac update 2026-02-28", "t-ac update 2026-03-31"]);
    expect((await api.get({ tenant: "kestrel" })).freeSandbox).toMatchObject({ rule: "R30", allowed: true });

    const terms = await record(api, "kestrel", { kind: "flex", flex: true });
    expect(terms.facts.isFlex).toBe(true);
    expect(terms.freeSandbox).toMatchObject({ rule: "R30", allowed: false });
    expect((await stops()).map(({ rule }) => rule)).toEqual(["R47", "R47"]);
    expect(await trains("2026-01-01", "2026-04-01")).toEqual([]);
    const { versions } = await api.board();
    expect(
      versions.map(({ slug, environment, train }) => [slug, environment, train?.updateOn, train?.isAutomatic]),
    ).toEqual(
      expect.arrayContaining([
        ["kestrel", "production", "2026-01-31", false],
        ["albatros", "production", undefined, undefined],
      ]),
    );
    for (const entry of [
      { kind: "flex", flex: true },
      { kind: "update", on: "2026-01-02" },
    ] as const)
      expect(await failure(record(api, "albatros", entry))).toMatchObject({ code: "InvalidInput" });
  });
});
