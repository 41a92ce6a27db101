import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { electronArguments } from "./electron-binary.ts";
import type { LabChoice } from "./lab-choice.ts";

/** How the app ended: with a status, or so early that its own code never ran (no usable sandbox, no display). */
export type ElectronEnd = { readonly status: number } | { readonly neverStarted: string };

/** Runs the desktop app until it ends; `interrupted` asks it to quit. */
export async function runElectron(options: {
  readonly path: string;
  readonly folder: string;
  readonly home: string;
  readonly lab: LabChoice;
  readonly env: NodeJS.ProcessEnv;
  readonly interrupted: AbortSignal;
  readonly onStart: (pid: number) => void;
}): Promise<ElectronEnd> {
  const scratch = mkdtempSync(join(tmpdir(), "fleetwright-start-"));
  const startedFile = join(scratch, "started");
  const env = {
    ...options.env,
    FLEETWRIGHT_HOME: options.home,
    FLEETWRIGHT_LAB: options.lab,
    FLEETWRIGHT_STARTED_FILE: startedFile,
  };
  try {
    const child = spawn(options.path, [...electronArguments(options.env), options.folder], {
      stdio: ["ignore", 2, 2],
      env,
    });
    child.once("spawn", () => options.onStart(child.pid ?? 0));
    const stop = () => child.kill("SIGTERM");
    options.interrupted.addEventListener("abort", stop, { once: true });
    const end = await new Promise<{ readonly status: number; readonly how: string }>((resolve) => {
      child.once("error", (error) => resolve({ status: 1, how: error.message }));
      child.once("exit", (code, signal) => resolve({ status: code ?? 1, how: signal ?? `status ${code}` }));
    });
    options.interrupted.removeEventListener("abort", stop);
    const started = existsSync(startedFile) || options.interrupted.aborted;
    return started || end.status === 0 ? { status: end.status } : { neverStarted: end.how };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
