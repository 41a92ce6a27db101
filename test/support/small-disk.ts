import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";

/**
 * Runs a test on a disk of its own that can really be full: a tmpfs of this size ("4m"). Where this user may not mount
 * one the test is skipped with that reason; where CI is set it fails.
 */
export async function onSmallDisk(
  context: TestContext,
  size: string,
  run: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "fleetwright-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=0755`, "tmpfs", folder], { stdio: "pipe" });
  } catch (error) {
    await rm(folder, { recursive: true });
    if (process.env["CI"]) throw error;
    context.skip("this user may not mount a tmpfs");
  }
  try {
    await run(folder);
  } finally {
    execFileSync("umount", ["--lazy", folder]);
    await rm(folder, { recursive: true, force: true });
  }
}
