import fc from "fast-check";
import { expect, test } from "vitest";
import {
  nextActions,
  type Outcome,
  type RunState,
  type ScheduledTenant,
  wavesOf,
} from "../../../shared/maintenance/schedule.ts";
import { MINUTE_MS } from "../../../shared/time.ts";

const START = Date.parse("2026-03-02T21:00:00Z");
const at = (minute: number) => new Date(START + minute * MINUTE_MS);
const FAILURES: readonly Outcome[] = ["failed", "leftLocked", "unlockedAnyway"];

const waiting = (key: string, wave = 0): ScheduledTenant => ({
  ...{ key, wave, state: "waiting", outcome: null, startsBefore: null },
});
const ended = (key: string, outcome: Outcome, wave = 0): ScheduledTenant => ({
  ...{ key, wave, state: "ended", outcome, startsBefore: null },
});
const run = (part: Partial<RunState>): RunState => ({
  tenants: [],
  concurrency: 3,
  errorBudget: 0,
  cutOffAt: null,
  atCutOff: "continue",
  stopped: false,
  afterCanary: null,
  ...part,
});

test("the canary goes first and alone; the next wave waits for its end", () => {
  const tenants = [waiting("a"), waiting("b", 1), waiting("c", 1)];
  expect(nextActions(run({ tenants }), at(0)).start).toEqual(["a"]);
  const running = { ...waiting("a"), state: "running" } as const;
  expect(nextActions(run({ tenants: [running, ...tenants.slice(1)] }), at(1)).start).toEqual([]);
  expect(nextActions(run({ tenants: [ended("a", "done"), ...tenants.slice(1)] }), at(2)).start).toEqual(["b", "c"]);
});

test("a canary that failed within the budget is a question; its answer decides", () => {
  const state = run({ tenants: [ended("a", "failed"), waiting("b", 1)], errorBudget: 2 });
  expect(nextActions(state, at(0))).toMatchObject({ askAfterCanary: true, start: [], finished: false });
  expect(nextActions({ ...state, afterCanary: "goOn" }, at(0)).start).toEqual(["b"]);
  expect(nextActions({ ...state, afterCanary: "stop" }, at(0))).toMatchObject({
    settle: [{ key: "b", why: "canary" }],
    finished: true,
  });
});

test("one failure more than the budget stops the run", () => {
  const state = run({ tenants: [ended("a", "failed"), waiting("b", 1)] });
  expect(nextActions(state, at(0))).toMatchObject({ start: [], settle: [{ key: "b", why: "errorBudget" }] });
});

test.each([
  ["continue", false],
  ["abort", true],
] as const)(
  "nothing starts from the minute of the cut-off on; at %s those under way wind down: %s",
  (atCutOff, down) => {
    const running = { ...waiting("a"), state: "running" } as const;
    const state = run({ tenants: [running, waiting("b")], cutOffAt: at(30), atCutOff });
    expect(nextActions(state, at(29)).start).toEqual(["b"]);
    expect(nextActions(state, at(30))).toEqual({
      ...{ start: [], settle: [{ key: "b", why: "cutOff" }], windDown: down, askAfterCanary: false, finished: false },
    });
  },
);

test("a tenant whose own window has ended is left out, the others go on", () => {
  const late = { ...waiting("a"), startsBefore: at(10) };
  const next = nextActions(run({ tenants: [late, waiting("b")] }), at(10));
  expect(next).toMatchObject({ settle: [{ key: "a", why: "cutOff" }], start: ["b"] });
});

test.each([
  [1, 1, 10, [0]],
  [4, 1, 2, [0, 1, 1, 2]],
  [3, 0, 2, [0, 0, 1]],
  [2, 5, 2, [0, 0]],
])("%i tenants with %i canaries in waves of %i: %j", (count, canary, size, waves) => {
  expect(wavesOf(count, canary, size)).toEqual(waves);
});

const scenario = fc.record({
  tenants: fc.integer({ min: 1, max: 25 }),
  canary: fc.integer({ min: 0, max: 3 }),
  waveSize: fc.integer({ min: 1, max: 6 }),
  concurrency: fc.integer({ min: 1, max: 5 }),
  errorBudget: fc.integer({ min: 0, max: 4 }),
  cutOff: fc.option(fc.integer({ min: 0, max: 40 }), { nil: null }),
  atCutOff: fc.constantFrom("abort" as const, "continue" as const),
  afterCanary: fc.constantFrom("goOn" as const, "stop" as const),
  stopsAt: fc.option(fc.integer({ min: 0, max: 40 }), { nil: null }),
  minutes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 25, maxLength: 25 }),
  outcomes: fc.array(fc.constantFrom<Outcome>("done", "done", "done", "failed", "leftLocked", "unlockedAnyway"), {
    minLength: 25,
    maxLength: 25,
  }),
});

test("whatever happens, the run keeps its order, its limits and its cut-off, and every tenant ends once", () => {
  fc.assert(
    fc.property(scenario, (given) => {
      const waves = wavesOf(given.tenants, given.canary, given.waveSize);
      const tenants = waves.map((wave, index) => waiting(String(index), wave)) as {
        -readonly [Key in keyof ScheduledTenant]: ScheduledTenant[Key];
      }[];
      const endsAt = new Map<string, number>();
      const startedAt = new Map<string, number>();
      const settled = new Map<string, number>();
      let afterCanary: RunState["afterCanary"] = null;
      let finished = false;

      for (let minute = 0; minute < 600 && !finished; minute++) {
        for (const one of tenants) {
          if (one.state !== "running" || endsAt.get(one.key) !== minute) continue;
          one.state = "ended";
          one.outcome = given.outcomes[Number(one.key)]!;
        }
        const state = run({
          tenants,
          concurrency: given.concurrency,
          errorBudget: given.errorBudget,
          cutOffAt: given.cutOff === null ? null : at(given.cutOff),
          atCutOff: given.atCutOff,
          stopped: given.stopsAt !== null && minute >= given.stopsAt,
          afterCanary,
        });
        const failuresBefore = tenants.filter(({ outcome }) => outcome && FAILURES.includes(outcome)).length;
        const next = nextActions(state, at(minute));
        expect(nextActions(state, at(minute))).toEqual(next);
        if (next.askAfterCanary) afterCanary = given.afterCanary;
        for (const { key } of next.settle) {
          const one = tenants[Number(key)]!;
          expect(one.state).toBe("waiting");
          one.state = "ended";
          one.outcome = "notStarted";
          settled.set(key, minute);
        }
        for (const key of next.start) {
          const one = tenants[Number(key)]!;
          expect(one.state).toBe("waiting");
          expect(given.cutOff === null || minute < given.cutOff).toBe(true);
          expect(given.stopsAt === null || minute < given.stopsAt).toBe(true);
          expect(failuresBefore).toBeLessThanOrEqual(given.errorBudget);
          expect(tenants.filter((other) => other.wave < one.wave).every(({ state: was }) => was === "ended")).toBe(
            true,
          );
          one.state = "running";
          startedAt.set(key, minute);
          endsAt.set(key, minute + given.minutes[Number(key)]!);
        }
        expect(tenants.filter(({ state: now }) => now === "running").length).toBeLessThanOrEqual(given.concurrency);
        finished = next.finished;
      }

      expect(finished).toBe(true);
      for (const { key, state, outcome } of tenants) {
        expect(state).toBe("ended");
        expect(outcome).not.toBeNull();
        expect(startedAt.has(key)).toBe(!settled.has(key));
      }
    }),
    { numRuns: 300 },
  );
});
