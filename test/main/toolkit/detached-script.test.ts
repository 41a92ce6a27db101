import { chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectSsh } from "../../../main/adapters/ssh/connection.ts";
import { type DetachedRun, OUTPUT_BYTES, TOOLKIT_VERSION, toolkitOn } from "../../../main/toolkit/detached.ts";
import type { HostAddress, RunOnHost } from "../../../main/toolkit/ports.ts";
import { type OpenSsh, startOpenSsh } from "../../support/openssh.ts";
import { scratchFolder } from "../../support/scratch.ts";

// Debian's OpenSSH and Debian's /bin/sh, which is dash.
let ssh: OpenSsh;
let home: string;
let removeHome: () => Promise<void>;
const host = { name: "acme production" } as HostAddress;

const run: RunOnHost = async (_, words, options) => {
  const connection = await connectSsh(ssh.target, options.signal);
  try {
    return await connection.run(["env", `HOME=${home}`, ...words], options);
  } finally {
    connection.end();
  }
};
const kit = toolkitOn(run, host, new AbortController().signal);

beforeAll(async () => {
  ssh = await startOpenSsh();
  const scratch = await scratchFolder("detached");
  removeHome = scratch.remove;
  home = scratch.folder;
  if (userInfo().uid === 0) {
    const id = (flag: string) => Number(execFileSync("id", [flag, ssh.target.user], { encoding: "utf8" }));
    await chown(home, id("-u"), id("-g"));
  }
});
afterAll(async () => {
  await ssh.stop();
  await removeHome();
});

