import { useSyncExternalStore } from "react";

/** One timer per pace for the whole window, running only while something shows it. */
function ticker(everyMs: number) {
  let now = Date.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  const listeners = new Set<() => void>();
  return {
    subscribe(listener: () => void) {
      listeners.add(listener);
      timer ??= setInterval(() => {
        now = Date.now();
        for (const told of listeners) told();
      }, everyMs);
      return () => {
        listeners.delete(listener);
        if (listeners.size) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
    read() {
      // Nobody moved it while nobody looked. Two reads in one drawing must give the same.
      if (!timer && Date.now() - now >= everyMs) now = Date.now();
      return now;
    },
  };
}

const slow = ticker(15_000);
const fast = ticker(1_000);

/** The present, for ages and countdowns: every 15 s, or every second where `pace` asks for it. */
export function useNow(pace: "slow" | "fast" = "slow"): number {
  const clock = pace === "fast" ? fast : slow;
  return useSyncExternalStore(clock.subscribe, clock.read);
}
