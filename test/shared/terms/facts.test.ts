import fc from "fast-check";
import { expect, test } from "vitest";
import { addToDay } from "../../../shared/policy/calendar.ts";
import { checkDeletion, LIFECYCLE_STATES, lifecycleState } from "../../../shared/policy/lifecycle.ts";
import { PROFILES, profileOf } from "../../../shared/policy/profiles.ts";
import { clocksOf, solve } from "../../../shared/terms/clocks.ts";
import { checkEntry, factsOf, lifecycleFactsOf, startOfDay, type TermsTenant } from "../../../shared/terms/facts.ts";
import type { TermsEntry, TermsRecord } from "../../../shared/terms/model.ts";
import { profileNumbers } from "../../../shared/terms/profile-numbers.ts";
import { SERVICES } from "../../../shared/tenant/model.ts";
import { DAY_MS } from "../../../shared/time.ts";

const ZONES = ["Etc/GMT+12", "America/Denver", "UTC", "Europe/Paris", "Pacific/Apia", "Pacific/Kiritimati"];
const START = "2024-02-29";

const tenant = (service: (typeof SERVICES)[number], zone: string): TermsTenant => ({
  ...{ id: "t", slug: "gull", customer: "Gull", service, owner: "Atelier", zone, isLab: false, invoiceDate: START },
  ...{ handOver: null, environments: [] },
});
const recordsOf = (...entries: TermsEntry[]): TermsRecord[] =>
  entries.map((entry, index) => ({ id: `${index}`, entry, reason: "-", by: "Camille", at: new Date(index) }));

const somewhere = fc.record({
  service: fc.constantFrom(...SERVICES),
  zone: fc.constantFrom(...ZONES),
  day: fc.integer({ min: 1, max: 3_000 }).map((days) => addToDay(START, { days })),
});

test("R86, R89: without a new fact the state of an ending contract never goes back, whatever the zone", () => {
  fc.assert(
    fc.property(somewhere, fc.array(fc.integer({ min: -90, max: 90 }), { maxLength: 12 }), (place, offsets) => {
      const one = tenant(place.service, place.zone);
      const facts = lifecycleFactsOf(one, factsOf(recordsOf({ kind: "end", on: place.day })));
      const states = offsets
        .toSorted((a, b) => a - b)
        .map((days) => new Date(facts.endsAt!.getTime() + days * DAY_MS))
        .filter((at) => at >= facts.orderedAt)
        .map((at) => LIFECYCLE_STATES.indexOf(lifecycleState(profileOf(place.service), facts, at)));
      expect(states).toEqual(states.toSorted((a, b) => a - b));
    }),
  );
});

test("R86, R89: nothing is deleted before the longest clock, counted in days of the customer", () => {
  fc.assert(
    fc.property(somewhere, fc.integer({ min: -5, max: 80 }), ({ service, zone, day }, days) => {
      const one = tenant(service, zone);
      const recorded = factsOf(recordsOf({ kind: "end", on: day }));
      const at = startOfDay(addToDay(day, { days }), zone);
      const keptDays = service === "openbravo" ? 60 : 30;
      const verdict = checkDeletion(profileOf(service), lifecycleFactsOf(one, recorded), at);
      expect(verdict.allowed).toBe(days >= keptDays);
      const deletion = clocksOf(one, recorded, profileOf(service), at).find(({ id }) => id === "deletion");
      expect(deletion?.on).toBe(addToDay(day, { days: keptDays }));
    }),
  );
});

test("R81, R82, R83: a later notice never makes a change possible earlier, and its notice is always in time", () => {
  const acts = fc.constantFrom("upgrade" as const, "downgrade" as const, "cancel" as const);
  fc.assert(
    fc.property(somewhere, acts, fc.nat(400), ({ service, zone, day }, act, later) => {
      const one = tenant(service, zone);
      const now = startOfDay(day, zone);
      const ask = (announcedOn: string) => solve(one, factsOf([]), profileOf(service), { act, announcedOn }, now);
      const first = ask(day);
      expect(ask(addToDay(day, { days: later })).effectiveOn >= first.effectiveOn).toBe(true);
      expect(first.noticeBy >= day && first.verdict.allowed).toBe(true);
    }),
  );
});

test("a day begins at its first moment, also where midnight is skipped", () => {
  expect(startOfDay("2026-03-29", "Europe/Paris").toISOString()).toBe("2026-03-28T23:00:00.000Z");
  expect(startOfDay("2018-11-04", "America/Sao_Paulo").toISOString()).toBe("2018-11-04T03:00:00.000Z");
  expect(startOfDay("2026-01-01", "Pacific/Kiritimati").toISOString()).toBe("2025-12-31T10:00:00.000Z");
});

test("exceptions that only touch are kept, those that share a day are refused", () => {
  const exception = (from: string, until: string): TermsEntry => ({
    ...{ kind: "exception", rule: "R8", document: "Annex", from, until, numbers: {} },
  });
  const now = new Date("2026-01-10T00:00:00Z");
  const known = recordsOf(exception("2026-02-01", "2026-02-28"));
  const one = tenant("openbravo", "UTC");
  const OB = profileOf("openbravo");
  expect(() => checkEntry(one, OB, known, exception("2026-03-01", "2026-03-31"), now)).not.toThrow();
  expect(() => checkEntry(one, OB, known, exception("2026-01-01", "2026-02-01"), now)).toThrow(
    /overlaps the one of "Annex"/,
  );
});

test.each(Object.values(PROFILES))("every number of $name is listed once, with rule and source", (profile) => {
  const numbers = profileNumbers(profile);
  expect(numbers.length).toBeGreaterThan(40);
  expect(new Set(numbers.map(({ path }) => path)).size).toBe(numbers.length);
  expect(numbers.filter(({ rule, source }) => !/^R\d+$/.test(rule) || source === "")).toEqual([]);
});
