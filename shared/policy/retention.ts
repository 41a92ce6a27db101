import { Temporal } from "temporal-polyfill";
import { DAY_MS } from "../time.ts";
import { dateOf, utcText, zonedAt } from "./calendar.ts";
import type { PolicyProfile } from "./profile.ts";
import { allow, refuse, verdict, type Verdict } from "./verdict.ts";

export interface BackupCopy {
  readonly takenAt: Date;
  /** Places (regions or buckets) in which the complete copy was seen. */
  readonly places: readonly string[];
}

export interface Night {
  /** Day on which the night begins, data-centre time. */
  readonly night: string;
  /** `pending`: the night is not over. `one-place`: fewer places than promised. */
  readonly state: "kept" | "one-place" | "missing" | "pending";
  readonly takenAt: Date | null;
  readonly places: number;
}

/**
 * The ledger of nightly backups, oldest night first, holes shown (R49, R50, R51; R60 for a daily schedule).
 *
 * A night runs from noon to noon in data-centre time, so that backups before and after midnight belong together. It
 * spans as many nights as the profile keeps, the running one last; `nights` says how many where the text names no
 * number. `since`: first day of service, earlier nights are left out. The copy in most places speaks for its night.
 */
export function nightLedger(
  profile: PolicyProfile,
  zone: string,
  copies: readonly BackupCopy[],
  options: { readonly since: string; readonly nights?: number },
  now: Date,
): Night[] {
  const count = profile.backups.nightly.keepDays ?? options.nights ?? 0;
  const nightOf = (at: Date) => zonedAt(at, zone).subtract({ hours: 12 }).toPlainDate();
  const running = nightOf(now);
  const best = new Map<string, BackupCopy>();
  for (const copy of copies) {
    if (copy.takenAt > now) continue;
    const night = nightOf(copy.takenAt).toString();
    const other = best.get(night);
    if (
      !other ||
      placesOf(copy) > placesOf(other) ||
      (placesOf(copy) === placesOf(other) && copy.takenAt > other.takenAt)
    )
      best.set(night, copy);
  }

  const ledger: Night[] = [];
  for (let back = count - 1; back >= 0; back--) {
    const night = running.subtract({ days: back }).toString();
    if (night < options.since) continue;
    const copy = best.get(night);
    const places = copy ? placesOf(copy) : 0;
    const missing = back === 0 ? "pending" : "missing";
    const state = places === 0 ? missing : places < profile.backups.copies.places ? "one-place" : "kept";
    ledger.push({ night, state, takenAt: copy?.takenAt ?? null, places });
  }
  return ledger;
}

const placesOf = (copy: BackupCopy): number => new Set(copy.places).size;

/** Says whether every night that is over has its backup (R51, R60 by profile). */
export function checkNights(profile: PolicyProfile, ledger: readonly Night[]): Verdict {
  const { nightly } = profile.backups;
  const over = ledger.filter((one) => one.state !== "pending");
  const missing = over.filter((one) => one.state === "missing").map((one) => one.night);
  const facts = { nights: over.length, missing: missing.length, firstMissing: missing[0] ?? null };
  return missing.length === 0
    ? allow(nightly, `All ${over.length} nights have their backup.`, { facts, note: nightly.note })
    : refuse(nightly, `${missing.length} of ${over.length} nights have no backup: ${missing.slice(0, 5).join(", ")}.`, {
        facts,
        note: nightly.note,
      });
}

/** Says whether a copy stands in as many places as promised (R50, R61). */
export function checkPlaces(profile: PolicyProfile, copy: BackupCopy): Verdict {
  const { copies } = profile.backups;
  const places = placesOf(copy);
  return verdict(copies, places >= copies.places, `The copy stands in ${places} of ${copies.places} places.`, {
    facts: { places, promised: copies.places },
  });
}

/**
 * Says whether a backup may be deleted: not before the promised time has passed (R51; R63 for the contract's tiers).
 *
 * `tier` names a schedule of the contract. Without any number nothing may be deleted, since nobody knows what was
 * promised (gap b).
 */
