import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeKeyPair } from "../../../../main/lab/hosts/host-keys.ts";
import type { HostSpec } from "../../../../main/lab/types.ts";
import {
  DataManifest,
  HostCertificate,
  HostExport,
  HostFacts,
  HostIndicators,
  HostKeyEntry,
  HostSpace,
  HostUpdate,
} from "../../../../main/toolkit/erpctl.ts";
import {
  connect,
  DOMAIN,
  exec,
  logIn,
  openRoom,
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
  lab = await openRoom({ ordersPerMinute: 0 });
  host = await lab.spec("ops", { userData: seededWith() });
  await lab.room.powerOn(host);
  await web(lab, host, "GET", "/health");
});
afterAll(() => lab.close());

const folderOf = (spec: HostSpec) => spec.volumes["/dev/sdf"]?.folder ?? "";
async function ask(spec: HostSpec, words: string, input?: string): Promise<Record<string, unknown>> {
  const answer = await sshOnce(lab, spec, `erpctl ${words}`, input);
  if (answer.code !== 0) throw new Error(`erpctl ${words}: ${answer.code} ${answer.stderr}`);
  return JSON.parse(answer.stdout) as Record<string, unknown>;
}
const facts = async (spec: HostSpec) => HostFacts.parse(await ask(spec, "facts"));
const manifest = async (spec: HostSpec) => DataManifest.parse((await ask(spec, "manifest")).manifest);
const outbox = async (spec: HostSpec) =>
  (await readFile(path.join(spec.folder, "var/log/outbox.log"), "utf8").catch(() => "")).split("\n").filter(Boolean);
async function order(spec: HostSpec): Promise<string> {
  const answer = await placeOrder(lab, spec, await logIn(lab, spec));
  return (JSON.parse(answer.body) as { number: string }).number;
}

test("space, manifest and indicators tell of the data", async () => {
  const number = await order(host);
  const space = HostSpace.parse((await ask(host, "space")).space);
  expect(space.totalBytes).toBe(10 * 2 ** 30);
  expect(space.databaseBytes).toBeGreaterThan(1_000_000);
  expect(space.scratch).toBe(path.join(folderOf(host), "scratch"));
  const told = await manifest(host);
  expect(told).toMatchObject({ tenantId: "t-1", version: "26Q2", extensions: [{ name: "plpgsql" }] });
  expect(told.systemIdentifier).toBe((await facts(host)).database.systemIdentifier);
  const orders = told.relations.find((one) => one.name === "orders")?.rows ?? 0;
  expect(orders).toBe(Number(number.slice(3)));
  const before = HostIndicators.parse((await ask(host, "indicators")).indicators);
  await order(host);
  const after = HostIndicators.parse((await ask(host, "indicators")).indicators);
  expect(after.application.orders).toBe(before.application.orders + 1);
  expect(after.application.monthly?.salesOrders).toBe((before.application.monthly?.salesOrders ?? 0) + 1);
  expect(after.application.responseMilliseconds).toBeGreaterThan(0);
  expect(after.database?.committed).toBeGreaterThan(before.database?.committed ?? 0);
  expect(after.database?.walBytes).toBeGreaterThan(before.database?.walBytes ?? 0);
  expect((await manifest(host)).relations.find((one) => one.name === "orders")?.rows).toBe(orders + 1);
});

test("mail and payment of each order leave production, and nothing ever leaves neutralised data", async () => {
  const number = await order(host);
  await expect
    .poll(async () => (await outbox(host)).filter((line) => line.endsWith(number)).map((line) => line.split(" ")[1]))
    .toEqual(["mail", "payments"]);

  // In a lock-out the scheduler rests: the copy has something that it would send at once.
  await ask(host, "lockout on");
  const copy = await lab.spec("sandbox");
  await lab.room.copyVolume(folderOf(host), folderOf(copy));
  await ask(host, "lockout off");
  await lab.room.powerOn(copy);
  expect(await facts(copy)).toMatchObject({ tenantId: "t-1", database: { ready: false }, neutralised: null });
  const setUp = await ask(copy, `${SETUP.slice(7).replace("production", "sandbox")} --neutralise`);
  const what = ["integrations", "mail", "payments", "scheduler"];
  expect(HostFacts.parse(setUp)).toMatchObject({ environment: "sandbox", neutralised: { what } });
  const other = await order(copy);
  await order(copy);
  await lab.room.powerOff(copy.instanceId);
  await lab.room.powerOn(copy);
  expect(await facts(copy)).toMatchObject({ neutralised: { what } });
  expect(await ask(copy, SETUP.slice(7))).toMatchObject({ environment: "production", neutralised: { what } });
  await order(copy);

  // The same orders on data that may act have left long before.
  const last = await order(host);
  await expect.poll(async () => (await outbox(host)).some((line) => line.endsWith(last))).toBe(true);
  expect(await outbox(copy)).toEqual([]);
  expect(other).toMatch(/^SO-/);
  await lab.room.powerOff(copy.instanceId);
});

