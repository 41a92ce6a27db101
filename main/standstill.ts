import { SECOND_MS } from "../shared/time.ts";

/** What the clock says between two looks that should be `everyMs` apart. */
export type ClockJump =
  /** The computer slept, this process was stopped, or the clock was set forward: nobody can tell these apart. */
  { readonly kind: "stoodStill"; readonly ms: number } | { readonly kind: "setBack"; readonly ms: number };

const LOOK_EVERY_MS = 5 * SECOND_MS;
/** A busy machine is late by less. */
const LATE_MS = 10 * SECOND_MS;
/** Clocks are steered by less. */
const BACK_MS = 2 * SECOND_MS;

/** Both times in milliseconds of the wall clock, which goes on while a computer sleeps. */
export function clockJump(before: number, now: number, everyMs: number): ClockJump | undefined {
  if (now - before > everyMs + LATE_MS) return { kind: "stoodStill", ms: now - before };
  if (now - before < -BACK_MS) return { kind: "setBack", ms: before - now };
  return undefined;
}

export interface StandstillWatch {
  /** The operating system says that the computer woke up: it counts, however short the sleep was. */
  woke(): void;
  stop(): void;
}

/** Tells `onJump` of each jump of the clock, within seconds of its end. */
export function watchForStandstill(onJump: (jump: ClockJump) => void, now: () => number = Date.now): StandstillWatch {
  let before = now();
  const look = (woke: boolean) => {
    const at = now();
    const jump =
      clockJump(before, at, LOOK_EVERY_MS) ?? (woke ? { kind: "stoodStill" as const, ms: at - before } : null);
    before = at;
    if (jump) onJump(jump);
  };
  const timer = setInterval(look, LOOK_EVERY_MS, false).unref();
  return { woke: () => look(true), stop: () => clearInterval(timer) };
}
