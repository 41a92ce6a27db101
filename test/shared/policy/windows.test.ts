import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { expect, test } from "vitest";
import { isZone, localInstant } from "../../../shared/policy/calendar.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";
import {
  checkBackupOverlap,
  checkBusinessHours,
  checkOffPeak,
  checkStandardWindow,
  nextBackupWindow,
  nextStandardWindow,
  regionZone,
} from "../../../shared/policy/windows.ts";

const OB = profileOf("openbravo");
const AC = profileOf("acumatica");
const at = (text: string) => new Date(text);

test.each([
  ["eu-west-1", "2026-02-10T00:00:00Z", "2026-03-02T22:00:00Z"],
  ["eu-west-1", "2026-03-02T22:00:00Z", "2026-03-02T22:00:00Z"],
  ["eu-west-1", "2026-03-02T22:00:01Z", "2026-04-06T21:00:00Z"],
  ["us-east-1", "2026-03-01T00:00:00Z", "2026-03-03T03:00:00Z"],
  ["us-east-1", "2026-03-08T00:00:00Z", "2026-04-07T02:00:00Z"],
  ["us-east-1", "2026-10-20T00:00:00Z", "2026-11-03T03:00:00Z"],
  ["ap-southeast-2", "2026-04-01T00:00:00Z", "2026-04-06T12:00:00Z"],
  ["eu-west-1", "2028-02-29T00:00:00Z", "2028-03-06T22:00:00Z"],
  ["eu-west-1", "2026-12-31T23:59:59Z", "2027-01-04T22:00:00Z"],
])("R33: in %s from %s the next standard window starts %s", (region, now, startsAt) => {
  const window = nextStandardWindow(OB, regionZone(region)!, at(now))!;
  expect(window.startsAt).toEqual(at(startsAt));
  expect(window.endsAt.getTime() - window.startsAt.getTime()).toBe(60 * 60_000);
});

test("R33: an answer does not depend on what was asked before, and changing it changes no later one", () => {
  const march = at("2026-03-02T22:00:00Z");
  const first = nextStandardWindow(OB, "Europe/Dublin", at("2026-02-20T00:00:00Z"))!;
  first.startsAt.setUTCFullYear(1999);
  for (const [now, startsAt] of [
    ["2026-02-25T00:00:00Z", march],
    ["2026-02-01T00:00:00Z", at("2026-02-02T22:00:00Z")],
    ["2026-03-02T22:00:00Z", march],
    ["2026-03-02T22:00:01Z", at("2026-04-06T21:00:00Z")],
  ] as const)
    expect(nextStandardWindow(OB, "Europe/Dublin", at(now))?.startsAt).toEqual(startsAt);
});

test("R33: Acumatica's text names no recurring window, so there is none", () => {
  expect(nextStandardWindow(AC, "Europe/Dublin", at("2026-03-01T00:00:00Z"))).toBeNull();
});

const zones = fc.oneof(
  fc.integer({ min: -14, max: 12 }).map((hours) => `Etc/GMT${hours > 0 ? "+" : ""}${hours || ""}`),
  fc.constantFrom("Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo"),
);
const moments = fc.date({ min: at("1990-01-01"), max: at("2090-01-01"), noInvalidDate: true });

test("R33: in every zone from -12 to +14 a standard window is the first Monday at 22:00, and never in the past", {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(zones, moments, (zone, now) => {
      const { startsAt } = nextStandardWindow(OB, zone, now)!;
      const local = Temporal.Instant.fromEpochMilliseconds(startsAt.getTime()).toZonedDateTimeISO(zone);
      expect([local.dayOfWeek, local.hour, local.minute, local.day <= 7]).toEqual([1, 22, 0, true]);
      expect(startsAt >= now).toBe(true);
      expect(startsAt.getTime() - now.getTime()).toBeLessThanOrEqual(36 * 86_400_000);
    }),
  );
});