test("a restored volume takes the place of the old one on the same host", async () => {
  const kept = await order(host);
  const restored = await lab.spec("restored");
  await lab.room.copyVolume(folderOf(host), folderOf(restored));
  const lost = await order(host);
  expect(await ask(host, "release")).toEqual({ released: true });
  expect(await ask(host, "release")).toEqual({ released: true });
  expect((await web(lab, host, "GET", "/health")).status).toBe(503);
  expect((await facts(host)).database.ready).toBe(false);

  await lab.room.update({ ...host, volumes: {} });
  const swapped = { ...host, volumes: restored.volumes };
  await lab.room.update(swapped);
  expect((await facts(swapped)).database.ready).toBe(false);
  expect((await facts(swapped)).tenantId).toBe("t-1");
  // Neither a contact nor a restart starts data that was not set up here.
  await lab.room.powerOff(host.instanceId);
  await lab.room.powerOn(swapped);
  expect((await facts(swapped)).database.ready).toBe(false);
  expect(HostFacts.parse(await ask(swapped, SETUP.slice(7))).database.ready).toBe(true);
  const page = await web(lab, swapped, "GET", `/api/orders/${kept}`, {
    headers: { cookie: await logIn(lab, swapped) },
  });
  const gone = await web(lab, swapped, "GET", `/api/orders/${lost}`, {
    headers: { cookie: await logIn(lab, swapped) },
  });
  expect([page.status, gone.status]).toEqual([200, 404]);
  // And back again.
  await lab.room.update(host);
  expect(HostFacts.parse(await ask(host, SETUP.slice(7))).database.ready).toBe(true);
});

test("an archive that was exported fills another host, whole and once", async () => {
  await order(host);
  const { scratch } = HostSpace.parse((await ask(host, "space")).space);
  const file = path.join(scratch, "acme.tar.gz");
  const exported = HostExport.parse(await ask(host, `export --id exit-1 --to ${file}`));
  expect(exported.parts.map((part) => part.name)).toEqual([
    "manifest.json",
    "database.sql",
    "attachments.tar",
    "source.tar",
  ]);
  expect(await ask(host, `export --id exit-1 --to ${file}`)).toEqual(exported);
  const sums = await sshOnce(lab, host, `mkdir -p x && cd x && tar xzf ${file} && sha256sum -c --quiet SHA256SUMS`);
  expect(sums).toMatchObject({ code: 0, stdout: "" });
  expect(await sshOnce(lab, host, "erpctl export --id e --to /etc/cron.d/x")).toMatchObject({ code: 2, stdout: "" });

  const target = await lab.spec("import");
  await lab.room.powerOn(target);
  await ask(target, `${SETUP.slice(7).replace("t-1", "t-2")} --locked-out`);
  const there = path.join(HostSpace.parse((await ask(target, "space")).space).scratch, "in.tar.gz");
  await promisify(execFile)("cp", ["-p", file, there]);
  const filled = DataManifest.parse((await ask(target, `import --from ${there}`)).manifest);
  const rows = (of: DataManifest) => of.relations.filter((one) => one.name !== "users");
  expect(rows(filled)).toEqual(rows(await manifest(host)));
  expect(filled.tenantId).toBe("t-2");
  expect(DataManifest.parse((await ask(target, `import --from ${there}`)).manifest).relations).toEqual(
    filled.relations,
  );
  await ask(target, "lockout off");
  const next = await order(target);
  expect(Number(next.slice(3))).toBe((filled.relations.find((one) => one.name === "orders")?.rows ?? 0) + 1);

  await promisify(execFile)("sh", ["-c", `printf x >> '${there}.bad'; head -c 3000 '${there}' >> '${there}.bad'`]);
  expect(await sshOnce(lab, target, `erpctl import --from ${there}.bad`)).toMatchObject({ code: 3, stdout: "" });
  await lab.room.powerOff(target.instanceId);
});

test("an update moves the application upwards only, and the data follows", async () => {
  const first = HostUpdate.parse(await ask(host, "update stack"));
  expect(first.changed.length).toBeGreaterThan(0);
  expect(first.rebootNeeded).toBe(true);
  expect(await ask(host, "update stack")).toEqual({ changed: [], rebootNeeded: true });

  const moved = await ask(host, "update application --to 26Q3");
  expect(moved).toEqual({ changed: [{ name: "openbravo", from: "26Q2", to: "26Q3" }], rebootNeeded: false });
  expect(await ask(host, "update application --to 26Q3")).toEqual({ changed: [], rebootNeeded: false });
  expect(await sshOnce(lab, host, "erpctl update application --to 26Q2")).toMatchObject({ code: 3, stdout: "" });
  expect((await manifest(host)).version).toBe("26Q3");
  await lab.room.powerOff(host.instanceId);
  await lab.room.powerOn(host);
  expect(await facts(host)).toMatchObject({ version: "26Q3", database: { ready: true } });
  expect(await ask(host, "update stack")).toEqual({ changed: [], rebootNeeded: false });
});

