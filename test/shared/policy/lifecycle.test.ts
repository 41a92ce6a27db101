import fc from "fast-check";
import { expect, test } from "vitest";
import {
  checkCopyRequest,
  checkDeletion,
  checkReactivation,
  checkRetrievalTicket,
  earliestDeletion,
  LIFECYCLE_STATES,
  type LifecycleFacts,
  lifecycleClocks,
  lifecycleState,
} from "../../../shared/policy/lifecycle.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";

const OB = profileOf("openbravo");
const AC = profileOf("acumatica");
const at = (text: string) => new Date(text);
const facts: LifecycleFacts = {
  orderedAt: at("2025-01-10T09:00:00Z"),
  provisioningAt: at("2025-01-10T10:00:00Z"),
  activeAt: at("2025-01-12T09:00:00Z"),
  noticeAt: at("2026-01-20T09:00:00Z"),
  endsAt: at("2026-03-01T00:00:00Z"),
  copyRequestedAt: null,
  copyDeliveredAt: null,
  goodStanding: true,
  legalHold: false,
  deletedAt: null,
  zone: "UTC",
};

test.each([
  ["2025-01-10T09:00:00Z", "ordered", "ordered"],
  ["2025-01-10T10:00:00Z", "provisioning", "provisioning"],
  ["2025-06-01T00:00:00Z", "active", "active"],
  ["2026-02-28T23:59:59Z", "notice", "notice"],
  ["2026-03-01T00:00:00Z", "retrieval", "request-open"],
  ["2026-03-10T23:59:59Z", "retrieval", "request-open"],
  ["2026-03-11T00:00:00Z", "retrieval", "suspended"],
  ["2026-03-30T23:59:59Z", "retrieval", "suspended"],
  ["2026-03-31T00:00:00Z", "retrieval", "due-for-deletion"],
  ["2026-04-29T23:59:59Z", "retrieval", "due-for-deletion"],
  ["2026-04-30T00:00:00Z", "due-for-deletion", "due-for-deletion"],
])("R86 to R89: at %s the state is %s by Openbravo and %s by Acumatica", (now, openbravo, acumatica) => {
  expect(lifecycleState(OB, facts, at(now))).toBe(openbravo);
  expect(lifecycleState(AC, facts, at(now))).toBe(acumatica);
});

test("R88 and R86: two clocks run beside each other, 10 and 30 days of the customer's calendar", () => {
  const clocks = lifecycleClocks(AC, { endsAt: at("2026-03-20T23:00:00Z"), zone: "Europe/Madrid" });
  expect(clocks.map(({ name, rule, days, endsAt }) => [name, rule, days, endsAt])).toEqual([
    ["copy-request", "R88", 10, at("2026-03-30T22:00:00Z")],
    ["suspension", "R86", 30, at("2026-04-19T22:00:00Z")],
  ]);
});

test.each([
  ["R88 on the last moment", AC, "2026-03-11T00:00:00Z", true, "R88", true],
  ["R88 a second late", AC, "2026-03-11T00:00:01Z", true, "R88", false],
  ["R87 in bad standing", AC, "2026-03-05T00:00:00Z", false, "R87", false],
  ["R89 on the last moment", OB, "2026-04-30T00:00:00Z", false, "R89", true],
  ["R89 a second late", OB, "2026-04-30T00:00:01Z", true, "R89", false],
] as const)("a copy is asked for: %s", (_, profile, now, goodStanding, rule, allowed) => {
  expect(checkCopyRequest(profile, { ...facts, goodStanding }, at(now))).toMatchObject({ rule, allowed });
});

test.each([
  ["R86 within 30 days", AC, "2026-03-30T12:00:00Z", true],
  ["R86 after them", AC, "2026-03-31T00:00:01Z", false],
  ["R89 within 60 days", OB, "2026-04-29T12:00:00Z", true],
  ["R89 after them", OB, "2026-04-30T00:00:01Z", false],
] as const)("a tenant is reactivated: %s", (_, profile, now, allowed) => {
  expect(checkReactivation(profile, facts, at(now)).allowed).toBe(allowed);
});

test.each([
  ["R86 at 30 days", AC, {}, "2026-03-31T00:00:00Z", true, "2026-03-31T00:00:00Z"],
  ["R86 a second earlier", AC, {}, "2026-03-30T23:59:59Z", false, "2026-03-31T00:00:00Z"],
  ["R89 at 60 days", OB, {}, "2026-04-30T00:00:00Z", true, "2026-04-30T00:00:00Z"],
  ["R89 a second earlier", OB, {}, "2026-04-29T23:59:59Z", false, "2026-04-30T00:00:00Z"],
  ["under a legal hold", OB, { legalHold: true }, "2030-01-01T00:00:00Z", false, undefined],
  ["without an end", OB, { endsAt: null }, "2030-01-01T00:00:00Z", false, undefined],
  [
    "with a copy owed (R88)",
    AC,
    { copyRequestedAt: at("2026-03-11T00:00:00Z") },
    "2026-06-01T00:00:00Z",
    false,
    undefined,
  ],
  [
    "with a copy asked for too late (R88)",
    AC,
    { copyRequestedAt: at("2026-03-12T00:00:00Z") },
    "2026-06-01T00:00:00Z",
    true,
    "2026-03-31T00:00:00Z",
  ],
  [
    "with the copy handed over",
    AC,
    { copyRequestedAt: at("2026-03-05T00:00:00Z"), copyDeliveredAt: at("2026-03-06T00:00:00Z") },
    "2026-06-01T00:00:00Z",
    true,
    "2026-03-31T00:00:00Z",
  ],
] as const)("deletion %s", (_, profile, more, now, allowed, earliest) => {
  const verdict = checkDeletion(profile, { ...facts, ...more }, at(now));
  expect([verdict.allowed, verdict.earliest, verdict.overridable]).toEqual([allowed, earliest, undefined]);
});

