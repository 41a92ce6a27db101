import { setTimeout as sleep } from "node:timers/promises";
import { errorFacts } from "../../shared/errors.ts";
import { SECOND_MS } from "../../shared/time.ts";
import type { Cloud, CloudSnapshot, MadeBy } from "./ports.ts";

/** Tags of what EC2 made may not be found for so long. Only then is "not there" believed, and asked again. */
export const LAG_MS = 30 * SECOND_MS;
const LOOK_EVERY_MS = 500;

/**
 * Looks at least once, and up to `forMs`, for the snapshot of a question whose answer was lost: CreateSnapshot takes no
 * token that would make it repeatable, and what it made may not be found at once.
 */
export async function lookForSnapshot(
  cloud: Cloud,
  made: MadeBy,
  forMs: number,
  signal: AbortSignal,
): Promise<CloudSnapshot | undefined> {
  const until = performance.now() + forMs;
  for (;;) {
    signal.throwIfAborted();
    const found = await cloud.findSnapshot(made).catch((error: unknown) => {
      if (!errorFacts(error).details.retryable || performance.now() > until) throw error;
      return undefined;
    });
    if (found || performance.now() > until) return found;
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
