import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statfsSync } from "node:fs";
import { chown, mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type pg from "pg";
import type { AppError } from "../../shared/errors.ts";
import { MINUTE_MS, SECOND_MS } from "../../shared/time.ts";
import { asFileError, diskFull, draftBeside, removeDrafts, syncFolder } from "../home/files.ts";
import type { Home } from "../home/index.ts";
import { shortFolder } from "../home/short-folder.ts";
import type { Log } from "../log.ts";
import { type Account, accountFor } from "./account.ts";
import { type Binaries, findBinaries } from "./binaries.ts";
import { newer, unavailable } from "./errors.ts";
import { SteadyClient } from "./steady-client.ts";

/** Small and quiet: one person's console, few processes, real fsync. */
const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "",
  unix_socket_directories: ".",
  unix_socket_permissions: "0700",
  max_connections: "40",
  shared_buffers: "16MB",
  io_method: "sync",
  wal_level: "minimal",
  max_wal_senders: "0",
  min_wal_size: "32MB",
  max_wal_size: "256MB",
  max_worker_processes: "0",
  max_parallel_workers: "0",
  max_logical_replication_workers: "0",
  autovacuum_worker_slots: "2",
  autovacuum_max_workers: "1",
  jit: "off",
  huge_pages: "off",
  log_checkpoints: "off",
  log_min_messages: "warning",
  timezone: "UTC",
  cluster_name: "fleetwright",
};

const SOCKET_LOCK = ".s.PGSQL.5432.lock";
const USER = "fleetwright";
const PATIENCE_MS = 10 * MINUTE_MS;
/** A killed postmaster's children hold its shared memory until they notice, about a second on a machine at leisure. */
const RETRY_MS = 15 * SECOND_MS;
const LARGEST_LOG = 5 * 1024 * 1024;

/**
 * The console's own PostgreSQL: started, or adopted when the last console was killed and it lives on, and started again
 * whenever it dies.
 */
export class EmbeddedServer {
  readonly place: string;
  readonly #home: Home;
  readonly #log: Log;
  readonly #binaries: Binaries;
  readonly #account: Account | undefined;
  #config: pg.ClientConfig = {};
  #pid: number | undefined;
  #starting: Promise<void> | undefined;
  #stopped = false;

  private constructor(home: Home, log: Log, binaries: Binaries, account: Account | undefined) {
    this.#home = home;
    this.#log = log;
    this.#binaries = binaries;
    this.#account = account;
    this.place = home.paths.database;
  }

  /** Throws AppError DatabaseNewer, DatabaseUnavailable, DiskFull or HomeNotWritable. */
  static async start(home: Home, log: Log): Promise<EmbeddedServer> {
    const account = await accountFor(home.paths.database);
    const server = new EmbeddedServer(home, log, await findBinaries(account), account);
    await server.ensureRunning();
    return server;
  }

  get clientConfig(): pg.ClientConfig {
    return this.#config;
  }

