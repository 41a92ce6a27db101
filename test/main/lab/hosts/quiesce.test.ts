import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isStopped } from "../../../../main/lab/hosts/postgres/process-tree.ts";
import { runningPostmaster } from "../../../../main/lab/hosts/postgres/cluster.ts";
import type { HostSpec } from "../../../../main/lab/types.ts";
import { DataManifest, HostFacts, HostQuiesce, HostThaw } from "../../../../main/toolkit/erpctl.ts";
import {
  acknowledged,
  logIn,
  openRoom,
  orderNumbers,
  placeOrder,
  seededWith,
  SETUP,
  sshOnce,
  type TestRoom,
  web,
} from "./support.ts";

let lab: TestRoom;
let host: HostSpec;

beforeAll(async () => {
  lab = await openRoom({ ordersPerMinute: 600 });
  host = await lab.spec("held", { userData: seededWith() });
  await lab.room.powerOn(host);
  await web(lab, host, "GET", "/health");
});
afterAll(() => lab.close());

const folderOf = (spec: HostSpec) => spec.volumes["/dev/sdf"]?.folder ?? "";
const postmaster = (spec: HostSpec) => runningPostmaster(path.join(folderOf(spec), "pgdata"));
async function ask(spec: HostSpec, words: string): Promise<Record<string, unknown>> {
  const answer = await sshOnce(lab, spec, `erpctl ${words}`);
  if (answer.code !== 0) throw new Error(`erpctl ${words}: ${answer.code} ${answer.stderr}`);
  return JSON.parse(answer.stdout) as Record<string, unknown>;
}
const quiesce = async (spec: HostSpec, id: string, seconds: number) =>
  HostQuiesce.parse((await ask(spec, `quiesce --id ${id} --seconds ${seconds}`)).quiesce);
const thaw = async (spec: HostSpec, id: string) => HostThaw.parse((await ask(spec, `thaw --id ${id}`)).thaw);
const facts = async (spec: HostSpec) => HostFacts.parse(await ask(spec, "facts"));
const manifest = async (spec: HostSpec) => DataManifest.parse((await ask(spec, "manifest")).manifest);

