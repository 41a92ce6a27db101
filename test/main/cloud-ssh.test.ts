import { spawn, spawnSync } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { fingerprint } from "../../main/adapters/ssh/connection.ts";
import { makeKeyPair } from "../../main/adapters/ssh/keys.ts";
import { type HostTrust, openCloud } from "../../main/cloud.ts";
import type { HostAddress } from "../../main/toolkit/ports.ts";
import type { Account, JumpHost, SshAccess } from "../../shared/settings/model.ts";
import type { HostKeyPrint, Pin } from "../../shared/terminal/host-keys.ts";
import { type OpenSsh, startOpenSsh } from "../support/openssh.ts";
import { scratchFolder } from "../support/scratch.ts";

// How the console reaches hosts: two of Debian's SSH servers, one of them as a jump host, and a real agent.
const operator = makeKeyPair("operator");
const told: string[] = [];
let host: OpenSsh;
let jump: OpenSsh;
let pins: Pin[] = [];

const trust: HostTrust = {
  pinned: async () => pins,
  learn: async (_, shown) => void told.push(`shown ${shown.map(({ algorithm }) => algorithm).join(" ")}`),
  blocked: async (_, shown: readonly HostKeyPrint[]) =>
    void told.push(`blocked ${shown.map(({ algorithm }) => algorithm).join(" ")}`),
};
const cloud = openCloud(
  {
    awsKeys: async () => ({ accessKeyId: "", secretAccessKey: "" }),
    sshKey: async () => operator.privateKey,
    sshKeysBefore: async () => [],
  },
  trust,
);

beforeAll(async () => {
  [host, jump] = await Promise.all([
    startOpenSsh({ authorized: [operator.publicKey] }),
    startOpenSsh({ authorized: [operator.publicKey] }),
  ]);
});
afterEach(() => {
  told.length = 0;
});
afterAll(async () => {
  cloud.stop();
  await Promise.all([host.stop(), jump.stop()]);
});

const address = (change: Partial<HostAddress> = {}, ssh?: SshAccess): HostAddress => ({
  account: {
    id: "a-1",
    name: "Account",
    credentials: { kind: "profile", profile: "p", accessKeyId: null },
    regions: ["eu-west-1"],
    endpoints: {},
    ports: { ssh: host.target.port, https: 443, http: 80 },
    ...(ssh && { ssh }),
    isLab: false,
  } satisfies Account,
  address: host.target.host,
  user: host.target.user,
  hostKeys: host.target.hostKeys,
  name: "acme production",
  environmentId: "e-1",
  ...change,
});
const echo = async (one: HostAddress) =>
  (await cloud.runOnHost(one, ["sh", "-c", "echo $SSH_CONNECTION"], { signal: AbortSignal.timeout(20_000) })).stdout;
const through = (change: Partial<JumpHost> = {}): JumpHost => ({
  host: jump.target.host,
  port: jump.target.port,
  user: jump.target.user,
  hostKeys: [...jump.target.hostKeys],
  ...change,
});
const pin = (fingerprint: string, jobId: string | null = null): Pin => ({ fingerprint, algorithm: null, jobId });

test("a host that proves the pinned key is let in under its other one, and tells all that it has", async () => {
  pins = [pin(host.otherHostKey)];
  await echo(address({ hostKeys: [host.otherHostKey] }));
  expect(told).toEqual(["shown ssh-ed25519 ecdsa-sha2-nistp256"]);
});

test("a key that a job of ours pinned meanwhile is accepted from the caller that did not know it yet", async () => {
  const [now] = host.target.hostKeys;
  const before = `SHA256:${"a".repeat(43)}`;
  pins = [pin(now!, "job-1")];
  await echo(address({ hostKeys: [before] }));
  expect(told).not.toContainEqual(expect.stringMatching(/^blocked/));
});

test("everything else is blocked and told with what the host showed", async () => {
  const other = `SHA256:${"a".repeat(43)}`;
  pins = [pin(other)];
  await expect(echo(address({ hostKeys: [other] }))).rejects.toMatchObject({ code: "HostKeyChanged" });
  expect(told).toEqual(["blocked ssh-ed25519 ecdsa-sha2-nistp256"]);
});

test("jump hosts of an account are gone through, for commands and shells alike", async () => {
  const account: SshAccess = { login: "vault", agentKey: null, jumps: [through()] };
  // Seen from the host, the connection comes from the jump host: from a process of its server, not from ours.
  const direct = await echo(address());
  const jumped = await echo(address({}, account));
  expect(jumped).not.toBe(direct);
});

test("a jump host that does not answer is a host out of reach", async () => {
  const nobody: SshAccess = { login: "vault", agentKey: null, jumps: [through({ port: 1 })] };
  await expect(echo(address({}, nobody))).rejects.toMatchObject({ code: "HostUnreachable" });
});

test("a jump host with another key is refused before it is asked to forward, and no environment is blamed", async () => {
  const account: SshAccess = {
    login: "vault",
    agentKey: null,
    jumps: [through({ hostKeys: [`SHA256:${"b".repeat(43)}`] })],
  };
  await expect(echo(address({}, account))).rejects.toMatchObject({
    code: "HostKeyChanged",
    details: { host: `${jump.target.host}:${jump.target.port}` },
  });
  expect(told).toEqual([]);
});

test("R5: a chain with root in it is not connected", async () => {
  const account: SshAccess = { login: "vault", agentKey: null, jumps: [through({ user: "root" })] };
  await expect(echo(address({}, account))).rejects.toMatchObject({ code: "RefusedByRule" });
});

test("log-in with the operator's SSH agent, with one of its keys, also through a jump host", async () => {
  const { folder, remove } = await scratchFolder("agent");
  const socket = join(folder, "agent.sock");
  const agent = spawn("/usr/bin/ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  const before = process.env["SSH_AUTH_SOCK"];
  try {
    process.env["SSH_AUTH_SOCK"] = socket;
    const keys = [makeKeyPair("stranger"), operator];
    for (const [index, { privateKey }] of keys.entries()) {
      const file = join(folder, `key-${index}`);
      await writeFile(file, privateKey, { mode: 0o600 });
      await chmod(file, 0o600);
      while (spawnSync("/usr/bin/ssh-add", [file], { stdio: "ignore" }).status !== 0) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    const withAgent = (index: number): SshAccess => ({
      login: "agent",
      agentKey: fingerprint(Buffer.from(keys[index]!.publicKey.split(" ")[1]!, "base64")),
      jumps: [through()],
    });
    expect(await echo(address({}, withAgent(1)))).toContain(String(host.target.port));
    await expect(echo(address({}, withAgent(0)))).rejects.toMatchObject({ code: "HostLoginRefused" });
  } finally {
    if (before === undefined) delete process.env["SSH_AUTH_SOCK"];
    else process.env["SSH_AUTH_SOCK"] = before;
    agent.kill();
    await remove();
  }
});
