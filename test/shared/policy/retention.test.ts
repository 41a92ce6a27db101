import { expect, test } from "vitest";
import type { PolicyProfile } from "../../../shared/policy/profile.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";
import {
  accessWindow,
  checkBackupDeletion,
  checkCopyPromise,
  checkNights,
  checkPlaces,
  checkPointInTime,
  nightDueAt,
  nightLedger,
} from "../../../shared/policy/retention.ts";

const OB = profileOf("openbravo");
const AC = profileOf("acumatica");
const at = (text: string) => new Date(text);
const both = ["eu-west-1", "eu-central-1"];
const since = "2025-01-01";

const nightly = (from: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    takenAt: new Date(at(from).getTime() + index * 86_400_000),
    places: both,
  }));

test("R51: thirty nights with their backups are thirty kept cells, the running night pending", () => {
  const ledger = nightLedger(
    OB,
    "Europe/Dublin",
    nightly("2026-01-01T01:00:00Z", 60),
    { since },
    at("2026-03-01T20:00:00Z"),
  );
  expect(ledger).toHaveLength(30);
  expect(ledger.map((one) => one.state)).toEqual([...Array(29).fill("kept"), "pending"]);
  expect(ledger.at(-1)).toEqual({ night: "2026-03-01", state: "pending", takenAt: null, places: 0 });
  expect(checkNights(OB, ledger)).toMatchObject({ rule: "R51", allowed: true });
});

test("R49: a missed night is a hole that the check names", () => {
  const copies = nightly("2026-01-01T01:00:00Z", 60).filter(
    (one) => one.takenAt.getTime() !== at("2026-02-10T01:00:00Z").getTime(),
  );
  const ledger = nightLedger(OB, "Europe/Dublin", copies, { since }, at("2026-03-01T20:00:00Z"));
  expect(ledger.filter((one) => one.state === "missing").map((one) => one.night)).toEqual(["2026-02-09"]);
  expect(checkNights(OB, ledger)).toMatchObject({
    rule: "R51",
    allowed: false,
    facts: { missing: 1, firstMissing: "2026-02-09" },
  });
});

test("R50: a night whose copy stands in one place only is shown so; two copies in one place are one", () => {
  const ledger = nightLedger(
    OB,
    "Europe/Dublin",
    [
      { takenAt: at("2026-02-28T01:00:00Z"), places: ["eu-west-1", "eu-west-1"] },
      { takenAt: at("2026-03-01T01:00:00Z"), places: both },
    ],
    { since },
    at("2026-03-01T20:00:00Z"),
  );
  expect(ledger.slice(-3).map((one) => [one.night, one.state])).toEqual([
    ["2026-02-27", "one-place"],
    ["2026-02-28", "kept"],
    ["2026-03-01", "pending"],
  ]);
  expect(checkPlaces(OB, { takenAt: at("2026-03-01T01:00:00Z"), places: ["eu-west-1"] })).toMatchObject({
    rule: "R50",
    allowed: false,
  });
  expect(checkPlaces(AC, { takenAt: at("2026-03-01T01:00:00Z"), places: both })).toMatchObject({
    rule: "R61",
    allowed: true,
  });
});

test("R49: backups before and after midnight belong to one night, and nights before the service began are left out", () => {
  const copies = [
    { takenAt: at("2026-02-27T23:30:00Z"), places: ["eu-west-1"] },
    { takenAt: at("2026-02-28T00:30:00Z"), places: both },
  ];
  const ledger = nightLedger(OB, "UTC", copies, { since: "2026-02-27" }, at("2026-02-28T20:00:00Z"));
  expect(ledger.map((one) => [one.night, one.state])).toEqual([
    ["2026-02-27", "kept"],
    ["2026-02-28", "pending"],
  ]);
});

