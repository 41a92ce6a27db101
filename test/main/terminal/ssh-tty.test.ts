import { spawn } from "node:child_process";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchConsole, REPOSITORY, type RunningConsole } from "../../support/console.ts";
import { endProcessesOf } from "../../support/processes.ts";
import { scratchFolder } from "../../support/scratch.ts";

// The built command line in a real terminal, which script(1) makes.
const CLI = path.join(REPOSITORY, "scripts/fleetwright.mjs");
let console_: RunningConsole;
let slug: string;
const endings: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const { folder, remove } = await scratchFolder("ssh-tty");
  endings.push(remove, () => endProcessesOf(folder));
  console_ = await launchConsole(folder, "demo");
  endings.push(() => console_.stop());
  const { client, close } = await console_.connect();
  for (;;) {
    const { state } = await client.settings.status();
    const rows = state === "ready" ? (await client.fleet.list()).rows : [];
    const row = rows.find((one) => one.kind === "production" && one.state === "running" && one.hostKey);
    if (row) {
      slug = row.slug;
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  close();
});
afterAll(async () => {
  for (const end of endings.reverse()) await end();
});

test("in a terminal the shell gets the size, single keys and Ctrl-C, and its exit code comes back", async () => {
  const command = `stty rows 33 cols 111; exec ${process.execPath} ${CLI} ssh ${slug} --home ${console_.home} --reason 'a test'`;
  const child = spawn("script", ["-qefc", command, "/dev/null"], {
    stdio: "pipe",
    env: { ...process.env, NO_COLOR: "1" },
  });
  let shown = "";
  const checks = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    shown += part;
    for (const check of checks) check();
  });
  const until = (found: string) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (shown.includes(found)) resolve(void checks.delete(check));
      };
      checks.add(check);
      check();
    });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  await until("(recorded)");
  await until("$ ");
  child.stdin.write("stty size\n");
  await until("33 111");
  child.stdin.write("sleep 1000\n");
  await until("sleep 1000");
  child.stdin.write("\u0003");
  child.stdin.write("echo alive-$((1+1))\n");
  await until("alive-2");
  child.stdin.write("exit 5\n");
  expect(await ended).toBe(5);
});
