import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HostSpec } from "../../../../main/lab/types.ts";
import {
  acknowledged,
  logIn,
  openRoom,
  orderNumbers,
  placeOrder,
  seededWith,
  sshOnce,
  type TestRoom,
} from "./support.ts";

let lab: TestRoom;
let host: HostSpec;

beforeAll(async () => {
  lab = await openRoom({ ordersPerMinute: 2_000 });
  host = await lab.spec("live", { userData: seededWith() });
  await lab.room.powerOn(host);
});
afterAll(() => lab.close());

test("a copy taken while orders are written holds every order acknowledged before it began, and starts", async () => {
  const cookie = await logIn(lab, host);
  let writing = true;
  const writers = Array.from({ length: 3 }, async () => {
    while (writing) expect((await placeOrder(lab, host, cookie)).status).toBe(201);
  });
  const rounds: { spec: HostSpec; before: string[] }[] = [];
  for (const round of [1, 2, 3]) {
    const known = (await acknowledged(host)).length;
    await expect.poll(async () => (await acknowledged(host)).length).toBeGreaterThan(known + 20);
    const copy = await lab.spec(`copy${round}`, { userData: seededWith() });
    const volume = copy.volumes["/dev/sdf"]?.folder ?? "";
    const before = await acknowledged(host);
    await lab.room.copyVolume(host.volumes["/dev/sdf"]?.folder ?? "", volume);
    rounds.push({ spec: copy, before });
  }
  writing = false;
  await Promise.all(writers);

  const original = JSON.parse((await sshOnce(lab, host, "erpctl facts")).stdout);
  for (const { spec, before } of rounds) {
    await lab.room.powerOn(spec);
    const there = await orderNumbers(lab, spec);
    expect(before.slice(-300).filter((number) => !there.has(number))).toEqual([]);
    const facts = JSON.parse((await sshOnce(lab, spec, "erpctl facts")).stdout);
    expect(facts).toMatchObject({ tenantId: "t-1", database: original.database, licence: { installed: false } });
    await lab.room.powerOff(spec.instanceId);
  }
  const acknowledgedByNow = await acknowledged(host);
  const all = await orderNumbers(lab, host);
  expect(acknowledgedByNow.slice(-300).filter((number) => !all.has(number))).toEqual([]);
});

test("a volume that nobody uses is copied, over what an interrupted copy left", async () => {
  const from = path.join(lab.folder, "volumes", "idle");
  const to = path.join(lab.folder, "snapshots", "snap-1");
  await mkdir(path.join(from, "erp"), { recursive: true });
  await mkdir(path.join(to, "half"), { recursive: true });
  await lab.room.copyVolume(from, to);
  expect(await readdir(to)).toEqual(["erp"]);
});
