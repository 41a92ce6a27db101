import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DAY_MS, MINUTE_MS } from "../../shared/time.ts";

/** Electron's program, or one line that says why it cannot be used here. */
export type ElectronBinary = { readonly path: string } | { readonly why: string };

export interface ElectronSearch {
  /** The app's folder, with node_modules. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** -1 where users have no numbers. */
  readonly uid: number;
  /** Told before something takes long. */
  readonly note: (text: string) => void;
}

const PROBE_MS = 4_000;
const FETCH_MS = 3 * MINUTE_MS;
const DOWNLOADS = "https://github.com/electron/electron/releases/download/";

/** Finds Electron's program, fetching it once if need be. Never throws. */
export async function findElectron(search: ElectronSearch): Promise<ElectronBinary> {
  const why = unusable(search);
  if (why !== null) return { why };
  const module = join(search.folder, "node_modules", "electron");
  const found = installed(module, search.env);
  if (found !== null) return { path: found };
  if (!existsSync(join(module, "install.js"))) return { why: "the npm package electron is not installed" };
  return (await fetchBinary(module, search)) ?? { path: installed(module, search.env) ?? "" };
}

/** Why Electron could not run here even if its program were at hand; null when nothing is known against it. */
export function unusable({ env, platform, uid }: Pick<ElectronSearch, "env" | "platform" | "uid">): string | null {
  if (platform === "linux" && !env["DISPLAY"] && !env["WAYLAND_DISPLAY"]) return "there is no display";
  // Chromium's sandbox does not work for root, and the window is never run without it unless that is asked for.
  const asked = electronArguments(env).includes("--no-sandbox");
  if (platform === "linux" && uid === 0 && !asked) return "as root Electron runs only without its sandbox";
  return null;
}

/** Extra arguments for Electron from FLEETWRIGHT_ELECTRON_ARGS, separated by spaces. */
export function electronArguments(env: NodeJS.ProcessEnv): string[] {
  return (env["FLEETWRIGHT_ELECTRON_ARGS"] ?? "").split(/\s+/).filter((part) => part !== "");
}

/** The program that the npm package has, as the package itself looks for it; null when there is none yet. */
function installed(module: string, env: NodeJS.ProcessEnv): string | null {
  const pathFile = join(module, "path.txt");
  const name = existsSync(pathFile) ? readFileSync(pathFile, "utf8").trim() : null;
  const override = env["ELECTRON_OVERRIDE_DIST_PATH"];
  const path = override ? join(override, name ?? "electron") : name && join(module, "dist", name);
  return path && existsSync(path) ? path : null;
}

/** Runs the package's own download. Gives why it failed, and keeps that for a day, so that starts stay fast. */
async function fetchBinary(module: string, { env, folder, note }: ElectronSearch): Promise<{ why: string } | null> {
  if (env["ELECTRON_SKIP_BINARY_DOWNLOAD"]) return { why: "its download is switched off" };
  const failedFile = join(folder, "node_modules", ".cache", "fleetwright", "electron-not-fetched");
  if (existsSync(failedFile) && Date.now() - statSync(failedFile).mtimeMs < DAY_MS) {
    return {
      why: `${readFileSync(failedFile, "utf8").trim()} (tried again a day later, or with: npx install-electron)`,
    };
  }
  const failed = (why: string) => {
    try {
      mkdirSync(dirname(failedFile), { recursive: true });
      writeFileSync(failedFile, why);
    } catch {
      // A read-only installation: the next start tries again.
    }
    return { why };
  };

  const source = env["ELECTRON_MIRROR"] ?? env["npm_config_electron_mirror"] ?? DOWNLOADS;
  const viaProxy = Boolean(env["HTTPS_PROXY"] ?? env["https_proxy"]);
  if (!viaProxy && !(await answers(source)))
    return failed(`its program cannot be fetched from ${new URL(source).host}`);
  note("Fetching Electron, once...");
  if (!(await run(join(module, "install.js"), env))) return failed("fetching its program failed");
  rmSync(failedFile, { force: true });
  return null;
}

async function answers(address: string): Promise<boolean> {
  try {
    await fetch(address, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(PROBE_MS) });
    return true;
  } catch {
    return false;
  }
}

function run(script: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script], { stdio: ["ignore", 2, 2], env, timeout: FETCH_MS });
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });
}
