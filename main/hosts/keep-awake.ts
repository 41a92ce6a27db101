import type { Job, JobState, LiveEvent } from "../../shared/jobs/model.ts";

/** A job that waits for a person may wait while the computer sleeps. */
export const AT_WORK: readonly JobState[] = ["running", "waiting", "lostContact"];

export interface Blocker {
  /** Keeps the computer from going to sleep by itself; the screen may go dark. */
  start(): void;
  stop(): void;
}

/**
 * Keeps this computer awake while a job of its own console is at work. Follows `events` from `known` on until they end.
 * A lid that is closed wins: the jobs then go on after the sleep.
 */
export async function keepAwake(
  known: readonly Job[],
  events: AsyncIterable<LiveEvent>,
  machine: string,
  blocker: Blocker,
): Promise<void> {
  const atWork = new Set<string>();
  const see = ({ id, state, executor }: Job) => {
    const before = atWork.size > 0;
    if (AT_WORK.includes(state) && executor === machine) atWork.add(id);
    else atWork.delete(id);
    const after = atWork.size > 0;
    if (after && !before) blocker.start();
    if (before && !after) blocker.stop();
  };
  try {
    for (const job of known) see(job);
    for await (const event of events) if (event.type === "job") see(event.job);
  } finally {
    if (atWork.size > 0) blocker.stop();
  }
}
