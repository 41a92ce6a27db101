import fc from "fast-check";
import { expect, test } from "vitest";
import { intersect, subtract, totalMs, union } from "../../../shared/policy/intervals.ts";
import { MAINTENANCE_KINDS, type PolicyProfile } from "../../../shared/policy/profile.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";
import {
  checkExclusion,
  checkMonth,
  type MonthEvents,
  monthOf,
  type NoticedWindow,
  slaMonth,
  withAllowances,
} from "../../../shared/policy/sla.ts";

const OB = profileOf("openbravo");
const AC = profileOf("acumatica");
const at = (text: string) => new Date(text);
const span = (from: string, to: string) => ({ startsAt: at(from), endsAt: at(to) });
const window = (kind: NoticedWindow["kind"], more: Partial<NoticedWindow> = {}): NoticedWindow => ({
  id: "w1",
  kind,
  ...span("2026-03-20T22:00:00Z", "2026-03-20T23:00:00Z"),
  noticeProvenAt: at("2026-01-01T00:00:00Z"),
  ...more,
});

test.each([
  ["R37 scheduled and noticed", OB, window("standard"), "R37", true],
  ["R37 scheduled, notice not proven", OB, window("standard", { noticeProvenAt: null }), "R37", false],
  [
    "R37 scheduled, noticed after the start",
    OB,
    window("standard", { noticeProvenAt: at("2026-03-20T22:01:00Z") }),
    "R37",
    false,
  ],
  ["R39 emergency, though noticed (gap c)", OB, window("emergency"), "R37", false],
  ["R38 a change by the partner", OB, window("application"), "R38", false],
  [
    "R40 major, noticed 60 days before",
    OB,
    window("major", { noticeProvenAt: at("2026-01-19T22:00:00Z") }),
    "R40",
    true,
  ],
  ["R40 major, a minute late", OB, window("major", { noticeProvenAt: at("2026-01-19T22:01:00Z") }), "R40", false],
  ["R40 the second major of the year", OB, window("major", { majorOfYear: 2 }), "R40", true],
  ["R40 the third major of the year", OB, window("major", { majorOfYear: 3 }), "R40", false],
  ["R41 a move is not scheduled maintenance", OB, window("move"), "R37", false],
  ["R44 noticed a week before", AC, window("standard", { noticeProvenAt: at("2026-03-13T22:00:00Z") }), "R44", true],
  ["R44 a minute late", AC, window("standard", { noticeProvenAt: at("2026-03-13T22:01:00Z") }), "R44", false],
  ["R45 unscheduled", AC, window("emergency"), "R45", false],
] as const)("exclusion of %s", (_, profile, asked, rule, allowed) => {
  expect(checkExclusion(profile, asked)).toMatchObject({ rule, allowed });
});

test("R40: of a major change at most 24 hours are excluded", () => {
  const long = window("major", span("2026-03-20T22:00:00Z", "2026-03-22T22:00:00Z"));
  expect(checkExclusion(OB, long).facts).toMatchObject({ until: "2026-03-21T22:00:00Z" });
});

test("R39: emergency minutes are excluded only where the contract says so, and then with 24 hours of notice", () => {
  const entered: PolicyProfile = { ...OB, fromContract: { emergencyMinutesExcluded: true } };
  expect(checkExclusion(entered, window("emergency", { noticeProvenAt: at("2026-03-19T22:00:00Z") })).allowed).toBe(
    true,
  );
  expect(checkExclusion(entered, window("emergency", { noticeProvenAt: at("2026-03-19T22:01:00Z") })).allowed).toBe(
    false,
  );
});

const planned = (id: string, kind: NoticedWindow["kind"], from: string, to: string) => ({
  ...window(kind, { id, ...span(from, to) }),
  zone: "America/New_York",
});

test("R40: majors are numbered by the calendar year of the data centre, in order of time", () => {
  const numbered = withAllowances(
    () => OB,
    [
      planned("third", "major", "2026-11-01T22:00:00Z", "2026-11-01T23:00:00Z"),
      planned("still last year there", "major", "2026-01-01T02:00:00Z", "2026-01-01T03:00:00Z"),
      planned("first", "major", "2026-02-01T22:00:00Z", "2026-02-01T23:00:00Z"),
      planned("no major", "standard", "2026-03-01T22:00:00Z", "2026-03-01T23:00:00Z"),
    ],
  );
  expect(numbered.map(({ id, majorOfYear }) => [id, majorOfYear])).toEqual([
    ["still last year there", 1],
    ["first", 1],
    ["no major", undefined],
    ["third", 2],
  ]);
});

test("R44: what the weekly average no longer holds counts: a window keeps the minutes that were left", () => {
  const counted = withAllowances(
    () => AC,
    [
      planned("90 minutes", "standard", "2026-03-01T22:00:00Z", "2026-03-01T23:30:00Z"),
      planned("an emergency takes nothing", "emergency", "2026-03-05T22:00:00Z", "2026-03-06T04:00:00Z"),
      planned("an hour, 30 minutes left", "standard", "2026-03-20T22:00:00Z", "2026-03-20T23:00:00Z"),
      planned("nothing left", "standard", "2026-03-21T22:00:00Z", "2026-03-21T23:00:00Z"),
      planned("weeks later", "standard", "2026-05-01T22:00:00Z", "2026-05-02T00:00:00Z"),
    ],
  );
  expect(counted.map(({ id, minutesLeft }) => [id, minutesLeft])).toEqual([
    ["90 minutes", undefined],
    ["an emergency takes nothing", undefined],
    ["an hour, 30 minutes left", 30],
    ["nothing left", 0],
    ["weeks later", undefined],
  ]);
  const verdicts = counted.map((one) => checkExclusion(AC, one));
  expect(verdicts[2]?.facts).toMatchObject({ until: "2026-03-20T22:30:00Z" });
  expect(verdicts[3]).toMatchObject({ rule: "R44", allowed: false });
});

