import fc from "fast-check";
import { expect, test } from "vitest";
import type { AvailabilityInterval } from "../../../shared/metrics/availability.ts";
import { availabilityIntervals } from "../../../shared/metrics/availability.ts";
import { MAINTENANCE_KINDS } from "../../../shared/policy/profile.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";
import { monthOf } from "../../../shared/policy/sla.ts";
import {
  type MonthFacts,
  monthCsv,
  type ProvenWindow,
  reportCsv,
  slaReport,
  slaRow,
} from "../../../shared/sla/report.ts";

const at = (text: string) => new Date(text);
const PROOF = { fileName: "notice.eml", sha256: "a".repeat(64), bytes: 900 };

const seen = (from: string, to: string, state: AvailabilityInterval["state"], detail: string | null = null) =>
  ({ from: at(from), to: at(to), state, source: state === "unknown" ? "console" : "probe", detail }) as const;

const march = (change: Partial<MonthFacts> = {}): MonthFacts => ({
  tenant: {
    ...{ tenantId: "t-ob", slug: "albatros", customer: "Albatros & Fils", service: "openbravo", owner: "Atelier" },
    ...{ isLab: false, environmentId: "e-1", region: "eu-west-1", zone: "UTC" },
  },
  month: "2026-03",
  whole: monthOf("2026-03", "UTC"),
  served: { startsAt: at("2025-01-01T00:00:00Z"), endsAt: at("2026-05-01T00:00:00Z") },
  intervals: [
    seen("2026-02-20T00:00:00Z", "2026-03-02T22:05:00Z", "up"),
    seen("2026-03-02T22:05:00Z", "2026-03-02T22:25:00Z", "degraded", "lockout"),
    seen("2026-03-02T22:25:00Z", "2026-03-10T10:00:00Z", "degraded", "slow"),
    seen("2026-03-10T10:00:00Z", "2026-03-10T10:15:00Z", "down", "database does not answer"),
    seen("2026-03-10T10:15:00Z", "2026-03-10T11:15:00Z", "unknown", "nobody looked"),
    seen("2026-03-10T11:15:00Z", "2026-04-20T00:00:00Z", "up"),
  ],
  windows: [
    {
      ...{ id: "w-1", kind: "standard", title: "Kernel", zone: "Europe/Dublin" },
      ...{ startsAt: at("2026-03-02T22:00:00Z"), endsAt: at("2026-03-02T22:15:00Z") },
      proof: { sentAt: at("2026-02-20T09:00:00Z"), proof: PROOF },
    },
  ],
  profileAt: () => profileOf("openbravo"),
  ...change,
});

test("R37: a locked-out host is down; of it only the noticed window is excluded, with the proof beside it", () => {
  const report = slaReport(march());
  expect(report).toMatchObject({ downMinutes: 25, excludedMinutes: 10, unknownMinutes: 60, isOver: true });
  expect(
    report.stretches.map((one) => [one.class, (one.to.getTime() - one.from.getTime()) / 60_000, one.windowId]),
  ).toEqual([
    ["up", 2 * 1440 - 115, null],
    ["excluded", 10, "w-1"],
    ["down", 10, null],
    ["up", 10_775, null],
    ["down", 15, null],
    ["unknown", 60, null],
    ["up", 31_005, null],
  ]);
  expect(report.windows).toMatchObject([{ id: "w-1", verdict: { allowed: true, rule: "R37" }, proof: PROOF }]);
});

test("R37: a notice that the ledger does not prove excludes nothing", () => {
  const [window] = march().windows;
  expect(slaReport(march({ windows: [{ ...window!, proof: null }] }))).toMatchObject({
    downMinutes: 35,
    excludedMinutes: 0,
    windows: [{ verdict: { allowed: false }, noticeSentAt: null, proof: null }],
  });
});

test("where nobody ever looked the whole month is unknown, and no availability is told", () => {
  const row = slaRow(march({ intervals: [] }));
  expect(row).toMatchObject({ unknownMinutes: 44_640, upMinutes: 0, availabilityPercent: null, met: null });
});

