import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import ssh2 from "ssh2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeKeyPair } from "../../../../main/lab/hosts/host-keys.ts";
import type { HostSpec } from "../../../../main/lab/types.ts";
import { connect, exec, openRoom, sshOnce, type TestRoom } from "./support.ts";

const runFile = promisify(execFile);
let lab: TestRoom;
let host: HostSpec;
let scratch: string;
let common: string[];

beforeAll(async () => {
  lab = await openRoom();
  host = await lab.spec("box", { name: "box" });
  await lab.room.powerOn(host);
  scratch = path.join(lab.folder, "client");
  await mkdir(scratch);
  await writeFile(path.join(scratch, "key"), lab.key.private, { mode: 0o600 });
  const printed = await lab.room.consoleOutput(host.instanceId);
  const keys = /-----BEGIN SSH HOST KEY KEYS-----\n([^]*?)-----END/.exec(printed)?.[1] ?? "";
  const known = keys
    .trim()
    .split("\n")
    .map((line) => `[${host.address}]:${lab.ports.ssh} ${line}`);
  await writeFile(path.join(scratch, "known"), `${known.join("\n")}\n`);
  common = [
    "-F",
    "none",
    "-i",
    path.join(scratch, "key"),
    ...["BatchMode=yes", "StrictHostKeyChecking=yes", `UserKnownHostsFile=${path.join(scratch, "known")}`].flatMap(
      (option) => ["-o", option],
    ),
  ];
});
afterAll(() => lab.close());

const openSsh = (...command: string[]) =>
  runFile("ssh", [...common, "-p", String(lab.ports.ssh), `ubuntu@${host.address}`, ...command]);

test("OpenSSH finds the host key that the console printed, and logs in", async () => {
  const { stdout } = await openSsh('echo "$USER $LOGNAME $HOSTNAME $(hostname)"; pwd; echo "$HOME"');
  const home = path.join(host.folder, "home", "ubuntu");
  expect(stdout).toBe(`ubuntu ubuntu box box\n${home}\n${home}\n`);
});

test("commands are nobody's who matters, in a clean environment", async () => {
  process.env["PLANTED_SECRET"] = "planted";
  const { stdout } = await sshOnce(lab, host, "id -u; env");
  delete process.env["PLANTED_SECRET"];
  expect(Number(stdout.split("\n")[0])).not.toBe(0);
  expect(stdout).not.toContain("planted");
});

test.each([
  ["root", "root"],
  ["another user", "admin"],
  ["an empty user", ""],
])("%s is refused with the right key", async (_, username) => {
  await expect(connect(lab, host, { username })).rejects.toThrow(/authentication/i);
});

test("passwords and unknown keys are refused", async () => {
  await expect(connect(lab, host, { privateKey: "", password: "ubuntu" })).rejects.toThrow(/authentication/i);
  const stranger = makeKeyPair("ED25519").private;
  await expect(connect(lab, host, { privateKey: stranger })).rejects.toThrow(/authentication/i);
});

test("keys of every usual kind log in once they stand in authorized_keys, and no longer when taken out", async () => {
  const before = await sshOnce(lab, host, "cat .ssh/authorized_keys");
  for (const pair of [makeKeyPair("ECDSA"), ssh2.utils.generateKeyPairSync("rsa", { bits: 2048 })]) {
    await sshOnce(lab, host, "cat >> .ssh/authorized_keys", `# a colleague\n${pair.public} colleague@desk\n`);
    const client = await connect(lab, host, { privateKey: pair.private });
    expect(await exec(client, "echo in")).toMatchObject({ stdout: "in\n" });
    client.end();
    await sshOnce(lab, host, "cat > .ssh/authorized_keys", before.stdout);
    await expect(connect(lab, host, { privateKey: pair.private })).rejects.toThrow(/authentication/i);
  }
});

test("exit codes, signals, input and the two outputs arrive as they are", async () => {
  expect(await sshOnce(lab, host, "exit 7")).toMatchObject({ code: 7, signal: null });
  expect(await sshOnce(lab, host, "kill -TERM $$")).toMatchObject({ code: null, signal: "SIGTERM" });
  expect(await sshOnce(lab, host, "cat; echo gone wrong >&2", "line\n")).toMatchObject({
    code: 0,
    stdout: "line\n",
    stderr: "gone wrong\n",
  });
  expect(await sshOnce(lab, host, "wc -c", "x".repeat(3_000_000))).toMatchObject({ stdout: "3000000\n" });
  const much = await sshOnce(lab, host, "head -c 3000000 /dev/zero | tr '\\0' y");
  expect(much.stdout.length).toBe(3_000_000);
});

