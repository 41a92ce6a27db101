import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { AppError } from "../../../shared/errors.ts";
import type { MachineRoom } from "../types.ts";
import type { LabCa } from "./ca.ts";
import { findDebianParts } from "./debian.ts";
import { readIfThere, writeWhole } from "./files.ts";
import { bootHost, type Host } from "./host.ts";
import { hostOwner, ownFolder, type Owner } from "./owner.ts";
import { makeTemplate } from "./erp/template.ts";
import { findBinaries } from "./postgres/binaries.ts";
import { runningPostmaster, stopServerOf } from "./postgres/cluster.ts";
import { freezeTree, isStopped, thawTree } from "./postgres/process-tree.ts";
import { endLeftServers } from "./ssh/openssh.ts";

export interface MachineRoomOptions {
  /** The room's own folder; hosts and volumes bring theirs. */
  readonly folder: string;
  readonly ca: LabCa;
  /** The same for all hosts, each on its own address. Nothing ever listens on `http`. */
  readonly ports: { readonly ssh: number; readonly https: number; readonly http: number };
  readonly log: (line: string) => void;
  /** Account that hosts' processes run as when the lab is root's; absent is `nobody`. */
  readonly uid?: number;
  /** What new hosts are made of; a room that is there already keeps what it was made with. Absent: built-in. */
  readonly machines?: MachineKind;
  /** Orders a minute that each host's customers place by day; absent goes by the host's size. */
  readonly ordersPerMinute?: number;
}

/** Parts that hosts are made of: the lab's own, which run anywhere, or Debian's sshd and PostgreSQL. */
export type MachineKind = "built-in" | "debian";

const WAKING_AT_ONCE = 2;

/** The real local hosts behind the lab's EC2. */
export function createMachineRoom(options: MachineRoomOptions): MachineRoom {
  const owner = hostOwner(options.uid);
  const hosts = new Map<string, Host>();
  const inTurn = atMost(WAKING_AT_ONCE);
  const debian = once(async () =>
    (await settledKind(options.folder, options.machines ?? "built-in")) === "debian" ? findDebianParts() : null,
  );
  const binaries = once(
    async () => (await debian())?.postgres ?? findBinaries(owner, path.join(options.folder, "postgres")),
  );
  const sockets = () => runFolder(options.folder, owner);
  const template = once(async () =>
    makeTemplate({
      binaries: await binaries(),
      owner,
      folder: path.join(options.folder, "template"),
      runFolder: path.join(await sockets(), "template"),
    }),
  );
  const turns = new Map<string, Promise<unknown>>();

  /** Power-on, update and power-off of one host follow each other. */
  const alone = <Result>(instanceId: string, work: () => Promise<Result>): Promise<Result> => {
    const result = (turns.get(instanceId) ?? Promise.resolve()).then(work, work);
    turns.set(
      instanceId,
      result.catch(() => undefined),
    );
    return result;
  };
  const host = (instanceId: string): Host => {
    const found = hosts.get(instanceId);
    if (found) return found;
    throw new AppError("NotFound", `The lab host ${instanceId} is not powered on.`, {
      retryable: false,
      next: "Start the instance first.",
    });
  };

  return {
    powerOn: (spec) =>
      alone(spec.instanceId, async () => {
        const running = hosts.get(spec.instanceId);
        if (running) return running.update(spec);
        const booted = await bootHost(spec, {
          ca: options.ca,
          ports: options.ports,
          owner,
          debian: await debian(),
          binaries,
          template,
          inTurn,
          ordersPerMinute: options.ordersPerMinute,
          runFolder: path.join(await sockets(), spec.instanceId),
          log: options.log,
        });
        hosts.set(spec.instanceId, booted);
      }),
    powerOff: (instanceId) =>
      alone(instanceId, async () => {
        const running = hosts.get(instanceId);
        hosts.delete(instanceId);
        await running?.powerOff();
        // One that an earlier process left running for a host which was not powered on since.
        const folder = path.join(await sockets(), instanceId);
        await stopServerOf(folder);
        await endLeftServers(folder);
        await rm(folder, { recursive: true, force: true });
      }),
    update: (spec) => alone(spec.instanceId, async () => hosts.get(spec.instanceId)?.update(spec)),
    consoleOutput: async (instanceId) => host(instanceId).consoleOutput(),
    async copyVolume(fromFolder, toFolder) {
      const user = [...hosts.values()].find((each) => each.dataFolders().includes(fromFolder));
      const copy = () => copyFolder(fromFolder, toFolder);
      await (user ? user.hold(copy) : copy());
    },
    status: (instanceId) =>
      hosts.get(instanceId)?.status() ?? { processes: "off", memoryBytes: null, ordersWritten: 0 },
    trouble: async (instanceId, kind, on) => host(instanceId).trouble(kind, on),
    async stop() {
      const left = await readdir(await sockets());
      await Promise.all([...new Set([...hosts.keys(), ...left])].map((instanceId) => this.powerOff(instanceId)));
      await rmdir(await sockets()).catch(() => undefined);
    },
  };
}

