import { readFileSync } from "node:fs";
import { chmod, chown, mkdir, stat } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../../../shared/errors.ts";

/** The account that a host's commands and database run as when the lab itself runs as root. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who a host's processes are: `uid` if given, else `nobody` when this process is root, else nobody in particular
 * (undefined), which means the account that the lab runs as.
 */
export function hostOwner(uid?: number): Owner | undefined {
  const account = passwordEntries();
  if (uid !== undefined) return { uid, gid: account.find((entry) => entry.uid === uid)?.gid ?? uid };
  if (process.getuid?.() !== 0) return undefined;
  const nobody = account.find((entry) => entry.name === "nobody");
  return { uid: nobody?.uid ?? 65534, gid: nobody?.gid ?? 65534 };
}

function passwordEntries(): readonly { name: string; uid: number; gid: number }[] {
  try {
    return readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .map((line) => line.split(":"))
      .map(([name = "", , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
  } catch {
    return [];
  }
}

/** Makes a folder (and its parents), sets its mode and hands it to the owner. */
export async function ownFolder(folder: string, owner: Owner | undefined, mode = 0o755): Promise<void> {
  await mkdir(folder, { recursive: true });
  await chmod(folder, mode);
  if (owner) await chown(folder, owner.uid, owner.gid);
}

/**
 * Checks that the owner may walk down to `folder`, which a folder closed to others on the way (root's home) forbids.
 * Throws AppError LabUnavailable naming the folder in the way.
 */
export async function checkReachable(folder: string, owner: Owner | undefined): Promise<void> {
  if (!owner) return;
  const obstacle = await closedParent(folder, owner);
  if (!obstacle) return;
  throw new AppError(
    "LabUnavailable",
    `The lab's hosts run as another user (uid ${owner.uid}), who may not pass the folder ${obstacle} on the way to ${folder}.`,
    {
      retryable: false,
      next: `Use a home folder outside of it (--home /var/lib/fleetwright), or allow passing: chmod o+x ${obstacle}`,
    },
  );
}

/** The uppermost folder above `folder` (or itself) that the owner may not pass; undefined when the way is free. */
export async function closedParent(folder: string, owner: Owner): Promise<string | undefined> {
  const parts = path.resolve(folder).split(path.sep);
  for (let depth = 1; depth <= parts.length; depth++) {
    const step = parts.slice(0, depth).join(path.sep) || path.sep;
    const facts = await stat(step).catch(() => undefined);
    if (!facts) return undefined;
    const bit = facts.uid === owner.uid ? 0o100 : facts.gid === owner.gid ? 0o010 : 0o001;
    if (!(facts.mode & bit)) return step;
  }
  return undefined;
}