test("a client's signal reaches the command", async () => {
  const client = await connect(lab, host);
  const signal = await new Promise((resolve, reject) => {
    client.exec("echo up; sleep 60", (error, channel) => {
      if (error) return reject(error);
      channel.on("exit", (_code: number | null, name?: string) => resolve(name));
      channel.once("data", () => channel.signal("INT"));
    });
  });
  expect(signal).toBe("SIGINT");
  client.end();
});

test("sessions of one connection run side by side", async () => {
  const client = await connect(lab, host);
  const results = await Promise.all(Array.from({ length: 8 }, (_, index) => exec(client, `sleep 0.2; echo ${index}`)));
  expect(results.map((result) => result.stdout.trim())).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
  client.end();
});

test("a shell with a terminal shows where it is, takes its size, and is told of a new one", async () => {
  const client = await connect(lab, host);
  const shell = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
    client.shell({ rows: 33, cols: 101, term: "xterm-256color" }, (error, channel) =>
      error ? reject(error) : resolve(channel),
    ),
  );
  let screen = "";
  shell.on("data", (chunk: Buffer) => {
    screen += chunk.toString("utf8");
  });
  const shows = async (text: string | RegExp) => {
    await expect.poll(() => screen).toMatch(text);
    screen = "";
  };
  await shows("ubuntu@box:");
  shell.write("tty && stty size && echo $TERM\n");
  await shows(/\/dev\/pts\/\d+\s+33 101\s+xterm-256color/);
  shell.setWindow(40, 120, 0, 0);
  await expect
    .poll(async () => {
      screen = "";
      shell.write("stty size\n");
      await new Promise((resolve) => setTimeout(resolve, 100));
      return screen;
    })
    .toContain("40 120");
  shell.write("printf 'cat %s\\n' runs; cat\n");
  await shows("cat runs");
  shell.write("echoed by the terminal\n");
  await shows(/echoed by the terminal\s+echoed by the terminal/);
  shell.write("\x03");
  await shows("ubuntu@box:");
  shell.write("exit 3\n");
  const code = await new Promise((resolve) => shell.on("exit", resolve));
  expect(code).toBe(3);
  client.end();
});

test("closing a terminal hangs up what runs in it", async () => {
  const client = await connect(lab, host);
  const pid = await new Promise<number>((resolve, reject) => {
    client.exec("echo $$; sleep 60; true", { pty: true }, (error, channel) => {
      if (error) return reject(error);
      channel.on("data", (chunk: Buffer) => resolve(Number.parseInt(chunk.toString("utf8"), 10)));
    });
  });
  const lives = async () => (await sshOnce(lab, host, `kill -0 ${pid}`)).code === 0;
  expect(await lives()).toBe(true);
  client.end();
  await expect.poll(lives).toBe(false);
});

test("a detached command goes on after its connection is gone, until power-off", async () => {
  await sshOnce(
    lab,
    host,
    "setsid sh -c 'while :; do date +%N > beat; sleep 0.05; done' > /dev/null 2>&1 < /dev/null &",
  );
  const beat = () => readFile(path.join(host.folder, "home", "ubuntu", "beat"), "utf8");
  await expect.poll(() => beat().catch(() => "")).not.toBe("");
  const first = await beat();
  await expect.poll(beat).not.toBe(first);
  await lab.room.powerOff(host.instanceId);
  const last = await beat();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await beat()).toBe(last);
  await lab.room.powerOn(host);
});

test("OpenSSH's sftp and scp move files both ways, unchanged", async () => {
  const bytes = randomBytes(3_000_001);
  await writeFile(path.join(scratch, "up load"), bytes);
  await chmod(path.join(scratch, "up load"), 0o640);
  const port = ["-P", String(lab.ports.ssh)];
  await runFile("scp", [...common, ...port, "-p", path.join(scratch, "up load"), `ubuntu@${host.address}:there it is`]);
  await writeFile(
    path.join(scratch, "batch"),
    [
      "mkdir folder",
      "rename 'there it is' folder/moved",
      "chmod 600 folder/moved",
      "ls -l folder",
      `get folder/moved ${scratch}/back`,
    ].join("\n"),
  );
  const { stdout } = await runFile("sftp", [
    ...common,
    ...port,
    "-b",
    path.join(scratch, "batch"),
    `ubuntu@${host.address}`,
  ]);
  expect(stdout).toMatch(/-rw-------.* 3000001 .*moved/);
  expect((await readFile(path.join(scratch, "back"))).equals(bytes)).toBe(true);
  await runFile("scp", ["-O", ...common, ...port, `ubuntu@${host.address}:folder/moved`, path.join(scratch, "legacy")]);
  expect((await readFile(path.join(scratch, "legacy"))).equals(bytes)).toBe(true);
  const { stdout: owner } = await openSsh("stat -c %u folder folder/moved; id -u");
  expect(new Set(owner.trim().split("\n")).size).toBe(1);
});