test("only what was in service counts: from the hand-over, and not after the end of the contract", () => {
  const served = { startsAt: at("2026-03-10T10:10:00Z"), endsAt: at("2026-03-10T12:15:00Z") };
  expect(slaRow(march({ served }))).toMatchObject({
    totalMinutes: 125,
    downMinutes: 5,
    unknownMinutes: 60,
    upMinutes: 60,
  });
  expect(slaReport(march({ served })).isOver).toBe(false);
  const before = { startsAt: at("2026-04-02T00:00:00Z"), endsAt: at("2026-04-02T00:00:00Z") };
  expect(slaReport(march({ served: before }))).toMatchObject({
    totalMinutes: 0,
    stretches: [],
    availabilityPercent: null,
  });
});

test("a file for a spreadsheet holds each stretch with its proof, and no text of a customer becomes a formula", () => {
  const report = slaReport(march());
  const lines = reportCsv(report).split("\r\n");
  expect(lines[2]).toBe(
    `albatros,2026-03,2026-03-02T22:05:00.000Z,2026-03-02T22:15:00.000Z,10,excluded,probe,lockout,w-1,R37,OB:110,2026-02-20T09:00:00.000Z,notice.eml,${"a".repeat(64)}`,
  );
  const hostile = { ...slaRow(march()), customer: '=HYPERLINK("x"),1' };
  expect(monthCsv("2026-03", [hostile])).toContain(`"'=HYPERLINK(""x""),1"`);
});

const moment = fc.date({ min: at("2026-02-25"), max: at("2026-04-05"), noInvalidDate: true });
const events = fc.array(
  fc.record({
    at: moment,
    state: fc.constantFrom("up", "degraded", "down", "unknown"),
    detail: fc.constantFrom(null, "lockout", "slow"),
  }),
  { maxLength: 12 },
);
const windows = fc.array(
  fc.record({
    id: fc.uuid(),
    kind: fc.constantFrom(...MAINTENANCE_KINDS),
    startsAt: moment,
    minutes: fc.integer({ min: 1, max: 3_000 }),
    sentAt: fc.option(fc.date({ min: at("2025-11-01"), max: at("2026-04-05"), noInvalidDate: true })),
  }),
  { maxLength: 6 },
);
const zones = fc.constantFrom("UTC", "Europe/Madrid", "America/Denver", "Asia/Tokyo", "Australia/Lord_Howe");

test("R37: whatever was seen and planned, the stretches fill the month once, agree with its figures, and replay alike", {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(
      fc.constantFrom("openbravo", "acumatica"),
      zones,
      events,
      windows,
      moment,
      (service, zone, told, planned, now) => {
        const whole = monthOf("2026-03", zone);
        const range = { from: at("2026-02-20"), to: now };
        const replay = (list: typeof told) =>
          availabilityIntervals(
            list.map((one, seq) => ({ ...one, source: "probe" as const, seq })),
            now,
            range,
          );
        // Events at one instant are told apart by their number, which a shuffled replay would change.
        const once = told.filter((one, index) => told.findIndex((other) => +other.at === +one.at) === index);
        const facts = march({
          ...{ whole, intervals: replay(once), profileAt: () => profileOf(service) },
          tenant: { ...march().tenant, service, zone },
          served: { startsAt: at("2026-02-01"), endsAt: now },
          windows: planned.map(
            ({ minutes, sentAt, ...one }): ProvenWindow => ({
              ...{ ...one, title: "", zone: "Europe/Dublin", endsAt: new Date(+one.startsAt + minutes * 60_000) },
              proof: sentAt && { sentAt, proof: PROOF },
            }),
          ),
        });
        const report = slaReport(facts);
        const parts = [report.upMinutes, report.downMinutes, report.excludedMinutes, report.unknownMinutes];
        for (const part of parts) expect(part).toBeGreaterThanOrEqual(0);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(report.totalMinutes, 6);
        expect(report.totalMinutes).toBeLessThanOrEqual((+whole.endsAt - +whole.startsAt) / 60_000);

        const { stretches } = report;
        for (const [index, one] of stretches.entries()) {
          expect(+one.to).toBeGreaterThan(+one.from);
          if (index > 0) expect(+one.from).toBe(+stretches[index - 1]!.to);
        }
        const sumOf = (kind: string) =>
          stretches.reduce((sum, one) => sum + (one.class === kind ? (+one.to - +one.from) / 60_000 : 0), 0);
        for (const [index, kind] of ["up", "down", "excluded", "unknown"].entries())
          expect(sumOf(kind)).toBeCloseTo(parts[index]!, 6);

        expect(
          slaReport({ ...facts, intervals: replay(once.toReversed()), windows: facts.windows.toReversed() }),
        ).toEqual(report);
      },
    ),
  );
});
