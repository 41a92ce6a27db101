import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";

/**
 * One lock per home folder, held by the kernel for the life of the process: a kill -9 frees it at once, and there is
 * no stale file to judge. Linux: a socket of the abstract namespace, named by the folder's device and inode, so that
 * every path to the folder meets the same lock. Elsewhere: a file opened with an exclusive lock.
 */
export interface Lock {
  release(): Promise<void>;
}

/** The lock, or undefined when another process holds it. */
export async function takeLock(folder: string): Promise<Lock | undefined> {
  return process.platform === "linux" ? listenAlone(await socketName(folder)) : openAlone(join(folder, "console.lock"));
}

export async function lockIsHeld(folder: string): Promise<boolean> {
  if (process.platform === "linux") return answers(await socketName(folder));
  const lock = await openAlone(join(folder, "console.lock"));
  await lock?.release();
  return lock === undefined;
}

/** Bytes of a Unix socket's address on Linux. */
const ADDRESS_BYTES = 108;

/**
 * Filled up with zeros: Node 20 (and an Electron with it) does that by itself and newer ones do not, so without it the
 * two would hold two different locks.
 */
async function socketName(folder: string): Promise<string> {
  const { dev, ino } = await stat(folder, { bigint: true });
  return `\0fleetwright-home-${dev}-${ino}`.padEnd(ADDRESS_BYTES, "\0");
}

function listenAlone(name: string): Promise<Lock | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen({ path: name }, () => {
      server.unref();
      resolve({ release: () => new Promise((closed) => server.close(() => closed())) });
    });
  });
}

function answers(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path: name });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
  });
}

/** open(2)'s O_EXLOCK of macOS and libuv's UV_FS_O_EXLOCK of Windows; Node names neither. */
const EXCLUSIVE = process.platform === "win32" ? 0x1000_0000 : 0x20;

async function openAlone(path: string): Promise<Lock | undefined> {
  const nonBlocking = process.platform === "win32" ? 0 : constants.O_NONBLOCK;
  try {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | nonBlocking | EXCLUSIVE, 0o600);
    return { release: () => file.close() };
  } catch (error) {
    if (["EAGAIN", "EWOULDBLOCK", "EBUSY"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
