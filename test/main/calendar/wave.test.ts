import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { WaveDraft } from "../../../shared/calendar/model.ts";
import { describeOnBothDatabases } from "../../support/database.ts";
import { calendarOn, TENANTS } from "./calendar-for-tests.ts";

const NOW = "2026-01-12T09:00:00Z";
const WAVE: WaveDraft = {
  ...{ tenants: ["albatros", "kestrel"], environment: "production", kind: "standard", minutes: 30 },
  ...{ title: "Kernel", interrupts: true, impact: "Off line.", overrides: {} },
  ...{ firstDay: "2026-02-07", timeOfDay: "22:00", concurrency: 1 },
};

describeOnBothDatabases("a wave of windows", (open) => {
  test("R44: those that are allowed are planned at their local hour, the refused are listed with their earliest start", async () => {
    const { api } = calendarOn((await open()).database, NOW);
    const soon = { ...WAVE, firstDay: "2026-01-13", concurrency: 2 };
    const dry = await api.checkMany(soon);
    expect(dry.counts).toEqual({ allowed: 1, planned: 0, refused: 1 });
    expect(dry.rows[1]).toMatchObject({ tenant: "kestrel", outcome: "refused", verdicts: [{ rule: "R44" }] });
    expect(dry.rows[1]!.earliest!.getTime()).toBeGreaterThanOrEqual(Date.parse(NOW) + 7 * 86_400_000);
    const all = { from: new Date(NOW), to: new Date("2026-12-01T00:00:00Z") };
    expect((await api.list(all)).windows).toEqual([]);

    const planned = await api.scheduleMany({ ...soon, requestId: randomUUID() });
    expect(planned.counts).toEqual({ allowed: 0, planned: 1, refused: 1 });
    expect((await api.list(all)).windows.map(({ slug }) => slug)).toEqual(["albatros"]);
  });

  test("repeating a wave with the same request plans nothing twice; the canary goes first", async () => {
    const { api } = calendarOn((await open()).database, NOW);
    const input = { ...WAVE, canary: "kestrel", requestId: randomUUID() };
    const [first, again] = [await api.scheduleMany(input), await api.scheduleMany(input)];
    expect(again).toEqual(first);
    expect(first.rows.map(({ tenant, startsAt }) => [tenant, startsAt?.toISOString()])).toEqual([
      ["kestrel", "2026-02-08T03:00:00.000Z"],
      ["albatros", "2026-02-08T22:00:00.000Z"],
    ]);
  });

  test("an unknown tenant, a missing environment and an hour that the clocks skip are named; the others go on", async () => {
    const { api } = calendarOn((await open()).database, NOW);
    const input = { ...WAVE, tenants: ["nobody", "kestrel", "albatros"], environment: "test" as const, concurrency: 9 };
    const wave = await api.checkMany(input);
    expect(wave.rows.map(({ outcome, problem }) => [outcome, problem])).toEqual([
      ["refused", "There is no tenant nobody."],
      ["refused", "kestrel has no test environment."],
      ["allowed", null],
    ]);
    const skipped = await api.checkMany({ ...WAVE, tenants: ["kestrel"], firstDay: "2026-03-08", timeOfDay: "02:30" });
    expect(skipped.rows[0]).toMatchObject({ outcome: "refused", startsAt: null });
    expect(skipped.rows[0]!.problem).toMatch(/skip/);
  });

  test("overrides are listed and counted by rule and person", async () => {
    const { api } = calendarOn((await open()).database, NOW, TENANTS);
    const overrides = { R44: "Agreed by telephone" };
    await api.scheduleMany({
      ...WAVE,
      tenants: ["kestrel"],
      firstDay: "2026-01-13",
      overrides,
      requestId: randomUUID(),
    });
    const range = { from: new Date("2026-01-01T00:00:00Z"), to: new Date("2026-02-01T00:00:00Z") };
    const found = await api.overrides(range);
    expect(found).toMatchObject({
      overrides: [{ rule: "R44", reason: "Agreed by telephone", by: "Camille", slug: "kestrel", at: new Date(NOW) }],
      ...{ byRule: [{ rule: "R44", count: 1 }], byPerson: [{ by: "Camille", count: 1 }] },
    });
    expect((await api.overrides({ ...range, tenant: "albatros" })).overrides).toEqual([]);
  });
});
