import fc from "fast-check";
import { expect, test } from "vitest";
import {
  AVAILABILITY_STATES,
  availabilityIntervals,
  eventsOfLook,
  isBlind,
  isServing,
  type KnownAvailability,
} from "../../../shared/metrics/availability.ts";

const at = (seconds: number) => new Date(Date.UTC(2026, 2, 2, 8, 0, seconds));
const seen = (state: KnownAvailability["state"], seconds: number, detail: string | null = null): KnownAvailability => ({
  ...{ state, source: "probe", detail, confirmedAt: at(seconds) },
});

test("a state that stays adds nothing; a change names when it was last as before", () => {
  expect(eventsOfLook(undefined, seen("up", 0), 30)).toEqual([
    { at: at(0), state: "up", after: null, source: "probe", detail: null },
  ]);
  expect(eventsOfLook(seen("up", 0), seen("up", 30), 30)).toEqual([]);
  expect(eventsOfLook(seen("up", 30), seen("down", 60, "no answer"), 30)).toEqual([
    { at: at(60), state: "down", after: at(30), source: "probe", detail: "no answer" },
  ]);
});

test("a host that begins or ends keeping its users out has changed, though it is degraded either way", () => {
  const [slow, closed] = [seen("degraded", 0, "slow"), seen("degraded", 30, "lockout")];
  expect(eventsOfLook(slow, closed, 30)).toMatchObject([{ state: "degraded", detail: "lockout", after: at(0) }]);
  expect(eventsOfLook(closed, seen("degraded", 60, "slow"), 30)).toMatchObject([{ detail: "slow" }]);
  expect(eventsOfLook(slow, seen("degraded", 30, "slower"), 30)).toEqual([]);
  expect([seen("up", 0), slow, closed, seen("down", 0)].map(isServing)).toEqual([true, true, false, false]);
});

test("time in which nobody looked is unknown from the last look on, whatever is found afterwards", () => {
  const unseen = { at: at(0), after: at(0), state: "unknown", source: "console", detail: "nobody looked" };
  expect(eventsOfLook(seen("up", 0), seen("up", 3_600), 30)).toEqual([
    unseen,
    { at: at(3_600), state: "up", after: at(0), source: "probe", detail: null },
  ]);
  expect(eventsOfLook(seen("down", 0), seen("unknown", 3_600), 30)).toEqual([unseen]);
  // A short restart of the console is within the tolerance of three looks.
  expect(eventsOfLook(seen("up", 0), seen("up", 80), 30)).toEqual([]);
});

test.each([
  ["two of five hosts fail and AWS does not answer", { asked: 5, unreachable: 2 }, false, true],
  ["the only host fails and AWS does not answer", { asked: 1, unreachable: 1 }, false, true],
  ["one of five fails and AWS does not answer", { asked: 5, unreachable: 1 }, false, false],
  ["all fail and AWS answers", { asked: 5, unreachable: 5 }, true, false],
  ["nobody fails and AWS does not answer", { asked: 5, unreachable: 0 }, false, false],
])("the console is blind or not: %s", (_, hosts, endpoint, blind) => {
  expect(isBlind(hosts, endpoint)).toBe(blind);
});

const event = fc.record({
  second: fc.integer({ min: 0, max: 3_000 }),
  state: fc.constantFrom(...AVAILABILITY_STATES),
});

test("replayed in any order, the intervals fill the range without overlap and say the same", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), fc.integer({ min: 0, max: 4_000 }), (drawn, confirmed) => {
      const events = drawn.map(({ second, state }, seq) => ({
        ...{ seq, at: at(second), state, source: "probe" as const, detail: null },
      }));
      const range = { from: at(100), to: at(3_500) };
      const intervals = availabilityIntervals(events, at(confirmed), range);
      expect(intervals[0]?.from).toEqual(range.from);
      expect(intervals.at(-1)?.to).toEqual(range.to);
      for (const [index, one] of intervals.entries()) {
        expect(one.from < one.to).toBe(true);
        if (index > 0) expect(one.from).toEqual(intervals[index - 1]!.to);
      }
      expect(availabilityIntervals(events.toReversed(), at(confirmed), range)).toEqual(intervals);
    }),
  );
});

test("before the first look and after the last one the state is unknown, which is not down", () => {
  const events = [{ seq: 1, at: at(60), state: "up" as const, source: "probe" as const, detail: null }];
  expect(
    availabilityIntervals(events, at(120), { from: at(0), to: at(180) }).map(({ state, from, to }) => [
      ...[state, from.getUTCMinutes(), to.getUTCMinutes()],
    ]),
  ).toEqual([
    ["unknown", 0, 1],
    ["up", 1, 2],
    ["unknown", 2, 3],
  ]);
});
