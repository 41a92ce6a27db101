import fc from "fast-check";
import { expect, test } from "vitest";
import { errorFacts } from "../../../shared/errors.ts";
import { EXPLAIN_FAMILIES, explain, explainInputs } from "../../../shared/policy/explain.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";
import { Verdict } from "../../../shared/policy/verdict.ts";

const now = new Date("2026-03-02T20:00:00Z");
const asked = (family: string, service: "openbravo" | "acumatica", facts: unknown) =>
  explain(family, facts, { profile: profileOf(service), now });
const failure = (family: string, facts: unknown) => {
  try {
    return asked(family, "openbravo", facts);
  } catch (error) {
    return errorFacts(error);
  }
};

/** "verdict", or the code of what was thrown. */
const outcome = (judge: () => unknown): string => {
  try {
    judge();
    return "verdict";
  } catch (error) {
    return errorFacts(error).code;
  }
};

test("an answer starts with rule, allowed, earliest, reason and source, in that order", () => {
  const answer = asked("notice", "openbravo", { kind: "emergency", start: "2026-03-03T08:00:00Z" });
  expect(Object.keys(answer).slice(0, 5)).toEqual(["rule", "allowed", "earliest", "reason", "source"]);
  expect(answer).toMatchObject({ rule: "R39", allowed: false, earliest: "2026-03-03T20:00:00Z", source: "OB:116" });
});

