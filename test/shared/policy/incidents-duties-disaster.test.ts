import { expect, test } from "vitest";
import { checkDisaster } from "../../../shared/policy/disaster.ts";
import { checkDuty, dutyStates } from "../../../shared/policy/duties.ts";
import { checkLockOut, checkSecurityAnswer, routeIncident } from "../../../shared/policy/incidents.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";

const OB = profileOf("openbravo");
const AC = profileOf("acumatica");
const at = (text: string) => new Date(text);
const window = { startsAt: at("2026-03-02T22:00:00Z"), endsAt: at("2026-03-02T23:00:00Z") };

test.each([
  ["never closed", null, null, "2026-03-03T00:00:00Z", true],
  ["closed within the window", "2026-03-02T22:00:00Z", null, "2026-03-02T22:30:00Z", true],
  ["opened at its end", "2026-03-02T22:00:00Z", "2026-03-02T23:00:00Z", "2026-03-03T00:00:00Z", true],
  ["still closed after it", "2026-03-02T22:00:00Z", null, "2026-03-02T23:01:00Z", false],
  ["opened late", "2026-03-02T22:00:00Z", "2026-03-02T23:20:00Z", "2026-03-03T00:00:00Z", false],
])("R43: a lock-out %s", (_, lockedAt, unlockedAt, now, allowed) => {
  const facts = { window, lockedAt: lockedAt ? at(lockedAt) : null, unlockedAt: unlockedAt ? at(unlockedAt) : null };
  expect(checkLockOut(OB, facts, at(now))).toMatchObject({ rule: "R43", allowed });
});

test("R99: a lost connection is an outage, slowness is the partner's case", () => {
  expect(routeIncident("connection-loss")).toEqual({ kind: "outage", rule: "R99" });
  expect(routeIncident("slowness")).toEqual({ kind: "partner-case", rule: "R99" });
});

test.each([
  ["after 24 hours", "2026-03-03T10:00:00Z", true],
  ["a second later", "2026-03-03T10:00:01Z", false],
])("R107: a security report of 2 March 10:00 answered %s", (_, answered, allowed) => {
  const reported = at("2026-03-02T10:00:00Z");
  expect(checkSecurityAnswer(AC, reported, at(answered), at("2026-04-01T00:00:00Z"))).toMatchObject({
    rule: "R107",
    allowed,
  });
  expect(checkSecurityAnswer(AC, reported, null, at(answered)).allowed).toBe(allowed);
  expect(checkSecurityAnswer(OB, reported, null, at(answered)).allowed).toBe(true);
});

test.each([
  ["2026-01-30", "done", true],
  ["2026-01-31", "due", true],
  ["2026-03-02", "due", true],
  ["2026-03-03", "overdue", false],
])("R55: a drill of 2 March 2025 is, on %s, %s", (today, state, allowed) => {
  const drill = dutyStates(OB, { "disaster-drill": "2025-03-02" }, "2024-01-01", today)[0]!;
  expect(drill).toMatchObject({ id: "disaster-drill", rule: "R55", dueOn: "2026-03-02", state });
  expect(checkDuty(drill)).toMatchObject({ rule: "R55", allowed });
});

test("R58 and R109: a duty that was never done counts from the first day of service, leap days included", () => {
  expect(dutyStates(OB, {}, "2024-02-29", "2024-06-01").map((one) => [one.rule, one.dueOn])).toEqual([
    ["R55", "2025-02-28"],
    ["R58", "2025-02-28"],
  ]);
  expect(dutyStates(AC, { "soc-review": "2025-09-15" }, "2020-01-01", "2026-09-16")[0]).toMatchObject({
    rule: "R109",
    state: "overdue",
  });
});

const disaster = {
  onsetAt: at("2026-03-02T10:00:00Z"),
  declaredAt: at("2026-03-02T12:00:00Z"),
  recoveredAt: at("2026-03-03T00:00:00Z"),
  lastDataAt: at("2026-03-02T09:00:00Z"),
};

test.each([
  ["R56 12 hours from the declaration, R57 one hour before the onset", {}, [true, true]],
  ["R56 a minute later", { recoveredAt: at("2026-03-03T00:01:00Z") }, [false, true]],
  ["R57 a minute more lost", { lastDataAt: at("2026-03-02T08:59:00Z") }, [true, false]],
  ["R57 with unknown data", { lastDataAt: null }, [true, false]],
  ["R56 not declared", { declaredAt: null, recoveredAt: null }, [true, true]],
])("disaster: %s", (_, more, [inTime, inPoint]) => {
  const verdicts = checkDisaster(OB, { ...disaster, ...more }, at("2026-03-03T06:00:00Z"));
  expect(verdicts.map((one) => [one.rule, one.allowed])).toEqual([
    ["R56", inTime],
    ["R57", inPoint],
    ["R37", true],
  ]);
});

test("R56: while it lasts, the clock runs with now", () => {
  const open = { ...disaster, recoveredAt: null };
  expect(checkDisaster(OB, open, at("2026-03-03T00:00:00Z"))[0]).toMatchObject({ allowed: true, facts: { hours: 12 } });
  expect(checkDisaster(OB, open, at("2026-03-03T00:00:01Z"))[0]).toMatchObject({ allowed: false });
});

test("R61: Acumatica promises no times, and its SLA goes on in a disaster", () => {
  expect(checkDisaster(AC, disaster, at("2027-01-01T00:00:00Z")).map((one) => [one.rule, one.allowed])).toEqual([
    ["R61", true],
    ["R61", true],
    ["R61", true],
  ]);
});

test("R56 and R57: a declaration before the onset is refused as a contradiction", () => {
  expect(() =>
    checkDisaster(OB, { ...disaster, declaredAt: at("2026-03-02T09:00:00Z") }, at("2026-03-03T00:00:00Z")),
  ).toThrow(/before the onset/);
});
