import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readLine } from "../../../main/metrics/readings.ts";
import { SAMPLER } from "../../../main/toolkit/sampler.ts";
import { scratchFolder } from "../../support/scratch.ts";

let folder: string;
let remove: () => Promise<void>;
const started: ChildProcess[] = [];

beforeAll(async () => {
  ({ folder, remove } = await scratchFolder("sampler"));
  const proc = join(folder, "proc");
  const bin = join(folder, "bin");
  await mkdir(join(proc, "net"), { recursive: true });
  await mkdir(bin);
  const files = {
    uptime: "4242.17 8000.00\n",
    loadavg: "0.42 0.30 0.20 1/100 4711\n",
    stat: "cpu  10 1 5 200 3 0 1 2 0 0\ncpu0 10 1 5 200 3 0 1 2 0 0\nintr 1 2 3\n",
    meminfo: "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable: 600 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\nDirty: 3 kB\n",
    diskstats: [
      "259 0 nvme0n1 10 0 100 0 20 0 200 0 0 70 0",
      "259 1 nvme0n1p1 9 0 99 0 19 0 199 0 0 69 0",
      "259 2 nvme1n1 1 0 8 0 2 0 16 0 0 5 0",
      "7 0 loop0 5 0 5 0 5 0 5 0 0 5 0\n",
    ].join("\n"),
    "net/dev": [
      "Inter-|   Receive |  Transmit",
      " face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed",
      "    lo: 999 1 0 0 0 0 0 0 999 1 0 0 0 0 0 0",
      "  ens5:5000 7 1 0 0 0 0 0 3000 8 0 2 0 0 0 0",
      "docker0: 77 1 0 0 0 0 0 0 77 1 0 0 0 0 0 0\n",
    ].join("\n"),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(proc, name), text);
  const erpctl = `#!/bin/sh
case $1 in
  space) printf '{"space": {"freeBytes": 1, "scratch": "%s"}}\\n' '${folder}' ;;
  indicators) printf '{"indicators":\\n  {"application":\\t{"status": "up", "ordersPerMinute": 3}}}\\n' ;;
esac
`;
  await writeFile(join(bin, "erpctl"), erpctl, { mode: 0o755 });
});
afterAll(async () => {
  for (const one of started) one.kill("SIGKILL");
  await remove();
});

/** As below a login shell: bash takes a first shell on a socket for one of its own and reads the user's start-up file. */
function start(shell: readonly string[], path: string) {
  const child = spawn(shell[0]!, [...shell.slice(1), "-c", SAMPLER, "sampler", "2"], {
    env: { PATH: path, SHLVL: "1", FLEETWRIGHT_PROC: join(folder, "proc") },
    stdio: ["pipe", "pipe", "inherit"],
  });
  started.push(child);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { child, exited, next: async () => (await lines.next()).value as string | undefined };
}

const SHELLS = [["/bin/dash"], ["/bin/bash", "--posix"], ["/bin/busybox", "sh"]].filter(([file]) => existsSync(file!));

test.each(SHELLS.map((shell) => [shell.join(" "), shell] as const))(
  "%s: a line in, a reading out, indicators every second time, and its end is the end of its input",
  async (_, shell) => {
    const { child, exited, next } = start(shell, `${join(folder, "bin")}:/usr/bin:/bin`);
    expect(await next()).toBe("v 1");
    child.stdin!.write("\n");
    const line = await next();
    expect(line).toBe("s 4242.17 cpu 10 1 5 200 3 0 1 2 load 0.42 mem 1000 600 0 0 disk 108 216 33 70 net 5000 3000 3");
    const around = [readLine((await next())!)?.kind, readLine((await next())!)?.kind];
    expect(around.toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual(["indicators", "space"]);
    child.stdin!.write("\n");
    expect(readLine((await next())!)?.kind).toBe("sample");
    child.stdin!.end();
    expect(await exited).toBe(0);
    expect(await next()).toBeUndefined();
  },
);

test("a host without erpctl tells its machine all the same", async () => {
  const { child, exited, next } = start(SHELLS[0]!, "/usr/bin:/bin");
  await next();
  child.stdin!.write("\n");
  expect(readLine((await next())!)?.kind).toBe("sample");
  expect(readLine((await next())!)?.kind).toBe("space");
  child.stdin!.end();
  expect(await exited).toBe(0);
});
