import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runningPostmaster } from "../../../../main/lab/hosts/postgres/cluster.ts";
import type { HostSpec } from "../../../../main/lab/types.ts";
import { evaluationKey } from "../../../../shared/tenant/licence.ts";
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
let seeded: HostSpec;

beforeAll(async () => {
  lab = await openRoom();
});
afterAll(() => lab.close());

const dataFolder = (host: HostSpec) => path.join(host.volumes["/dev/sdf"]?.folder ?? "", "pgdata");
const processes = (host: HostSpec) => lab.room.status(host.instanceId).processes;
const opens = (host: HostSpec, port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connectTcp(port, host.address);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

test("a seeded host sets itself up at the first HTTPS contact, key and all", async () => {
  const activationKey = evaluationKey({
    tenantId: "t-1",
    service: "openbravo",
    edition: "business",
    users: 20,
    posTerminals: 0,
  });
  const host = (seeded = await lab.spec("seeded", { userData: `#cloud-config\n${seededWith({ activationKey })}` }));
  await lab.room.powerOn(host);
  expect(processes(host)).toBe("asleep");
  expect(await runningPostmaster(dataFolder(host))).toBeUndefined();
  const health = await web(lab, host, "GET", "/health");
  expect(JSON.parse(health.body)).toMatchObject({ status: "up", licence: "valid", tenant: "acme", database: "ready" });
  expect(processes(host)).toBe("awake");
  await expect.poll(() => lab.room.status(host.instanceId).memoryBytes).toBeGreaterThan(1_000_000);
});

test("plain HTTP is refused: nothing listens", async () => {
  const host = await lab.spec("plain");
  await lab.room.powerOn(host);
  expect([
    await opens(host, lab.ports.ssh),
    await opens(host, lab.ports.https),
    await opens(host, lab.ports.http),
  ]).toEqual([true, true, false]);
});

test("power-off ends everything and keeps the data; power-on is a sleep that a contact ends", async () => {
  const host = await lab.spec("cycle", { userData: seededWith() });
  await lab.room.powerOn(host);
  const cookie = await logIn(lab, host);
  const { number } = JSON.parse((await placeOrder(lab, host, cookie)).body) as { number: string };
  const { bootId: firstBoot, ...before } = JSON.parse((await sshOnce(lab, host, "erpctl facts")).stdout);
  const server = await runningPostmaster(dataFolder(host));
  expect(server).toBeDefined();

  await lab.room.powerOff(host.instanceId);
  await lab.room.powerOff(host.instanceId);
  expect(processes(host)).toBe("off");
  expect(await runningPostmaster(dataFolder(host))).toBeUndefined();
  expect([await opens(host, lab.ports.ssh), await opens(host, lab.ports.https)]).toEqual([false, false]);

  await lab.room.powerOn(host);
  await lab.room.powerOn(host);
  expect(processes(host)).toBe("asleep");
  expect(await orderNumbers(lab, host)).toContain(number);
  const { bootId, ...after } = JSON.parse((await sshOnce(lab, host, "erpctl facts")).stdout);
  expect(after).toEqual(before);
  expect(bootId).not.toBe(firstBoot);
});

test("many hosts contacted at once wake one after the other and all answer", async () => {
  const hosts = await Promise.all(
    ["a", "b", "c", "d"].map((name) => lab.spec(`crowd-${name}`, { userData: seededWith() })),
  );
  await Promise.all(hosts.map((host) => lab.room.powerOn(host)));
  const answers = await Promise.all(hosts.map((host) => web(lab, host, "GET", "/health")));
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
  await Promise.all(hosts.map((host) => lab.room.powerOff(host.instanceId)));
});

test("a database server that is killed comes back at the next contact with every acknowledged order", async () => {
  const host = await lab.spec("crash", { userData: seededWith() });
  await lab.room.powerOn(host);
  const cookie = await logIn(lab, host);
  for (let count = 0; count < 10; count++) await placeOrder(lab, host, cookie);
  process.kill((await runningPostmaster(dataFolder(host)))?.pid ?? 0, "SIGKILL");
  await expect.poll(() => processes(host)).toBe("asleep");
  const there = await orderNumbers(lab, host);
  expect((await acknowledged(host)).filter((number) => !there.has(number))).toEqual([]);
});

test("a data volume that moves to another host takes its tenant along; a host without one says so", async () => {
  const first = await lab.spec("first", { userData: seededWith() });
  await lab.room.powerOn(first);
  const identifier = JSON.parse((await sshOnce(lab, first, "erpctl facts")).stdout).database.systemIdentifier;
  await lab.room.update({ ...first, volumes: {} });
  expect(await runningPostmaster(dataFolder(first))).toBeUndefined();
  expect(await sshOnce(lab, first, "erpctl smoke")).toMatchObject({
    code: 4,
    stderr: "erpctl: No data volume is attached to this host.\n",
  });

  const second = await lab.spec("second", { volumes: first.volumes });
  await lab.room.powerOn(second);
  const before = JSON.parse((await sshOnce(lab, second, "erpctl facts")).stdout);
  expect(before).toMatchObject({ tenantId: "t-1", database: { ready: false, systemIdentifier: identifier } });
  expect(await sshOnce(lab, second, "erpctl smoke")).toMatchObject({
    code: 5,
    stderr: "erpctl: The data volume holds the data of acme; this host is not set up to serve it.\n",
  });
  const after = JSON.parse((await sshOnce(lab, second, SETUP)).stdout);
  expect(after).toMatchObject({ tenantId: "t-1", database: { ready: true, systemIdentifier: identifier } });
});

test("a second volume and another address leave the running database alone", async () => {
  const host = await lab.spec("grown", { userData: seededWith() });
  await lab.room.powerOn(host);
  await web(lab, host, "GET", "/health");
  const server = await runningPostmaster(dataFolder(host));
  const other = await lab.spec("spare");
  const moved = {
    ...host,
    address: other.address,
    volumes: { ...host.volumes, "/dev/sdg": { volumeId: "vol-2", sizeGiB: 1, folder: path.join(lab.folder, "vol-2") } },
  };
  await lab.room.update(moved);
  expect((await web(lab, moved, "GET", "/health")).status).toBe(200);
  await expect(web(lab, host, "GET", "/health")).rejects.toThrow();
  expect(JSON.parse((await sshOnce(lab, moved, "erpctl smoke")).stdout)).toMatchObject({ ok: true });
  expect(await runningPostmaster(dataFolder(host))).toEqual(server);
});

test("data of a newer version is not touched by an older one, and that of an older one is taken over", async () => {
  const older = await lab.spec("older", { version: "26Q1", userData: seededWith() });
  await lab.room.powerOn(older);
  await web(lab, older, "GET", "/health");
  await lab.room.powerOff(older.instanceId);
  const newer = await lab.spec("newer", { version: "26Q2", volumes: older.volumes, userData: seededWith() });
  await lab.room.powerOn(newer);
  expect((await web(lab, newer, "GET", "/health")).status).toBe(200);
  await lab.room.powerOff(newer.instanceId);
  await lab.room.powerOn(older);
  const health = await web(lab, older, "GET", "/health");
  expect(health.status).toBe(503);
  expect(JSON.parse(health.body).detail).toBe("The data was last used by version 26Q2; this host runs the older 26Q1.");
});

test("after kill -9 of the lab the running database is adopted, and no acknowledged order is lost", async () => {
  const host = await lab.spec("orphan", { userData: seededWith() });
  const { allows: _, ...plain } = host;
  const program = fileURLToPath(new URL("room-process.ts", import.meta.url));
  const child = spawn(
    process.execPath,
    [program, JSON.stringify({ folder: lab.folder, ports: lab.ports, spec: plain })],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  await once(child.stdout, "data");
  await web(lab, host, "GET", "/health");
  await expect.poll(async () => (await acknowledged(host)).length).toBeGreaterThan(5);
  child.kill("SIGKILL");
  await once(child, "exit");
  const server = await runningPostmaster(dataFolder(host));
  expect(server).toBeDefined();

  await lab.room.powerOn(host);
  const there = await orderNumbers(lab, host);
  expect((await acknowledged(host)).filter((number) => !there.has(number))).toEqual([]);
  expect((await runningPostmaster(dataFolder(host)))?.pid).toBe(server?.pid);
  await lab.room.powerOff(host.instanceId);
  expect(await runningPostmaster(dataFolder(host))).toBeUndefined();
});

test("a database that a killed lab left behind ends also when its host is only powered off", async () => {
  const host = await lab.spec("left", { userData: seededWith() });
  const { allows: _, ...plain } = host;
  const program = fileURLToPath(new URL("room-process.ts", import.meta.url));
  const child = spawn(
    process.execPath,
    [program, JSON.stringify({ folder: lab.folder, ports: lab.ports, spec: plain })],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await once(child.stdout, "data");
  await web(lab, host, "GET", "/health");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await runningPostmaster(dataFolder(host))).toBeDefined();
  await lab.room.powerOff(host.instanceId);
  expect(await runningPostmaster(dataFolder(host))).toBeUndefined();
});

test("a lab killed at its very first contact starts well the next time", async () => {
  const fresh = await openRoom();
  const host = await fresh.spec("newborn", { userData: seededWith() });
  const { allows: _, ...plain } = host;
  const program = fileURLToPath(new URL("room-process.ts", import.meta.url));
  for (const afterMs of [300, 700, 1_100]) {
    const child = spawn(
      process.execPath,
      [program, JSON.stringify({ folder: fresh.folder, ports: fresh.ports, spec: plain })],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(child.stdout, "data");
    web(fresh, host, "GET", "/health").catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await fresh.room.powerOn(host);
  const born = await web(fresh, host, "GET", "/health");
  expect([born.status, JSON.parse(born.body)]).toMatchObject([200, { tenant: "acme", database: "ready" }]);
  await fresh.close();
});

test("an interrupted set-up is finished by the next one", async () => {
  const host = await lab.spec("halfway");
  const { allows: _, ...plain } = host;
  const program = fileURLToPath(new URL("room-process.ts", import.meta.url));
  for (const afterMs of [150, 500, 900, 1_300]) {
    const child = spawn(
      process.execPath,
      [program, JSON.stringify({ folder: lab.folder, ports: lab.ports, spec: { ...plain, userData: seededWith() } })],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(child.stdout, "data");
    web(lab, host, "GET", "/health").catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await lab.room.powerOn({ ...host, userData: seededWith() });
  const finished = await web(lab, host, "GET", "/health");
  expect([finished.status, JSON.parse(finished.body)]).toMatchObject([200, { tenant: "acme", database: "ready" }]);
  expect((await orderNumbers(lab, host)).size).toBe(500);
  const identifiers = (await Promise.all([host, seeded].map((each) => sshOnce(lab, each, "erpctl facts")))).map(
    (answer) => JSON.parse(answer.stdout).database.systemIdentifier as string,
  );
  expect(new Set(identifiers).size).toBe(2);
  expect(
    JSON.parse(await readFile(path.join(host.volumes["/dev/sdf"]?.folder ?? "", "erp", "instance.json"), "utf8")),
  ).toMatchObject({
    tenantId: "t-1",
  });
});
