import { execFile } from "node:child_process";
import path from "node:path";
import { REPOSITORY } from "../support/console.ts";
import { expect, test } from "./console.ts";

const CLI = path.join(REPOSITORY, "scripts/fleetwright.mjs");

function fleetwright(...words: string[]): Promise<{ status: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, DISPLAY: "", WAYLAND_DISPLAY: "", NO_COLOR: "1" };
    execFile(process.execPath, [CLI, ...words], { encoding: "utf8", env }, (error, out, err) => {
      resolve({ status: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

test("a second console on the home says that one runs, ends, and leaves the first alone", async ({ page, host }) => {
  const before = await host.client.settings.status();
  const second = await fleetwright("start", "--host", "loopback", "--no-open", "--home", host.home);
  expect(`${second.out}${second.err}`).toContain(String(before.pid));
  const after = await host.client.settings.status();
  expect(after).toMatchObject({ pid: before.pid, state: "ready" });
  await expect(page.getByRole("img", { name: "Connected" })).toBeVisible();
});

test("the command line talks to the console of the same home", async ({ host }) => {
  const status = await fleetwright("status", "--json", "--home", host.home);
  expect(status.status).toBe(0);
  expect(JSON.parse(status.out)).toMatchObject({ home: host.home });
  const { rows } = await host.client.fleet.list();
  const listed = await fleetwright("tenant", "list", "--json", "--home", host.home);
  expect(listed.status).toBe(0);
  expect(listed.out).toContain(rows[0]!.slug);
});
