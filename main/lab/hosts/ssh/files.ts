import { constants, type Stats } from "node:fs";
import {
  chmod,
  chown,
  type FileHandle,
  lchown,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rmdir,
  stat,
  symlink,
  truncate,
  unlink,
  utimes,
} from "node:fs/promises";
import path from "node:path";
import ssh2, { type Attributes, type FileEntry, type SFTPWrapper } from "ssh2";
import type { Owner } from "../owner.ts";

/** What a host shows over SFTP, and as whom. */
export interface FileView {
  readonly home: string;
  /** The root device: what "/" is to the client. */
  readonly root: string;
  /** Further folders that may be reached by their real paths: the data volumes. */
  readonly others: () => readonly string[];
  readonly owner: Owner | undefined;
  /** What is written is refused for want of space. */
  readonly full: () => boolean;
}

const { STATUS_CODE, OPEN_MODE } = ssh2.utils.sftp;
const HANDLES_MAX = 256;
const READ_MAX = 256 * 1024;
const NAMES_AT_ONCE = 64;

type Handle = { readonly file: FileHandle } | { readonly folder: string; names: string[] };

/** What ssh2's channel of a command does publicly, its channel of SFTP keeps to itself. */
interface SftpInside {
  readonly _protocol: { exitStatus(channel: number, status: number): void };
  readonly outgoing: { readonly id: number };
}

/** A failure with SFTP's own number. */
class Denied extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Serves SFTP on the host's real files.
 *
 * The lab may run as root, so that what the user `ubuntu` may do is decided here, from the modes of the files: every
 * path is resolved, must stay inside the view, and is checked as the kernel would for that account.
 */
