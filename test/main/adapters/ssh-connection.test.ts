import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { portAnswers } from "../../../main/adapters/https/probe.ts";
import { connectSsh, fingerprint, type SshTarget } from "../../../main/adapters/ssh/connection.ts";
import { makeKeyPair } from "../../../main/adapters/ssh/keys.ts";
import { scratchFolder } from "../../support/scratch.ts";

// A real OpenSSH server that lets in one key, as the user of the tests. The console itself refuses the name "root",
// so as root the server's user is the one of Debian's PostgreSQL, which has a shell.
const SSHD = "/usr/sbin/sshd";
const user = userInfo().uid === 0 ? "postgres" : userInfo().username;

const operator = makeKeyPair("operator");
const stranger = makeKeyPair("stranger");
const hostKey = makeKeyPair("host");
const hostFingerprint = fingerprint(Buffer.from(hostKey.publicKey.split(" ")[1]!, "base64"));
const endings: (() => Promise<void>)[] = [];
let port = 0;

beforeAll(async () => {
  if (!existsSync(SSHD)) throw new Error(`${SSHD} is missing; npm test installs it where it may`);
  const { folder, remove } = await scratchFolder("sshd");
  endings.push(remove);
  await chmod(folder, 0o755); // the server reads the authorized keys as the user who logs in
  await writeFile(join(folder, "host_key"), hostKey.privateKey, { mode: 0o600 });
  await writeFile(join(folder, "authorized_keys"), operator.publicKey);
  if (userInfo().uid === 0) await mkdir("/run/sshd", { recursive: true });
  port = await freePort();
  const config = {
    ListenAddress: "127.0.0.1",
    Port: port,
    HostKey: join(folder, "host_key"),
    AuthorizedKeysFile: join(folder, "authorized_keys"),
    PidFile: "none",
    StrictModes: "no",
    // PAM lets an account without a password in by key; without it OpenSSH takes such an account for locked.
    UsePAM: userInfo().uid === 0 ? "yes" : "no",
    PasswordAuthentication: "no",
    // The test's user may have a shell that refuses log-ins.
    ForceCommand: '/bin/sh -c "$SSH_ORIGINAL_COMMAND"',
  };
  await writeFile(
    join(folder, "sshd_config"),
    Object.entries(config)
      .map(([key, value]) => `${key} ${value}\n`)
      .join(""),
  );
  const server = spawn(SSHD, ["-D", "-e", "-f", join(folder, "sshd_config")], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  endings.push(async () => {
    server.kill();
    await ended;
  });
  while (!(await portAnswers("127.0.0.1", port))) await wait(50);
});
afterAll(async () => {
  for (const end of endings.reverse()) await end();
});

const target = (change: Partial<SshTarget> = {}): SshTarget => ({
  host: "127.0.0.1",
  port,
  user,
  privateKey: operator.privateKey,
  hostKeys: [hostFingerprint],
  name: "acme production",
  ...change,
});

test("the pinned host lets the operator's key in", async () => {
  const connection = await connectSsh(target());
  connection.end();
});

test("a command gets its words unchanged, its input, and gives output, errors and exit code", async () => {
  const connection = await connectSsh(target());
  const result = await connection.run(["sh", "-c", 'cat; printf "%s" "$1" >&2; exit 7', "sh", "a 'b' $(c)"], {
    stdin: "in",
  });
  connection.end();
  expect(result).toEqual({ exitCode: 7, stdout: "in", stderr: "a 'b' $(c)" });
});

test("another host key is refused before anything is sent, and both are named", async () => {
  const pinned = fingerprint(Buffer.from("another"));
  await expect(connectSsh(target({ hostKeys: [pinned] }))).rejects.toMatchObject({
    code: "HostKeyChanged",
    details: { retryable: false, offered: hostFingerprint, pinned: [pinned] },
  });
});

test("without a pinned key no host is trusted", async () => {
  await expect(connectSsh(target({ hostKeys: [] }))).rejects.toMatchObject({ code: "HostKeyChanged" });
});

test("a key that the host does not know is refused log-in", async () => {
  await expect(connectSsh(target({ privateKey: stranger.privateKey }))).rejects.toMatchObject({
    code: "HostLoginRefused",
    details: { retryable: false },
  });
});

test("R5: root is refused before a connection is made", () => {
  expect(() => connectSsh(target({ user: "root" }))).toThrow(expect.objectContaining({ code: "RefusedByRule" }));
});

test("nobody listening is a host out of reach, worth another try", async () => {
  await expect(connectSsh(target({ port: await freePort() }))).rejects.toMatchObject({
    code: "HostUnreachable",
    details: { retryable: true },
  });
});

test("a port that accepts and never speaks is given up when the caller aborts", async () => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  const { port: silentPort } = silent.address() as { port: number };
  await expect(connectSsh(target({ port: silentPort }), AbortSignal.timeout(100))).rejects.toMatchObject({
    code: "HostUnreachable",
  });
  silent.close();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port: free } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return free;
}
