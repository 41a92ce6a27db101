import { DAY_MS } from "../time.ts";
import { utcText } from "./calendar.ts";
import type { PolicyProfile } from "./profile.ts";
import { allow, type Clause, refuse, verdict, type Verdict } from "./verdict.ts";
import { compareVersions } from "./version-support.ts";
import { checkBusinessHours } from "./windows.ts";

export const RESTORE_REASONS = ["vendor", "disaster", "customer-caused", "kept-copy", "individual", "drill"] as const;
/**
 * `vendor`: the vendor's own fault or precaution; `customer-caused`: lost by the customer's doing; `kept-copy`: from a
 * copy kept on request; `individual`: a restore that neither service nor copy guarantees.
 */
export type RestoreReason = (typeof RESTORE_REASONS)[number];

export interface RestoreFacts {
  readonly reason: RestoreReason;
  /** Written approval, its file or ticket. */
  readonly approval: string | null;
  /** Fee line of the partner's ledger. */
  readonly fee: string | null;
  /** Evaluation with the partner, its file or ticket. */
  readonly evaluation: string | null;
  /** Who accepted in writing that the outcome is not guaranteed. */
  readonly bestEffortAcceptedBy: string | null;
  readonly overwritesProduction: boolean;
  /** A fresh snapshot of the target was taken for this restore. */
  readonly freshSnapshot: boolean;
  readonly startsAt: Date;
  readonly customerZone: string;
  readonly sourceVersion: string;
  readonly targetVersion: string;
  /** The copy left the system as a file; stored ones are upgraded with the system. */
  readonly exported: boolean;
}

/** Every rule that a restore has to pass (R52, R64, R66, R67, R71, R72); a drill to a throw-away host needs the version only. */
export function checkRestore(profile: PolicyProfile, facts: RestoreFacts): Verdict[] {
  return [
    ...checkReason(profile, facts),
    checkVersionMatch(profile, facts),
    ...(facts.overwritesProduction ? checkOverwrite(profile, facts) : []),
  ];
}

function checkReason(profile: PolicyProfile, facts: RestoreFacts): Verdict[] {
  const { customerCaused, keptCopy } = profile.restores;
  switch (facts.reason) {
    case "customer-caused":
      return [
        needs(customerCaused, "A restore of what the customer lost itself", [
          ["a written approval", customerCaused.needsApproval, facts.approval],
          ["its fee", customerCaused.needsFee, facts.fee],
        ]),
      ];
    case "kept-copy":
      if (!keptCopy) return [];
      return [
        needs(keptCopy, "A restore of a kept copy", [
          ["an evaluation with the partner", keptCopy.needsEvaluation, facts.evaluation],
          ["its fee", keptCopy.needsFee, facts.fee],
        ]),
      ];
    case "individual":
      return [checkBestEffort(profile, facts.bestEffortAcceptedBy)];
    case "vendor":
    case "disaster":
    case "drill":
      return [];
  }
}

function needs(clause: Clause, what: string, papers: readonly [string, boolean, string | null][]): Verdict {
  const asked = papers.filter(([, needed]) => needed);
  const missing = asked.filter(([, , paper]) => !paper?.trim()).map(([name]) => name);
  if (missing.length > 0)
    return refuse(clause, `${what} needs ${missing.join(" and ")}.`, {
      facts: { case: "papers.missing", papers: missing.join(", ") },
    });
  const names = asked.map(([name]) => name).join(" and ");
  return allow(clause, names ? `${what} has ${names}.` : `${what} needs no paper.`, {
    facts: names ? { case: "papers.there", papers: asked.map(([name]) => name).join(", ") } : { case: "papers.none" },
  });
}

/** A restore that nothing guarantees runs once somebody accepted that in writing (R67). */
export function checkBestEffort(profile: PolicyProfile, acceptedBy: string | null): Verdict {
  const clause = profile.backups.bestEffort ?? { rule: "R67", source: "AC:54" };
  return acceptedBy?.trim()
    ? allow(clause, `Best effort, accepted by ${acceptedBy.trim().slice(0, 80)}.`, {
        facts: { case: "papers.accepted", by: acceptedBy.trim().slice(0, 80) },
      })
    : refuse(clause, "Nobody guarantees that this restore works: it is best effort and needs a recorded acceptance.", {
        facts: { case: "papers.notAccepted" },
      });
}

