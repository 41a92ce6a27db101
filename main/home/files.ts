import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError } from "../../shared/errors.ts";

const FULL = new Set(["ENOSPC", "EDQUOT"]);
const NOT_WRITABLE = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST", "ENOENT", "ELOOP", "ENAMETOOLONG"]);

/** Turns a failed file operation into what the operator can act on; anything unknown comes back as it was. */
export function asFileError(error: unknown, folder: string): unknown {
  const code = (error as { code?: string } | null)?.code ?? "";
  if (FULL.has(code)) return diskFull(folder, error);
  if (!NOT_WRITABLE.has(code)) return error;
  return new AppError(
    "HomeNotWritable",
    `The folder ${folder} cannot be written to (${code}). Nothing was changed.`,
    { retryable: false, folder, next: "Give this user write access to the folder, or choose another one with --home." },
    { cause: error },
  );
}

export function diskFull(folder: string, cause?: unknown): AppError {
  return new AppError(
    "DiskFull",
    `The disk that holds ${folder} is full. What was stored before is safe.`,
    { retryable: true, folder, next: "Free some space on that disk; work goes on by itself." },
    { cause },
  );
}

/** Makes a folder and those above it. (Node's own `recursive` never returns below /proc, where nothing can be made.) */
export async function makeFolder(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path), mode);
    await mkdir(path, { mode }).catch((again: NodeJS.ErrnoException) => {
      if (again.code !== "EEXIST") throw again; // another process was quicker
    });
  }
}

/** Writes a file whole or not at all, also when the power goes: the old content stays until the new one is on disk. */
export async function writeFileDurably(path: string, content: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  const draft = join(folder, `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(draft, { force: true });
    throw asFileError(error, folder);
  }
}

/**
 * A name of its own beside `place` for a folder that other programs fill before it is renamed to `place`. Never used
 * twice: a program that a killed process left behind may still be writing to the earlier try's draft.
 */
export function draftBeside(place: string): string {
  return `${place}.${randomBytes(4).toString("hex")}.new`;
}

/** Removes the drafts of ended tries. One that is still being written to is left for the next call. */
export async function removeDrafts(place: string): Promise<void> {
  const names = await readdir(dirname(place)).catch(() => []);
  const drafts = names.filter((name) => name.startsWith(`${basename(place)}.`) && name.endsWith(".new"));
  await Promise.all(
    drafts.map((name) => rm(join(dirname(place), name), { recursive: true, force: true }).catch(() => undefined)),
  );
}

/** Makes renames and removals in a folder survive a power cut. Windows does that by itself and refuses the call. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A name beside `path` for a file that is kept but no longer used: "settings.broken-2026-03-01T10-00-00-000Z.json". */
export function asideName(path: string, now: Date = new Date()): string {
  const dot = basename(path).lastIndexOf(".");
  const cut = dot > 0 ? path.length - (basename(path).length - dot) : path.length;
  return `${path.slice(0, cut)}.broken-${now.toISOString().replace(/[:.]/g, "-")}${path.slice(cut)}`;
}