  /** Returns at once while the server lives; otherwise brings it up. All callers share one attempt. */
  ensureRunning(): Promise<void> {
    if (this.#stopped) return Promise.reject(unavailable("The console is stopping.", "Start it again.", false));
    if (this.#pid !== undefined && isAlive(this.#pid)) return Promise.resolve();
    this.#starting ??= this.#bringUp().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /** A connection failed: the next `ensureRunning` looks again. */
  suspect(): void {
    this.#pid = undefined;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#starting?.catch(() => {});
    const pid = (await this.#postmasterPid()) ?? this.#pid;
    if (pid === undefined || !isAlive(pid)) return;
    if (process.platform === "win32") {
      await this.#run(this.#binaries.pgCtl, ["stop", "--mode=fast", "-D", this.place], this.place);
      return;
    }
    for (const [signal, patienceMs] of [
      ["SIGINT", 20 * SECOND_MS],
      ["SIGQUIT", 5 * SECOND_MS],
    ] as const) {
      signalProcess(pid, signal);
      const deadline = performance.now() + patienceMs;
      while (isAlive(pid) && performance.now() < deadline) await wait(5);
      if (!isAlive(pid)) return;
    }
    this.#log.warn("the embedded PostgreSQL does not end", { pid });
  }

  async #bringUp(): Promise<void> {
    this.#pid = undefined;
    await this.#makeCluster();
    this.#config = {
      host: await shortFolder(this.#home.folder).then((home) => join(home, "database")),
      user: USER,
      database: "postgres",
    };
    const deadline = performance.now() + PATIENCE_MS;
    const retryDeadline = performance.now() + RETRY_MS;
    let attempt: Run | undefined;
    let pauseMs = 10; // every question makes a line in the log of a server that is not ready
    for (;;) {
      if (this.#stopped) throw unavailable("The console is stopping.", "Start it again.", false);
      const answer = await this.#probe();
      if (answer === "ready") break;
      if (answer === "absent" && (attempt === undefined || attempt.ended)) {
        if (attempt) await this.#judge(attempt, performance.now() < retryDeadline);
        attempt = await this.#launch();
      }
      if (performance.now() > deadline) {
        throw unavailable(`The embedded database in ${this.place} does not get ready.`, this.#readLog(), true, CAUSE);
      }
      await wait(attempt?.ended ? 100 : pauseMs);
      pauseMs = Math.min(250, pauseMs * 1.2);
    }
    this.#pid = await this.#postmasterPid();
    this.#log.info(attempt ? "database started" : "database adopted", { pid: this.#pid });
  }

  async #probe(): Promise<"ready" | "starting" | "absent"> {
    const client = new SteadyClient({ ...this.#config, connectionTimeoutMillis: 5 * SECOND_MS });
    try {
      await client.connect();
      return "ready";
    } catch (error) {
      const { code } = error as { code?: string };
      return code === "ENOENT" || code === "ECONNREFUSED" ? "absent" : "starting";
    } finally {
      void client.end().catch(() => {});
    }
  }

  /** Throws what ended the attempt, unless trying again may help. */
  async #judge(attempt: Run, mayTryAgain: boolean): Promise<void> {
    const words = await lastWords(attempt);
    const predecessor = /pre-existing shared memory block|lock file "postmaster\.pid" already exists/.test(words);
    const killed = (await attempt.end) === null && attempt.refusal === "";
    if ((predecessor || killed) && mayTryAgain) return;
    throw this.#failure(words);
  }

  #failure(words: string): AppError {
    // The log may be on the same disk and have no room for the reason.
    if (/No space left on device|Disk quota exceeded/.test(words) || isDiskFull(this.place)) {
      return diskFull(this.place, CAUSE);
    }
    const fatal = words
      .split("\n")
      .filter((line) => /FATAL|PANIC|error:/.test(line) && !line.includes("the database system is starting up"))
      .at(-1)
      ?.trim();
    const reason = fatal ? `: ${fatal}` : "";
    return unavailable(`The embedded database in ${this.place} does not start${reason}`, this.#readLog(), true, CAUSE);
  }

  #readLog(): string {
    return `Read ${join(this.#home.paths.logs, "database.log")}.`;
  }

  async #launch(): Promise<Run> {
    await this.#disownStalePid();
    const settings = Object.entries(SERVER_SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const run = await this.#spawn(
      this.#binaries.postgres,
      ["-D", this.#nameForChild(this.place), ...settings],
      this.place,
    );
    run.child.unref();
    void run.end.then(() => {
      if (this.#pid === undefined || this.#pid !== run.child.pid) return;
      this.#pid = undefined;
      if (!this.#stopped) this.#log.warn("the embedded PostgreSQL ended unasked");
    });
    return run;
  }

  /** Made beside its place and renamed, so that a cluster in its place is always whole. */
  async #makeCluster(): Promise<void> {
    await removeDrafts(this.place);
    const version = await readFile(join(this.place, "PG_VERSION"), "utf8").catch(() => undefined);
    if (version !== undefined) return this.#checkVersion(Number.parseInt(version, 10));
    const draft = draftBeside(this.place);
    try {
      await mkdir(draft, { mode: 0o700 });
      if (this.#account) await chown(draft, this.#account.uid, this.#account.gid);
      const args = ["-D", this.#nameForChild(draft), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-instructions"];
      const locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
      const sizes = ["--set", "shared_buffers=16MB", "--set", "io_method=sync"];
      const failed = await this.#run(this.#binaries.initdb, [...args, ...locale, ...sizes], draft);
      if (failed !== undefined) throw this.#failure(failed);
      await rename(draft, this.place);
      await syncFolder(dirname(this.place));
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      throw asFileError(error, this.place);
    }
  }

  #checkVersion(major: number): void {
    const { major: ours } = this.#binaries;
    if (major > ours) {
      throw newer(`The database in ${this.place} was made by a newer app (PostgreSQL ${major}, this app has ${ours}).`);
    }
    if (major < ours) {
      throw unavailable(
        `The database in ${this.place} is of PostgreSQL ${major}; this app has ${ours}. Nothing was changed.`,
        "Start the version of the app that made it, or choose another home folder.",
        false,
      );
    }
  }

  /**
   * As another user the server cannot walk through private folders above its data. It inherits the folder as its
   * working directory, and this name leads there without walking.
   */
  #nameForChild(folder: string): string {
    return this.#account && process.platform === "linux" ? "/proc/self/cwd" : folder;
  }

  async #spawn(program: string, args: readonly string[], cwd: string): Promise<Run> {
    const logFile = join(this.#home.paths.logs, "database.log");
    const log = await openServerLog(logFile);
    try {
      const logStart = (await log.stat()).size;
      const child = spawn(program, args, {
        cwd,
        detached: true, // an interrupt typed at the console's terminal is not for the database
        env: {
          ...(process.platform === "win32" ? process.env : { PATH: "/usr/bin:/bin" }),
          ...(process.platform === "linux" ? { LD_LIBRARY_PATH: this.#binaries.lib } : {}),
          TZ: "UTC",
          LC_ALL: process.platform === "linux" ? "C.UTF-8" : "C",
        },
        stdio: ["ignore", log.fd, log.fd],
        ...this.#account,
      });
      // Listened to before anything is waited for: a program may end at once.
      const run = { child, logFile, logStart, ended: false, refusal: "" };
      const end = once(child, "exit")
        .then(
          ([status]) => status as number | null,
          (error: Error) => {
            run.refusal = `error: ${error.message}`;
            return null;
          },
        )
        .finally(() => {
          run.ended = true;
        });
      return Object.assign(run, { end });
    } finally {
      await log.close();
    }
  }

  /** Runs a program to its end; what it said when it failed, else undefined. */
  async #run(program: string, args: readonly string[], cwd: string): Promise<string | undefined> {
    const run = await this.#spawn(program, args, cwd);
    const status = await run.end;
    return status === 0 ? undefined : (await lastWords(run)) || `error: ${program} ended with ${status}`;
  }

  /** The postmaster of this folder, if it lives. */
  async #postmasterPid(): Promise<number | undefined> {
    const text = await readFile(join(this.place, "postmaster.pid"), "utf8").catch(() => "");
    const pid = Number.parseInt(text, 10);
    return isAlive(pid) && !(await isForeign(pid, this.place)) ? pid : undefined;
  }

  /**
   * The number in postmaster.pid may belong to a program that got it after a power cut, or to a postmaster that was
   * killed and that nobody has asked for yet; PostgreSQL would wait for both. With its parent's number instead it goes
   * on to its other check, for orphans that still use the data, which must stay. Elsewhere than on Linux this cannot be
   * known, and PostgreSQL's own judgement stands.
   */
  async #disownStalePid(): Promise<void> {
    if (process.platform !== "linux") return;
    const file = join(this.place, "postmaster.pid");
    const text = await readFile(file, "utf8").catch(() => undefined);
    const pid = Number.parseInt(text ?? "", 10);
    if (isAlive(pid) && !(await isForeign(pid, this.place))) return;
    await rm(join(this.place, SOCKET_LOCK), { force: true });
    if (text?.trim() === "") await rm(file, { force: true }); // a power cut came before its content
    if (!(pid > 0)) return;
    const draft = `${file}.new`;
    try {
      await writeFile(draft, (text ?? "").replace(/^\d+/, String(process.pid)), { mode: 0o600 });
      if (this.#account) await chown(draft, this.#account.uid, this.#account.gid);
      await rename(draft, file);
    } catch {
      await rm(draft, { force: true }); // no room: PostgreSQL says so next
    }
  }
}

/** A program on its way, and where in the log its words begin. */
interface Run {
  readonly child: ChildProcess;
  readonly logFile: string;
  readonly logStart: number;
  ended: boolean;
  /** Why the program could not even be started. */
  refusal: string;
  /** Its exit status; null after a signal. Never rejects. */
  readonly end: Promise<number | null>;
}

/** Lets whoever only knows connection errors (the job engine) see that trying again helps. */
const CAUSE = Object.assign(new Error("could not connect to server"), { code: "ECONNREFUSED" });

const WAL_SEGMENT_BYTES = 16 * 1024 * 1024;

/** Below one WAL segment the server may end, and then fails to come back. */
export function isDiskFull(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(folder));
    return bavail * bsize < WAL_SEGMENT_BYTES;
  } catch {
    return false;
  }
}

/** True only when it is certain: where /proc cannot be read the process counts as ours. */
async function isForeign(pid: number, folder: string): Promise<boolean> {
  if (process.platform !== "linux") return false;
  const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => undefined);
  if (name !== undefined && !name.startsWith("postgres")) return true;
  try {
    const [theirs, ours] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(folder)]);
    return theirs.ino !== ours.ino || theirs.dev !== ours.dev;
  } catch {
    return false;
  }
}

async function openServerLog(path: string) {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const size = await stat(path).then(
    (facts) => facts.size,
    () => 0,
  );
  if (size > LARGEST_LOG) await rename(path, `${path}.1`);
  return open(path, "a", 0o600);
}

async function lastWords({ logFile, logStart, refusal }: Run): Promise<string> {
  return (await readFile(logFile)).subarray(logStart).toString("utf8").slice(-20_000) + refusal;
}

/** A process that ended and that nobody has asked for yet (a zombie) does not live. */
function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    if (process.platform !== "linux") return true;
    const facts = readFileSync(`/proc/${pid}/stat`, "utf8");
    return facts[facts.lastIndexOf(")") + 2] !== "Z";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
