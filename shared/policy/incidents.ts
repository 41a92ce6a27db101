import { HOUR_MS } from "../time.ts";
import { utcText } from "./calendar.ts";
import type { PolicyProfile } from "./profile.ts";
import { allow, refuse, type Verdict } from "./verdict.ts";
import type { Window } from "./windows.ts";

/**
 * The lock-out watchdog (R43): refuses once a window has ended and its application is still closed, or was opened only
 * later.
 */
export function checkLockOut(
  profile: PolicyProfile,
  facts: { readonly window: Window; readonly lockedAt: Date | null; readonly unlockedAt: Date | null },
  now: Date,
): Verdict {
  const { lockOut } = profile.incidents;
  const { window, lockedAt, unlockedAt } = facts;
  if (!lockedAt) return allow(lockOut, "Access was not closed.");
  const openedAt = unlockedAt ?? now;
  const lateMinutes = Math.max(0, Math.floor((openedAt.getTime() - window.endsAt.getTime()) / 60_000));
  const shown = { windowEnded: utcText(window.endsAt), lateMinutes, open: unlockedAt !== null };
  if (openedAt <= window.endsAt)
    return allow(lockOut, unlockedAt ? "Access was opened within the window." : "Access is closed for the window.", {
      facts: shown,
    });
  return refuse(
    lockOut,
    unlockedAt
      ? `Access was opened ${lateMinutes} minutes after the window.`
      : `Access is still closed ${lateMinutes} minutes after the window.`,
    { facts: shown },
  );
}

export const INCIDENT_SYMPTOMS = ["connection-loss", "slowness"] as const;

/** Where a customer's trouble goes (R99): an urgent loss of connection is an outage, slowness is the partner's. */
export function routeIncident(symptom: (typeof INCIDENT_SYMPTOMS)[number]): {
  kind: "outage" | "partner-case";
  rule: "R99";
} {
  return { kind: symptom === "connection-loss" ? "outage" : "partner-case", rule: "R99" };
}

/** The clock of a security report (R107): answered within its hours, or still in time at `now`. */
export function checkSecurityAnswer(
  profile: PolicyProfile,
  reportedAt: Date,
  answeredAt: Date | null,
  now: Date,
): Verdict {
  const { security } = profile.incidents;
  if (!security)
    return allow(
      { rule: "R107", source: "AC:65" },
      `${profile.name} names no time for the answer to a security report.`,
    );
  const dueAt = new Date(reportedAt.getTime() + security.answerHours * HOUR_MS);
  const facts = { due: utcText(dueAt), answerHours: security.answerHours, answered: answeredAt !== null };
  return (answeredAt ?? now) <= dueAt
    ? allow(security, answeredAt ? "The report was answered in time." : `An answer is due by ${facts.due}.`, { facts })
    : refuse(security, `The answer was due by ${facts.due}.`, { facts });
}
