import type { Attributes, FileEntryWithStats, SFTPWrapper } from "ssh2";

/** What a host's user may do with one path, as SFTP tells it. */
export interface RemoteFacts {
  readonly kind: "file" | "folder" | "link" | "other";
  readonly size: number;
  /** POSIX permission bits, 0 to 0o7777. */
  readonly mode: number;
  readonly modifiedAt: Date;
  /** "ubuntu ubuntu", where the host names them. */
  readonly owner: string | null;
}
export interface RemoteEntry extends RemoteFacts {
  readonly name: string;
}

/** A failed request, with SFTP's own number: 2 no such file, 3 permission denied, 4 failure. */
export interface SftpFailure extends Error {
  readonly code?: number;
}

export interface RemoteFile {
  /** Bytes from `offset` on, at most `length`; empty at the end. */
  read(offset: number, length: number): Promise<Buffer>;
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** To the host's disk, where it can say so; otherwise nothing. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Files of a host over one SFTP channel. Rejects with SftpFailure; every call fails when the channel has gone. */
export interface RemoteFiles {
  realPath(path: string): Promise<string>;
  list(path: string): Promise<readonly RemoteEntry[]>;
  /** Follows links; undefined when there is nothing. */
  facts(path: string): Promise<RemoteFacts | undefined>;
  /** Of the link itself. */
  linkFacts(path: string): Promise<RemoteFacts | undefined>;
  makeFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Puts `from` in the place of `to`, which may exist: in one step where the host can. */
  replace(from: string, to: string): Promise<void>;
  removeFile(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  /** `resume` keeps what is there. */
  open(path: string, mode: "read" | "create" | "resume"): Promise<RemoteFile>;
  onGone(listener: () => void): void;
  end(): void;
}

/** Requests that may be under way at once: enough to fill a line of 100 ms at 30 MB/s. */
export const PART_BYTES = 32 * 1024;
export const PARTS_UNDER_WAY = 96;

const NO_SUCH_FILE = 2;

export function remoteFiles(sftp: SFTPWrapper, end: () => void): RemoteFiles {
  let gone = false;
  const listeners: (() => void)[] = [];
  const waiting = new Set<(error: Error) => void>();
  const onGone = () => {
    if (gone) return;
    gone = true;
    // ssh2 answers no request that was under way when its channel went.
    for (const reject of waiting) reject(new Error("the connection was closed"));
    for (const listener of listeners) listener();
  };
  sftp.setMaxListeners(0);
  sftp.on("close", onGone);
  sftp.on("end", onGone);
  sftp.on("error", onGone);

  function ask<Answer>(
    request: (done: (error: Error | null | undefined, answer?: Answer) => void) => unknown,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (gone) return reject(new Error("the connection was closed"));
      waiting.add(reject);
      const done = (error: Error | null | undefined, answer?: Answer) => {
        waiting.delete(reject);
        if (error) reject(error);
        else resolve(answer as Answer);
      };
      try {
        request(done);
      } catch (error) {
        done(error as Error);
      }
    });
  }
  const orNothing = (error: SftpFailure) => {
    if (error.code === NO_SUCH_FILE) return undefined;
    throw error;
  };

  const files: RemoteFiles = {
    realPath: (path) => ask<string>((done) => sftp.realpath(path, done)),
    async list(path) {
      const entries = await ask<FileEntryWithStats[]>((done) => sftp.readdir(path, done));
      return entries
        .filter(({ filename }) => filename !== "." && filename !== "..")
        .map(({ filename, longname, attrs }) => ({ name: filename, ...factsOf(attrs, ownerIn(longname)) }));
    },
    facts: (path) => ask<Attributes>((done) => sftp.stat(path, done)).then((found) => factsOf(found, null), orNothing),
    linkFacts: (path) =>
      ask<Attributes>((done) => sftp.lstat(path, done)).then((found) => factsOf(found, null), orNothing),
    makeFolder: (path) => ask((done) => sftp.mkdir(path, done)),
    rename: (from, to) => ask((done) => sftp.rename(from, to, done)),
    async replace(from, to) {
      try {
        await ask<void>((done) => sftp.ext_openssh_rename(from, to, done));
      } catch {
        if (gone) throw new Error("the connection was closed");
        // A host without OpenSSH's own rename: what was there goes first.
        await files.removeFile(to).catch(orNothing);
        await files.rename(from, to);
      }
    },
    removeFile: (path) => ask((done) => sftp.unlink(path, done)),
    removeFolder: (path) => ask((done) => sftp.rmdir(path, done)),
    async open(path, mode) {
      const flags = { read: "r", create: "w", resume: "r+" }[mode] as "r" | "w" | "r+";
      const handle = await ask<Buffer>((done) => sftp.open(path, flags, done));
      return {
        async read(offset, length) {
          const buffer = Buffer.allocUnsafe(length);
          const bytes = await new Promise<number>((resolve, reject) => {
            if (gone) return reject(new Error("the connection was closed"));
            waiting.add(reject);
            sftp.read(handle, buffer, 0, length, offset, (error, bytesRead) => {
              waiting.delete(reject);
              // The end of a file is told as a failure of its own.
              if (error && (error as SftpFailure).code !== 1) reject(error);
              else resolve(error ? 0 : bytesRead);
            });
          });
          return buffer.subarray(0, bytes);
        },
        write: (offset, bytes) =>
          ask((done) =>
            sftp.write(
              handle,
              Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
              0,
              bytes.length,
              offset,
              done,
            ),
          ),
        sync: () => ask<void>((done) => sftp.ext_openssh_fsync(handle, done)).catch(() => undefined),
        close: () => ask((done) => sftp.close(handle, done)),
      };
    },
    onGone(listener) {
      if (gone) listener();
      else listeners.push(listener);
    },
    end() {
      onGone();
      sftp.end();
      end();
    },
  };
  return files;
}

const KINDS: Readonly<Record<number, RemoteFacts["kind"]>> = { 0o100000: "file", 0o040000: "folder", 0o120000: "link" };

function factsOf(attributes: Attributes, owner: string | null): RemoteFacts {
  const mode = attributes.mode ?? 0;
  return {
    kind: KINDS[mode & 0o170000] ?? "other",
    size: attributes.size ?? 0,
    mode: mode & 0o7777,
    modifiedAt: new Date((attributes.mtime ?? 0) * 1000),
    owner,
  };
}

/** Owner and group in the line that the host writes as `ls -l` does. */
function ownerIn(longname: string): string | null {
  const [, owner, group] = /^[\w-]{10}\S*\s+\d+\s+(\S+)\s+(\S+)\s/.exec(longname) ?? [];
  return owner && group ? `${owner} ${group}` : null;
}
