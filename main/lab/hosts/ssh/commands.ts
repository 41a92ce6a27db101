import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, readlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { PseudoTtyInfo, ServerChannel, Session } from "ssh2";
import type { Owner } from "../owner.ts";
import { processTree, signal } from "../postgres/process-tree.ts";

/** What a host's commands run with. */
export interface CommandSetting {
  readonly instanceId: string;
  readonly home: string;
  readonly owner: Owner | undefined;
  /** Read at each command: volumes and the name may change. */
  readonly environment: () => Readonly<Record<string, string>>;
  /** Start file of interactive shells. */
  readonly shellStart: string;
}

/** Marks the processes of a host in their environment, so that power-off finds also those that left their session. */
const MARK = "ERP_INSTANCE";
const SHELL = existsSync("/bin/bash") ? "/bin/bash" : "/bin/sh";
/** How the command starts that gives a new terminal its size. */
const FIRST_SIZE = "stty rows";
const SCRIPT = ["/usr/bin/script", "/bin/script"].find((file) => process.platform === "linux" && existsSync(file));

/** Serves exec and shell requests of one session, with or without a terminal. */
export function serveCommands(session: Session, setting: CommandSetting): void {
  let terminal: PseudoTtyInfo | undefined;
  let child: ChildProcess | undefined;
  const given: Record<string, string> = {};

  session.on("env", (accept, reject, { key, val }) => {
    if (!/^(LANG|LC_[A-Z]+)$/.test(key)) return reject?.();
    given[key] = val;
    accept?.();
  });
  session.on("pty", (accept, _reject, info) => {
    terminal = info;
    accept?.();
  });
  let changes = 0;
  session.on("window-change", (accept, _reject, { rows, cols }) => {
    accept?.();
    const change = ++changes;
    if (terminal && child?.pid) void resize(child.pid, rows, cols, setting.owner, () => change === changes);
  });
  session.on("signal", (accept, _reject, { name }) => {
    accept?.();
    if (child?.pid) void passSignal(child.pid, name, terminal !== undefined);
  });
  session.on("exec", (accept, _reject, { command }) => {
    child = run(accept(), command, terminal, setting, given);
  });
  session.on("shell", (accept) => {
    child = run(accept(), null, terminal, setting, given);
  });
}

function run(
  channel: ServerChannel,
  command: string | null,
  terminal: PseudoTtyInfo | undefined,
  setting: CommandSetting,
  given: Readonly<Record<string, string>>,
): ChildProcess {
  if (terminal && !SCRIPT)
    channel.stderr.write("This host has no terminals (script is missing): lines are sent as they are.\r\n");
  const withTerminal = terminal !== undefined && SCRIPT !== undefined;
  const { file, args } = withTerminal ? inTerminal(SCRIPT, terminal, command, setting) : plain(command, setting);
  const child = spawn(file, args, {
    cwd: setting.home,
    env: {
      ...given,
      ...setting.environment(),
      [MARK]: setting.instanceId,
      SHELL,
      ...(command === null ? {} : { SSH_ORIGINAL_COMMAND: command }),
      ...(terminal ? { TERM: termName(terminal) } : {}),
    },
    stdio: "pipe",
    // A session of its own, as sshd gives: it can be signalled as a whole, and outlives nobody by accident.
    detached: true,
    ...setting.owner,
  });

  child.once("error", (error) => {
    channel.stderr.write(`cannot run: ${error.message}\n`);
    tellExit(channel, 127, null);
    channel.end();
  });
  // As sshd: the exit is told at once, the channel ends when the last holder of the output is gone.
  child.once("exit", (code, name) => tellExit(channel, code, name));
  child.once("close", () => channel.end());
  child.stdin.on("error", () => undefined);
  channel.on("error", () => undefined);
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  channel.once("close", () => {
    child.stdin.destroy();
    // Nobody reads any more: writers get a broken pipe, or a hang-up where there was a terminal, as under sshd.
    child.stdout.destroy();
    child.stderr.destroy();
    // `script` holds the terminal: with it gone, the kernel hangs up whatever runs there.
    if (withTerminal && child.exitCode === null && child.pid) signal(child.pid, "SIGKILL");
  });
  return child;
}