const march: MonthEvents = {
  month: "2026-03",
  zone: "UTC",
  environment: "production",
  down: [span("2026-03-20T22:30:00Z", "2026-03-21T00:30:00Z"), span("2026-03-25T10:00:00Z", "2026-03-25T10:10:00Z")],
  unknown: [span("2026-03-25T10:05:00Z", "2026-03-25T10:25:00Z")],
  windows: [window("standard")],
};

test("R37: a month holds up, down, excluded and unknown minutes, each stretch with its proof", () => {
  const report = slaMonth(OB, march);
  expect(report).toMatchObject({
    totalMinutes: 44_640,
    downMinutes: 95,
    excludedMinutes: 30,
    unknownMinutes: 20,
    upMinutes: 44_495,
    targetPercent: null,
    met: null,
  });
  expect(report.excluded).toEqual([
    { ...span("2026-03-20T22:30:00Z", "2026-03-20T23:00:00Z"), windowId: "w1", rule: "R37", source: "OB:110" },
  ]);
  expect(checkMonth(OB, report)).toMatchObject({ rule: "R37", allowed: true, note: expect.stringMatching(/gap d/) });
});

test("R61: disaster minutes count, so a disaster is only downtime", () => {
  expect(slaMonth(AC, { ...march, windows: [], unknown: [] })).toMatchObject({ downMinutes: 130, excludedMinutes: 0 });
});

test("R37: the contract's target is met exactly at its percentage", () => {
  const target = (uptimePercent: number) => {
    const promised = { ...OB, fromContract: { uptimePercent } };
    return checkMonth(
      promised,
      slaMonth(promised, {
        ...march,
        windows: [],
        unknown: [],
        down: [span("2026-03-01T00:00:00Z", "2026-03-01T03:06:00Z")],
      }),
    );
  };
  expect([target(99.5833).allowed, target(99.5834).allowed]).toEqual([true, false]);
});

test("R9: a test environment has no SLA and no availability", () => {
  const report = slaMonth(OB, { ...march, environment: "test" });
  expect(report).toMatchObject({ protected: false, availabilityPercent: null, downMinutes: 95 });
  expect(checkMonth(OB, report)).toMatchObject({ rule: "R9", allowed: true });
});

test.each([
  ["2026-03", "Europe/Madrid", 31 * 24 - 1],
  ["2026-10", "Europe/Madrid", 31 * 24 + 1],
  ["2028-02", "Europe/Madrid", 29 * 24],
  ["2026-02", "Etc/GMT+12", 28 * 24],
  ["2026-02", "Etc/GMT-14", 28 * 24],
])("the month %s in %s has %i hours", (month, zone, hours) => {
  const { startsAt, endsAt } = monthOf(month, zone);
  expect((endsAt.getTime() - startsAt.getTime()) / 3_600_000).toBe(hours);
});

test.each(["2026-13", "2026-3", "", "March", "2026-03-01"])("%j is refused as a month", (month) => {
  expect(() => monthOf(month, "UTC")).toThrow(/no month/);
});

const moments = fc.date({ min: at("2026-02-20"), max: at("2026-04-10"), noInvalidDate: true });
const interval = fc.tuple(moments, moments).map(([a, b]) => ({ startsAt: a, endsAt: b }));
const intervals = fc.array(interval, { maxLength: 8 });
const windows = fc.array(
  fc.record({
    id: fc.uuid(),
    kind: fc.constantFrom(...MAINTENANCE_KINDS),
    startsAt: moments,
    endsAt: moments,
    noticeProvenAt: fc.option(fc.date({ min: at("2025-12-01"), max: at("2026-04-10"), noInvalidDate: true })),
    majorOfYear: fc.integer({ min: 1, max: 4 }),
  }),
  { maxLength: 6 },
);

test("interval algebra: parts add up, and order and repetition change nothing", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(intervals, intervals, (a, b) => {
      expect(totalMs(intersect(a, b)) + totalMs(subtract(a, b))).toBe(totalMs(a));
      expect(union([...a, ...b, ...a])).toEqual(union([...b, ...a]));
      expect(intersect(a, b)).toEqual(intersect(b, a));
      expect(intersect(subtract(a, b), b)).toEqual([]);
      for (const one of union(a)) expect(one.endsAt > one.startsAt).toBe(true);
    }),
  );
});

test("R37: no minute of a month is negative or above the month, the parts add up, and a replay is equal", {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(fc.constantFrom(OB, AC), intervals, intervals, windows, (profile, down, unknown, noticed) => {
      const events = { ...march, down, unknown, windows: noticed };
      const report = slaMonth(profile, events);
      const { totalMinutes, upMinutes, downMinutes, excludedMinutes, unknownMinutes } = report;
      for (const minutes of [upMinutes, downMinutes, excludedMinutes, unknownMinutes]) {
        expect(minutes).toBeGreaterThanOrEqual(0);
        expect(minutes).toBeLessThanOrEqual(totalMinutes);
      }
      expect(upMinutes + downMinutes + excludedMinutes + unknownMinutes).toBeCloseTo(totalMinutes, 6);
      expect(slaMonth(profile, { ...events, down: [...down].reverse() })).toEqual(report);
    }),
  );
});
