import { type ErrorFacts } from "../../shared/errors.ts";
import type { JobState } from "../../shared/jobs/model.ts";
import { MINUTE_MS, SECOND_MS } from "../../shared/time.ts";

export type RetryDecision =
  | { readonly again: true; readonly afterMs: number; readonly state: JobState; readonly waitingFor: string }
  | { readonly again: false };

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15 * SECOND_MS;
const NEEDS_A_PERSON_PAUSE_MS = 3 * SECOND_MS;
/** Silence this long is shown as lost contact: the effect of the last call is then unknown to the operator. */
const LOST_CONTACT_AFTER_MS = 30 * SECOND_MS;
const GIVE_UP_AFTER_MS = 20 * MINUTE_MS;

/** AWS's reads lag behind its writes: what was just made may be unknown for a while. */
const NOT_VISIBLE_YET_MS = 60 * SECOND_MS;

const SILENCE: ReadonlySet<string> = new Set(["AwsUnreachable", "HostUnreachable"]);
const NEEDS_CREDENTIALS: ReadonlySet<string> = new Set(["AwsCredentialsExpired", "VaultLocked"]);

/**
 * Says what a step does after a failure: try again (when, and what the job shows meanwhile) or give up.
 *
 * `attempt` counts from 1 and `elapsedMs` runs since the step began in this process or was last answered; `jitter` is 0
 * to 1; `silenceMs` is how long a side that does not answer is waited for.
 * Missing credentials are waited for without limit, since an operator can always bring them; everything else that may
 * pass by itself is tried for 20 minutes; what AWS does not know, for one.
 */
export function decideRetry(
  error: ErrorFacts,
  attempt: number,
  elapsedMs: number,
  jitter: number,
  silenceMs = GIVE_UP_AFTER_MS,
): RetryDecision {
  if (NEEDS_CREDENTIALS.has(error.code)) {
    return { again: true, afterMs: NEEDS_A_PERSON_PAUSE_MS, state: "paused", waitingFor: error.message };
  }
  const mayAppear = error.code === "AwsNotFound" && elapsedMs < NOT_VISIBLE_YET_MS;
  const mayPass = error.details.retryable && elapsedMs < (SILENCE.has(error.code) ? silenceMs : GIVE_UP_AFTER_MS);
  if (!mayAppear && !mayPass) return { again: false };
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  const lost = SILENCE.has(error.code) && elapsedMs > LOST_CONTACT_AFTER_MS;
  return {
    again: true,
    afterMs: Math.round(pause * (0.5 + jitter / 2)),
    state: lost ? "lostContact" : "waiting",
    waitingFor: error.message,
  };
}