test("deletion trusts no single clock: the earliest decides, and clocks that disagree refuse", () => {
  const late = at("2026-06-01T00:00:00Z");
  expect(checkDeletion(OB, facts, late, { otherClocks: [at("2026-04-01T00:00:00Z")] }).allowed).toBe(false);
  expect(checkDeletion(OB, facts, late, { otherClocks: [new Date(late.getTime() - 60_000)] }).allowed).toBe(true);
  const edge = at("2026-04-30T00:00:10Z");
  expect(checkDeletion(OB, facts, edge, { otherClocks: [at("2026-04-29T23:59:59Z")] }).allowed).toBe(false);
  expect(checkDeletion(OB, facts, late, { latestRecordedAt: at("2026-07-01T00:00:00Z") }).allowed).toBe(false);
});

test.each([
  ["an end before the order", { endsAt: at("2024-01-01T00:00:00Z") }],
  ["a deletion before the end", { deletedAt: at("2026-02-01T00:00:00Z") }],
  [
    "a copy delivered before its request",
    { copyRequestedAt: at("2026-03-05T00:00:00Z"), copyDeliveredAt: at("2026-03-04T00:00:00Z") },
  ],
])("%s is named and refused, never read as due for deletion", (_, more) => {
  const bad = { ...facts, ...more };
  expect(() => lifecycleState(OB, bad, at("2030-01-01T00:00:00Z"))).toThrow(/contradict/);
  expect(() => checkDeletion(OB, bad, at("2030-01-01T00:00:00Z"))).toThrow(/contradict/);
});

test("R90: help with a retrieval names its ticket", () => {
  expect(checkRetrievalTicket(OB, " ")).toMatchObject({ rule: "R90", allowed: false });
  expect(checkRetrievalTicket(OB, "SUP-812")).toMatchObject({ rule: "R90", allowed: true });
});

const zones = fc.constantFrom(
  "UTC",
  "Etc/GMT+12",
  "Etc/GMT-14",
  "Europe/Madrid",
  "America/New_York",
  "Australia/Lord_Howe",
);
const moment = (from: string, to: string) => fc.date({ min: at(from), max: at(to), noInvalidDate: true });
const later = (base: Date, maximumDays: number) =>
  fc.nat(maximumDays * 86_400).map((seconds) => new Date(base.getTime() + seconds * 1000));
const someFacts = moment("2020-01-01", "2030-01-01").chain((orderedAt) =>
  fc.record({
    orderedAt: fc.constant(orderedAt),
    provisioningAt: fc.option(later(orderedAt, 10)),
    activeAt: fc.option(later(orderedAt, 20)),
    noticeAt: fc.option(later(orderedAt, 400)),
    endsAt: fc.option(later(orderedAt, 800)),
    copyRequestedAt: fc.option(later(orderedAt, 900)),
    copyDeliveredAt: fc.constant(null),
    goodStanding: fc.boolean(),
    legalHold: fc.boolean(),
    deletedAt: fc.constant(null),
    zone: zones,
  }),
);

test("R86 to R89: without a new fact the state never goes backwards as time advances", { timeout: 60_000 }, () => {
  const rank = (state: (typeof LIFECYCLE_STATES)[number]) => LIFECYCLE_STATES.indexOf(state);
  fc.assert(
    fc.property(
      fc.constantFrom(OB, AC),
      someFacts,
      moment("2019-01-01", "2036-01-01"),
      fc.nat(100_000_000),
      (profile, known, now, seconds) => {
        const after = new Date(now.getTime() + seconds * 1000);
        return rank(lifecycleState(profile, known, after)) >= rank(lifecycleState(profile, known, now));
      },
    ),
  );
});

test("R86 and R89: nothing is ever deleted before the longest clock, whatever the facts", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.constantFrom(OB, AC), someFacts, moment("2019-01-01", "2036-01-01"), (profile, known, now) => {
      const { allowed } = checkDeletion(profile, known, now);
      const clocks = lifecycleClocks(profile, known).map((one) => one.endsAt);
      expect(allowed && (known.legalHold || known.endsAt === null)).toBe(false);
      expect(allowed && clocks.some((end) => now < end)).toBe(false);
      const promisedMs = (profile === OB ? 60 : 30) * 86_400_000;
      const hourMs = 3_600_000; // a change of the clocks within the days
      const keptMs = known.endsAt ? earliestDeletion(profile, known)!.getTime() - known.endsAt.getTime() : promisedMs;
      expect(keptMs).toBeGreaterThanOrEqual(promisedMs - hourMs);
    }),
  );
});
