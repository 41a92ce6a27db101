import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { AppError } from "../../shared/errors.ts";
import { closedParent, hostOwner } from "./hosts/owner.ts";
import { isAlive } from "./ready-file.ts";

/** A lab's folder, held by one process at a time. */
export interface LabFolder {
  readonly path: string;
  /** Where volumes, snapshots and hosts are; another place when hosts' accounts could not reach the folder. */
  readonly storage: string;
  release(): Promise<void>;
}

const ROOT_STORAGE = "/var/lib/fleetwright/labs";
/** In a storage outside: the lab that it belongs to. */
const OF_LAB = "lab-folder";

/**
 * Makes the folder and takes it for this process. Throws AppError HomeInUse when another lab runs on it.
 *
 * As root, hosts run as another user, who may not pass a folder that is closed to others, as every console's home is.
 * Their storage is then below /var/lib, with a link from the lab's folder.
 */
export async function takeFolder(folder: string): Promise<LabFolder> {
  await mkdir(folder, { recursive: true, mode: 0o711 }).catch((cause: unknown) => {
    throw new AppError(
      "HomeNotWritable",
      `The lab's folder ${folder} cannot be made: ${String(cause)}`,
      { retryable: false, next: "Choose another folder, or allow writing there." },
      { cause },
    );
  });
  const path = await realpath(folder);
  const release = await lock(path);
  return { path, storage: await findStorage(path), release };
}

async function findStorage(path: string): Promise<string> {
  const owner = hostOwner();
  const own = join(path, "storage");
  if (!owner || !(await closedParent(path, owner))) {
    await mkdir(own, { recursive: true, mode: 0o711 });
    return own;
  }
  await removeOrphans();
  const outside = join(ROOT_STORAGE, createHash("sha256").update(path).digest("hex").slice(0, 16));
  await mkdir(outside, { recursive: true, mode: 0o711 });
  await writeFile(join(outside, OF_LAB), path, { mode: 0o600 });
  await symlink(outside, own).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  return outside;
}

/** Storage whose lab was deleted by its folder would fill the disk unseen. */
async function removeOrphans(): Promise<void> {
  for (const name of await readdir(ROOT_STORAGE).catch(() => [])) {
    const storage = join(ROOT_STORAGE, name);
    const lab = await readFile(join(storage, OF_LAB), "utf8").catch(() => "");
    if (lab !== "" && !existsSync(lab)) await rm(storage, { recursive: true, force: true });
  }
}

async function lock(path: string): Promise<() => Promise<void>> {
  return process.platform === "linux" ? lockByName(path) : lockByFile(join(path, "lock"), path);
}

/** A name in the kernel's abstract socket space: gone with the process, however that ends. */
function lockByName(path: string): Promise<() => Promise<void>> {
  // Filled up with zeros to the address's 108 bytes, as Node 20 does by itself and newer ones do not.
  const name = `\0fleetwright-lab-${createHash("sha256").update(path).digest("hex")}`.padEnd(108, "\0");
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => reject(error.code === "EADDRINUSE" ? inUse(path) : error));
    server.listen({ path: name }, () => {
      server.unref();
      resolve(() => new Promise((released) => server.close(() => released())));
    });
  });
}

async function lockByFile(file: string, path: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      const handle = await open(file, "wx", 0o600);
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const holder = Number(await readFile(file, "utf8").catch(() => ""));
      if (isAlive(holder)) throw inUse(path);
      await rm(file, { force: true });
    }
  }
}

const inUse = (path: string): AppError =>
  new AppError("HomeInUse", `Another lab runs on the folder ${path}. Nothing was changed.`, {
    retryable: true,
    next: "Use that lab, or end it first (fleetwright lab stop).",
  });
