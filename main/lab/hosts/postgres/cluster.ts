import { spawn } from "node:child_process";
import { appendFile, open, readlink, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../../../shared/errors.ts";
import { draftBeside, removeDrafts } from "../../../home/files.ts";
import { readIfThere } from "../files.ts";
import { ownFolder, type Owner } from "../owner.ts";
import type { PostgresBinaries } from "./binaries.ts";
import { isAlive, processTree, signal, thawTree } from "./process-tree.ts";

/** A PostgreSQL server on one data folder. */
export interface Cluster {
  readonly pid: number;
  /** Folder with its socket; there is no TCP. */
  readonly socketFolder: string;
  /** Settles when the server is gone, whoever ended it. */
  readonly gone: Promise<void>;
  /** Fast shutdown: clients are cut, the data is left clean. */
  stop(): Promise<void>;
}

export interface ClusterPlace {
  readonly binaries: PostgresBinaries;
  readonly owner: Owner | undefined;
  readonly dataFolder: string;
  readonly socketFolder: string;
  readonly logFile: string;
  /** Without flushing to the disk: for data that can be made again. */
  readonly careless?: boolean;
}

/** Small on purpose: a dozen of these run on a laptop. Durability is left as PostgreSQL ships it. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "",
  unix_socket_permissions: "0700",
  max_connections: "20",
  shared_buffers: "16MB",
  huge_pages: "off",
  max_worker_processes: "1",
  max_parallel_workers: "0",
  max_logical_replication_workers: "0",
  autovacuum_max_workers: "1",
  jit: "off",
  wal_level: "replica",
  max_wal_senders: "2",
  min_wal_size: "4MB",
  max_wal_size: "48MB",
  checkpoint_timeout: "15min",
  log_checkpoints: "off",
  log_line_prefix: "%m [%p] ",
  timezone: "UTC",
};
/** What older servers do not know. */
const SETTINGS_SINCE_18: Readonly<Record<string, string>> = { io_method: "sync", autovacuum_worker_slots: "2" };

const START_MS = 30_000;
/** Children of a killed server may hold its shared memory for about a second. */
const RETRY_MS = 5_000;
const STOP_MS = 15_000;

/** Makes the data folder if it is not there yet; it then has a system identifier of its own. May be repeated. */
export async function initCluster({ binaries, owner, dataFolder, logFile, careless }: ClusterPlace): Promise<void> {
  await removeDrafts(dataFolder);
  if (await stat(path.join(dataFolder, "PG_VERSION")).catch(() => undefined)) return;
  const draft = draftBeside(dataFolder);
  await ownFolder(draft, owner, 0o700);
  const log = await open(logFile, "a", 0o640);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      const child = spawn(
        binaries.initdb,
        // The socket's folder is closed to all other accounts; that is what lets the local connections in.
        [
          "-D",
          draft,
          "-U",
          "postgres",
          "-A",
          "trust",
          "-E",
          "UTF8",
          "--wal-segsize=1",
          "--no-instructions",
          ...(careless ? ["--no-sync"] : []),
        ],
        { cwd: draft, env: { ...binaries.environment }, stdio: ["ignore", log.fd, log.fd], ...owner },
      );
      child.once("error", reject);
      child.once("exit", resolve);
    });
    if (code !== 0) throw await startFailure(`initdb ended with ${code}`, logFile);
    const settings = { ...SETTINGS, ...(((await majorVersion(draft)) ?? 0) >= 18 ? SETTINGS_SINCE_18 : {}) };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`);
    await appendFile(path.join(draft, "postgresql.conf"), lines.join(""));
  } finally {
    await log.close();
  }
  await rename(draft, dataFolder);
}

/**
 * Starts the server, or adopts the one that a killed lab left running on this folder. Comes back when it takes
 * connections. Throws AppError LabUnavailable with the end of its log, DiskFull when that is why.
 */
export async function startCluster(place: ClusterPlace): Promise<Cluster> {
  const running = await runningPostmaster(place.dataFolder);
  if (running?.socketFolder === place.socketFolder) {
    await thawTree(running.pid);
    if (await untilReady(place.dataFolder, running.pid))
      return cluster(running.pid, place.socketFolder, pollGone(running.pid));
  }
  if (running) await stopPostmaster(running.pid);
  await stopServerOf(place.socketFolder);
  await rm(path.join(place.dataFolder, "postmaster.pid"), { force: true });

  const giveUpAt = Date.now() + RETRY_MS;
  for (;;) {
    const started = await spawnPostmaster(place);
    if (started) return started;
    if (Date.now() > giveUpAt) throw await startFailure("the database server did not start", place.logFile);
    await sleep(150);
  }
}

/** Ends the server that listens in a socket folder, whatever its data and whoever started it. */
export async function stopServerOf(socketFolder: string): Promise<void> {
  const dataFolder = (await readIfThere(path.join(socketFolder, ".s.PGSQL.5432.lock")))?.split("\n")[1];
  const running = dataFolder ? await runningPostmaster(dataFolder) : undefined;
  if (running?.socketFolder === socketFolder) await stopPostmaster(running.pid);
}

/** Major version of the data; null without data. */
export async function majorVersion(dataFolder: string): Promise<number | null> {
  const text = await readIfThere(path.join(dataFolder, "PG_VERSION"));
  return text ? Number.parseInt(text, 10) : null;
}

/** The live server of a data folder, from its lock file; undefined when that is stale or not there. */
export async function runningPostmaster(
  dataFolder: string,
): Promise<{ pid: number; socketFolder: string } | undefined> {
  const lock = (await readIfThere(path.join(dataFolder, "postmaster.pid")))?.split("\n");
  const pid = Number(lock?.[0]);
  if (!lock || !Number.isInteger(pid) || pid < 2 || !isAlive(pid)) return undefined;
  // The number may belong to somebody else by now: the server always stands in its data folder.
  const standsIn = await readlink(`/proc/${pid}/cwd`).catch(() => dataFolder);
  return path.resolve(standsIn) === path.resolve(dataFolder) ? { pid, socketFolder: lock[4] ?? "" } : undefined;
}

async function spawnPostmaster(place: ClusterPlace): Promise<Cluster | undefined> {
  const log = await open(place.logFile, "a", 0o640);
  try {
    const child = spawn(
      place.binaries.postgres,
      ["-D", place.dataFolder, "-k", place.socketFolder, ...(place.careless ? ["-F"] : [])],
      {
        cwd: place.dataFolder,
        env: { ...place.binaries.environment },
        stdio: ["ignore", log.fd, log.fd],
        // A group of its own: Ctrl-C at the lab's terminal is the lab's to answer.
        detached: true,
        ...place.owner,
      },
    );
    const gone = new Promise<void>((resolve) => {
      child.once("error", () => resolve());
      child.once("exit", () => resolve());
    });
    child.unref();
    if (child.pid === undefined) return undefined;
    const ready = await Promise.race([untilReady(place.dataFolder, child.pid), gone.then(() => false)]);
    if (ready) return cluster(child.pid, place.socketFolder, gone);
    await stopPostmaster(child.pid);
    return undefined;
  } finally {
    await log.close();
  }
}

function cluster(pid: number, socketFolder: string, gone: Promise<void>): Cluster {
  return { pid, socketFolder, gone, stop: () => stopPostmaster(pid) };
}

/** The lock file's eighth line says when the server takes connections. */
async function untilReady(dataFolder: string, pid: number): Promise<boolean> {
  const giveUpAt = Date.now() + START_MS;
  while (Date.now() < giveUpAt && isAlive(pid)) {
    const lock = (await readIfThere(path.join(dataFolder, "postmaster.pid")))?.split("\n");
    if (Number(lock?.[0]) === pid && lock?.[7]?.trim() === "ready") return true;
    await sleep(8);
  }
  return false;
}

async function stopPostmaster(pid: number): Promise<void> {
  if (!isAlive(pid)) return;
  const tree = await processTree(pid);
  await thawTree(pid);
  for (const [name, patience] of [
    ["SIGINT", STOP_MS],
    ["SIGQUIT", 3_000],
  ] as const) {
    signal(pid, name);
    if (await untilGone(pid, patience)) return;
  }
  for (const each of tree) signal(each, "SIGKILL");
  await untilGone(pid, 3_000);
}

async function untilGone(pid: number, patienceMs: number): Promise<boolean> {
  const giveUpAt = Date.now() + patienceMs;
  while (isAlive(pid)) {
    if (Date.now() > giveUpAt) return false;
    await sleep(8);
  }
  return true;
}

/** An adopted server is no child of ours: there is nothing to wait for but its absence. */
async function pollGone(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(1_000, undefined, { ref: false });
}

async function startFailure(what: string, logFile: string): Promise<AppError> {
  const tail = ((await readIfThere(logFile)) ?? "").trim().split("\n").slice(-6).join("\n");
  return /No space left on device/.test(tail)
    ? new AppError("DiskFull", `A lab host's database did not start: no space left on the disk of ${logFile}.`, {
        retryable: true,
        next: "Free some space, then use the host again.",
      })
    : new AppError("LabUnavailable", `A lab host's database did not start: ${what}.`, {
        retryable: true,
        next: `See ${logFile}.`,
        log: tail,
      });
}