/** Data of one kind's PostgreSQL is not the other's: what a room was made with is noted in it. */
async function settledKind(folder: string, wanted: MachineKind): Promise<MachineKind> {
  const file = path.join(folder, "machines");
  const known = (await readIfThere(file))?.trim();
  if (known === "built-in" || known === "debian") return known;
  // Rooms from before there was a choice have a template already.
  const kind = (await stat(path.join(folder, "template")).catch(() => undefined)) ? "built-in" : wanted;
  await mkdir(folder, { recursive: true });
  await writeWhole(file, `${kind}\n`, { mode: 0o644 });
  return kind;
}

/**
 * Copies a volume as it is at one instant: its database server, if one runs, stands still while the bytes are read.
 * What the server left there to say that it runs is not part of the copy.
 */
async function copyFolder(from: string, to: string): Promise<void> {
  const draft = `${to}.${process.pid}.part`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(path.dirname(to), { recursive: true });
  // A volume that nothing was ever written to may have no folder.
  if (!(await stat(from).catch(() => undefined))) return void (await mkdir(to, { recursive: true }));
  const server = await runningPostmaster(path.join(from, "pgdata"));
  const freeze = server !== undefined && !(await isStopped(server.pid));
  if (freeze) await freezeTree(server.pid);
  try {
    await run("cp", ["-a", "--reflink=auto", "--", from, draft]);
  } finally {
    if (freeze) await thawTree(server.pid);
  }
  for (const name of ["postmaster.pid", "postmaster.opts"]) await rm(path.join(draft, "pgdata", name), { force: true });
  await rm(to, { recursive: true, force: true });
  await rename(draft, to);
}

function run(file: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => {
      complaint = (complaint + chunk.toString("utf8")).slice(-2_000);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(copyFailure(complaint.trim() || `${file} ended with ${code}`));
    });
  });
}

function copyFailure(complaint: string): AppError {
  return /No space left on device/.test(complaint)
    ? new AppError("DiskFull", `The lab's disk is full: ${complaint}`, {
        retryable: true,
        next: "Free some space, then try again.",
      })
    : new AppError("LabUnavailable", `A lab volume could not be copied: ${complaint}`, { retryable: true });
}

/**
 * The folder for sockets: its path must be short (about 100 bytes for all of it), the same after a restart, and nobody
 * else's.
 */
async function runFolder(roomFolder: string, owner: Owner | undefined): Promise<string> {
  const name = `fwlab-${createHash("sha256").update(path.resolve(roomFolder)).digest("hex").slice(0, 12)}`;
  const base = os.tmpdir().length <= 24 ? os.tmpdir() : "/tmp";
  const folder = path.join(base, name);
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const facts = await lstat(folder);
  const ours = facts.isDirectory() && (facts.uid === process.getuid?.() || facts.uid === owner?.uid);
  if (!ours) {
    throw new AppError(
      "LabUnavailable",
      `The folder ${folder}, which the lab needs for its sockets, belongs to somebody else.`,
      {
        retryable: false,
        next: `Remove ${folder}.`,
      },
    );
  }
  await ownFolder(folder, owner, 0o700);
  return folder;
}

/** Does the work at the first call and gives its result to all; after a failure the next call tries again. */
function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => {
    result ??= work().catch((error: unknown) => {
      result = undefined;
      throw error;
    });
    return result;
  };
}

/** Runs at most `limit` works at a time, in the order in which they were asked for. */
function atMost(limit: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