export function serveFiles(sftp: SFTPWrapper, view: FileView): void {
  const handles = new Map<number, Handle>();
  let lastHandle = 0;

  const keep = (handle: Handle): Buffer => {
    if (handles.size >= HANDLES_MAX) throw new Denied(STATUS_CODE.FAILURE, "Too many open files");
    const id = Buffer.alloc(4);
    lastHandle = (lastHandle + 1) >>> 0;
    id.writeUInt32BE(lastHandle);
    handles.set(lastHandle, handle);
    return id;
  };
  const handleOf = (id: Buffer): Handle => {
    const handle = id.length === 4 ? handles.get(id.readUInt32BE()) : undefined;
    if (!handle) throw new Denied(STATUS_CODE.FAILURE, "No such handle");
    return handle;
  };
  const fileOf = (id: Buffer): FileHandle => {
    const handle = handleOf(id);
    if (!("file" in handle)) throw new Denied(STATUS_CODE.FAILURE, "Not a file");
    return handle.file;
  };
  let turn: Promise<void> = Promise.resolve();
  /**
   * Runs one request after the other: clients take it for granted that answers keep the order (OpenSSH's truncates an
   * upload whose acknowledgements overtook each other). What fails becomes its status, and nothing ends the session.
   */
  const answer = (request: number, work: () => Promise<void>) => {
    turn = turn.then(work).catch((error: unknown) => {
      const { status, message } = statusOf(error);
      sftp.status(request, status, message);
    });
  };
  const done = (request: number) => sftp.status(request, STATUS_CODE.OK);
  const spare = () => {
    if (view.full()) throw new Denied(STATUS_CODE.FAILURE, "No space left on device");
  };

  sftp.on("OPEN", (request, name, flags, attributes) =>
    answer(request, async () => {
      const writes = (flags & (OPEN_MODE.WRITE | OPEN_MODE.APPEND)) !== 0;
      if (writes) spare();
      const place = await resolve(view, name, "follow");
      const there = await stat(place).catch(() => undefined);
      if (there) await permit(view, place, (writes ? 2 : 0) | (flags & OPEN_MODE.READ ? 4 : 0));
      else await permit(view, path.dirname(place), 3);
      const file = await open(place, openFlags(flags), (attributes.mode ?? 0o644) & 0o7777);
      try {
        if (!there && view.owner) await file.chown(view.owner.uid, view.owner.gid);
        sftp.handle(request, keep({ file }));
      } catch (error) {
        await file.close();
        throw error;
      }
    }),
  );
  sftp.on("READ", (request, id, offset, length) =>
    answer(request, async () => {
      const wanted = Buffer.allocUnsafe(Math.min(length, READ_MAX));
      const { bytesRead } = await fileOf(id).read(wanted, 0, wanted.length, offset);
      if (bytesRead === 0 && length > 0) sftp.status(request, STATUS_CODE.EOF);
      else sftp.data(request, wanted.subarray(0, bytesRead));
    }),
  );
  sftp.on("WRITE", (request, id, offset, data) =>
    answer(request, async () => {
      spare();
      const file = fileOf(id);
      for (let written = 0; written < data.length; ) {
        const { bytesWritten } = await file.write(data, written, data.length - written, offset + written);
        written += bytesWritten;
      }
      done(request);
    }),
  );
  sftp.on("CLOSE", (request, id) =>
    answer(request, async () => {
      const handle = handleOf(id);
      handles.delete(id.readUInt32BE());
      if ("file" in handle) await handle.file.close();
      done(request);
    }),
  );
  sftp.on("OPENDIR", (request, name) =>
    answer(request, async () => {
      const folder = await resolve(view, name, "follow");
      await permit(view, folder, 4);
      sftp.handle(request, keep({ folder, names: [".", "..", ...(await readdir(folder))] }));
    }),
  );
  sftp.on("READDIR", (request, id) =>
    answer(request, async () => {
      const handle = handleOf(id);
      if ("file" in handle) throw new Denied(STATUS_CODE.FAILURE, "Not a folder");
      const names = handle.names.splice(0, NAMES_AT_ONCE);
      if (names.length === 0) return void sftp.status(request, STATUS_CODE.EOF);
      const found = await Promise.all(
        names.map(async (name) => {
          const facts = await lstat(path.join(handle.folder, name)).catch(() => undefined);
          return facts && entry(name, facts);
        }),
      );
      sftp.name(
        request,
        found.filter((each) => each !== undefined),
      );
    }),
  );
  sftp.on("FSTAT", (request, id) =>
    answer(request, async () => void sftp.attrs(request, attributesOf(await fileOf(id).stat()))),
  );
  sftp.on("STAT", (request, name) =>
    answer(request, async () => void sftp.attrs(request, attributesOf(await stat(await seen(view, name, "follow"))))),
  );
  sftp.on("LSTAT", (request, name) =>
    answer(request, async () => void sftp.attrs(request, attributesOf(await lstat(await seen(view, name, "link"))))),
  );
  sftp.on("FSETSTAT", (request, id, attributes) =>
    answer(request, async () => {
      const file = fileOf(id);
      if (attributes.size !== undefined) await file.truncate(attributes.size);
      if (attributes.mode !== undefined) await file.chmod(attributes.mode & 0o7777);
      if (attributes.mtime !== undefined) await file.utimes(attributes.atime ?? attributes.mtime, attributes.mtime);
      done(request);
    }),
  );
  sftp.on("SETSTAT", (request, name, attributes) =>
    answer(request, async () => {
      const place = await resolve(view, name, "follow");
      await change(view, place, attributes);
      done(request);
    }),
  );
  sftp.on("MKDIR", (request, name, attributes) =>
    answer(request, async () => {
      spare();
      const place = await inWritableFolder(view, name);
      await mkdir(place, { mode: (attributes.mode ?? 0o755) & 0o7777 });
      if (view.owner) await chown(place, view.owner.uid, view.owner.gid);
      done(request);
    }),
  );
  sftp.on("RMDIR", (request, name) =>
    answer(request, async () => {
      await rmdir(await inWritableFolder(view, name));
      done(request);
    }),
  );
  sftp.on("REMOVE", (request, name) =>
    answer(request, async () => {
      await unlink(await inWritableFolder(view, name));
      done(request);
    }),
  );
  sftp.on("RENAME", (request, from, to) =>
    answer(request, async () => {
      const source = await inWritableFolder(view, from);
      const target = await inWritableFolder(view, to);
      // SFTP 3, and OpenSSH's server: renaming never replaces.
      if (await lstat(target).catch(() => undefined)) throw new Denied(STATUS_CODE.FAILURE, "The target exists");
      await rename(source, target);
      done(request);
    }),
  );
  sftp.on("SYMLINK", (request, target, link) =>
    answer(request, async () => {
      spare();
      const place = await inWritableFolder(view, link);
      await symlink(target, place);
      if (view.owner) await lchown(place, view.owner.uid, view.owner.gid);
      done(request);
    }),
  );
  sftp.on("READLINK", (request, name) =>
    answer(request, async () => {
      const target = await readlink(await seen(view, name, "link"));
      sftp.name(request, [{ filename: target, longname: target, attrs: {} as Attributes }]);
    }),
  );
  sftp.on("REALPATH", (request, name) =>
    answer(request, async () => {
      const place = await resolve(view, name, "follow");
      sftp.name(request, [{ filename: place, longname: place, attrs: {} as Attributes }]);
    }),
  );
  // Without this the client's program hangs when it is done, or takes the end for a failure.
  sftp.on("end", () => {
    const { _protocol, outgoing } = sftp as SFTPWrapper & SftpInside;
    _protocol.exitStatus(outgoing.id, 0);
    sftp.end();
  });
  sftp.on("error", () => undefined);
  sftp.on("close", () => {
    for (const handle of handles.values()) if ("file" in handle) void handle.file.close().catch(() => undefined);
    handles.clear();
  });
}

