import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { AppError, type ErrorFacts } from "../../shared/errors.ts";
import { Fault, type FaultInput, LabReady, LabStatus } from "../../shared/lab/model.ts";
import { isAlive, readReady, readyFile } from "./ready-file.ts";
import type { Seed } from "./seed.ts";

export interface LaunchOptions {
  readonly folder: string;
  /** For a folder without a lab; an existing lab keeps its content. */
  readonly seed: Seed;
  readonly onLog?: (line: string) => void;
  /** The lab process's script; absent finds it beside this code. */
  readonly entry?: string;
  /** How long the lab waits to be adopted once its console is gone. */
  readonly graceSeconds?: number;
}

/** A lab in a process of its own, used through its control address. Calls throw LabUnavailable once it is gone. */
export interface LaunchedLab {
  readonly ready: LabReady;
  /** Found running and taken over, with all that it had. */
  readonly adopted: boolean;
  /** Resolves when the lab ended without this holder's doing: `asked` when somebody stopped it, not when it was killed. */
  readonly gone: Promise<{ readonly asked: boolean }>;
  status(): Promise<LabStatus>;
  injectFault(input: FaultInput): Promise<Fault>;
  clearFault(id: string): Promise<boolean>;
  clearFaults(): Promise<number>;
  reset(seed: Seed): Promise<LabStatus>;
  /** Lets go: the lab lives on for its grace and may be adopted. */
  release(): void;
  /** Ends the lab cleanly and waits for it. Never rejects. */
  stop(): Promise<void>;
}

const START_MS = 60_000;
const STOP_MS = 30_000;
const GRACE_SECONDS = 60;

/** Takes over the lab that runs on the folder, or starts one. */
export async function adoptOrSpawnLab(options: LaunchOptions): Promise<LaunchedLab> {
  const running = await findLab(options.folder);
  if (running) return hold(options.folder, running, true);
  try {
    return hold(options.folder, await spawnLab(options), false);
  } catch (error) {
    // Another console was faster with the same folder.
    const other = await findLab(options.folder);
    if (other) return hold(options.folder, other, true);
    throw error;
  }
}

/** The lab that runs on the folder, for whoever only wants to look or to end it; null when none does. */
export async function connectLab(folder: string): Promise<LaunchedLab | null> {
  const ready = await findLab(folder);
  return ready ? hold(folder, ready, true) : null;
}

/** The lab that answers for the folder at this moment; null when none does. */
export async function findLab(folder: string): Promise<LabReady | null> {
  const ready = await readReady(readyFile(folder));
  if (!ready || !isAlive(ready.pid)) return null;
  const status = await control(ready, "GET", "/status").catch(() => undefined);
  return LabStatus.safeParse(revive(status)).data?.pid === ready.pid ? ready : null;
}

async function spawnLab(options: LaunchOptions): Promise<LabReady> {
  const { folder, seed, onLog = () => undefined } = options;
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const child = spawn(
    process.execPath,
    [options.entry ?? findEntry(), folder, seed, String(options.graceSeconds ?? GRACE_SECONDS)],
    {
      // A group of its own: the console's Ctrl-C and its death do not reach it.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
      cwd: folder,
    },
  );
  createInterface({ input: child.stderr }).on("line", onLog);
  const line = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGTERM");
      reject(unavailable(`The lab on ${folder} did not start within ${START_MS / 1000} seconds.`));
    }, START_MS);
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      reject(unavailable(`The lab on ${folder} ended while it started (${signal ?? code}).`)),
    );
    createInterface({ input: child.stdout }).once("line", (text) => {
      clearTimeout(timer);
      resolve(text);
    });
  });
  child.unref();
  for (const stream of [child.stdout, child.stderr]) (stream as unknown as { unref?(): void }).unref?.();
  const answer = JSON.parse(line) as { error?: ErrorFacts };
  if (answer.error) throw new AppError(answer.error.code, answer.error.message, answer.error.details);
  return LabReady.parse(answer);
}

/** The built lab is lab.js beside the code or above it; from sources it is process.ts. */
function findEntry(): string {
  const here = fileURLToPath(import.meta.url);
  if (here.endsWith(".ts")) return join(dirname(here), "process.ts");
  for (let folder = dirname(here); ; folder = dirname(folder)) {
    const entry = join(folder, "lab.js");
    if (existsSync(entry)) return entry;
    if (folder === dirname(folder)) throw unavailable("The lab's program lab.js is missing from this installation.");
  }
}

function hold(folder: string, ready: LabReady, adopted: boolean): LaunchedLab {
  let held = true;
  const lease = httpRequest(new URL("/lease", ready.control), { headers: bearer(ready), agent: false });
  lease.on("error", () => undefined);
  lease.on("response", (response) => response.resume().on("error", () => undefined));
  lease.on("socket", (socket) => socket.unref());
  const gone = new Promise<{ asked: boolean }>((resolve) => {
    lease.on("close", async () => {
      if (!held) return;
      await untilEnded(ready.pid);
      // Only a lab that ended in good order takes its word of itself away.
      resolve({ asked: (await readReady(readyFile(folder)))?.pid !== ready.pid });
    });
  });
  lease.end();
  return {
    ready,
    adopted,
    gone,
    status: async () => LabStatus.parse(revive(await control(ready, "GET", "/status"))),
    injectFault: async (input) => Fault.parse(revive(await control(ready, "POST", "/faults", input))),
    clearFault: async (id) => {
      const { cleared } = (await control(ready, "DELETE", `/faults/${encodeURIComponent(id)}`)) as { cleared: boolean };
      return cleared;
    },
    clearFaults: async () => ((await control(ready, "DELETE", "/faults")) as { cleared: number }).cleared,
    reset: async (seed) => LabStatus.parse(revive(await control(ready, "POST", "/reset", { seed }))),
    release() {
      held = false;
      lease.destroy();
    },
    async stop() {
      held = false;
      await control(ready, "POST", "/stop").catch(() => undefined);
      await untilEnded(ready.pid);
      lease.destroy();
    },
  };
}

async function untilEnded(pid: number): Promise<void> {
  const patience = Date.now() + STOP_MS;
  while (isAlive(pid) && Date.now() < patience) await new Promise((resolve) => setTimeout(resolve, 20));
}

const bearer = (ready: LabReady) => ({ authorization: `Bearer ${ready.secretAccessKey}` });

/** One call on the control address. Throws the lab's own AppError, or LabUnavailable when nothing answers. */
async function control(ready: LabReady, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(new URL(path, ready.control), {
    method,
    headers: { ...bearer(ready), "content-type": "application/json", connection: "close" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    throw unavailable("The lab does not answer; it may have been ended.", cause);
  });
  const answer = (await response.json().catch(() => ({}))) as Partial<ErrorFacts>;
  if (response.ok) return answer;
  if (answer.code) throw new AppError(answer.code, answer.message ?? "", answer.details ?? { retryable: false });
  throw unavailable(`The lab refused ${method} ${path} with HTTP ${response.status}.`);
}

const unavailable = (message: string, cause?: unknown): AppError =>
  new AppError(
    "LabUnavailable",
    message,
    { retryable: true, next: "Start the console again; it starts the lab." },
    { cause },
  );

/** Dates travel as text in JSON. */
function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      (key === "since" || key === "startedAt") && typeof inner === "string" ? new Date(inner) : revive(inner),
    ]),
  );
}
