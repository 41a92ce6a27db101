import { execFileSync } from "node:child_process";
import { cp, lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findBinaries } from "../../../main/database/binaries.ts";

const nobody = { uid: 65_534, gid: 65_534 };

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "fleetwright-test-"));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

/** The installed package as it comes from npm: without symbolic links. */
async function installInto(folder: string): Promise<string> {
  const { postgres } = await findBinaries(undefined);
  const installed = dirname(dirname(dirname(postgres)));
  await cp(installed, folder, {
    recursive: true,
    filter: async (path) => !path.endsWith(".a") && !(await lstat(path)).isSymbolicLink(),
  });
  return folder;
}

function versionAs(program: string, lib: string, account: { uid?: number; gid?: number }): string {
  const env = { LD_LIBRARY_PATH: lib };
  return execFileSync(program, ["--version"], { ...account, env, cwd: "/", encoding: "utf8" });
}

test("programs that were installed without install scripts work all the same", async () => {
  const root = await installInto(join(scratch, "package"));
  const { initdb, lib, major } = await findBinaries(undefined, { root });
  expect(versionAs(initdb, lib, {})).toContain(`PostgreSQL) ${major}.`);
});

describe.runIf(process.getuid?.() === 0)("as root", () => {
  test("programs out of the other user's reach are copied aside, once", async () => {
    const root = await installInto(join(scratch, "package")); // the scratch folder is root's alone
    const aside = await mkdtemp(join(tmpdir(), "fleetwright-aside-"));
    try {
      const places = { root, aside: [join(aside, "all")] };
      execFileSync("chmod", ["755", aside]);
      const all = await Promise.all([1, 2, 3].map(() => findBinaries(nobody, places)));
      const again = await findBinaries(nobody, places);
      const { postgres, lib, major } = again;
      expect(versionAs(postgres, lib, nobody)).toContain(`PostgreSQL) ${major}.`);
      expect([new Set([...all, again].map((one) => one.postgres)).size, await readdir(join(aside, "all"))]).toEqual([
        1,
        [expect.stringMatching(/^postgresql-/)],
      ]);
    } finally {
      await rm(aside, { recursive: true });
    }
  });

  test("where no copy can be made the remedy is told", async () => {
    const root = await installInto(join(scratch, "package"));
    await expect(findBinaries(nobody, { root, aside: ["/proc/nowhere"] })).rejects.toMatchObject({
      code: "DatabaseUnavailable",
      details: { next: expect.stringContaining("ordinary user") },
    });
  });
});
