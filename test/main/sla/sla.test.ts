import { createHash, randomUUID } from "node:crypto";
import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { calendarArea } from "../../../main/calendar/index.ts";
import type { Database } from "../../../main/database/index.ts";
import { metricsArea } from "../../../main/metrics/index.ts";
import { metricsStore } from "../../../main/metrics/store.ts";
import { slaArea } from "../../../main/sla/index.ts";
import { NO_MAIL, TENANTS as PLACES } from "../calendar/calendar-for-tests.ts";
import { TENANTS, termsOn } from "../terms/terms-for-tests.ts";
import { describeOnBothDatabases } from "../../support/database.ts";

/** SLA, calendar, contracts and looks from outside on one database, with one clock. */
function slaOn(database: Database, startsAt: string) {
  const terms = termsOn(database, startsAt);
  const { clock } = terms;
  const calendar = calendarArea({
    pool: database.pool,
    now: () => clock.now,
    tenants: async () => PLACES,
    profiles: terms.profiles,
    trains: async () => [],
    contacts: async () => [],
    mail: NO_MAIL,
    messages: "/nowhere",
    machine: "desk-1",
    operator: () => "Camille",
    changed: () => undefined,
  });
  const metrics = metricsArea({
    pool: database.pool,
    now: () => clock.now,
    shared: false,
    environments: async () => [],
    openChannel: () => Promise.reject(new Error("no host is asked")),
    intervals: () => ({ metricsSeconds: 10, healthSeconds: 60 }),
    operator: () => "Camille",
    changed: () => undefined,
    log: () => undefined,
  });
  const sla = slaArea({
    now: () => clock.now,
    tenants: async () => TENANTS,
    facts: terms.allFacts,
    profiles: terms.profiles,
    availability: metrics.availabilityOf,
    windows: calendar.noticed,
  });
  const store = metricsStore(database.pool);
  const place = { tenantId: "t-ob", tenantSlug: "albatros", environmentId: "e-ob-p" };
  return {
    ...{ clock, terms: terms.api, calendar: createRouterClient(calendar.router), api: createRouterClient(sla.router) },
    /** What the looks from outside recorded: from each instant on, the state. */
    async saw(
      ...changes: readonly (readonly [at: string, state: "up" | "degraded" | "down" | "unknown", detail?: string])[]
    ) {
      for (const [at, state, detail] of changes) {
        const look = { state, source: "probe", detail: detail ?? null, confirmedAt: new Date(at) } as const;
        await store.record(place, look, [
          { at: new Date(at), after: null, state, source: "probe", detail: look.detail },
        ]);
      }
    },
    async planned(startsAt: string, minutes: number, noticedAt: string | null) {
      const now = clock.now;
      if (noticedAt) clock.now = new Date(noticedAt);
      const window = await createRouterClient(calendar.router).schedule({
        ...{
          requestId: randomUUID(),
          tenant: "albatros",
          environment: "production",
          kind: "standard",
          startsAt,
          minutes,
        },
        ...{ title: "Kernel", interrupts: true, impact: "Off line.", overrides: { R33: "Agreed", R35: "Agreed" } },
      });
      if (noticedAt) {
        const notice = await createRouterClient(calendar.router).notices.draft({ windowId: window.id, language: "fr" });
        const proof = { fileName: "avis.eml", sha256: createHash("sha256").update("x").digest("hex"), bytes: 1 };
        await createRouterClient(calendar.router).notices.markSent({ noticeId: notice.id, sentAt: clock.now, proof });
      }
      clock.now = now;
      return window;
    },
  };
}

describeOnBothDatabases("the SLA of a month", (open) => {
  test("R37: a month follows from looks, calendar and proofs; only the noticed window is excluded", async () => {
    const { api, saw, planned } = slaOn((await open()).database, "2026-04-02T00:00:00Z");
    const window = await planned("2026-03-02T22:00:00Z", 60, "2026-02-01T09:00:00Z");
    await saw(
      ["2026-02-27T08:00:00Z", "up"],
      ["2026-03-02T22:10:00Z", "degraded", "lockout"],
      ["2026-03-02T23:10:00Z", "up"],
      ["2026-03-12T04:00:00Z", "down", "connection refused"],
      ["2026-03-12T04:30:00Z", "unknown"],
      ["2026-03-12T05:30:00Z", "up"],
      ["2026-04-01T23:59:30Z", "up"],
    );
    const report = await api.report({ tenant: "albatros", month: "2026-03" });
    // In Paris March has an hour less, and the hours after the last look of the month are known by the next one.
    expect(report).toMatchObject({ totalMinutes: 44_580, downMinutes: 40, excludedMinutes: 50, unknownMinutes: 60 });
    expect(report.stretches.filter((one) => one.class === "excluded")).toMatchObject([{ windowId: window.id }]);
    expect(report.windows).toMatchObject([{ verdict: { allowed: true }, proof: { fileName: "avis.eml" } }]);
    expect(report).toEqual(await api.report({ tenant: "t-ob", month: "2026-03" }));

    const { rows } = await api.month({ month: "2026-03" });
    expect(rows.map(({ slug, unknownMinutes }) => [slug, unknownMinutes])).toEqual([
      ["albatros", 60],
      ["kestrel", 44_580], // nobody looked
    ]);
    expect((await api.export({ month: "2026-03", tenant: "albatros", format: "csv" })).text).toContain("avis.eml");
    expect(JSON.parse((await api.export({ month: "2026-03", format: "json" })).text).rows).toHaveLength(2);
  });

  test("gap (d): a target is told once the contract's is entered, and judged by it", async () => {
    const { api, saw, terms } = slaOn((await open()).database, "2026-04-02T00:00:00Z");
    await saw(["2026-02-27T08:00:00Z", "up"], ["2026-03-12T04:00:00Z", "down"], ["2026-03-12T05:00:00Z", "up"]);
    await saw(["2026-04-01T23:59:30Z", "up"]);
    expect(await api.report({ tenant: "albatros", month: "2026-03" })).toMatchObject({
      targetPercent: null,
      met: null,
    });
    await terms.record({
      ...{ requestId: randomUUID(), tenant: "albatros", reason: "Signed contract" },
      entry: { kind: "uptime", percent: 99.9 },
    });
    const report = await api.report({ tenant: "albatros", month: "2026-03" });
    expect(report).toMatchObject({ targetPercent: 99.9, met: false, verdict: { allowed: false } });
  });

  test("what nobody looked at since the last look is unknown, and the present month is not over", async () => {
    const { api, saw } = slaOn((await open()).database, "2026-03-11T00:00:00Z");
    await saw(["2026-02-27T08:00:00Z", "up"], ["2026-03-10T22:00:00Z", "up"]);
    const report = await api.report({ tenant: "albatros", month: "2026-03" });
    expect(report).toMatchObject({ isOver: false, unknownMinutes: 120, downMinutes: 0, met: null });
    await expect(api.month({ month: "2026-05" })).rejects.toMatchObject({ code: "InvalidInput" });
    await expect(api.report({ tenant: "nobody", month: "2026-03" })).rejects.toMatchObject({ code: "NotFound" });
  });
});
