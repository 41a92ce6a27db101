import ssh2 from "ssh2";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HostSpec } from "../../../../main/lab/types.ts";
import { connect, exec, logIn, openRoom, placeOrder, seededWith, sshOnce, type TestRoom, web } from "./support.ts";

let lab: TestRoom;
let host: HostSpec;

beforeAll(async () => {
  lab = await openRoom();
  host = await lab.spec("frail", { userData: seededWith() });
  await lab.room.powerOn(host);
  await web(lab, host, "GET", "/health");
});
afterAll(() => lab.close());

test("ssh-cut ends open sessions and later ones, until it is over", async () => {
  const client = await connect(lab, host);
  const gone = new Promise<void>((resolve) => client.once("close", resolve));
  client.on("error", () => undefined);
  await lab.room.trouble(host.instanceId, "ssh-cut", true);
  await gone;
  const later = await connect(lab, host);
  later.on("error", () => undefined);
  const cut = new Promise<void>((resolve) => later.once("close", resolve));
  later.exec("sleep 30", () => undefined);
  await cut;
  await lab.room.trouble(host.instanceId, "ssh-cut", false);
  expect((await sshOnce(lab, host, "sleep 2.5; echo still here")).stdout).toBe("still here\n");
});

test("host-key-changed offers another key from then on; the console output keeps the true one", async () => {
  const offered = async () => {
    let key: Buffer | undefined;
    const client = await connect(lab, host, {
      hostVerifier: (blob: Buffer) => {
        key = blob;
        return true;
      },
    });
    client.end();
    return key?.toString("base64") ?? "";
  };
  const before = await offered();
  const standing = await connect(lab, host);
  await lab.room.trouble(host.instanceId, "host-key-changed", true);
  const changed = await offered();
  expect(changed).not.toBe(before);
  expect(await exec(standing, "echo old session")).toMatchObject({ stdout: "old session\n" });
  standing.end();
  const printed = await lab.room.consoleOutput(host.instanceId);
  expect(printed).toContain(before);
  expect(printed).not.toContain(changed);
  await lab.room.trouble(host.instanceId, "host-key-changed", false);
  expect(await offered()).toBe(before);
});

test("a frozen host takes connections and answers nothing, then goes on where it stood", async () => {
  const standing = await connect(lab, host);
  await lab.room.trouble(host.instanceId, "host-frozen", true);
  const answers: string[] = [];
  const health = web(lab, host, "GET", "/health").then(({ status }) => answers.push(`health ${status}`));
  const old = exec(standing, "echo old").then(() => answers.push("old"));
  const fresh = sshOnce(lab, host, "echo fresh").then(() => answers.push("fresh"));
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(answers).toEqual([]);
  await lab.room.trouble(host.instanceId, "host-frozen", false);
  await Promise.all([health, old, fresh]);
  expect(answers.sort()).toEqual(["fresh", "health 200", "old"]);
  standing.end();
});

test("a frozen host can be powered off and on", async () => {
  const client = await connect(lab, host);
  client.on("error", () => undefined);
  const gone = new Promise<void>((resolve) => client.once("close", resolve));
  await lab.room.trouble(host.instanceId, "host-frozen", true);
  await lab.room.powerOff(host.instanceId);
  await gone;
  expect(lab.room.status(host.instanceId).processes).toBe("off");
  await lab.room.powerOn(host);
  expect((await web(lab, host, "GET", "/health")).status).toBe(200);
});

test("a full disk refuses every write and serves what is there", async () => {
  const cookie = await logIn(lab, host);
  await lab.room.trouble(host.instanceId, "disk-full", true);
  const refused = await placeOrder(lab, host, cookie);
  expect([refused.status, refused.body]).toEqual([507, expect.stringContaining("No space left on device")]);
  expect((await web(lab, host, "GET", "/api/orders", { headers: { cookie } })).status).toBe(200);
  const health = await web(lab, host, "GET", "/health");
  expect([health.status, JSON.parse(health.body)]).toEqual([
    503,
    expect.objectContaining({ status: "down", database: "full" }),
  ]);
  expect((await sshOnce(lab, host, "erpctl health")).code).toBe(1);
  expect((await sshOnce(lab, host, "erpctl smoke")).code).toBe(1);
  const client = await connect(lab, host);
  const sftp = await new Promise<ssh2.SFTPWrapper>((resolve, reject) =>
    client.sftp((error, files) => (error ? reject(error) : resolve(files))),
  );
  await expect(
    new Promise<void>((resolve, reject) => sftp.writeFile("new", "x", (error) => (error ? reject(error) : resolve()))),
  ).rejects.toThrow(/No space left/);
  client.end();
  await lab.room.trouble(host.instanceId, "disk-full", false);
  expect((await placeOrder(lab, host, cookie)).status).toBe(201);
});

test("a disk that was full when the host went down is not full for ever", async () => {
  await lab.room.trouble(host.instanceId, "disk-full", true);
  await lab.room.powerOff(host.instanceId);
  await lab.room.powerOn(host);
  expect((await placeOrder(lab, host, await logIn(lab, host))).status).toBe(201);
});

test("troubles of a host that is off are refused by name", async () => {
  const off = await lab.spec("off");
  await expect(lab.room.trouble(off.instanceId, "ssh-cut", true)).rejects.toMatchObject({ code: "NotFound" });
});
