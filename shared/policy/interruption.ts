import { checkNotice } from "./notice.ts";
import type { MaintenanceKind, PolicyProfile } from "./profile.ts";
import type { Verdict } from "./verdict.ts";
import { checkBackupOverlap } from "./windows.ts";

/** A planned window that is open now. */
export interface OpenWindow {
  readonly id: string;
  readonly kind: MaintenanceKind;
  readonly title: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  /** When the notice that proves itself was sent; null: none does. */
  readonly announcedAt: Date | null;
}

export interface InterruptionFacts {
  /** Data centre's time zone. */
  readonly zone: string | undefined;
  readonly window: OpenWindow | null;
  /** How long the work is expected to last. */
  readonly minutes: number;
  readonly now: Date;
}

/**
 * Says whether production may be interrupted now: within a planned window by that window's kind and proven notice,
 * otherwise as unscheduled maintenance told now (R39 for Openbravo, R44 for Acumatica); and whether it meets the backup
 * hours (R62).
 */
export function checkInterruption(profile: PolicyProfile, facts: InterruptionFacts): Verdict[] {
  const { zone, window, minutes, now } = facts;
  const endsAt = new Date(now.getTime() + minutes * 60_000);
  const notice = checkNotice(
    profile,
    window
      ? {
          kind: window.kind,
          startsAt: window.startsAt,
          announcedAt: window.announcedAt ?? window.startsAt,
          interrupts: true,
          ...(zone && { calendar: { zone, endsAt: window.endsAt } }),
        }
      : { kind: "emergency", startsAt: now, announcedAt: now, interrupts: true },
    now,
  );
  const backup = zone && profile.windows.backup ? [checkBackupOverlap(profile, zone, { startsAt: now, endsAt })] : [];
  return [notice, ...backup];
}