test.each([
  ["the whole of it", "2026-03-02T22:00:00Z", "2026-03-02T23:00:00Z", true],
  ["a part of it", "2026-03-02T22:10:00Z", "2026-03-02T22:20:00Z", true],
  ["a minute before it", "2026-03-02T21:59:00Z", "2026-03-02T22:30:00Z", false],
  ["a minute beyond it", "2026-03-02T22:30:00Z", "2026-03-02T23:01:00Z", false],
  ["another Monday", "2026-03-09T22:00:00Z", "2026-03-09T23:00:00Z", false],
])("R33: work in %s", (_, startsAt, endsAt, allowed) => {
  const now = at("2026-02-20T00:00:00Z");
  const verdict = checkStandardWindow(OB, "Europe/Dublin", { startsAt: at(startsAt), endsAt: at(endsAt) }, now);
  expect(verdict).toMatchObject({ rule: "R33", allowed });
  expect(verdict.earliest).toBe(allowed ? undefined : "2026-03-02T22:00:00Z");
});

test.each([
  ["before it", "2026-03-02T23:00:00Z", "2026-03-03T00:00:00Z", true],
  ["into it", "2026-03-02T23:00:00Z", "2026-03-03T00:01:00Z", false],
  ["within it", "2026-03-03T02:00:00Z", "2026-03-03T03:00:00Z", false],
  ["over it", "2026-03-02T20:00:00Z", "2026-03-03T10:00:00Z", false],
  ["after it", "2026-03-03T06:00:00Z", "2026-03-03T07:00:00Z", true],
])("R62: work %s of the backup window (gap g)", (_, startsAt, endsAt, allowed) => {
  expect(checkBackupOverlap(AC, "Europe/Dublin", { startsAt: at(startsAt), endsAt: at(endsAt) })).toMatchObject({
    rule: "R62",
    allowed,
  });
});

test("R62: the backup window keeps its clock hours on the day the clocks change", () => {
  expect(nextBackupWindow(AC, "Europe/Dublin", at("2026-03-28T12:00:00Z"))).toEqual({
    startsAt: at("2026-03-29T00:00:00Z"),
    endsAt: at("2026-03-29T05:00:00Z"),
  });
  expect(nextBackupWindow(OB, "Europe/Dublin", at("2026-03-28T12:00:00Z"))).toBeNull();
});

test.each([
  ["Monday 08:00", "2026-03-02T07:00:00Z", false, "2026-03-02T17:00:00Z"],
  ["Monday 07:59", "2026-03-02T06:59:00Z", true, undefined],
  ["Monday 17:59", "2026-03-02T16:59:00Z", false, "2026-03-02T17:00:00Z"],
  ["Monday 18:00", "2026-03-02T17:00:00Z", true, undefined],
  ["Saturday noon", "2026-03-07T11:00:00Z", true, undefined],
  ["Monday in summer time", "2026-03-30T06:00:00Z", false, "2026-03-30T16:00:00Z"],
])("R72: overwriting production on %s in Madrid", (_, startsAt, allowed, earliest) => {
  const verdict = checkBusinessHours(AC, "Europe/Madrid", at(startsAt));
  expect([verdict.rule, verdict.allowed, verdict.earliest]).toEqual(["R72", allowed, earliest]);
});

test("R34 and R44: scheduled work is held at times of low traffic", () => {
  const noon = at("2026-03-02T11:00:00Z");
  expect(checkOffPeak(OB, "Europe/Madrid", noon)).toMatchObject({ rule: "R34", allowed: false });
  expect(checkOffPeak(AC, "Europe/Madrid", noon)).toMatchObject({ rule: "R44", allowed: false });
  expect(checkOffPeak(AC, "Europe/Madrid", at("2026-03-01T11:00:00Z")).allowed).toBe(true);
});

test.each([
  ["Europe/Madrid", true],
  ["UTC", true],
  ["Etc/GMT+12", true],
  ["+02:00", false],
  ["Europe/Atlantis", false],
  ["", false],
  ["x".repeat(10_000), false],
])("the zone %s is known: %s", (zone, known) => {
  expect(isZone(zone)).toBe(known);
});

test("a local time that the clocks skip or show twice is refused with both readings", () => {
  expect(() => localInstant("2026-03-29T02:30", "Europe/Madrid")).toThrow(
    /skip.*2026-03-29T00:30:00Z.*2026-03-29T01:30:00Z/,
  );
  expect(() => localInstant("2026-10-25T02:30", "Europe/Madrid")).toThrow(/show twice.*00:30:00Z.*01:30:00Z/);
  expect(localInstant("2026-03-29T03:00", "Europe/Madrid")).toEqual(at("2026-03-29T01:00:00Z"));
  expect(() => localInstant("2026-02-30T22:00", "Europe/Madrid")).toThrow(/no local time|is not a local time/);
});