test("the vendor's certificate is renewed, the customer's installed when it fits", async () => {
  const certificate = async (words: string, pem?: string) =>
    HostCertificate.parse((await ask(host, `certificate ${words}`, pem)).certificate);
  const shown = await certificate("show");
  expect(shown).toMatchObject({ domain: DOMAIN, issuer: "Fleetwright Lab Authority", origin: "vendor" });
  const renewed = await certificate("renew");
  expect(renewed.fingerprint).not.toBe(shown.fingerprint);
  expect(await certificate("show")).toEqual(renewed);

  const own = await lab.ca.issue({ names: [DOMAIN], ips: [], days: 10 });
  const other = await lab.ca.issue({ names: ["other.example.com"], ips: [], days: 10 });
  for (const [pem, why] of [
    [other.certificate + other.key, "not for acme"],
    [own.certificate + other.key, "does not fit"],
    [own.certificate, "no private key"],
  ] as const)
    expect(await sshOnce(lab, host, "erpctl certificate install", pem)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(why),
    });
  const installed = await certificate("install", own.certificate + own.key);
  expect(installed.origin).toBe("customer");
  expect((await web(lab, host, "GET", "/health")).status).toBe(200);
  expect(await ask(host, "smoke")).toMatchObject({ ok: true });
  await lab.room.powerOff(host.instanceId);
  await lab.room.powerOn(host);
  expect(await certificate("show")).toEqual(installed);
});

test("R5: a key is granted until a time, honoured till then, and its sessions end when it is revoked", async () => {
  const keys = async (words: string, key?: string) =>
    HostKeyEntry.array().parse((await ask(host, `access ${words}`, key)).keys);
  const [first] = await keys("list");
  expect(first).toMatchObject({ id: null, until: null });
  const pair = makeKeyPair("ED25519");
  const until = "2031-05-06T07:08:09.000Z";
  const granted = await keys(`grant --id ana-1 --until ${until}`, `${pair.public} ana@desk\n`);
  expect(granted).toMatchObject([{ id: null }, { id: "ana-1", comment: "fleetwright:ana-1", until: new Date(until) }]);
  expect(await readFile(path.join(host.folder, "home/ubuntu/.ssh/authorized_keys"), "utf8")).toContain(
    'expiry-time="20310506070809Z" ssh-ed25519 ',
  );
  expect(await keys(`grant --id ana-1 --until ${until}`, `${pair.public}\n`)).toEqual(granted);
  for (const [words, key] of [
    ["grant --id b", "no key"],
    ["grant --id b --until 2020-01-01T00:00:00Z", pair.public],
    ["grant --id b --until tomorrow", pair.public],
  ] as const)
    expect(await sshOnce(lab, host, `erpctl access ${words}`, key)).toMatchObject({ code: 2, stdout: "" });

  const session = await connect(lab, host, { privateKey: pair.private });
  const ended = new Promise<void>((resolve) => session.once("close", () => resolve()));
  expect((await exec(session, "echo here")).stdout).toBe("here\n");
  expect(await keys("revoke --id ana-1")).toEqual([first]);
  expect(await keys("revoke --id ana-1")).toEqual([first]);
  await ended;
  await expect(connect(lab, host, { privateKey: pair.private })).rejects.toThrow();

  await keys(`grant --id brief --until ${until}`, pair.public);
  (await connect(lab, host, { privateKey: pair.private })).end();
  await sshOnce(lab, host, "sed -i s/20310506070809Z/20200506070809Z/ .ssh/authorized_keys");
  await expect(connect(lab, host, { privateKey: pair.private })).rejects.toThrow();
});

test("the last key that opens the host stays", async () => {
  const pair = makeKeyPair("ED25519");
  const granted = HostKeyEntry.array().parse((await ask(host, "access grant --id only", pair.public)).keys);
  expect(granted.length).toBeGreaterThan(1);
  const client = await connect(lab, host, { privateKey: pair.private });
  await exec(client, "grep fleetwright:only .ssh/authorized_keys > k; cat k > .ssh/authorized_keys");
  expect(await exec(client, "erpctl access revoke --id only")).toMatchObject({ code: 3, stdout: "" });
  client.end();
});