/**
 * The real path that a client's path means: real paths inside the view stand for themselves, so that what a command
 * prints can be fetched; any other absolute path counts from the host's root device; a relative one from home.
 *
 * `follow` resolves the last part too. Throws Denied for what leads out of the view.
 */
async function resolve(view: FileView, name: string, last: "follow" | "link"): Promise<string> {
  if (name.includes("\0")) throw new Denied(STATUS_CODE.NO_SUCH_FILE, "No such file");
  const roots = [view.root, ...view.others()];
  const asked = path.isAbsolute(name) ? path.normalize(name) : path.join(view.home, name);
  const place = roots.some((root) => inside(root, asked)) ? asked : path.join(view.root, asked);
  const parent = await realpath(path.dirname(place)).catch(notFound);
  const named = path.join(parent, path.basename(place));
  const real = last === "follow" ? await realpath(named).catch(() => target(named)) : named;
  const realRoots = await Promise.all(roots.map((root) => realpath(root).catch(() => root)));
  if (!realRoots.some((root) => inside(root, real))) {
    throw new Denied(STATUS_CODE.PERMISSION_DENIED, "Outside of this host");
  }
  return real;
}

/** A last part that does not exist may be made; one that is a link into nothing may not be written through. */
async function target(named: string): Promise<string> {
  if (await lstat(named).catch(() => undefined)) throw new Denied(STATUS_CODE.NO_SUCH_FILE, "No such file");
  return named;
}

function notFound(): never {
  throw new Denied(STATUS_CODE.NO_SUCH_FILE, "No such file");
}

function inside(root: string, place: string): boolean {
  return place === root || place.startsWith(root.endsWith(path.sep) ? root : root + path.sep);
}

async function inWritableFolder(view: FileView, name: string): Promise<string> {
  const place = await resolve(view, name, "link");
  await permit(view, path.dirname(place), 3);
  return place;
}

/** A path whose facts may be read: its folders may be passed. */
async function seen(view: FileView, name: string, last: "follow" | "link"): Promise<string> {
  const place = await resolve(view, name, last);
  await permit(view, path.dirname(place), 1);
  return place;
}

