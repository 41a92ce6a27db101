import { createHash } from "node:crypto";
import { chmod, mkdir, open, readdir, readFile, realpath, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import envPaths from "env-paths";
import { AppError } from "../../shared/errors.ts";
import { SECOND_MS } from "../../shared/time.ts";
import { asFileError, makeFolder, writeFileDurably } from "./files.ts";
import { lockIsHeld, takeLock } from "./lock.ts";
import { shortFolder } from "./short-folder.ts";

export interface HomePaths {
  /** settings.json */
  readonly settings: string;
  readonly vault: string;
  readonly database: string;
  readonly lab: string;
  readonly logs: string;
  /** A Unix socket's path, short enough to bind; on Windows the name of a pipe. */
  readonly controlSocket: string;
}

/** The folder with all state of one console, held by this process alone until `release()` or its end. */
export interface Home {
  /** Real path. */
  readonly folder: string;
  readonly paths: HomePaths;
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  readonly machine: string;
  readonly host: string | null;
  readonly since: string;
}

/** $FLEETWRIGHT_HOME, or the platform's folder for application data. */
export function defaultHome(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env["FLEETWRIGHT_HOME"] || envPaths("fleetwright", { suffix: "" }).data);
}

/**
 * Makes the folder if it is missing, private to this user, and takes it for this process.
 *
 * Throws AppError HomeInUse (another console has it), HomeNotWritable, DiskFull, or InvalidInput for a folder that
 * holds something else: it is never adopted, since it would be closed to all other users.
 * @param host shown to whoever is refused: "electron", "loopback", …
 */
export async function openHome(folder: string, host?: string): Promise<Home> {
  try {
    await makeFolder(resolve(folder), 0o700);
    const real = await realpath(folder);
    await refuseForeignFolder(real);
    const lock = await takeLock(real);
    if (!lock) throw await homeInUse(real);
    try {
      await chmod(real, 0o700);
      await checkWritable(real);
      const paths = await namePaths(real);
      const holder: Holder = {
        pid: process.pid,
        machine: hostname(),
        host: host ?? null,
        since: new Date().toISOString(),
      };
      await writeFileDurably(holderFile(real), `${JSON.stringify(holder)}\n`);
      if (process.platform !== "win32") await rm(paths.controlSocket, { force: true });
      await mkdir(paths.logs, { recursive: true, mode: 0o700 });
      const release = async (): Promise<void> => {
        await rm(holderFile(real), { force: true });
        await lock.release();
      };
      return { folder: real, paths, release };
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw asFileError(error, folder);
  }
}

/**
 * The control socket of the console that runs on this home folder, or undefined when none does.
 *
 * A console that is still starting is waited for. Throws AppError ConsoleUnreachable when one holds the folder and does
 * not answer within `patienceMs`.
 */
export async function findConsole(folder: string, patienceMs = 15 * SECOND_MS): Promise<string | undefined> {
  const real = await realpath(folder).catch(() => undefined);
  if (real === undefined || !(await isFolder(real))) return undefined;
  const { controlSocket } = await namePaths(real);
  const deadline = performance.now() + patienceMs;
  while (await lockIsHeld(real)) {
    if (await accepts(controlSocket)) return controlSocket;
    if (performance.now() > deadline) {
      const holder = await readHolder(real);
      throw new AppError("ConsoleUnreachable", `A console holds ${real} (${describe(holder)}) but does not answer.`, {
        retryable: true,
        folder: real,
        ...holder,
        next: "Try again in a moment; if it stays so, end that process and start the console again.",
      });
    }
    await wait(50);
  }
  return undefined;
}

/** Where the console that holds this home folder listens; the folder must exist. */
export async function controlSocketOf(folder: string): Promise<string> {
  return (await namePaths(await realpath(folder))).controlSocket;
}

async function namePaths(folder: string): Promise<HomePaths> {
  const pipe = createHash("sha256").update(folder.toLowerCase()).digest("hex").slice(0, 24);
  return {
    settings: join(folder, "settings.json"),
    vault: join(folder, "vault"),
    database: join(folder, "database"),
    lab: join(folder, "lab"),
    logs: join(folder, "logs"),
    controlSocket:
      process.platform === "win32"
        ? `\\\\.\\pipe\\fleetwright-${pipe}`
        : join(await shortFolder(folder), "control.sock"),
  };
}

const OURS = new Set([
  "settings.json",
  "vault",
  "database",
  "lab",
  "logs",
  "control.sock",
  "console.json",
  "console.lock",
  "start.json",
  "electron",
]);

/** What a file system or a desktop puts into every folder. */
const NOBODYS = new Set(["lost+found", ".DS_Store"]);

/** Whether a folder with these names in it is somebody else's: a home is empty or has one of our names in it. */
export function isForeign(names: readonly string[]): boolean {
  const found = names.filter((name) => !NOBODYS.has(name));
  return found.length > 0 && !found.some((name) => OURS.has(name) || isDraft(name));
}

async function refuseForeignFolder(folder: string): Promise<void> {
  if (!isForeign(await readdir(folder))) return;
  throw new AppError("InvalidInput", `The folder ${folder} holds other files and no state of Fleetwright.`, {
    retryable: false,
    folder,
    next: "Name a new or an empty folder with --home.",
  });
}

/** What a console that is opening this very folder may have left for a moment. */
function isDraft(name: string): boolean {
  return name.startsWith(".fleetwright-") || name.startsWith(".console.json.") || name.startsWith("settings.broken-");
}

async function checkWritable(folder: string): Promise<void> {
  const probe = join(folder, `.fleetwright-check-${process.pid}`);
  try {
    const file = await open(probe, "w", 0o600);
    try {
      await file.writeFile(Buffer.alloc(4096));
      await file.sync();
    } finally {
      await file.close();
    }
  } finally {
    await rm(probe, { force: true });
  }
}

async function homeInUse(folder: string): Promise<AppError> {
  const holder = await readHolder(folder);
  return new AppError("HomeInUse", `Another console already uses ${folder}: ${describe(holder)}.`, {
    retryable: false,
    folder,
    ...holder,
    next: "Use its window, end it first, or choose another folder with --home.",
  });
}

const holderFile = (folder: string): string => join(folder, "console.json");

/** The winner of the lock writes its name a moment after taking it: a missing or dead name is read again. */
async function readHolder(folder: string): Promise<Holder | undefined> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    try {
      const holder = JSON.parse(await readFile(holderFile(folder), "utf8")) as Holder;
      if (isAlive(holder.pid)) return holder;
    } catch {
      // not written yet
    }
    await wait(50);
  }
  return undefined;
}

function describe(holder: Holder | undefined): string {
  if (!holder) return "a process that did not leave its name";
  return `process ${holder.pid} on ${holder.machine}${holder.host ? ` (${holder.host})` : ""}, since ${holder.since}`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path)).isDirectory();
}

function accepts(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path);
    socket.once("connect", () => done(true)).once("error", () => done(false));
    socket.once("connect", () => socket.destroy());
  });
}
