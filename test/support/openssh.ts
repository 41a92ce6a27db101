import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import ssh2 from "ssh2";
import { portAnswers } from "../../main/adapters/https/probe.ts";
import { fingerprint, type SshTarget } from "../../main/adapters/ssh/connection.ts";
import { makeKeyPair } from "../../main/adapters/ssh/keys.ts";
import { endProcessesOf } from "./processes.ts";
import { scratchFolder } from "./scratch.ts";

const SSHD = "/usr/sbin/sshd";

/** Debian's own SSH server with interactive shells, and what logs in to it. */
export interface OpenSsh {
  readonly target: SshTarget & { readonly privateKey: string };
  /** Its second host key, of another algorithm (ECDSA). */
  readonly otherHostKey: string;
  /** Ends the server and every connection to it; it can be started again on the same port with the same key. */
  cut(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** The console refuses the name "root", so as root the user is the one of Debian's PostgreSQL, which has a shell. */
export async function startOpenSsh(options: { readonly authorized?: readonly string[] } = {}): Promise<OpenSsh> {
  if (!existsSync(SSHD)) throw new Error(`${SSHD} is missing; npm test installs it where it may`);
  const isRoot = userInfo().uid === 0;
  const operator = makeKeyPair("operator");
  const hostKey = makeKeyPair("host");
  const otherKey = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256, comment: "host" });
  const { folder, remove } = await scratchFolder("openssh");
  await chmod(folder, 0o755); // the server reads the authorized keys as the user who logs in
  await writeFile(join(folder, "host_key"), hostKey.privateKey, { mode: 0o600 });
  await writeFile(join(folder, "other_host_key"), otherKey.private, { mode: 0o600 });
  await writeFile(join(folder, "authorized_keys"), [operator.publicKey, ...(options.authorized ?? [])].join("\n"));
  if (isRoot) await mkdir("/run/sshd", { recursive: true });
  const port = await freePort();
  const config = {
    ListenAddress: "127.0.0.1",
    Port: port,
    HostKey: join(folder, "host_key"),
    AuthorizedKeysFile: join(folder, "authorized_keys"),
    PidFile: "none",
    StrictModes: "no",
    // PAM lets an account without a password in by key; without it OpenSSH takes such an account for locked.
    UsePAM: isRoot ? "yes" : "no",
    PasswordAuthentication: "no",
    AcceptEnv: "LANG COLORTERM",
    PrintMotd: "no",
    PrintLastLog: "no",
    Subsystem: "sftp internal-sftp",
  };
  // Two lines of one name: the object above has room for one.
  const other = `HostKey ${join(folder, "other_host_key")}\n`;
  const lines = Object.entries(config).map(([key, value]) => `${key} ${value}\n`);
  await writeFile(join(folder, "sshd_config"), lines.join("") + other);

  let end: () => Promise<void> = async () => undefined;
  const start = async () => {
    // Its connections are processes with sessions of their own: they are ended with it by their descent.
    const server = spawn(SSHD, ["-D", "-e", "-f", join(folder, "sshd_config")], { stdio: "ignore", detached: true });
    const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
    end = async () => {
      await endProcessesOf(folder);
      await ended;
    };
    while (!(await portAnswers("127.0.0.1", port))) await wait(50);
  };
  await start();
  return {
    target: {
      host: "127.0.0.1",
      port,
      user: isRoot ? "postgres" : userInfo().username,
      privateKey: operator.privateKey,
      hostKeys: [fingerprint(Buffer.from(hostKey.publicKey.split(" ")[1]!, "base64"))],
      name: "acme production",
    },
    otherHostKey: fingerprint(Buffer.from(otherKey.public.split(" ")[1]!, "base64")),
    start,
    cut: () => end(),
    async stop() {
      await end();
      await remove();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
