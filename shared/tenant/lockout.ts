import { z } from "zod";

/** What the host itself says of a lock-out. */
export const LockoutReading = z.object({ since: z.date(), until: z.date().nullable() });
export type LockoutReading = z.infer<typeof LockoutReading>;

/**
 * `unexplained`: nobody recorded why; `overdue`: longer than stated; `windowEnded`: its window is over; `jobEnded`: the
 * job that closed the tenant is over; `endedByItself`: the host opened without anybody unlocking it.
 */
export const LOCKOUT_ALARMS = ["unexplained", "overdue", "windowEnded", "jobEnded", "endedByItself"] as const;
export const LockoutAlarm = z.enum(LOCKOUT_ALARMS);
export type LockoutAlarm = z.infer<typeof LockoutAlarm>;

/** A lock-out as shown: what the host says, why, and what is wrong with it. */
export const Lockout = z.object({
  since: z.date(),
  /** When it should be over; null: nobody said. */
  until: z.date().nullable(),
  reason: z.string().nullable(),
  by: z.string().nullable(),
  jobId: z.string().nullable(),
  /** The host was seen locked out, or is said to be so by the record alone. */
  seen: z.boolean(),
  alarm: LockoutAlarm.nullable(),
});
export type Lockout = z.infer<typeof Lockout>;

/** A lock-out that an operator or a job ordered, until somebody unlocks. */
export interface LockoutRecord {
  readonly since: Date;
  readonly until: Date | null;
  readonly reason: string;
  readonly by: string;
  readonly jobId: string | null;
  /** End of the maintenance window that it was ordered in. */
  readonly windowEndsAt: Date | null;
}

export interface LockoutFacts {
  /** undefined: the host was not asked, or did not answer; null: it answers and is open. */
  readonly reading: LockoutReading | null | undefined;
  readonly readAt: Date | null;
  readonly record: LockoutRecord | null;
  /** The tenant's job that runs or waits: snapshots and restores close a tenant too, and open it themselves. */
  readonly activeJobId: string | null;
  readonly now: Date;
}

/** A host may have been asked just before it was locked out; two clocks differ by this much at most. */
const SETTLED_MS = 5_000;

/**
 * The watchdog's rule: is the environment locked out, why, and should somebody be woken? Pure.
 *
 * A lock-out without a record or a job under way is an alarm at once; with one, when it lasts longer than stated, beyond its window, or
 * beyond the job that ordered it. One that was never lifted by the console but is gone on the host alarms too: the
 * customer may be working on what is not ready. Null: open, as it should be.
 */
export function watchLockout({ reading, readAt, record, activeJobId, now }: LockoutFacts): Lockout | null {
  if (!record) {
    if (!reading) return null;
    const alarm = activeJobId === null ? "unexplained" : null;
    return { ...reading, reason: null, by: null, jobId: activeJobId, seen: true, alarm };
  }
  const { since, until, reason, by, jobId, windowEndsAt } = record;
  const jobRuns = jobId !== null && jobId === activeJobId;
  const shown = { since, until, reason, by, jobId, seen: reading !== null && reading !== undefined };
  const openedByHost = reading === null && readAt !== null && readAt.getTime() > since.getTime() + SETTLED_MS;
  if (openedByHost) return { ...shown, alarm: jobRuns && !(until && until <= now) ? null : "endedByItself" };
  if (until && until <= now) return { ...shown, alarm: "overdue" };
  if (windowEndsAt && windowEndsAt <= now) return { ...shown, alarm: "windowEnded" };
  if (jobId && !jobRuns) return { ...shown, alarm: "jobEnded" };
  return { ...shown, alarm: null };
}