async function openSftp(client: ssh2.Client): Promise<ssh2.SFTPWrapper> {
  return new Promise((resolve, reject) => client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp))));
}

test("SFTP and commands agree on paths, and many folder entries are listed", async () => {
  const client = await connect(lab, host);
  const sftp = await openSftp(client);
  const home = await promisify(sftp.realpath.bind(sftp))(".");
  expect((await exec(client, "pwd")).stdout).toBe(`${home}\n`);
  expect(await promisify(sftp.realpath.bind(sftp))("/home/ubuntu")).toBe(home);
  await exec(client, "mkdir many; cd many; for i in $(seq 300); do : > f$i; done; ln -s f1 link");
  const list = await promisify(
    (name: string, done: (error: Error | undefined, list: ssh2.FileEntryWithStats[]) => void) =>
      sftp.readdir(name, done),
  )(`${home}/many`);
  expect(list.length).toBe(301);
  expect(await promisify(sftp.readlink.bind(sftp))("many/link")).toBe("f1");

  const text = randomBytes(700_000).toString("hex");
  await new Promise<void>((resolve, reject) => {
    const stream = sftp.createWriteStream("streamed", { mode: 0o600 });
    stream.on("close", () => resolve()).on("error", reject);
    stream.end(text);
  });
  const sum = createHash("sha256").update(text).digest("hex");
  expect((await exec(client, "sha256sum < streamed")).stdout).toContain(sum);
  client.end();
});

test.each([
  ["a secret of the root device", "/etc/erp/admin-password"],
  ["the host's private key", "/etc/ssh/ssh_host_ed25519_key"],
  ["a file outside of the host", "../../../../outside"],
  ["a link that leads outside", "escape"],
  ["a link to a secret", "sneaky"],
])("SFTP does not give %s away", async (_, name) => {
  await writeFile(path.join(lab.folder, "outside"), "outside", { mode: 0o600 });
  const client = await connect(lab, host);
  await exec(
    client,
    `ln -sf ${lab.folder}/outside escape; ln -sf ${host.folder}/etc/erp/admin-password sneaky; erpctl facts`,
  );
  await writeFile(path.join(host.folder, "etc", "erp", "admin-password"), "secret", { mode: 0o600 });
  const sftp = await openSftp(client);
  await expect(
    promisify((file: string, done: (error: Error | undefined, content: Buffer) => void) => sftp.readFile(file, done))(
      name,
    ),
  ).rejects.toThrow(/denied|no such file|outside/i);
  await expect(
    promisify((file: string, done: (error?: Error | null) => void) => sftp.writeFile(file, "x", done))(name),
  ).rejects.toThrow();
  client.end();
  expect(await readFile(path.join(lab.folder, "outside"), "utf8")).toBe("outside");
});

test("connections from addresses that the security groups do not name are dropped", async () => {
  let open = false;
  const closed = await lab.spec("closed", { allows: () => open });
  await lab.room.powerOn(closed);
  await expect(connect(lab, closed)).rejects.toThrow();
  open = true;
  expect((await sshOnce(lab, closed, "echo in")).stdout).toBe("in\n");
});

test("the identity of a host is made once and survives a restart", async () => {
  const before = await lab.room.consoleOutput(host.instanceId);
  await lab.room.powerOff(host.instanceId);
  await lab.room.powerOn(host);
  const block = (text: string) => text.slice(text.indexOf("-----BEGIN SSH HOST KEY F"));
  expect(block(await lab.room.consoleOutput(host.instanceId))).toBe(block(before));
  expect((await stat(path.join(host.folder, "etc", "ssh", "ssh_host_ed25519_key"))).mode & 0o777).toBe(0o600);
});
