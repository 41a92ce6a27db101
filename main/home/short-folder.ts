import { createHash } from "node:crypto";
import { lstat, mkdir, readlink, rename, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "../../shared/errors.ts";

/** A Unix socket's path may have 103 bytes (macOS) or 107 (Linux); what is added to the folder takes 24. */
const LONGEST_FOLDER = 75;

/**
 * The same folder under a name short enough for Unix sockets in it: itself, or a link in a private folder below
 * $XDG_RUNTIME_DIR or the temporary folder. `folder` must be a real path.
 */
export async function shortFolder(folder: string): Promise<string> {
  if (process.platform === "win32" || Buffer.byteLength(folder) <= LONGEST_FOLDER) return folder;
  const link = shortNames(folder).find((name) => Buffer.byteLength(name.link) <= LONGEST_FOLDER);
  if (!link) {
    throw new AppError("HomeNotWritable", `The path of the folder ${folder} is too long for a private socket.`, {
      retryable: false,
      folder,
      next: "Set XDG_RUNTIME_DIR to a short path, or choose another home folder with --home.",
    });
  }
  await makePrivateFolder(link.parent);
  const current = await readlink(link.link).catch(() => undefined);
  if (current !== folder) {
    const draft = `${link.link}.${process.pid}`;
    await symlink(folder, draft);
    await rename(draft, link.link);
  }
  return link.link;
}

function shortNames(folder: string): readonly { readonly parent: string; readonly link: string }[] {
  const name = createHash("sha256").update(folder).digest("hex").slice(0, 12);
  return [process.env["XDG_RUNTIME_DIR"], tmpdir(), "/tmp"]
    .filter((base): base is string => Boolean(base))
    .map((base) => join(base, `fleetwright-${process.getuid?.() ?? 0}`))
    .map((parent) => ({ parent, link: join(parent, name) }));
}

/** Temporary folders are shared: a folder that somebody else prepared under our name is refused. */
async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700, recursive: true });
  const facts = await lstat(path);
  if (facts.isDirectory() && facts.uid === process.getuid?.() && (facts.mode & 0o077) === 0) return;
  throw new AppError("HomeNotWritable", `The folder ${path} is not private to this user.`, {
    retryable: false,
    folder: path,
    next: "Remove that folder, or set XDG_RUNTIME_DIR to a private folder.",
  });
}
