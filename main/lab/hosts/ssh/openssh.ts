import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import type { DebianParts } from "../debian.ts";
import { writeWhole } from "../files.ts";
import { processTree, signal } from "../postgres/process-tree.ts";
import type { SshServer, SshServerOptions } from "./server.ts";

export interface OpenSshPlace {
  readonly parts: DebianParts;
  readonly authorizedKeysFile: string;
  readonly hostKeyFiles: () => readonly string[];
  /** Folder of the host's sockets: gone with the host. */
  readonly runFolder: string;
  /** Start program of sessions, on the root device. */
  readonly shellFile: string;
}

const LOG_IN = /^Accepted publickey for ubuntu from \S+ port \d+ ssh2: \S+ (SHA256:\S+)/;

/**
 * Debian's own sshd, one process for each connection that the host has let in (as inetd would start it). The account
 * `ubuntu` is none of the machine's below: a list of accounts of the host's own names it.
 */
export function createOpenSshServer(options: SshServerOptions, place: OpenSshPlace): SshServer {
  const { commands, sessions } = options;
  const { parts, runFolder } = place;
  const folder = path.join(runFolder, "sshd");
  const files = {
    config: path.join(folder, "sshd_config"),
    passwd: path.join(folder, "passwd"),
    group: path.join(folder, "group"),
  };
  const servers = new Set<number>();
  const written = new Map<string, string>();
  const write = async (file: string, text: string, mode: number) => {
    if (written.get(file) === text) return;
    await writeWhole(file, text, { mode });
    written.set(file, text);
  };

  async function configure(): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    // sshd keeps its unprivileged half there.
    if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
    const { uid, gid } = commands.owner ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const account = await machineAccount("sshd");
    await write(place.shellFile, SHELL, 0o755);
    const ubuntu = `ubuntu:x:${uid}:${gid}:Ubuntu:${commands.home}:${place.shellFile}`;
    await write(files.passwd, `${account}\n${ubuntu}\n`, 0o644);
    await write(files.group, `ubuntu:x:${gid}:\nnogroup:x:65534:\ntty:x:5:\n`, 0o644);
    await write(files.config, configText(options, place), 0o600);
  }

  return {
    async accept(socket) {
      await configure();
      socket.setNoDelay(true);
      const child = spawn(parts.sshd, ["-i", "-e", "-f", files.config], {
        cwd: "/",
        env: {
          LD_PRELOAD: parts.accounts,
          NSS_WRAPPER_PASSWD: files.passwd,
          NSS_WRAPPER_GROUP: files.group,
          PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
        },
        stdio: [socket, socket, "pipe"],
        detached: true,
      });
      child.once("error", () => undefined);
      // The connection is sshd's alone from here on.
      socket.destroy();
      const { pid } = child;
      if (pid === undefined) return () => undefined;
      servers.add(pid);
      await note(folder, pid);
      const cut = () => void endServer(pid);
      let forget = () => {};
      createInterface({ input: child.stderr }).on("line", (line) => {
        const fingerprint = LOG_IN.exec(line)?.[1];
        if (!fingerprint) return;
        forget = sessions.add(fingerprint, cut);
        options.onLogIn();
      });
      child.once("exit", () => {
        servers.delete(pid);
        forget();
        void rm(path.join(folder, String(pid)), { force: true });
      });
      return cut;
    },
    async cut() {
      await Promise.all([...servers].map(endServer));
    },
    async freeze(on) {
      for (const pid of servers) for (const each of await sshdOf(pid)) signal(each, on ? "SIGSTOP" : "SIGCONT");
    },
  };
}

/** Ends the servers that a killed lab has left to a host. */
export async function endLeftServers(runFolder: string): Promise<void> {
  const folder = path.join(runFolder, "sshd");
  for (const name of (await readdir(folder).catch(() => [])).filter((each) => /^\d+$/.test(each))) {
    const pid = Number(name);
    const noted = await readFile(path.join(folder, name), "utf8").catch(() => "");
    // The number may be somebody else's by now.
    if (noted !== "" && noted === (await startOf(pid))) await endServer(pid);
    await rm(path.join(folder, name), { force: true });
  }
}

/** Both halves of sshd go; what the account runs loses its terminal or its pipes, as when a connection breaks. */
async function endServer(pid: number): Promise<void> {
  for (const each of await sshdOf(pid)) signal(each, "SIGKILL");
}

async function sshdOf(pid: number): Promise<readonly number[]> {
  const tree = await processTree(pid);
  const names = await Promise.all(tree.map((each) => readFile(`/proc/${each}/comm`, "utf8").catch(() => "")));
  return tree.filter((_, index) => names[index]?.trim() === "sshd");
}

async function note(folder: string, pid: number): Promise<void> {
  await writeFile(path.join(folder, String(pid)), (await startOf(pid)) ?? "");
}

/** When the process started, in the kernel's ticks: with its number, that is one process only. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

async function machineAccount(name: string): Promise<string> {
  const accounts = await readFile("/etc/passwd", "utf8");
  return (
    accounts.split("\n").find((line) => line.startsWith(`${name}:`)) ?? `${name}:x:65534:65534::/run/sshd:/bin/false`
  );
}

/** sshd starts it as a log-in shell, whose start files are the machine's below: the host's own are read instead. */
const SHELL = `#!/bin/sh
[ $# -gt 0 ] || exec /bin/bash --rcfile "$ERP_ROOT/etc/bashrc"
exec /bin/bash "$@"
`;

function configText({ commands }: SshServerOptions, place: OpenSshPlace): string {
  const environment = {
    ...commands.environment(),
    ERP_INSTANCE: commands.instanceId,
    SHELL: "/bin/bash",
  };
  const settings: readonly (readonly [string, string])[] = [
    ...place.hostKeyFiles().map((file) => ["HostKey", quoted(file)] as const),
    ["AuthorizedKeysFile", quoted(place.authorizedKeysFile.replaceAll("%", "%%"))],
    // The folders above the host's are not the account's.
    ["StrictModes", "no"],
    ["UsePAM", "no"],
    ["AllowUsers", "ubuntu"],
    ["PermitRootLogin", "no"],
    ["AuthenticationMethods", "publickey"],
    ["PasswordAuthentication", "no"],
    ["KbdInteractiveAuthentication", "no"],
    ["AcceptEnv", "LANG LC_*"],
    ["PermitUserRC", "no"],
    ["PrintMotd", "no"],
    ["PrintLastLog", "no"],
    ["PidFile", "none"],
    ["LogLevel", "INFO"],
    ["LoginGraceTime", "30"],
    ["MaxAuthTries", "10"],
    ["ClientAliveInterval", "30"],
    ["ClientAliveCountMax", "4"],
    ["Subsystem", `sftp ${place.parts.sftpServer}`],
    [
      "SetEnv",
      Object.entries(environment)
        .map(([name, value]) => quoted(`${name}=${value}`))
        .join(" "),
    ],
  ];
  return settings.map(([name, value]) => `${name} ${value}\n`).join("");
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
