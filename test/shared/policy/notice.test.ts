import fc from "fast-check";
import { expect, test } from "vitest";
import { checkMajorChange, checkWeeklyAverage } from "../../../shared/policy/counters.ts";
import {
  calendarChanges,
  checkImpact,
  checkNotice,
  earliestMajorStart,
  type NoticeFacts,
} from "../../../shared/policy/notice.ts";
import { MAINTENANCE_KINDS } from "../../../shared/policy/profile.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";

const OB = profileOf("openbravo");
const AC = profileOf("acumatica");
const told = new Date("2026-03-02T20:00:00Z");
const at = (text: string) => new Date(text);
const facts = (kind: NoticeFacts["kind"], startsAt: string, more: Partial<NoticeFacts> = {}): NoticeFacts => ({
  kind,
  startsAt: at(startsAt),
  announcedAt: told,
  interrupts: true,
  ...more,
});

test.each([
  ["R39 24 hours to the minute", OB, facts("emergency", "2026-03-03T20:00:00Z"), "R39", true],
  ["R39 one minute early", OB, facts("emergency", "2026-03-03T19:59:00Z"), "R39", false],
  ["R39 without interruption", OB, facts("emergency", "2026-03-02T20:00:00Z", { interrupts: false }), "R39", true],
  ["R40 60 days to the minute", OB, facts("major", "2026-05-01T20:00:00Z"), "R40", true],
  ["R40 one minute early", OB, facts("major", "2026-05-01T19:59:00Z"), "R40", false],
  ["R40 without interruption", OB, facts("major", "2026-03-03T20:00:00Z", { interrupts: false }), "R40", false],
  ["R41 30 days to the minute", OB, facts("move", "2026-04-01T20:00:00Z"), "R41", true],
  ["R41 one minute early", OB, facts("move", "2026-04-01T19:59:00Z"), "R41", false],
  [
    "R41 within the region for recovery (gap f)",
    OB,
    facts("move", "2026-03-02T20:00:00Z", { move: { sameRegion: true, reason: "recovery" } }),
    "R41",
    true,
  ],
  [
    "R41 within the region for another reason",
    OB,
    facts("move", "2026-03-02T20:00:00Z", { move: { sameRegion: true, reason: "other" } }),
    "R41",
    false,
  ],
  [
    "R41 to another region for recovery",
    OB,
    facts("move", "2026-03-02T20:00:00Z", { move: { sameRegion: false, reason: "recovery" } }),
    "R41",
    false,
  ],
  [
    "R41 in a disaster (gap f)",
    OB,
    facts("move", "2026-03-02T20:00:00Z", { move: { sameRegion: false, reason: "disaster" } }),
    "R41",
    true,
  ],
  ["R35 told before", OB, facts("standard", "2026-03-02T20:00:00Z"), "R35", true],
  ["R35 told after", OB, facts("standard", "2026-03-02T19:59:00Z"), "R35", false],
  [
    "R33 in the window of the calendar, whenever told",
    OB,
    facts("standard", "2026-03-02T22:00:00Z", {
      announcedAt: at("2026-03-02T22:30:00Z"),
      calendar: { zone: "Europe/Dublin", endsAt: at("2026-03-02T23:00:00Z") },
    }),
    "R33",
    true,
  ],
  ["R38 a change by the partner", OB, facts("application", "2026-03-02T20:00:00Z"), "R38", true],
  ["R44 a week to the minute", AC, facts("standard", "2026-03-09T20:00:00Z"), "R44", true],
  ["R44 one minute early", AC, facts("standard", "2026-03-09T19:59:00Z"), "R44", false],
  ["R45 best effort", AC, facts("emergency", "2026-03-02T20:00:00Z"), "R45", true],
] as const)("notice %s", (_, profile, input, rule, allowed) => {
  expect(checkNotice(profile, input, told)).toMatchObject({ rule, allowed });
});

test("R32: each kind of maintenance is scheduled, and may leave the SLA, or is not", () => {
  const scheduled = (profile: typeof OB) => MAINTENANCE_KINDS.filter((kind) => profile.notices[kind].excludedFromSla);
  expect(scheduled(OB)).toEqual(["standard", "major"]);
  expect(scheduled(AC)).toEqual(["standard", "major", "move"]);
});

test("R39: a refusal names the earliest start, the source and that a reason may override it", () => {
  expect(checkNotice(OB, facts("emergency", "2026-03-03T08:00:00Z"), told)).toMatchObject({
    rule: "R39",
    allowed: false,
    earliest: "2026-03-03T20:00:00Z",
    source: "OB:116",
    overridable: true,
  });
});

test("R35: the contract's own length of notice is applied once it is entered", () => {
  const entered = { ...OB, fromContract: { calendarChangeNoticeHours: 48 } };
  expect(checkNotice(entered, facts("standard", "2026-03-04T20:00:00Z"), told).allowed).toBe(true);
  expect(checkNotice(entered, facts("standard", "2026-03-04T19:59:00Z"), told).allowed).toBe(false);
});

const days = (from: string, to: string) =>
  fc
    .date({ min: at(from), max: at(to), noInvalidDate: true })
    .map((one) => new Date(Math.floor(one.getTime() / 1000) * 1000));

