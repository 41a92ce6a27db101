import fc from "fast-check";
import { expect, test } from "vitest";
import { profileOf } from "../../../shared/policy/profiles.ts";
import {
  checkChange,
  checkRenewal,
  checkStart,
  checkTermLength,
  nextQuarter,
  TERM_ACTS,
  type TermAct,
} from "../../../shared/policy/term.ts";

const OB = profileOf("openbravo");
const AC = profileOf("acumatica");

test("R82: a term from 15 Jan 2026 may be downgraded on 15 Jan 2027 at the earliest, with written notice by 16 Dec 2026", () => {
  const verdict = checkChange(AC, "downgrade", { invoiceDate: "2026-01-15" }, "2026-03-02", "2026-03-02");
  expect(verdict).toMatchObject({ rule: "R82", allowed: false, earliest: "2027-01-15", source: "AC:24,27" });
  expect(verdict.facts).toMatchObject({ noticeBy: "2026-12-16" });
});

const term = { invoiceDate: "2026-01-15" };
test.each<[string, "openbravo" | "acumatica", TermAct, string, string, string, boolean, string]>([
  ["R82 on the last day of notice", "acumatica", "downgrade", "2026-12-16", "2027-01-15", "R82", true, "2027-01-15"],
  ["R82 a day late with the notice", "acumatica", "downgrade", "2026-12-17", "2027-01-15", "R82", false, "2027-04-15"],
  [
    "R82 within year one, though a quarter",
    "acumatica",
    "downgrade",
    "2026-02-01",
    "2026-04-15",
    "R82",
    false,
    "2027-01-15",
  ],
  ["R82 between two quarters", "acumatica", "downgrade", "2026-12-01", "2027-02-01", "R82", false, "2027-04-15"],
  ["R82 at a calendar quarter", "acumatica", "downgrade", "2026-12-01", "2027-04-01", "R82", false, "2027-04-15"],
  ["R82 an upgrade with 30 days", "acumatica", "upgrade", "2026-03-01", "2026-03-31", "R82", true, "2026-03-31"],
  ["R82 an upgrade a day early", "acumatica", "upgrade", "2026-03-01", "2026-03-30", "R82", false, "2026-03-31"],
  ["R83 at the renewal", "acumatica", "cancel", "2026-12-16", "2027-01-15", "R83", true, "2027-01-15"],
  ["R83 a day late with the notice", "acumatica", "cancel", "2026-12-17", "2027-01-15", "R83", false, "2028-01-15"],
  ["R83 at a quarter", "acumatica", "cancel", "2026-12-16", "2027-04-15", "R83", false, "2028-01-15"],
  ["R81 any day with 30 days' notice", "openbravo", "cancel", "2026-02-01", "2026-03-03", "R81", true, "2026-03-03"],
  ["R81 a day early", "openbravo", "cancel", "2026-02-01", "2026-03-02", "R81", false, "2026-03-03"],
  ["R81 a downgrade in year one", "openbravo", "downgrade", "2026-02-01", "2026-03-03", "R81", true, "2026-03-03"],
  ["R81 over a leap day", "openbravo", "change", "2028-02-01", "2028-03-02", "R81", true, "2028-03-02"],
])("change of contract: %s", (_, service, act, notice, effective, rule, allowed, earliest) => {
  expect(checkChange(profileOf(service), act, term, notice, effective)).toMatchObject({ rule, allowed, earliest });
});

test.each([
  ["2025-11-30", "2026-02-01", "2026-02-28"],
  ["2025-11-30", "2026-03-01", "2026-05-30"],
  ["2025-08-31", "2025-09-01", "2025-11-30"],
  ["2024-02-29", "2025-02-01", "2025-02-28"],
  ["2024-02-29", "2028-02-01", "2028-02-29"],
  ["2026-01-15", "2026-04-15", "2026-04-15"],
  ["2026-01-15", "2026-01-15", "2026-04-15"],
  ["2026-01-15", "2020-01-01", "2026-04-15"],
])("R82: of a subscription from %s the first quarter on or after %s starts %s", (invoiceDate, day, quarter) => {
  expect(nextQuarter({ invoiceDate }, day)).toBe(quarter);
});

test("R83: a three-year term is cancelled at its own renewal", () => {
  expect(
    checkChange(AC, "cancel", { invoiceDate: "2026-01-15", months: 36 }, "2026-06-01", "2027-01-15"),
  ).toMatchObject({
    allowed: false,
    earliest: "2029-01-15",
  });
});

test("R81 to R83: the earliest day is itself allowed, is not before the notice allows, and later notice never brings it forward", {
  timeout: 60_000,
}, () => {
  const day = fc
    .date({ min: new Date("2020-01-01"), max: new Date("2040-01-01"), noInvalidDate: true })
    .map((one) => one.toISOString().slice(0, 10));
  fc.assert(
    fc.property(
      fc.constantFrom(OB, AC),
      fc.constantFrom(...TERM_ACTS),
      fc.record({ invoiceDate: day, months: fc.integer({ min: 12, max: 60 }) }),
      day,
      day,
      day,
      (profile, act, subscription, one, other, effective) => {
        const [early, late] = [one, other].sort() as [string, string];
        const verdict = checkChange(profile, act, subscription, early, effective);
        const earliest = verdict.earliest!;
        expect(earliest >= effective).toBe(true);
        expect(checkChange(profile, act, subscription, early, earliest).allowed).toBe(true);
        expect(checkChange(profile, act, subscription, late, effective).earliest! >= earliest).toBe(true);
        expect(verdict.allowed).toBe(earliest === effective);
      },
    ),
  );
});

test.each([
  ["R79", OB, 12, true],
  ["R79", OB, 11, false],
  ["R79", OB, 36, true],
] as const)("%s: a term of %s.id with %i months", (rule, profile, months, allowed) => {
  expect(checkTermLength(profile, months)).toMatchObject({ rule, allowed });
});

test.each([
  ["before the invoice date", "2026-01-14", null, false, 0],
  ["on the invoice date", "2026-01-15", null, true, 0],
  ["not live for a month", "2026-02-15", null, true, 31],
  ["live since a week", "2026-02-15", "2026-02-08", true, 24],
  ["live before the invoice", "2026-02-15", "2026-01-01", true, 0],
])("R80: the subscription runs from the invoice date, %s", (_, today, live, allowed, idlePaidDays) => {
  const verdict = checkStart(AC, "2026-01-15", live, today);
  expect(verdict).toMatchObject({ rule: "R80", allowed });
  expect(verdict.facts?.idlePaidDays).toBe(idlePaidDays);
});

test.each([
  ["2026-12-16", true],
  ["2026-12-17", false],
])("R84: a renewal of 15 Jan 2027 asked for on %s", (today, allowed) => {
  expect(checkRenewal(AC, "2027-01-15", today)).toMatchObject({ rule: "R84", allowed });
});
