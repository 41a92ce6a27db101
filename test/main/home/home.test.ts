import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { controlSocketOf, defaultHome, findConsole, openHome } from "../../../main/home/index.ts";
import { holdHome } from "../../support/holder.ts";
import { onSmallDisk } from "../../support/small-disk.ts";

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "fleetwright-test-"));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

test("a home is made private, and its paths are named below it", async () => {
  const folder = join(scratch, "deep", "home");
  const home = await openHome(folder, "cli");
  const names = Object.fromEntries(Object.entries(home.paths).map(([key, path]) => [key, path.slice(folder.length)]));
  expect([(await stat(folder)).mode & 0o777, names]).toEqual([
    0o700,
    {
      settings: "/settings.json",
      vault: "/vault",
      database: "/database",
      lab: "/lab",
      logs: "/logs",
      controlSocket: "/control.sock",
    },
  ]);
  await home.release();
});

test("a home of an earlier start is taken again and closed to others if it was opened", async () => {
  await (await openHome(scratch)).release();
  await chmod(scratch, 0o755);
  const home = await openHome(scratch);
  expect((await stat(scratch)).mode & 0o777).toBe(0o700);
  await home.release();
});

test("a second console is refused with the name of the first, by whatever path it comes", async () => {
  const home = await openHome(scratch, "electron");
  const link = join(tmpdir(), `${scratch.split("/").at(-1)}-link`);
  await symlink(scratch, link);
  for (const path of [scratch, link]) {
    await expect(openHome(path)).rejects.toMatchObject({
      code: "HomeInUse",
      message: expect.stringContaining(`process ${process.pid} on ${hostname()} (electron)`),
      details: { retryable: false, pid: process.pid, machine: hostname(), next: expect.any(String) },
    });
  }
  await rm(link);
  await home.release();
  await (await openHome(scratch)).release();
});

test("of 20 consoles that start at once exactly one gets the home, and its kill -9 frees it", async () => {
  const folder = join(scratch, "home");
  const all = await Promise.all(Array.from({ length: 20 }, () => holdHome(folder)));
  const winners = all.filter(({ answer }) => "holds" in answer);
  const refusals = all.flatMap(({ answer }) => ("code" in answer ? [[answer.code, answer.details["pid"]]] : []));
  await winners[0]?.kill();
  const next = await openHome(folder);
  await next.release();
  await Promise.all(all.map((one) => one.kill()));
  expect([winners.length, refusals]).toEqual([1, Array.from({ length: 19 }, () => ["HomeInUse", winners[0]?.pid])]);
});

test.each([
  ["below a file", async () => join(await fileIn(scratch), "home")],
  ["that is a file", () => fileIn(scratch)],
  ["where nothing can be made", async () => join("/proc", scratch)],
])("a folder %s is refused with the remedy", async (_, makePath) => {
  await expect(openHome(await makePath())).rejects.toMatchObject({
    code: "HomeNotWritable",
    message: expect.stringContaining(scratch),
    details: { next: expect.stringContaining("--home") },
  });
});

test("a folder on a read-only disk is refused with the remedy", async (context) => {
  await onSmallDisk(context, "1m", async (disk) => {
    execFileSync("mount", ["-o", "remount,ro", disk]);
    await expect(openHome(disk)).rejects.toMatchObject({
      code: "HomeNotWritable",
      message: expect.stringContaining(disk),
    });
  });
});

test("a full disk is said so, and the home opens once there is room", async (context) => {
  await onSmallDisk(context, "1m", async (disk) => {
    const ballast = join(disk, "ballast");
    await mkdir(join(disk, "logs"));
    await writeFile(ballast, Buffer.alloc(2_000_000)).catch(() => {});
    await expect(openHome(disk)).rejects.toMatchObject({
      code: "DiskFull",
      message: expect.stringContaining(disk),
      details: { retryable: true },
    });
    await rm(ballast);
    await (await openHome(disk)).release();
  });
});

test("a folder with other people's files is not adopted, nor closed to them", async () => {
  await writeFile(join(scratch, "thesis.tex"), "");
  await chmod(scratch, 0o755);
  await expect(openHome(scratch)).rejects.toMatchObject({ code: "InvalidInput" });
  expect([(await stat(scratch)).mode & 0o777, await readdir(scratch)]).toEqual([0o755, ["thesis.tex"]]);
});

test("a console is found by its socket, and none is found where none runs", async () => {
  expect(await findConsole(join(scratch, "nowhere"))).toBeUndefined();
  const home = await openHome(scratch);
  const server = createServer((socket) => socket.destroy());
  setTimeout(() => server.listen(home.paths.controlSocket), 100); // it is still starting when looked for
  expect(await findConsole(scratch)).toBe(home.paths.controlSocket);
  server.close();
  await expect(findConsole(scratch, 0)).rejects.toMatchObject({
    code: "ConsoleUnreachable",
    details: { pid: process.pid, retryable: true },
  });
  await home.release();
  expect(await findConsole(scratch)).toBeUndefined();
});

test("a socket left by a killed console does not hinder the next", async () => {
  const folder = join(scratch, "home");
  const killed = await holdHome(folder);
  await killed.kill();
  await writeFile(join(folder, "control.sock"), "");
  const home = await openHome(folder);
  await listenAndClose(home.paths.controlSocket);
  await home.release();
});

test("below a very deep folder the socket has a short, private path to the same folder", async () => {
  const deep = join(scratch, ...Array.from({ length: 12 }, (_, depth) => `a-folder-with-a-long-name-${depth}`));
  const home = await openHome(deep);
  const { controlSocket } = home.paths;
  await listenAndClose(controlSocket, async () => {
    expect(Buffer.byteLength(controlSocket)).toBeLessThan(100);
    expect((await stat(join(deep, "control.sock"))).isSocket()).toBe(true);
    expect((await stat(join(controlSocket, "../.."))).mode & 0o777).toBe(0o700);
    expect(await controlSocketOf(deep)).toBe(controlSocket);
  });
  await home.release();
});

test("who holds the home is written for people, and gone after release", async () => {
  const home = await openHome(scratch, "loopback");
  const { pid, machine, host } = JSON.parse(await readFile(join(scratch, "console.json"), "utf8"));
  expect({ pid, machine, host }).toEqual({ pid: process.pid, machine: hostname(), host: "loopback" });
  await home.release();
  expect(await readdir(scratch)).toEqual(["logs"]);
});

test("the default home is the environment's or the platform's folder for application data", () => {
  expect([defaultHome({ FLEETWRIGHT_HOME: "/srv/fleet" }), defaultHome({}).endsWith("/fleetwright")]).toEqual([
    "/srv/fleet",
    true,
  ]);
});

async function fileIn(folder: string): Promise<string> {
  const file = join(folder, "file");
  await writeFile(file, "");
  return file;
}

function listenAndClose(path: string, meanwhile = async () => {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject).listen(path, () => {
      meanwhile().then(() => server.close(() => resolve()), reject);
    });
  });
}