test("R33 to R45: notice is monotone: told earlier or started later never turns allowed into refused", {
  timeout: 60_000,
}, () => {
  const moment = days("2026-01-01", "2027-12-31");
  const shift = fc.nat(400 * 86_400).map((seconds) => seconds * 1000);
  fc.assert(
    fc.property(
      fc.constantFrom(OB, AC),
      fc.constantFrom(...MAINTENANCE_KINDS),
      fc.boolean(),
      moment,
      moment,
      shift,
      shift,
      (profile, kind, interrupts, announcedAt, startsAt, earlier, later) => {
        const verdict = (announced: Date, start: Date) =>
          checkNotice(profile, { kind, interrupts, announcedAt: announced, startsAt: start }, announced).allowed;
        const better = verdict(new Date(announcedAt.getTime() - earlier), new Date(startsAt.getTime() + later));
        return better || !verdict(announcedAt, startsAt);
      },
    ),
  );
});

test("R39 to R44: the earliest start is itself allowed, a second before it is not", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.constantFrom(...MAINTENANCE_KINDS), days("2026-01-01", "2027-12-31"), (kind, announcedAt) => {
      for (const profile of [OB, AC]) {
        const asked = { kind, interrupts: true, announcedAt };
        const { earliest } = checkNotice(profile, { ...asked, startsAt: announcedAt }, announcedAt);
        if (earliest === undefined) continue;
        const start = at(earliest);
        expect(checkNotice(profile, { ...asked, startsAt: start }, announcedAt).allowed).toBe(true);
        const before = new Date(start.getTime() - 1000);
        expect(checkNotice(profile, { ...asked, startsAt: before }, announcedAt).allowed).toBe(false);
      }
    }),
  );
});

test("R40: a major change waits for its notice and for the next standard window", () => {
  expect(earliestMajorStart(OB, "Europe/Dublin", told)).toEqual(at("2026-05-04T21:00:00Z"));
  expect(earliestMajorStart(AC, "Europe/Dublin", told)).toEqual(at("2026-03-09T20:00:00Z"));
});

test.each([
  [true, "", false],
  [true, "no orders for an hour", true],
  [false, "", true],
])("R36: interruption %s with the impact %j", (interrupts, impact, allowed) => {
  expect(checkImpact(OB, interrupts, impact)).toMatchObject({ rule: "R36", allowed });
});

test("R35: a calendar's changes are what the customer must be told", () => {
  const entry = (id: string, day: string) => ({ id, startsAt: at(`${day}T22:00:00Z`), endsAt: at(`${day}T23:00:00Z`) });
  const before = [entry("a", "2026-03-02"), entry("b", "2026-04-06"), entry("c", "2026-05-04")];
  const after = [entry("a", "2026-03-02"), entry("b", "2026-04-13"), entry("d", "2026-03-16")];
  expect(calendarChanges(before, after).map(({ id, change }) => [id, change])).toEqual([
    ["d", "added"],
    ["b", "moved"],
    ["c", "cancelled"],
  ]);
  expect(calendarChanges(before, [...before].reverse())).toEqual([]);
});

const lasting = (start: string, hours: number) => ({
  startsAt: at(start),
  endsAt: new Date(at(start).getTime() + hours * 3_600_000),
});

test.each([
  ["the second of a year", lasting("2026-09-07T21:00:00Z", 24), ["2026-03-02T22:00:00Z"], true, undefined],
  [
    "the third of a year",
    lasting("2026-09-07T21:00:00Z", 1),
    ["2026-03-02T22:00:00Z", "2026-06-01T21:00:00Z"],
    false,
    "2026-12-31T23:00:00Z",
  ],
  [
    "the third of two years",
    lasting("2027-03-01T22:00:00Z", 1),
    ["2026-03-02T22:00:00Z", "2026-06-01T21:00:00Z"],
    true,
    undefined,
  ],
  ["longer than a day", lasting("2026-09-07T21:00:00Z", 24.1), [], false, undefined],
  [
    "the year of the data centre",
    lasting("2026-12-31T23:30:00Z", 1),
    ["2026-03-02T22:00:00Z", "2026-06-01T21:00:00Z"],
    true,
    undefined,
  ],
])("R40: a major change that is %s", (_, planned, others, allowed, earliest) => {
  const held = others.map((start) => lasting(start, 1));
  const verdict = checkMajorChange(OB, "Europe/Madrid", planned, held);
  expect([verdict.rule, verdict.allowed, verdict.earliest]).toEqual(["R40", allowed, earliest]);
});

test.each([
  ["30 minutes each week", 30, 30, true],
  ["120 minutes at once", 120, 0, true],
  ["121 minutes at once", 121, 0, false],
  ["31 minutes beside 30 a week", 31, 30, false],
])("R44: %s over four weeks", (_, planned, weekly, allowed) => {
  const others = [7, 14, 21].map((day) => lasting(`2026-03-${String(day).padStart(2, "0")}T02:00:00Z`, weekly / 60));
  expect(checkWeeklyAverage(AC, lasting("2026-03-28T02:00:00Z", planned / 60), others)).toMatchObject({
    rule: "R44",
    allowed,
  });
});

test("R44: a window before others counts with them too", () => {
  const later = [8, 15, 22].map((day) => lasting(`2026-03-${String(day).padStart(2, "0")}T02:00:00Z`, 40 / 60));
  expect(checkWeeklyAverage(AC, lasting("2026-03-01T02:00:00Z", 1), later).allowed).toBe(false);
  expect(checkWeeklyAverage(AC, lasting("2026-01-01T02:00:00Z", 1), later).allowed).toBe(true);
});

test("R44 and R40 promise nothing to the other service's tenants", () => {
  expect(checkWeeklyAverage(OB, lasting("2026-03-01T02:00:00Z", 20), []).allowed).toBe(true);
  expect(checkMajorChange(AC, "Europe/Madrid", lasting("2026-03-01T02:00:00Z", 20), []).allowed).toBe(true);
});
