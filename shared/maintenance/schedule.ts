/**
 * How a run goes through its tenants: the canary wave first, then wave after wave, never more at once than allowed,
 * nothing after the cut-off, and nothing more once too many have failed.
 */

export const OUTCOMES = ["done", "unlockedAnyway", "stoppedEarly", "failed", "leftLocked", "notStarted"] as const;
/**
 * `unlockedAnyway`: opened by a person's decision in spite of a failed smoke test; `stoppedEarly`: left at a safe point
 * with steps undone, and open; `leftLocked`: a person decided to keep it closed.
 */
export type Outcome = (typeof OUTCOMES)[number];
export const NOT_STARTED = ["canary", "errorBudget", "cutOff", "stopped"] as const;
export type WhyNotStarted = (typeof NOT_STARTED)[number];

/** Outcomes that use up the error budget. */
const FAILURES: ReadonlySet<Outcome> = new Set<Outcome>(["failed", "leftLocked", "unlockedAnyway"]);

export interface ScheduledTenant {
  readonly key: string;
  /** 0 is the canary wave. */
  readonly wave: number;
  readonly state: "waiting" | "running" | "ended";
  readonly outcome: Outcome | null;
  /** Last minute at which it may start: the end of its own window. */
  readonly startsBefore: Date | null;
}

export interface RunState {
  readonly tenants: readonly ScheduledTenant[];
  readonly concurrency: number;
  /** Failed tenants that are borne; one more stops the run. */
  readonly errorBudget: number;
  readonly cutOffAt: Date | null;
  readonly atCutOff: "abort" | "continue";
  readonly stopped: boolean;
  /** What a person decided after a canary failed. */
  readonly afterCanary: "goOn" | "stop" | null;
}

export interface NextActions {
  /** To be started now. */
  readonly start: readonly string[];
  /** Will never be started. */
  readonly settle: readonly { readonly key: string; readonly why: WhyNotStarted }[];
  /** Tenants under way leave at their next safe point. */
  readonly windDown: boolean;
  /** A canary failed within the budget: a person says whether the others follow. */
  readonly askAfterCanary: boolean;
  /** Every tenant has its outcome, the settled ones included. */
  readonly finished: boolean;
}

/** What is to be done now. Pure: the same state and time give the same answer, so that any console may go on with it. */
export function nextActions(run: RunState, now: Date): NextActions {
  const waiting = run.tenants.filter((one) => one.state === "waiting");
  const running = run.tenants.filter((one) => one.state === "running");
  const isOver = run.cutOffAt !== null && now >= run.cutOffAt;
  const windDown = run.stopped || (isOver && run.atCutOff === "abort");

  const why = whyNothingStarts(run, isOver);
  if (why) {
    const settle = waiting.map(({ key }) => ({ key, why }));
    return { start: [], settle, windDown, askAfterCanary: false, finished: running.length === 0 };
  }

  const late = waiting.filter((one) => one.startsBefore !== null && now >= one.startsBefore);
  const ready = waiting.filter((one) => !late.includes(one));
  const settle = late.map(({ key }): NextActions["settle"][number] => ({ key, why: "cutOff" }));
  const canaryFailed = run.tenants.some((one) => one.wave === 0 && one.outcome !== null && FAILURES.has(one.outcome));
  const canaryUnderWay = [...ready, ...running].some((one) => one.wave === 0);
  if (canaryFailed && !canaryUnderWay && run.afterCanary === null && ready.length > 0) {
    return { start: [], settle, windDown, askAfterCanary: true, finished: false };
  }

  const wave = Math.min(...[...ready, ...running].map((one) => one.wave));
  const room = Math.max(0, run.concurrency - running.length);
  const start = ready
    .filter((one) => one.wave === wave)
    .slice(0, room)
    .map(({ key }) => key);
  return { start, settle, windDown, askAfterCanary: false, finished: ready.length === 0 && running.length === 0 };
}

function whyNothingStarts(run: RunState, isOver: boolean): WhyNotStarted | null {
  const failures = run.tenants.filter((one) => one.outcome !== null && FAILURES.has(one.outcome)).length;
  if (run.stopped) return "stopped";
  if (isOver) return "cutOff";
  if (failures > run.errorBudget) return "errorBudget";
  return run.afterCanary === "stop" ? "canary" : null;
}

/** The wave of each of `count` tenants: `canary` first, the others in waves of `size`. */
export function wavesOf(count: number, canary: number, size: number): number[] {
  const first = count <= 1 ? 0 : Math.min(canary, count);
  return Array.from({ length: count }, (_, index) =>
    count <= 1 || index < first ? 0 : (first > 0 ? 1 : 0) + Math.floor((index - first) / size),
  );
}
