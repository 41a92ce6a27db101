import fc from "fast-check";
import { expect, test } from "vitest";
import { checkException, effectiveProfile, type ProfileException } from "../../../shared/policy/effective-profile.ts";
import { addToDay } from "../../../shared/policy/calendar.ts";
import { checkNotice } from "../../../shared/policy/notice.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";

const OB = profileOf("openbravo");
const DAY = "2026-03-10";
const exception = (change: Partial<ProfileException> = {}): ProfileException => ({
  ...{ id: "3f2a9b1c-aaaa", rule: "R40", from: "2026-03-01", until: "2026-03-31" },
  ...{ numbers: { "notices.major.hours": 240 } },
  ...change,
});

test("an exception's number holds from its first day to its last, and the version names it", () => {
  const on = (day: string) => effectiveProfile(OB, [exception()], day);
  expect([on("2026-02-28"), on("2026-04-01")]).toEqual([OB, OB]);
  for (const day of ["2026-03-01", "2026-03-31"]) {
    expect(on(day).notices.major.hours).toBe(240);
    expect(on(day).version).toBe("1+3f2a9b1c");
  }
  expect(OB.notices.major.hours).toBe(1440);
});

test("R40: the notice of a major change follows the exception", () => {
  const announcedAt = new Date("2026-03-01T00:00:00Z");
  const major = { kind: "major" as const, startsAt: new Date("2026-03-11T00:00:00Z"), announcedAt, interrupts: true };
  expect(checkNotice(OB, major, announcedAt).allowed).toBe(false);
  expect(checkNotice(effectiveProfile(OB, [exception()], DAY), major, announcedAt).allowed).toBe(true);
});

test("numbers in lists are named by what they belong to", () => {
  const size = exception({ rule: "R8", numbers: { "environments.test.maximumPercentOfProduction": 100 } });
  const found = effectiveProfile(OB, [size], DAY).environments.find(({ kind }) => kind === "test");
  expect(found?.maximumPercentOfProduction).toBe(100);
  const regions = exception({ rule: "R14", numbers: { "regions.allowed": ["eu-west-1", "eu-west-3"] } });
  expect(effectiveProfile(OB, [regions], DAY).regions.allowed).toEqual(["eu-west-1", "eu-west-3"]);
});

test("a document without numbers changes none", () => {
  expect(effectiveProfile(OB, [exception({ numbers: {} })], DAY)).toBe(OB);
});

test.each([
  ["a number that there is not", { "notices.major.minutes": 3 }, /no number "notices\.major\.minutes"/],
  ["the rule itself", { "notices.major.rule": "R1" }, /no number/],
  ["a whole section", { "notices.major": 3 }, /no number/],
  ["a name from the prototype", { "notices.__proto__.hours": 3 }, /no number/],
  ["another rule's number", { "notices.emergency.hours": 3 }, /stands under R39, not under R40/],
  ["a value of another form", { "notices.major.hours": "soon" }, /notices\.major\.hours/],
  ["a number against another one", { "notices.major.maximumHours": 48 }, /above counters\.major\.maximumHours/],
])("%s is refused by name", (_, numbers, problem) => {
  expect(() => effectiveProfile(OB, [exception({ numbers })], DAY)).toThrow(problem);
});

test("two exceptions to one number at once are refused, one after the other is not", () => {
  const first = exception();
  const later = exception({ id: "b", from: "2026-04-01", until: "2026-04-30" });
  expect(() => checkException(OB, [first], later)).not.toThrow();
  expect(() => checkException(OB, [first], { ...later, from: "2026-03-31" })).toThrow(/Two exceptions change/);
});

test("what is contradictory only together, and only on some days, is found when it is recorded", () => {
  const counted = exception({ id: "a", numbers: { "counters.major.maximumHours": 12 } });
  const longer = exception({
    id: "b",
    from: "2026-02-01",
    until: "2026-03-01",
    numbers: { "notices.major.maximumHours": 20 },
  });
  expect(() => checkException(OB, [], longer)).not.toThrow();
  expect(() => checkException(OB, [counted], longer)).toThrow(/above counters\.major\.maximumHours/);
});

test("an exception that was accepted never fails on any day", () => {
  const day = fc.integer({ min: 0, max: 60 }).map((days) => addToDay("2026-03-01", { days }));
  const anyException = fc
    .record({
      id: fc.uuid(),
      from: day,
      until: day,
      numbers: fc.dictionary(
        fc.constantFrom("notices.major.hours", "notices.major.maximumHours", "counters.major.maximumHours"),
        fc.integer({ min: 0, max: 60 }),
      ),
    })
    .map((one) => exception(one))
    .filter(({ from, until }) => from <= until);
  fc.assert(
    fc.property(fc.array(anyException, { maxLength: 4 }), day, (wanted, on) => {
      const kept: ProfileException[] = [];
      for (const one of wanted) {
        try {
          checkException(OB, kept, one);
          kept.push(one);
        } catch {
          continue;
        }
      }
      expect(() => effectiveProfile(OB, kept, on)).not.toThrow();
    }),
  );
});