test.each<[string, string, "openbravo" | "acumatica", Record<string, unknown>, string, boolean]>([
  ["R39 at the limit", "notice", "openbravo", { kind: "emergency", start: "2026-03-03T20:00:00Z" }, "R39", true],
  ["R39 a minute early", "notice", "openbravo", { kind: "emergency", start: "2026-03-03T19:59:00Z" }, "R39", false],
  ["R39 no interruption", "notice", "openbravo", { kind: "emergency", start: now, interrupts: "no" }, "R39", true],
  [
    "R40 third of the year",
    "notice",
    "openbravo",
    { kind: "major", start: "2026-09-07T21:00:00Z", majors: 2 },
    "R40",
    false,
  ],
  [
    "R40 25 hours",
    "notice",
    "openbravo",
    { kind: "major", start: "2026-09-07T21:00:00Z", durationHours: "25" },
    "R40",
    false,
  ],
  [
    "R41 out of the region",
    "notice",
    "openbravo",
    { kind: "move", start: "2026-03-20", from_region: "eu-west-1", to_region: "us-east-1" },
    "R41",
    false,
  ],
  [
    "R41 within for recovery",
    "notice",
    "openbravo",
    { kind: "move", start: now, fromRegion: "eu-west-1", toRegion: "eu-west-1", reason: "recovery" },
    "R41",
    true,
  ],
  ["R44 by another name", "notice", "acumatica", { kind: "scheduled", startsAt: "2026-03-09T20:00:00Z" }, "R44", true],
  [
    "R33 the calendar's window",
    "notice",
    "openbravo",
    { kind: "standard", start: "2026-03-02T22:00", region: "eu-west-1" },
    "R33",
    true,
  ],
  [
    "R8 exactly half",
    "size",
    "openbravo",
    { vcpus: 2, memoryGib: 8, diskGib: 50, productionVcpus: 4, productionMemoryGib: 16, productionDiskGib: 100 },
    "R8",
    true,
  ],
  ["R8 text for numbers", "size", "openbravo", { "memory-gib": "8.5", "production-memory-gib": "16" }, "R8", false],
  [
    "R82",
    "term",
    "acumatica",
    { act: "downgrade", "invoice-date": "2026-01-15", notice: "2026-12-16", effective: "2027-01-15" },
    "R82",
    true,
  ],
  ["R83", "term", "acumatica", { act: "cancel", invoiceDate: "2026-01-15", effective: "2026-06-01" }, "R83", false],
  ["R81", "term", "openbravo", { act: "terminate", start: "2026-01-15", effective: "2026-04-01" }, "R81", true],
  ["R79", "term", "openbravo", { act: "length", invoiceDate: "2026-01-15", months: 6 }, "R79", false],
  ["R80", "term", "openbravo", { act: "start", invoiceDate: "2026-03-03" }, "R80", false],
  ["R84", "term", "acumatica", { act: "renew", invoiceDate: "2025-03-31" }, "R84", false],
  ["R51 delete", "retention", "openbravo", { act: "delete", taken: "2026-01-31T20:00:00Z" }, "R51", true],
  ["R51 restore", "retention", "openbravo", { taken: "2026-01-31T19:59:00Z" }, "R51", false],
  ["R53 a point in time", "retention", "openbravo", { target: "2026-03-01T00:00:00Z" }, "R53", false],
  ["R53 the latest", "retention", "openbravo", { target: "latest" }, "R53", true],
  ["R50 one place", "retention", "openbravo", { places: "eu-west-1" }, "R50", false],
  ["R64 access", "retention", "acumatica", { taken: "2026-03-01", access: true }, "R64", true],
  ["R67 best effort", "retention", "acumatica", { taken: "2026-03-01" }, "R67", false],
  ["R88 day ten", "lifecycle", "acumatica", { act: "copy", end: "2026-02-20T20:00:00Z" }, "R88", true],
  ["R88 a minute late", "lifecycle", "acumatica", { act: "copy", end: "2026-02-20T19:59:00Z" }, "R88", false],
  ["R87", "lifecycle", "acumatica", { act: "copy", end: "2026-02-25", standing: "false" }, "R87", false],
  ["R86 deletion at 30 days", "lifecycle", "acumatica", { act: "delete", end: "2026-01-31T20:00:00Z" }, "R86", true],
  ["R89 deletion at 30 days", "lifecycle", "openbravo", { act: "delete", end: "2026-01-31T20:00:00Z" }, "R89", false],
  ["R89 legal hold", "lifecycle", "openbravo", { act: "delete", end: "2025-01-31", "legal-hold": true }, "R89", false],
  ["R86 use while suspended", "lifecycle", "acumatica", { end: "2026-02-20" }, "R86", false],
  ["R42 three newer", "version", "openbravo", { version: "PR25Q1", newer: 3 }, "R42", true],
  ["R42 four newer", "version", "openbravo", { version: "PR25Q1", newer: 4 }, "R42", false],
  ["R42 by list", "version", "openbravo", { version: "PR24Q4", releases: "PR24Q4,PR25Q1,PR25Q2,PR25Q3" }, "R42", true],
  [
    "R42 by list, newest first",
    "version",
    "openbravo",
    { version: "PR24Q4", releases: ["PR25Q4", "PR25Q3", "PR25Q2", "PR25Q1", "PR24Q4"] },
    "R42",
    false,
  ],
  ["R92", "version", "openbravo", { version: "PR15Q1", act: "migrate", edition: "business" }, "R92", false],
  ["R33 outside", "window", "openbravo", { region: "eu-west-1" }, "R33", false],
  ["R62", "window", "acumatica", { region: "eu-west-1", start: "2026-03-03T02:00", minutes: 30 }, "R62", false],
  [
    "R72",
    "window",
    "acumatica",
    { kind: "business-hours", zone: "Europe/Madrid", start: "2026-03-02T12:00" },
    "R72",
    false,
  ],
  [
    "R37",
    "sla",
    "openbravo",
    { kind: "standard", start: "2026-03-02T22:00:00Z", end: "2026-03-02T23:00:00Z", announced: "2026-02-01" },
    "R37",
    true,
  ],
  [
    "R45",
    "sla",
    "acumatica",
    { kind: "unscheduled", start: "2026-03-02T22:00:00Z", end: "2026-03-02T23:00:00Z", announced: "2026-02-01" },
    "R45",
    false,
  ],
  ["R9", "sla", "openbravo", { kind: "standard", start: now, end: now, environment: "test" }, "R9", true],
  [
    "R37 a missed target",
    "sla",
    "openbravo",
    { month: "2026-02", down: "2026-02-01T00:00Z/2026-02-01T12:00Z", target: 99.5 },
    "R37",
    false,
  ],
  ["R10", "prefix", "openbravo", { prefix: "acme", taken: "globex,ACME" }, "R10", false],
  ["R12", "prefix", "acumatica", { domain: "erp.acme.example", certificate: "" }, "R12", true],
  ["R11", "prefix", "openbravo", { domain: "erp.acme.example", certificate: true }, "R11", false],
  ["R77", "licence", "openbravo", { edition: "commerce", users: 10, posTerminals: 19 }, "R77", false],
  ["R76", "licence", "openbravo", { edition: "prime", users: 100 }, "R76", false],
])("explain answers %s", (_, family, service, facts, rule, allowed) => {
  const answer = asked(family, service, facts);
  expect(answer).toMatchObject({ rule, allowed });
  expect(Verdict.parse(answer)).toEqual(answer);
});

