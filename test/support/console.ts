import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { type Connected, connectConsole } from "../../main/hosts/connect.ts";
import { controlSocketOf } from "../../main/home/index.ts";
import { kill } from "./processes.ts";

export const REPOSITORY = path.resolve(import.meta.dirname, "../..");
const CLI = path.join(REPOSITORY, "scripts/fleetwright.mjs");
const BUILT = path.join(REPOSITORY, "dist/main/cli.js");

export type LabKind = "demo" | "empty" | "none";

/** A built console that runs as a process of its own on the loopback host. */
export interface RunningConsole {
  readonly home: string;
  /** Lets one browser in, once. */
  readonly url: string;
  readonly pid: number;
  /** Everything it wrote to standard error so far. */
  readonly diagnostics: () => string;
  /** The typed contract over the home's private socket; close it when done. */
  connect(): Promise<Connected>;
  /** Asks it to end and waits until it has; jobs stay where they are. */
  stop(): Promise<void>;
  /** What a power cut does to it; its database and lab are left to be adopted. */
  kill(): Promise<void>;
}

/**
 * Starts the built application on a home folder without opening a browser, as `npm start -- --no-open` does.
 *
 * Resolves when its window can be opened, which is before everything behind it is ready. Rejects with what it printed
 * when it ends first, for example because another console has the home.
 */
export async function launchConsole(
  home: string,
  lab: LabKind,
  options: { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<RunningConsole> {
  if (!existsSync(BUILT)) throw new Error(`${BUILT} is missing; build it with: npm run build`);
  const start = ["start", "--host", "loopback", "--no-open", "--json", "--home", home, "--lab", lab];
  const child = spawn(process.execPath, [CLI, ...start, ...(options.args ?? [])], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", ...options.env },
  });
  let diagnostics = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    diagnostics = (diagnostics + part).slice(-100_000);
  });
  const ended = endOf(child);
  const line = await firstLine(child, ended, () => diagnostics);
  const { url } = JSON.parse(line) as { url: string };
  const end = async (signal: NodeJS.Signals) => {
    kill(child.pid!, signal);
    await ended;
  };
  return {
    home,
    url,
    pid: child.pid!,
    diagnostics: () => diagnostics,
    connect: async () => connectConsole(await controlSocketOf(home)),
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit status ${code}`));
  });
}

async function firstLine(child: ChildProcess, ended: Promise<string>, diagnostics: () => string): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  const line = new Promise<string>((resolve) => lines.once("line", resolve));
  const early = ended.then((how) => {
    throw new Error(`The console ended before its window could be opened (${how}).\n${diagnostics()}`);
  });
  early.catch(() => undefined); // it also ends after its first line, which is no failure
  return Promise.race([line, early]);
}
