import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkReachable, closedParent, hostOwner } from "../../../../main/lab/hosts/owner.ts";
import { binariesIn, findBinaries } from "../../../../main/lab/hosts/postgres/binaries.ts";

const NOBODY = { uid: 65_534, gid: 65_534 };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "fw-bin-"));
  await chmod(folder, 0o755);
  await mkdir(path.join(folder, "closed", "native", "bin"), { recursive: true });
  await writeFile(path.join(folder, "closed", "package.json"), '{"version":"1.2.3"}');
  await writeFile(path.join(folder, "closed", "native", "bin", "postgres"), "#!/bin/sh\n", { mode: 0o700 });
  await chmod(path.join(folder, "closed"), 0o700);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("the programs of this platform are there", async () => {
  const { postgres, initdb } = await findBinaries(hostOwner(), path.join(folder, "aside"));
  expect((await stat(postgres)).isFile() && (await stat(initdb)).isFile()).toBe(true);
});

test("programs below a folder closed to the hosts' account are copied aside once, and may be run", async () => {
  const native = path.join(folder, "closed", "native");
  const first = await binariesIn(native, NOBODY, path.join(folder, "lab", "postgres"));
  expect(first.postgres).toBe(path.join(folder, "lab", "postgres-1.2.3", "bin", "postgres"));
  expect(await closedParent(first.postgres, NOBODY)).toBeUndefined();
  await writeFile(first.postgres, "marked");
  const second = await binariesIn(native, NOBODY, path.join(folder, "lab", "postgres"));
  expect(await readFile(second.postgres, "utf8")).toBe("marked");
  expect((await binariesIn(native, undefined, folder)).postgres).toBe(path.join(native, "bin", "postgres"));
});

test("a folder closed on the way is named, with what to do", async () => {
  const place = path.join(folder, "closed", "native");
  await expect(checkReachable(place, NOBODY)).rejects.toMatchObject({
    code: "LabUnavailable",
    message: expect.stringContaining(path.join(folder, "closed")),
    details: { next: expect.stringContaining("chmod o+x") },
  });
  await checkReachable(place, undefined);
});