test("R49: nights keep their dates over the changes of the clocks and over a leap day", () => {
  const spring = nightLedger(OB, "Europe/Dublin", [], { since }, at("2026-04-05T20:00:00Z"));
  expect(new Set(spring.map((one) => one.night)).size).toBe(30);
  const leap = nightLedger(OB, "Europe/Dublin", [], { since }, at("2028-03-10T20:00:00Z"));
  expect(leap.map((one) => one.night)).toContain("2028-02-29");
  expect(nightDueAt("Europe/Dublin", at("2026-03-28T20:00:00Z"))).toEqual(at("2026-03-29T11:00:00Z"));
});

test("R60: Acumatica's daily backups are checked over as many nights as are asked for, since no number is promised (gap b)", () => {
  const now = at("2026-03-01T20:00:00Z");
  expect(nightLedger(AC, "UTC", [], { since }, now)).toEqual([]);
  const ledger = nightLedger(AC, "UTC", nightly("2026-02-20T01:00:00Z", 10), { since, nights: 5 }, now);
  expect(checkNights(AC, ledger)).toMatchObject({ rule: "R60", allowed: true, note: expect.stringMatching(/gap b/) });
});

const now = at("2026-03-03T01:00:00Z");
test.each([
  ["exactly 30 days", "2026-02-01T01:00:00Z", true],
  ["a minute less", "2026-02-01T01:01:00Z", false],
])("R51: a copy of %s may be deleted", (_, takenAt, allowed) => {
  expect(checkBackupDeletion(OB, at(takenAt), now)).toMatchObject({
    rule: "R51",
    allowed,
    ...(allowed ? {} : { earliest: "2026-03-03T01:01:00Z" }),
  });
});

const tiered: PolicyProfile = {
  ...AC,
  fromContract: { retentionTiers: [{ name: "weekly", everyHours: 168, keepDays: 90 }] },
};

test("R63: nothing of Acumatica's is deleted until the contract's schedules are entered", () => {
  expect(checkBackupDeletion(AC, at("2020-01-01T00:00:00Z"), now)).toMatchObject({ rule: "R63", allowed: false });
  expect(checkBackupDeletion(tiered, at("2020-01-01T00:00:00Z"), now, "weekly")).toMatchObject({
    rule: "R63",
    allowed: true,
  });
  expect(checkBackupDeletion(tiered, at("2026-02-01T00:00:00Z"), now, "weekly").earliest).toBe("2026-05-02T00:00:00Z");
  expect(checkBackupDeletion(tiered, at("2020-01-01T00:00:00Z"), now, "yearly").allowed).toBe(false);
});

test.each([
  ["R51 within 30 days", OB, "2026-02-01T01:00:00Z", false, undefined, "R51", true],
  ["R51 older", OB, "2026-02-01T00:59:00Z", false, undefined, "R51", false],
  ["R51 of the future", OB, "2026-03-03T01:01:00Z", false, undefined, "R51", false],
  ["R64 within the purchased week", AC, "2026-02-24T01:00:00Z", true, undefined, "R64", true],
  ["R67 a minute before that week", AC, "2026-02-24T00:59:00Z", true, undefined, "R67", false],
  ["R67 without the service", AC, "2026-03-02T01:00:00Z", false, undefined, "R67", false],
  ["R63 by a schedule of the contract", tiered, "2026-01-01T00:00:00Z", false, "weekly", "R63", true],
] as const)("a copy that is promised: %s", (_, profile, takenAt, hasAccess, tier, rule, allowed) => {
  const copy = { takenAt: at(takenAt), hasAccess, ...(tier ? { tier } : {}) };
  expect(checkCopyPromise(profile, copy, now)).toMatchObject({ rule, allowed });
});

test("R64: the purchased access shows seven rolling days", () => {
  expect(accessWindow(AC, true, now)).toEqual({ from: at("2026-02-24T01:00:00Z"), to: now });
  expect(accessWindow(AC, false, now)).toBeNull();
  expect(accessWindow(OB, true, now)).toBeNull();
});

test("R53: under Openbravo only the latest state can be recovered", () => {
  expect(checkPointInTime(OB, null)).toMatchObject({ rule: "R53", allowed: true });
  expect(checkPointInTime(OB, now)).toMatchObject({ rule: "R53", allowed: false });
});