test("R37: explain counts no minute of a month that has not come yet", () => {
  const minutes = (month: string) => asked("sla", "openbravo", { month }).facts?.upMinutes;
  expect([minutes("2026-02"), minutes("2026-03"), minutes("2026-04")]).toEqual([28 * 1440, 1440 + 20 * 60, 0]);
});

test("R82: explain finds the earliest downgrade and its notice by itself", () => {
  const answer = asked("term", "acumatica", { act: "downgrade", "invoice-date": "2026-01-15" });
  expect(answer).toMatchObject({ earliest: "2027-01-15", facts: { noticeBy: "2026-12-16" } });
});

test.each<[string, string, unknown, RegExp]>([
  ["an unknown family", "weather", {}, /no rule family "weather"/],
  ["a missing fact", "notice", { kind: "emergency" }, /start: is missing/],
  ["an unknown fact", "notice", { kind: "emergency", start: "2026-03-03", colour: "red" }, /colour: is no fact/],
  [
    "a fact given twice",
    "notice",
    { kind: "emergency", start: "2026-03-03", startsAt: "2026-03-04" },
    /start: is given twice/,
  ],
  ["a day that does not exist", "notice", { kind: "emergency", start: "2026-02-29" }, /start: "2026-02-29" is no day/],
  ["a local time without a zone", "notice", { kind: "emergency", start: "2026-03-03T08:00" }, /start: .*has no offset/],
  [
    "a skipped hour",
    "notice",
    { kind: "emergency", start: "2026-03-29T02:30", zone: "Europe/Madrid" },
    /skip the time/,
  ],
  [
    "an unknown zone",
    "notice",
    { kind: "emergency", start: "2026-03-03", zone: "Europe/Atlantis" },
    /zone: .*is no time zone/,
  ],
  ["an unknown kind", "notice", { kind: "nightly", start: "2026-03-03" }, /kind: "nightly" is none of/],
  ["a negative number", "size", { vcpus: -1, productionVcpus: 4 }, /vcpus: is no number/],
  ["half a pair", "size", { vcpus: 2 }, /production-vcpus: is missing/],
  ["half a window", "sla", { kind: "major" }, /kind, start, end/],
  ["dates that contradict", "lifecycle", { ordered: "2026-03-01", end: "2026-02-01" }, /contradict/],
  ["no object", "notice", "emergency", /no object/],
])("bad input is named: %s", (_, family, facts, message) => {
  expect(failure(family, facts)).toMatchObject({ code: "InvalidInput", message: expect.stringMatching(message) });
});

test("every fact of the table is understood by its name, with its own example", () => {
  for (const family of EXPLAIN_FAMILIES)
    for (const { name, example } of explainInputs[family].inputs) {
      const answer = failure(family, { [name]: example });
      const problems = "code" in answer ? String(answer.details.problems) : "";
      expect(problems).not.toMatch(new RegExp(`(?:^|,)${name}: (?!is missing)`));
    }
});

test("whatever the facts are, the answer is a verdict or InvalidInput, and facts are not changed", {
  timeout: 60_000,
}, () => {
  const values = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(
      "2026-03-01",
      "2026-03-29T02:30",
      "9999-12-31T23:59:59Z",
      "-000001-01-01",
      "latest",
      "a/b",
      "",
      "NaN",
      "1e400",
    ),
  );
  const facts = (family: keyof typeof explainInputs) =>
    fc.oneof(
      fc.jsonValue(),
      fc.record(
        Object.fromEntries(
          explainInputs[family].inputs.map((one) => [one.name, fc.oneof(values, fc.constant(one.example))]),
        ),
        {
          requiredKeys: [],
        },
      ),
    );
  fc.assert(
    fc.property(
      fc.constantFrom(...EXPLAIN_FAMILIES).chain((family) => fc.tuple(fc.constant(family), facts(family))),
      fc.constantFrom("openbravo" as const, "acumatica" as const),
      ([family, input], service) => {
        const before = JSON.stringify(input);
        expect(outcome(() => Verdict.parse(asked(family, service, input)))).toMatch(/^(?:verdict|InvalidInput)$/);
        expect(JSON.stringify(input)).toBe(before);
      },
    ),
    { numRuns: 500 },
  );
});

test.each(["__proto__", "constructor", "toString"])("the family %s is not found on the way to an object", (family) => {
  expect(failure(family, {})).toMatchObject({ code: "InvalidInput" });
  expect(failure("notice", JSON.parse(`{"${family}": 1}`))).toMatchObject({ code: "InvalidInput" });
});