async function ended(id: string, runNumber = 1): Promise<DetachedRun> {
  for (;;) {
    const seen = await kit.status(id, runNumber, OUTPUT_BYTES);
    if (seen.state !== "running" && seen.state !== "starting") return seen;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const runs = (id: string, runNumber = 1) =>
  expect.poll(async () => (await kit.status(id, runNumber)).state).toBe("running");
const isThere = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const sh = (text: string) => ["sh", "-c", text];

test("every byte that a command writes comes back, with its exit code", async () => {
  const octal = Array.from({ length: 256 }, (_, byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
  await kit.start("bytes", 1, sh(`printf '${octal}'; printf 'no room' >&2; exit 7`));
  const seen = await ended("bytes");
  expect([...seen.stdout]).toEqual(Array.from({ length: 256 }, (_, byte) => byte));
  expect(seen).toMatchObject({ state: "finished", exit: 7, stdoutBytes: 256, cut: false });
  expect(seen.stderr.toString()).toBe("no room");
});

test("words reach the command as they are, and its input leaves no file behind", async () => {
  const words = ["a b", "$HOME", "'", "*", "", "ü"];
  await kit.start("words", 1, ["sh", "-c", 'printf "<%s>" "$@"; cat', "name", ...words], { stdin: "secret\nline\n" });
  const seen = await ended("words");
  expect(seen.stdout.toString()).toBe(`${words.map((word) => `<${word}>`).join("")}secret\nline\n`);
  await expect(readFile(join(home, ".fleetwright/steps/words.1/stdin"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("ordered many times under one id it runs once", async () => {
  const order = () => kit.start("once", 1, sh("echo began >> $HOME/once.log; sleep 1"));
  await Promise.all([order(), order(), order(), order()]);
  await ended("once");
  expect((await order()).state).toBe("finished");
  expect(await readFile(join(home, "once.log"), "utf8")).toBe("began\n");
});

test("a cut of every connection does not touch it", async () => {
  await kit.start("cut", 1, sh("until [ -f $HOME/go ]; do sleep 0.1; done; echo whole"));
  await runs("cut");
  await ssh.cut();
  await writeFile(join(home, "go"), "");
  await ssh.start();
  const seen = await ended("cut");
  expect([seen.state, seen.exit, seen.stdout.toString()]).toEqual(["finished", 0, "whole\n"]);
});

test("of a large output the end comes back, and how much there was", async () => {
  await kit.start("large", 1, sh("yes 0123456789 | head -c 3000000; printf the-end"));
  const seen = await ended("large");
  expect(seen.stdoutBytes).toBe(3_000_007);
  expect(seen.stdout.length).toBe(OUTPUT_BYTES);
  expect(seen.stdout.toString().endsWith("the-end")).toBe(true);
});

test("stopping ends the whole process group", async () => {
  await kit.start("stop", 1, sh("sleep 1000 & echo $! > $HOME/child; wait"));
  await expect.poll(async () => readFile(join(home, "child"), "utf8").catch(() => "")).toMatch(/\d/);
  const child = Number(await readFile(join(home, "child"), "utf8"));
  expect((await kit.stop("stop", 1)).state).toBe("stopped");
  // What was ended may wait for a moment until its new parent has taken notice.
  await expect.poll(() => isThere(child)).toBe(false);
});

test("a command that vanished without an exit code is unknown, not done", async () => {
  await kit.start("gone", 1, sh("sleep 1000"));
  await runs("gone");
  const [, leader] = (await readFile(join(home, ".fleetwright/steps/gone.1/start"), "utf8")).split(" ");
  process.kill(-Number(leader), "SIGKILL");
  const seen = await ended("gone");
  expect([seen.state, seen.exit]).toEqual(["gone", null]);
});

test("after a restart of the host it is told so", async () => {
  await kit.start("boot", 1, sh("echo half; sleep 1000"));
  await runs("boot");
  const file = join(home, ".fleetwright/steps/boot.1/start");
  const [, leader, since] = (await readFile(file, "utf8")).split(" ");
  process.kill(-Number(leader), "SIGKILL");
  // What the file of another boot looks like: process numbers begin anew, so they say nothing.
  await writeFile(file, `00000000-0000-4000-8000-000000000000 ${process.pid} ${since}`);
  const seen = await ended("boot");
  expect([seen.state, seen.stdout.toString()]).toEqual(["rebooted", "half\n"]);
});

test.each([
  ["one that ended well is taken", "true", "", { state: "finished", run: 1, exit: 0 }],
  ["one that failed is done again", "[ -f $HOME/mended ] || { : > $HOME/mended; exit 1; }", "", { run: 2, exit: 0 }],
  ["one that ended well and was of no use is done again", "true", "reject", { run: 2, exit: 0 }],
])("a later run of the same step: %s", async (name, command, verb, expected) => {
  const id = name.replaceAll(" ", "-");
  await kit.start(id, 1, sh(command));
  await ended(id);
  if (verb === "reject") await kit.reject(id, 1);
  const { run: number } = await kit.start(id, 2, sh(command));
  expect(await ended(id, number)).toMatchObject(expected);
});

test("of an unknown run no other begins, unless somebody decided so", async () => {
  await kit.start("again", 1, sh("echo begun >> $HOME/again.log; [ -f $HOME/second ] || sleep 1000"));
  await runs("again");
  const [, leader] = (await readFile(join(home, ".fleetwright/steps/again.1/start"), "utf8")).split(" ");
  process.kill(-Number(leader), "SIGKILL");
  await ended("again");
  await writeFile(join(home, "second"), "");
  expect(await kit.start("again", 2, sh("false"))).toMatchObject({ run: 1, state: "gone" });
  await kit.start("again", 2, sh("echo second >> $HOME/again.log"), { despiteUnknown: true });
  expect(await ended("again", 2)).toMatchObject({ state: "finished", exit: 0 });
  expect(await readFile(join(home, "again.log"), "utf8")).toBe("begun\nsecond\n");
});

test("a script that is not the console's own is replaced before it runs", async () => {
  const file = join(home, ".fleetwright/toolkit", TOOLKIT_VERSION, "detached-step.sh");
  await kit.start("own", 1, ["true"]);
  const own = await readFile(file, "utf8");
  await writeFile(file, "#!/bin/sh\necho '{}'\n");
  expect((await ended("own")).exit).toBe(0);
  expect(await readFile(file, "utf8")).toBe(own);
});

test("it is removed on request, and what runs goes on", async () => {
  await kit.start("stays", 1, sh("until [ -f $HOME/last ]; do sleep 0.1; done; echo stayed"));
  await runs("stays");
  await mkdir(join(home, ".fleetwright/steps/old.1"), { recursive: true });
  await kit.remove();
  await expect(readFile(join(home, ".fleetwright/toolkit", TOOLKIT_VERSION, "detached-step.sh"))).rejects.toThrow();
  await writeFile(join(home, "last"), "");
  expect((await ended("stays")).stdout.toString()).toBe("stayed\n");
});