/** Checks the rights (4 read, 2 write, 1 pass) on a real path and that all folders above may be passed. */
async function permit(view: FileView, place: string, rights: number): Promise<void> {
  const { owner } = view;
  if (!owner) return;
  const root = [view.root, ...view.others()].find((each) => inside(each, place)) ?? view.root;
  const steps = path.relative(root, place).split(path.sep).filter(Boolean);
  for (let depth = 0; depth <= steps.length; depth++) {
    const facts = await stat(path.join(root, ...steps.slice(0, depth)));
    if ((bitsFor(facts, owner) & (depth === steps.length ? rights : 1)) !== (depth === steps.length ? rights : 1)) {
      throw new Denied(STATUS_CODE.PERMISSION_DENIED, "Permission denied");
    }
  }
}

function bitsFor(facts: Stats, owner: Owner): number {
  const shift = facts.uid === owner.uid ? 6 : facts.gid === owner.gid ? 3 : 0;
  return (facts.mode >> shift) & 7;
}

async function change(view: FileView, place: string, attributes: Attributes): Promise<void> {
  await permit(view, path.dirname(place), 1);
  const facts = await stat(place);
  if (view.owner && facts.uid !== view.owner.uid) throw new Denied(STATUS_CODE.PERMISSION_DENIED, "Permission denied");
  if (attributes.size !== undefined) await truncate(place, attributes.size);
  if (attributes.mode !== undefined) await chmod(place, attributes.mode & 0o7777);
  if (attributes.mtime !== undefined) await utimes(place, attributes.atime ?? attributes.mtime, attributes.mtime);
}

function openFlags(flags: number): number {
  const access =
    (flags & (OPEN_MODE.READ | OPEN_MODE.WRITE)) === (OPEN_MODE.READ | OPEN_MODE.WRITE)
      ? constants.O_RDWR
      : flags & (OPEN_MODE.WRITE | OPEN_MODE.APPEND)
        ? constants.O_WRONLY
        : constants.O_RDONLY;
  return (
    access |
    (flags & OPEN_MODE.APPEND ? constants.O_APPEND : 0) |
    (flags & OPEN_MODE.CREAT ? constants.O_CREAT : 0) |
    (flags & OPEN_MODE.TRUNC ? constants.O_TRUNC : 0) |
    (flags & OPEN_MODE.EXCL ? constants.O_EXCL : 0) |
    // The path is resolved already: a link put there meanwhile is not followed, a pipe does not hang us.
    constants.O_NOFOLLOW |
    constants.O_NONBLOCK
  );
}

function attributesOf(facts: Stats): Attributes {
  return {
    mode: facts.mode,
    uid: facts.uid,
    gid: facts.gid,
    size: facts.size,
    atime: Math.floor(facts.atimeMs / 1000),
    mtime: Math.floor(facts.mtimeMs / 1000),
  };
}

function entry(name: string, facts: Stats): FileEntry {
  const type = facts.isDirectory() ? "d" : facts.isSymbolicLink() ? "l" : "-";
  const modes = [6, 3, 0]
    .map((shift) => (facts.mode >> shift) & 7)
    .map((bits) => `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${bits & 1 ? "x" : "-"}`)
    .join("");
  const date = facts.mtime.toISOString().slice(0, 16).replace("T", " ");
  const longname = `${type}${modes} ${facts.nlink} ubuntu ubuntu ${String(facts.size).padStart(10)} ${date} ${name}`;
  return { filename: name, longname, attrs: attributesOf(facts) };
}

function statusOf(error: unknown): { status: number; message: string } {
  if (error instanceof Denied) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return { status: STATUS_CODE.NO_SUCH_FILE, message: "No such file" };
    case "EACCES":
    case "EPERM":
      return { status: STATUS_CODE.PERMISSION_DENIED, message: "Permission denied" };
    case "ENOSPC":
      return { status: STATUS_CODE.FAILURE, message: "No space left on device" };
    default:
      return { status: STATUS_CODE.FAILURE, message: code ?? message };
  }
}