function tellExit(channel: ServerChannel, code: number | null, name: NodeJS.Signals | null): void {
  if (!channel.writable) return;
  if (name) channel.exit(name.slice(3), false, "");
  else channel.exit(code ?? 255);
}

function plain(command: string | null, { shellStart }: CommandSetting): { file: string; args: string[] } {
  if (command !== null) return { file: SHELL, args: ["-c", command] };
  return { file: SHELL, args: SHELL.endsWith("bash") ? ["--rcfile", shellStart] : [] };
}

/** `script` makes the terminal; its own input is a pipe, so size and echo are set from inside. */
function inTerminal(
  script: string,
  { rows, cols }: PseudoTtyInfo,
  command: string | null,
  { shellStart }: CommandSetting,
): { file: string; args: string[] } {
  const set = `${FIRST_SIZE} ${whole(rows, 24)} cols ${whole(cols, 80)} echo 2>/dev/null`;
  const start =
    command !== null
      ? `exec ${SHELL} -c "$SSH_ORIGINAL_COMMAND"`
      : SHELL.endsWith("bash")
        ? `exec ${SHELL} --rcfile ${quoted(shellStart)} -i`
        : `exec ${SHELL} -i`;
  return { file: script, args: ["-qefc", `${set}; ${start}`, "/dev/null"] };
}

function whole(value: number, otherwise: number): number {
  return Number.isInteger(value) && value > 0 && value < 10_000 ? value : otherwise;
}

/** One word for a POSIX shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function termName(terminal: PseudoTtyInfo): string {
  const { term } = terminal as PseudoTtyInfo & { term?: string };
  return term && /^[\w.+-]{1,40}$/.test(term) ? term : "xterm-256color";
}

/** Waits until the terminal is made and has got its first size, which would undo this one. */
async function resize(
  pid: number,
  rows: number,
  cols: number,
  owner: Owner | undefined,
  isLatest: () => boolean,
): Promise<void> {
  let device: string | undefined;
  for (let round = 0; round < 150 && isLatest(); round++) {
    const [, inside] = await processTree(pid);
    const place = inside ? await readlink(`/proc/${inside}/fd/0`).catch(() => undefined) : undefined;
    const line = inside ? await readFile(`/proc/${inside}/cmdline`, "latin1").catch(() => "") : "";
    if (place?.startsWith("/dev/pts/")) device = place;
    if (device && line !== "" && !line.includes(FIRST_SIZE)) break;
    await sleep(20);
  }
  if (!device || !isLatest()) return;
  const size = ["rows", String(whole(rows, 24)), "cols", String(whole(cols, 80))];
  const stty = spawn("stty", ["-F", device, ...size], { stdio: "ignore", ...owner });
  stty.once("error", () => undefined);
}

async function passSignal(pid: number, name: string, terminal: boolean): Promise<void> {
  if (!/^(ABRT|ALRM|FPE|HUP|ILL|INT|KILL|PIPE|QUIT|SEGV|TERM|USR1|USR2)$/.test(name)) return;
  const wanted = `SIG${name}` as NodeJS.Signals;
  if (!terminal) signal(-pid, wanted);
  else for (const each of (await processTree(pid)).slice(1)) signal(each, wanted);
}

/** Sends a signal to every process that was started over SSH on a host, detached ones included. */
export async function signalCommands(instanceId: string, name: NodeJS.Signals): Promise<void> {
  for (const pid of await commandsOf(instanceId)) signal(pid, name);
}

/** Kills those processes and comes back when there is none. */
export async function endCommands(instanceId: string): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const pids = await commandsOf(instanceId);
    if (pids.length === 0) return;
    for (const pid of pids) signal(pid, "SIGKILL");
    await sleep(10);
  }
}

async function commandsOf(instanceId: string): Promise<readonly number[]> {
  const needle = `\0${MARK}=${instanceId}\0`;
  const pids = (await readdir("/proc").catch(() => [])).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const marked = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
      return pid !== process.pid && `\0${environment}`.includes(needle);
    }),
  );
  return pids.filter((_, index) => marked[index]);
}