function checkOverwrite(profile: PolicyProfile, facts: RestoreFacts): Verdict[] {
  const { overwrite } = profile.restores;
  const isUrgent = facts.reason === "disaster";
  return [
    ...(overwrite.needsFreshSnapshot
      ? [
          facts.freshSnapshot
            ? allow(overwrite, "A fresh snapshot of production is taken first.", { facts: { case: "overwrite.fresh" } })
            : refuse(overwrite, "A restore overwrites production: take a fresh snapshot of it first.", {
                facts: { case: "overwrite.notFresh" },
                note: overwrite.note,
              }),
        ]
      : []),
    ...(overwrite.outOfHours && !isUrgent ? [checkBusinessHours(profile, facts.customerZone, facts.startsAt)] : []),
  ];
}

/** An exported copy restores into the identical version only; a stored one was upgraded with the system (R71). */
export function checkVersionMatch(
  profile: PolicyProfile,
  facts: Pick<RestoreFacts, "sourceVersion" | "targetVersion" | "exported">,
): Verdict {
  const { versionMatch } = profile.restores;
  const { sourceVersion, targetVersion, exported } = facts;
  const told = (name: string) => ({ case: `copyVersion.${name}`, sourceVersion, targetVersion, exported });
  if (!exported)
    return allow(versionMatch, "A stored copy is upgraded with the system.", {
      facts: told("stored"),
      note: versionMatch.note,
    });
  return verdict(
    versionMatch,
    sourceVersion === targetVersion,
    sourceVersion === targetVersion
      ? `Both sides run ${targetVersion}.`
      : `The copy is of ${sourceVersion}, the target runs ${targetVersion}: restore beside it on ${sourceVersion}, then upgrade.`,
    { facts: told(sourceVersion === targetVersion ? "same" : "other"), note: versionMatch.note },
  );
}

/**
 * Says whether the software of the target can read the copy's data (R71): data is taken over from an older version, never
 * from a newer one. `hasImage`: the catalogue holds the copy's own version, so that it can be restored beside on that.
 */
export function checkSourceVersion(
  profile: PolicyProfile,
  facts: { readonly sourceVersion: string | null; readonly targetVersion: string | null; readonly hasImage: boolean },
): Verdict {
  const { versionMatch } = profile.restores;
  const { sourceVersion, targetVersion, hasImage } = facts;
  const told = (name: string) => ({ case: `copyVersion.${name}`, sourceVersion, targetVersion });
  const order = sourceVersion && targetVersion ? compareVersions(sourceVersion, targetVersion) : undefined;
  if (sourceVersion !== null && sourceVersion === targetVersion)
    return allow(versionMatch, `Both sides run ${targetVersion}.`, { facts: told("same") });
  if (order === undefined)
    return refuse(versionMatch, "The versions of copy and target cannot be compared.", { facts: told("unknown") });
  if (order <= 0)
    return allow(versionMatch, `The copy of ${sourceVersion} is upgraded to ${targetVersion} when it is set up.`, {
      facts: told("older"),
    });
  return refuse(
    versionMatch,
    hasImage
      ? `The copy is of ${sourceVersion}, newer than ${targetVersion}: restore it beside on the image of ${sourceVersion}, then upgrade the target.`
      : `The copy is of ${sourceVersion}, newer than ${targetVersion}, and no image of ${sourceVersion} is left.`,
    { facts: told(hasImage ? "newer" : "newerNoImage") },
  );
}

/**
 * What a refresh of a test environment from production has to pass: what it loses is said (R28), its fee is there where
 * the contract charges it, and its data fits (R29).
 *
 * A volume cannot shrink: one made of production's copy is as large as production's. R8 limits what a test environment
 * computes with, so a larger volume is said and not refused.
 */
export function checkRefresh(
  profile: PolicyProfile,
  facts: {
    readonly target: "test" | "sandbox";
    readonly fee: string | null;
    readonly neededGiB: number;
    readonly targetGiB: number | null;
    /** Newest business record of the test data; null when there is none or nothing answers. */
    readonly lastChangeAt: Date | null;
  },
): Verdict[] {
  const { refresh } = profile.restores;
  const loses = { rule: "R28", source: "AC:37,38" };
  const fits = { rule: "R29", source: "AC:40" };
  const { target, neededGiB, targetGiB, lastChangeAt } = facts;
  const changedAt = lastChangeAt && utcText(lastChangeAt);
  const grows = targetGiB !== null && neededGiB > targetGiB;
  const told = (name: string) => ({ case: `refresh.${name}`, kind: target, neededGiB, targetGiB });
  return [
    allow(
      loses,
      changedAt
        ? `The ${target} environment's own changes are lost; the newest is of ${changedAt}.`
        : `The ${target} environment's own changes are lost; when it was changed last is not known.`,
      { facts: changedAt ? { case: "refresh.loses", kind: target, changedAt } : told("losesUnknown") },
    ),
    allow(
      fits,
      grows
        ? `The ${target} volume grows from ${targetGiB} to ${neededGiB} GiB: production's data has to fit.`
        : `Production's data fits: ${neededGiB} GiB.`,
      { facts: told(grows ? "grows" : "fits") },
    ),
    ...(refresh?.needsFee ? [needs(refresh, "A refresh", [["its fee", true, facts.fee]])] : []),
  ];
}

