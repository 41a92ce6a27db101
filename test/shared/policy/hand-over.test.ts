import fc from "fast-check";
import { expect, test } from "vitest";
import { checkHandOver, handOverClock, licenceChangeClock } from "../../../shared/policy/hand-over.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";

const AC = profileOf("acumatica");
const at = (text: string) => new Date(text);

test.each([
  ["Monday morning", "2026-03-02T09:00:00Z", [], "2026-03-03T09:00:00Z", "2026-03-09T09:00:00Z"],
  ["Friday afternoon", "2026-03-06T14:00:00Z", [], "2026-03-09T14:00:00Z", "2026-03-13T14:00:00Z"],
  ["Saturday", "2026-03-07T14:00:00Z", [], "2026-03-09T23:00:00Z", "2026-03-13T23:00:00Z"],
  ["the eve of a holiday", "2026-03-18T09:00:00Z", ["2026-03-19"], "2026-03-20T09:00:00Z", "2026-03-26T09:00:00Z"],
  ["a holiday", "2026-03-19T09:00:00Z", ["2026-03-19"], "2026-03-20T23:00:00Z", "2026-03-26T23:00:00Z"],
  ["Friday before summer time", "2026-03-27T09:00:00Z", [], "2026-03-30T08:00:00Z", "2026-04-03T08:00:00Z"],
])("R84: ordered on %s in Madrid", (_, orderedAt, holidays, targetAt, limitAt) => {
  const clock = handOverClock(AC, "Europe/Madrid", at(orderedAt), holidays);
  expect([clock.targetAt, clock.limitAt, clock.rule]).toEqual([at(targetAt), at(limitAt), "R84"]);
});

test("R84: the day is the customer's: Friday evening in New York is Saturday in Tokyo", () => {
  const orderedAt = at("2026-03-06T22:00:00Z");
  expect(handOverClock(AC, "America/New_York", orderedAt).targetAt).toEqual(at("2026-03-09T21:00:00Z"));
  expect(handOverClock(AC, "Asia/Tokyo", orderedAt).targetAt).toEqual(at("2026-03-09T15:00:00Z"));
});

test("R84: Openbravo's text names no time, and the clock says that it is the console's own", () => {
  expect(handOverClock(profileOf("openbravo"), "Europe/Madrid", at("2026-03-02T09:00:00Z"))).toMatchObject({
    contractual: false,
    note: expect.stringMatching(/own target/),
  });
  expect(handOverClock(AC, "Europe/Madrid", at("2026-03-02T09:00:00Z")).contractual).toBe(true);
});

test.each([
  ["at the limit", "2026-03-09T08:00:00Z", true],
  ["a minute after the limit", "2026-03-09T08:01:00Z", false],
])("R84: handed over %s", (_, handedOverAt, allowed) => {
  const facts = { zone: "Europe/Madrid", orderedAt: at("2026-03-02T08:00:00Z"), handedOverAt: at(handedOverAt) };
  expect(checkHandOver(AC, facts, at("2026-04-01T00:00:00Z"))).toMatchObject({ rule: "R84", allowed });
});

test("R84: without a hand-over the clock runs with now", () => {
  const facts = { zone: "Europe/Madrid", orderedAt: at("2026-03-02T08:00:00Z"), handedOverAt: null };
  expect(checkHandOver(AC, facts, at("2026-03-03T07:00:00Z")).allowed).toBe(true);
  expect(checkHandOver(AC, facts, at("2026-03-10T08:00:00Z")).allowed).toBe(false);
});

test("R85: a change of the licence type takes 3 to 7 business days", () => {
  expect(licenceChangeClock(AC, "Europe/Madrid", at("2026-03-02T09:00:00Z"))).toMatchObject({
    rule: "R85",
    targetAt: at("2026-03-05T09:00:00Z"),
    limitAt: at("2026-03-11T09:00:00Z"),
  });
  expect(licenceChangeClock(profileOf("openbravo"), "Europe/Madrid", at("2026-03-02T09:00:00Z"))).toBeNull();
});

test("R84: in every zone the target is after the order, not after the limit, and on a business day's clock", {
  timeout: 60_000,
}, () => {
  const zone = fc.integer({ min: -14, max: 12 }).map((hours) => `Etc/GMT${hours > 0 ? "+" : ""}${hours || ""}`);
  const moment = fc.date({ min: at("2000-01-01"), max: at("2080-01-01"), noInvalidDate: true });
  fc.assert(
    fc.property(zone, moment, (name, orderedAt) => {
      const { targetAt, limitAt } = handOverClock(AC, name, orderedAt);
      const hours = (targetAt.getTime() - orderedAt.getTime()) / 3_600_000;
      expect(hours).toBeGreaterThanOrEqual(24);
      expect(hours).toBeLessThanOrEqual(72);
      expect(limitAt > targetAt).toBe(true);
    }),
  );
});

test("R84: a list of holidays without end does not hang the clock", () => {
  const everyDay = Array.from({ length: 2_000 }, (_, day) =>
    new Date(at("2026-03-02T00:00:00Z").getTime() + day * 86_400_000).toISOString().slice(0, 10),
  );
  expect(handOverClock(AC, "UTC", at("2026-03-02T09:00:00Z"), everyDay).targetAt > at("2026-03-02T09:00:00Z")).toBe(
    true,
  );
});
