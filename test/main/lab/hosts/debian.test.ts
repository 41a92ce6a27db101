import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { SFTPWrapper } from "ssh2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeKeyPair } from "../../../../main/lab/hosts/host-keys.ts";
import { runningPostmaster } from "../../../../main/lab/hosts/postgres/cluster.ts";
import { createMachineRoom } from "../../../../main/lab/hosts/index.ts";
import type { HostSpec } from "../../../../main/lab/types.ts";
import { acknowledged, connect, exec, openRoom, orderNumbers, SETUP, sshOnce, type TestRoom } from "./support.ts";

let lab: TestRoom;
let host: HostSpec;

beforeAll(async () => {
  lab = await openRoom({ machines: "debian", ordersPerMinute: 600 });
  host = await lab.spec("deb");
  await lab.room.powerOn(host);
});
afterAll(() => lab.close());

const folderOf = (spec: HostSpec) => spec.volumes["/dev/sdf"]?.folder ?? "";
/** Processes of sshd or PostgreSQL that have this text in their arguments. */
async function processesOf(text: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => /sshd|postgres/.test(line) && line.includes(text));
}

test("Debian's PostgreSQL is set up over Debian's sshd, with all that erpctl needs in the environment", async () => {
  const client = await connect(lab, host);
  expect((await exec(client, "echo $SSH_CONNECTION")).stdout).toContain(` ${host.address} ${lab.ports.ssh}`);
  const { stdout } = await exec(client, SETUP);
  const facts = JSON.parse(stdout);
  expect(facts.database.ready).toBe(true);
  const server = await runningPostmaster(path.join(folderOf(host), "pgdata"));
  expect(await readFile(`/proc/${server?.pid}/cmdline`, "utf8")).toContain("/usr/lib/postgresql/");
  expect(JSON.parse((await exec(client, "erpctl smoke")).stdout)).toMatchObject({ ok: true });
  expect(await exec(client, "exit 7")).toMatchObject({ code: 7 });
  expect((await exec(client, "hostname; pwd")).stdout).toBe(`deb\n${host.folder}/home/ubuntu\n`);
  client.end();
});

test("only ubuntu gets in, by key alone", async () => {
  for (const wrong of [{ username: "root" }, { username: "postgres" }, { privateKey: makeKeyPair("ED25519").private }])
    await expect(connect(lab, host, wrong)).rejects.toThrow();
});

test("a terminal has its size, the host's prompt and its signals; files go over SFTP", async () => {
  const client = await connect(lab, host);
  const said = await new Promise<string>((resolve, reject) => {
    client.shell({ rows: 31, cols: 117, term: "xterm-256color" }, (error, channel) => {
      if (error) return reject(error);
      let text = "";
      channel.on("data", (chunk: Buffer) => {
        text += chunk.toString("utf8");
      });
      channel.on("close", () => resolve(text));
      channel.write("stty size; tty; echo $TERM; command -v erpctl; exit\n");
    });
  });
  expect(said).toContain("31 117");
  expect(said).toContain("/dev/pts/");
  expect(said).toContain("xterm-256color");
  expect(said).toContain("ubuntu@deb:~$");
  expect(said).toContain("/usr/local/bin/erpctl");

  const sftp = await new Promise<SFTPWrapper>((resolve, reject) =>
    client.sftp((error, made) => (error ? reject(error) : resolve(made))),
  );
  await new Promise<void>((resolve, reject) =>
    sftp.writeFile("note.txt", "dear host", (error) => (error ? reject(error) : resolve())),
  );
  expect((await exec(client, "cat note.txt")).stdout).toBe("dear host");
  client.end();
});

test("held still under Debian's parts, a copy has every acknowledged order", async () => {
  await expect.poll(async () => (await acknowledged(host)).length).toBeGreaterThan(3);
  const held = JSON.parse((await sshOnce(lab, host, "erpctl quiesce --id d --seconds 120")).stdout).quiesce;
  expect(held.grade).toBe("quiesced");
  const before = await acknowledged(host);
  const copy = await lab.spec("debcopy");
  await lab.room.copyVolume(folderOf(host), folderOf(copy));
  expect(JSON.parse((await sshOnce(lab, host, "erpctl thaw --id d")).stdout).thaw.held).toBe(true);
  await lab.room.powerOn(copy);
  expect(await sshOnce(lab, copy, SETUP)).toMatchObject({ code: 0, stderr: "" });
  const there = await orderNumbers(lab, copy);
  expect(before.filter((number) => !there.has(number))).toEqual([]);
  await lab.room.powerOff(copy.instanceId);
});

test("sshd itself honours expiry-time, and a revoked key's session ends", async () => {
  const pair = makeKeyPair("ED25519");
  const grant = "erpctl access grant --id brief --until 2031-05-06T07:08:09Z";
  expect(await sshOnce(lab, host, grant, pair.public)).toMatchObject({ code: 0 });
  (await connect(lab, host, { privateKey: pair.private })).end();
  await sshOnce(lab, host, "sed -i s/20310506070809Z/20200506070809Z/ .ssh/authorized_keys");
  await expect(connect(lab, host, { privateKey: pair.private })).rejects.toThrow();

  expect(await sshOnce(lab, host, "erpctl access grant --id open", pair.public)).toMatchObject({ code: 0 });
  const session = await connect(lab, host, { privateKey: pair.private });
  const ended = new Promise<void>((resolve) => session.once("close", () => resolve()));
  session.on("error", () => undefined);
  expect((await exec(session, "echo in")).stdout).toBe("in\n");
  expect(await sshOnce(lab, host, "erpctl access revoke --id open")).toMatchObject({ code: 0 });
  await ended;
});

test("power-off cuts sessions and leaves neither sshd nor PostgreSQL behind", async () => {
  const client = await connect(lab, host);
  const ended = new Promise<void>((resolve) => client.once("close", () => resolve()));
  client.on("error", () => undefined);
  const left = exec(client, "sleep 600").catch(() => undefined);
  const data = path.join(folderOf(host), "pgdata");
  expect((await processesOf(data)).length).toBeGreaterThan(0);
  await lab.room.powerOff(host.instanceId);
  await ended;
  await left;
  expect(await processesOf(data)).toEqual([]);
  await expect.poll(() => processesOf(host.instanceId)).toEqual([]);
});

test("a room keeps what it was made of", async () => {
  await lab.room.stop();
  const again = createMachineRoom({
    folder: lab.folder,
    ca: lab.ca,
    ports: lab.ports,
    machines: "built-in",
    log: () => undefined,
  });
  await again.powerOn(host);
  const facts = JSON.parse((await sshOnce(lab, host, "erpctl facts")).stdout);
  expect(facts.database.ready).toBe(true);
  expect((await sshOnce(lab, host, "echo $SSH_CONNECTION")).stdout).toContain(host.address);
  await again.stop();
});
