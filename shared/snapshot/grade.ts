import { SECOND_MS } from "../time.ts";
import type { ConsistencyGrade } from "./model.ts";

/** Clocks of a host and of AWS may differ by this much. */
const SKEW_MS = 2 * SECOND_MS;

export interface Hold {
  readonly since: Date;
  readonly grade: ConsistencyGrade;
}

export interface HoldEnd {
  /** It stood until it was ended just now. */
  readonly held: boolean;
  readonly since: Date | null;
  readonly endedAt: Date | null;
}

/**
 * The grade that a snapshot reached: the hold's own if the snapshot was begun while that hold stood, else `crash`.
 *
 * A snapshot is asked for after the hold's answer and looked for before the thaw, so a hold that still stood at the thaw
 * stood when the snapshot began: no clock is needed. Where the hold had ended before, the snapshot must have begun clearly
 * (by more than the clocks may differ) inside it.
 */
export function gradeReached(hold: Hold | null, end: HoldEnd, startedAt: Date): ConsistencyGrade {
  if (!hold) return "crash";
  const start = startedAt.getTime();
  const since = hold.since.getTime();
  if (start < since - SKEW_MS) return "crash";
  if (end.since?.getTime() !== since) return "crash";
  if (end.held) return hold.grade;
  return end.endedAt && start + SKEW_MS <= end.endedAt.getTime() ? hold.grade : "crash";
}
