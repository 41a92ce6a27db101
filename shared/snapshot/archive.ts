import type { Snapshot } from "./model.ts";

/** AWS has removed the file of this archive, or will within the day (R74). */
export function isEnded({ file }: Pick<Snapshot, "file">, now: Date): boolean {
  return file?.expiresAt != null && file.expiresAt <= now;
}

/** The archive can be fetched now and holds the data of that snapshot's environment, of its instant or later (R73). */
export function isExportedCopyOf(archive: Snapshot, snapshot: Snapshot, now: Date): boolean {
  return (
    archive.kind === "archive" &&
    archive.id !== snapshot.id &&
    archive.state === "completed" &&
    !isEnded(archive, now) &&
    archive.environmentId === snapshot.environmentId &&
    archive.systemIdentifier !== null &&
    archive.systemIdentifier === snapshot.systemIdentifier &&
    archive.takenAt >= snapshot.takenAt
  );
}
