import { AppError } from "../errors.ts";
import { HOUR_MS } from "../time.ts";
import { utcText } from "./calendar.ts";
import type { PolicyProfile } from "./profile.ts";
import { allow, type Clause, refuse, verdict, type Verdict } from "./verdict.ts";

/** One disaster. Its two clocks start at different moments, so both are recorded. */
export interface DisasterFacts {
  /** The failure itself. */
  readonly onsetAt: Date;
  /** Somebody declared it; null while nobody has. */
  readonly declaredAt: Date | null;
  /** Service is back. */
  readonly recoveredAt: Date | null;
  /** Time of the newest data that was, or can be, recovered. */
  readonly lastDataAt: Date | null;
}

/**
 * Time to recover (R56, from the *declaration*) and data lost (R57, before the *onset*), with the disaster's minutes in
 * the SLA (R61, R37).
 *
 * Throws AppError InvalidInput when the declaration or the recovery is before the onset.
 */
export function checkDisaster(profile: PolicyProfile, facts: DisasterFacts, now: Date): Verdict[] {
  const { onsetAt, declaredAt, recoveredAt } = facts;
  for (const [name, at] of [
    ["declaration", declaredAt],
    ["recovery", recoveredAt],
  ] as const)
    if (at && at < onsetAt)
      throw new AppError("InvalidInput", `The ${name} (${utcText(at)}) is before the onset (${utcText(onsetAt)}).`, {
        retryable: false,
        next: "Correct the two times; the clocks start at different moments.",
      });
  return [checkRecoveryTime(profile, facts, now), checkRecoveryPoint(profile, facts), disasterMinutes(profile)];
}

function checkRecoveryTime(profile: PolicyProfile, { declaredAt, recoveredAt }: DisasterFacts, now: Date): Verdict {
  const { recoveryTime } = profile.disaster;
  if (recoveryTime.hours === undefined)
    return allow(recoveryTime, `${profile.name} promises no time to recover.`, { note: recoveryTime.note });
  if (!declaredAt) return allow(recoveryTime, "Nobody has declared the disaster; the clock of the recovery stands.");
  const due = utcText(new Date(declaredAt.getTime() + recoveryTime.hours * HOUR_MS));
  const hours = hoursBetween(declaredAt, recoveredAt ?? now);
  const facts = { due, limitHours: recoveryTime.hours, hours, recovered: recoveredAt !== null };
  return verdict(
    recoveryTime,
    (recoveredAt ?? now) <= new Date(due),
    `${hours} of ${recoveryTime.hours} hours since the declaration; due by ${due}.`,
    { facts },
  );
}

function checkRecoveryPoint(profile: PolicyProfile, { onsetAt, lastDataAt }: DisasterFacts): Verdict {
  const { recoveryPoint } = profile.disaster;
  if (recoveryPoint.hours === undefined)
    return allow(recoveryPoint, `${profile.name} promises no limit of lost data.`, { note: recoveryPoint.note });
  if (!lastDataAt)
    return refuse(recoveryPoint, "It is not known how new the recoverable data is.", {
      facts: { limitHours: recoveryPoint.hours, hours: null },
    });
  const hours = Math.max(0, hoursBetween(lastDataAt, onsetAt));
  const lostMs = onsetAt.getTime() - lastDataAt.getTime();
  return verdict(
    recoveryPoint,
    lostMs <= recoveryPoint.hours * HOUR_MS,
    `The newest data is ${hours} hours older than the onset, of at most ${recoveryPoint.hours}.`,
    { facts: { limitHours: recoveryPoint.hours, hours, lastData: utcText(lastDataAt) } },
  );
}

function disasterMinutes(profile: PolicyProfile): Verdict {
  const clause: Clause = profile.disaster.minutesCount;
  const { counted } = profile.disaster.minutesCount;
  return allow(
    clause,
    counted ? "The minutes of a disaster count in the SLA." : "The minutes of a disaster do not count.",
    {
      facts: { counted },
    },
  );
}

const hoursBetween = (from: Date, to: Date): number =>
  Math.round(((to.getTime() - from.getTime()) / HOUR_MS) * 100) / 100;