export function checkBackupDeletion(profile: PolicyProfile, takenAt: Date, now: Date, tier?: string): Verdict {
  const { nightly, tiers } = profile.backups;
  const own = profile.fromContract.retentionTiers?.find((one) => one.name === tier);
  const clause = own && tiers ? tiers : nightly;
  const keepDays = own?.keepDays ?? nightly.keepDays;
  if (keepDays === undefined)
    return refuse(tiers ?? clause, "How long copies are kept is not entered from the contract, so none is deleted.", {
      note: (tiers ?? clause).note,
    });
  const until = new Date(takenAt.getTime() + keepDays * DAY_MS);
  const facts = { keepDays, taken: utcText(takenAt), keptUntil: utcText(until) };
  return now >= until
    ? allow(clause, `The copy was kept for the promised ${keepDays} days.`, { facts })
    : refuse(clause, `The copy is promised for ${keepDays} days, until ${facts.keptUntil}.`, {
        earliest: facts.keptUntil,
        facts,
      });
}

/**
 * Says whether the customer can count on a copy taken at `takenAt`: within the promised time (R51, R63), by the
 * purchased access (R64), or else by best effort only (R67, refused until somebody accepts that).
 */
export function checkCopyPromise(
  profile: PolicyProfile,
  copy: { readonly takenAt: Date; readonly hasAccess: boolean; readonly tier?: string },
  now: Date,
): Verdict {
  const { access, bestEffort, nightly } = profile.backups;
  const { takenAt } = copy;
  if (takenAt > now)
    return refuse(nightly, `A copy of ${utcText(takenAt)} does not exist yet.`, { earliest: utcText(takenAt) });
  const ageDays = (now.getTime() - takenAt.getTime()) / DAY_MS;
  const facts = (days: number) => ({ ageDays: Math.floor(ageDays), promisedDays: days, taken: utcText(takenAt) });
  if (access && copy.hasAccess && ageDays <= access.rollingDays)
    return allow(access, `The copy is within the ${access.rollingDays} days of the purchased access.`, {
      facts: facts(access.rollingDays),
    });
  const tier = profile.fromContract.retentionTiers?.find((one) => one.name === copy.tier);
  const keepDays = tier?.keepDays ?? nightly.keepDays;
  const clause = tier ? (profile.backups.tiers ?? nightly) : nightly;
  if (keepDays !== undefined && ageDays <= keepDays)
    return allow(clause, `The copy is within the ${keepDays} days for which copies are kept.`, {
      facts: facts(keepDays),
    });
  if (keepDays !== undefined)
    return refuse(clause, `Copies are kept ${keepDays} days; this one is older.`, { facts: facts(keepDays) });
  return refuse(bestEffort ?? nightly, "Nobody guarantees this copy: it is best effort, to be accepted in writing.", {
    overridable: true,
    note: nightly.note,
  });
}

/** The rolling days of the purchased backup access (R64); null when the profile or the customer has none. */
export function accessWindow(profile: PolicyProfile, entitled: boolean, now: Date): { from: Date; to: Date } | null {
  const { access } = profile.backups;
  return access && entitled ? { from: new Date(now.getTime() - access.rollingDays * DAY_MS), to: now } : null;
}

/**
 * Says whether a point in time may be chosen for a recovery (R53): under "only the latest is kept", the latest state
 * and nothing else. `target` null asks for the latest.
 */
export function checkPointInTime(profile: PolicyProfile, target: Date | null): Verdict {
  const { pointInTime, nightly } = profile.backups;
  if (!pointInTime) return allow(nightly, `${profile.name} promises no point in time; the chain of copies decides.`);
  if (target === null || !pointInTime.latestOnly) return allow(pointInTime, "Recovery goes to the latest state.");
  return refuse(
    pointInTime,
    `Only the latest state can be recovered, not ${utcText(target)}; nightly copies are apart.`,
    {
      facts: { target: utcText(target) },
    },
  );
}

/** When the next night must have brought its backup: noon after it, data-centre time. */
export function nightDueAt(zone: string, now: Date): Date {
  const noon = new Temporal.PlainTime(12);
  const day = zonedAt(now, zone).subtract({ hours: 12 }).toPlainDate().add({ days: 1 });
  return dateOf(day.toZonedDateTime({ timeZone: zone, plainTime: noon }));
}