test("held still: locked out, in backup mode, frozen; asked again with the same id nothing is lengthened", async () => {
  const held = await quiesce(host, "job-1/copy", 120);
  expect(held).toMatchObject({ lockedOut: true, backupMode: true, frozen: true, grade: "quiesced" });
  expect(held.thawsAt.getTime() - held.since.getTime()).toBe(120_000);
  expect(await quiesce(host, "job-1/copy", 600)).toEqual(held);
  const other = await sshOnce(lab, host, "erpctl quiesce --id other --seconds 5");
  expect(other).toMatchObject({ code: 3, stdout: "" });
  expect((await facts(host)).quiesce).toEqual(held);
  expect((await web(lab, host, "GET", "/orders")).status).toBe(503);
  expect((await web(lab, host, "GET", "/health")).status).toBe(200);
  expect(await isStopped((await postmaster(host))?.pid ?? 0)).toBe(true);
  for (const words of ["neutralise", "release", "smoke", "update application --to 26Q3"])
    expect(await sshOnce(lab, host, `erpctl ${words}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('held still as "job-1/copy"'),
    });
});

test("a copy of what is held still stays frozen, and has the manifest and every acknowledged order", async () => {
  const told = await manifest(host);
  const before = await acknowledged(host);
  const copy = await lab.spec("copy");
  await lab.room.copyVolume(folderOf(host), folderOf(copy));
  expect(await isStopped((await postmaster(host))?.pid ?? 0)).toBe(true);
  expect(await acknowledged(host)).toEqual(before);

  const ended = await thaw(host, "job-1/copy");
  expect(ended).toMatchObject({ held: true, endedBy: "console" });
  expect(await thaw(host, "job-1/copy")).toEqual({ ...ended, held: false });
  expect(await facts(host)).toMatchObject({ quiesce: null, lockout: null, database: { ready: true } });
  const cookie = await logIn(lab, host);
  expect((await placeOrder(lab, host, cookie)).status).toBe(201);

  await lab.room.powerOn(copy);
  const setUp = await sshOnce(lab, copy, `${SETUP} --locked-out --neutralise`);
  expect(setUp).toMatchObject({ code: 0, stderr: "" });
  const { walPosition: _a, readAt: _b, databaseBytes: _c, ...same } = told;
  expect(await manifest(copy)).toMatchObject(same);
  await ask(copy, "lockout off");
  const there = await orderNumbers(lab, copy);
  expect(before.slice(-300).filter((number) => !there.has(number))).toEqual([]);
  await lab.room.powerOff(copy.instanceId);
});

test("the host ends the hold by itself, and an id that never held is told as such", async () => {
  await quiesce(host, "short", 1);
  await expect.poll(async () => (await facts(host)).quiesce).toBeNull();
  expect(await thaw(host, "short")).toMatchObject({ held: false, endedBy: "timer" });
  expect(await isStopped((await postmaster(host))?.pid ?? 0)).toBe(false);
  expect(await thaw(host, "never")).toEqual({ id: "never", held: false, since: null, endedAt: null, endedBy: null });
});

test("a lock-out that stood before the hold stands after it", async () => {
  const { lockout } = await ask(host, "lockout on --minutes 30");
  await quiesce(host, "inside", 60);
  await thaw(host, "inside");
  expect((await ask(host, "facts")).lockout).toEqual(lockout);
  await ask(host, "lockout off");
});

test("a restart of the host ends the hold", async () => {
  await quiesce(host, "reboot", 600);
  await lab.room.powerOff(host.instanceId);
  await lab.room.powerOn(host);
  expect(await facts(host)).toMatchObject({ quiesce: null, database: { ready: true } });
  expect(await thaw(host, "reboot")).toMatchObject({ held: false, endedBy: "restart" });
});

test("kill -9 of the database in the hold ends it, and the next contact has the database again", async () => {
  await quiesce(host, "crash", 600);
  process.kill((await postmaster(host))?.pid ?? 0, "SIGKILL");
  await expect.poll(async () => (await facts(host)).quiesce).toBeNull();
  expect(await thaw(host, "crash")).toMatchObject({ held: false, endedBy: "restart" });
  expect((await facts(host)).database.ready).toBe(true);
});

test("kill -9 of the lab in the hold: the next one finds it over, and no acknowledged order is lost", async () => {
  const orphan = await lab.spec("orphan", { userData: seededWith() });
  const { allows: _, ...plain } = orphan;
  const program = fileURLToPath(new URL("room-process.ts", import.meta.url));
  const child = spawn(
    process.execPath,
    [program, JSON.stringify({ folder: lab.folder, ports: lab.ports, spec: plain })],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await once(child.stdout, "data");
  await web(lab, orphan, "GET", "/health");
  await expect.poll(async () => (await acknowledged(orphan)).length).toBeGreaterThan(5);
  await quiesce(orphan, "killed", 600);
  child.kill("SIGKILL");
  await once(child, "exit");
  const server = await postmaster(orphan);
  expect(await isStopped(server?.pid ?? 0)).toBe(true);

  await lab.room.powerOn(orphan);
  expect(await isStopped(server?.pid ?? 0)).toBe(false);
  const confirmed = await acknowledged(orphan);
  const there = await orderNumbers(lab, orphan);
  expect(confirmed.slice(-300).filter((number) => !there.has(number))).toEqual([]);
  expect(await thaw(orphan, "killed")).toMatchObject({ held: false, endedBy: "restart" });
  expect((await facts(orphan)).quiesce).toBeNull();
  expect(JSON.parse(await readFile(path.join(orphan.folder, "etc/erp/quiesce.json"), "utf8")).held).toBeNull();
  await lab.room.powerOff(orphan.instanceId);
});