export interface Storage {
  /** Bytes that the customer bought. */
  readonly purchasedBytes: number;
  readonly databaseBytes: number;
  readonly snapshotBytes: number;
}

/** The storage bar (R69): what each part takes, and what is free, never below 0. */
export function storageBar(storage: Storage): { dataBytes: number; snapshotBytes: number; freeBytes: number } {
  const { purchasedBytes, databaseBytes, snapshotBytes } = storage;
  return {
    dataBytes: databaseBytes,
    snapshotBytes,
    freeBytes: Math.max(0, purchasedBytes - databaseBytes - snapshotBytes),
  };
}

/** A snapshot is a full copy and must fit the free part of the bought storage (R68). */
export function checkSnapshotSpace(profile: PolicyProfile, storage: Storage): Verdict {
  const clause = profile.restores.snapshotQuota ?? { rule: "R68", source: "AC:43" };
  if (!profile.restores.snapshotQuota)
    return allow(clause, `${profile.name} sells no storage for snapshots.`, {
      facts: { case: "snapshotSpace.notSold", service: profile.id },
    });
  const { freeBytes } = storageBar(storage);
  const told = (fits: boolean) => ({
    facts: {
      case: fits ? "snapshotSpace.fits" : "snapshotSpace.full",
      freeBytes,
      projectedBytes: storage.databaseBytes,
    },
  });
  return storage.databaseBytes <= freeBytes
    ? allow(clause, `The snapshot of ${storage.databaseBytes} bytes fits the free ${freeBytes}.`, told(true))
    : refuse(clause, `The snapshot takes ${storage.databaseBytes} bytes, ${freeBytes} are free.`, told(false));
}

/** Advises to export, download and delete a snapshot that has been lying about (R70). */
export function checkCleanUp(profile: PolicyProfile, takenAt: Date, now: Date): Verdict {
  const clause = profile.restores.cleanUp;
  if (!clause)
    return allow({ rule: "R70", source: "AC:55" }, `${profile.name} gives no such advice.`, {
      facts: { case: "cleanUp.none", service: profile.id },
    });
  const days = Math.floor((now.getTime() - takenAt.getTime()) / DAY_MS);
  const isYoung = days < clause.adviseAfterDays;
  const facts = { case: isYoung ? "cleanUp.young" : "cleanUp.due", days, adviseAfterDays: clause.adviseAfterDays };
  return isYoung
    ? allow(clause, `The snapshot is ${days} days old.`, { facts, note: clause.note })
    : refuse(clause, `The snapshot doubles the database since ${days} days: export it, download it, delete it.`, {
        facts,
        note: clause.note,
        overridable: true,
      });
}

/** Deleting a snapshot is for good (R73): its name is typed in full, and a missing exported copy is said. */
export function checkSnapshotDeletion(
  profile: PolicyProfile,
  facts: { readonly name: string; readonly typed: string; readonly hasExportedCopy: boolean },
): Verdict {
  const { deletion } = profile.restores;
  const warning = facts.hasExportedCopy ? "" : " No exported copy of it exists.";
  return verdict(deletion, facts.typed === facts.name, `Deleting ${facts.name} is for good.${warning}`, {
    facts: {
      case: facts.hasExportedCopy ? "deletion.exported" : "deletion.notExported",
      name: facts.name,
      hasExportedCopy: facts.hasExportedCopy,
    },
    note: deletion.note,
  });
}

/** A prepared export file ends by itself (R74); without the contract's number its end is not known. */
export function checkExportFile(profile: PolicyProfile, preparedAt: Date, now: Date): Verdict {
  const clause = profile.restores.exportFile ?? { rule: "R74", source: "AC:57" };
  const days = profile.fromContract.exportFileDays;
  if (days === undefined)
    return allow(clause, "The file is temporary; how long it is kept is not entered from the contract.", {
      facts: { case: "exportFile.unknown" },
      note: profile.restores.exportFile?.note,
    });
  const until = utcText(new Date(preparedAt.getTime() + days * DAY_MS));
  return now <= new Date(until)
    ? allow(clause, `The file can be fetched until ${until}.`, { facts: { case: "exportFile.there", until } })
    : refuse(clause, `The file could be fetched until ${until}: prepare it again.`, {
        facts: { case: "exportFile.ended", until },
      });
}
