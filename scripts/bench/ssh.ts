import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { type SshTarget, connectSsh } from "../../main/adapters/ssh/connection.ts";
import { sshPool } from "../../main/adapters/ssh/pool.ts";
import { remoteFiles } from "../../main/adapters/ssh/sftp.ts";
import { startDownload, startUpload, type TransferTools } from "../../main/terminal/transfer.ts";
import { ByteHub } from "../../shared/byte-hub.ts";
import { CHUNK_BYTES } from "../../shared/frames.ts";
import { lineTo } from "../../test/support/byte-reader.ts";
import { startOpenSsh } from "../../test/support/openssh.ts";
import { type Figure, percentile, rounded, times } from "./figure.ts";
import { withHome } from "./scratch-console.ts";

const MIB = 1024 * 1024;
const FLOOD_BYTES = 96 * MIB;
const FILE_BYTES = 256 * MIB;
const EXECS = 100;
/** Each figure of a stream is the best of so many turns, ours and the peer's in turns. */
const ROUNDS = 3;
const run = promisify(execFile);

/** The console's SSH against the programs `ssh` and `scp` on the same server of OpenSSH. */
export async function measureSsh(): Promise<Figure[]> {
  return withHome(async (folder) => {
    await chmod(folder, 0o755);
    const server = await startOpenSsh();
    try {
      const target = { ...server.target, name: "bench" };
      const identity = path.join(folder, "identity");
      await writeFile(identity, target.privateKey, { mode: 0o600 });
      const programs = [
        ...["-i", identity, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"],
        ...["-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-c", "aes128-gcm@openssh.com"],
      ];
      const shared = path.join(folder, "shared");
      await mkdir(shared);
      await chmod(shared, 0o777);
      return [
        ...(await terminal(target, programs)),
        ...(await exec(target, programs, folder)),
        ...(await files(target, programs, shared)),
      ];
    } finally {
      await server.stop();
    }
  });
}

const address = ({ user, host }: SshTarget): string => `${user}@${host}`;
const fastest = async (act: () => Promise<number>): Promise<number> => {
  let best = 0;
  for (let round = 0; round < ROUNDS; round += 1) best = Math.max(best, await act());
  return best;
};
const compared = (name: string, unit: Figure["unit"], value: number, peerName: string, peer: number): Figure => ({
  name,
  value: rounded(value),
  unit,
  peer: { name: peerName, value: rounded(peer) },
  ratio: rounded(value / peer),
});

/** Output of a terminal on the host until it is where the window's frames begin. */
async function terminal(target: SshTarget, programs: readonly string[]): Promise<Figure[]> {
  const words = ["sh", "-c", `yes 'a line of a report, as long as many are' | head -c ${FLOOD_BYTES}`];
  const ours = await fastest(async () => {
    const connection = await connectSsh(target);
    const startedAt = performance.now();
    let bytes = 0;
    await new Promise<void>((resolve, reject) => {
      const order = { command: words, screen: { columns: 80, rows: 24 } };
      const listener = {
        onOutput: (part: Uint8Array) => void (bytes += part.length),
        onErrorOutput: () => undefined,
        onEnd: () => resolve(),
      };
      connection.shell(order, listener).catch(reject);
    });
    connection.end();
    return bytes / MIB / ((performance.now() - startedAt) / 1000);
  });
  const peer = await fastest(
    () =>
      new Promise((resolve, reject) => {
        const order = `yes 'a line of a report, as long as many are' | head -c ${FLOOD_BYTES}`;
        const child = spawn("ssh", [...programs, "-tt", "-p", String(target.port), address(target), order], {
          stdio: ["ignore", "pipe", "ignore"],
        });
        let startedAt = 0;
        let bytes = 0;
        child.stdout.on("data", (part: Buffer) => {
          startedAt ||= performance.now();
          bytes += part.length;
        });
        child.on("error", reject);
        child.on("close", () => resolve(bytes / MIB / ((performance.now() - startedAt) / 1000)));
      }),
  );
  return [compared("terminal-output", "MiB/s", ours, "ssh -tt", peer)];
}

/** One command after another on a kept connection; `ssh` gets one too (ControlMaster). */
async function exec(target: SshTarget, programs: readonly string[], folder: string): Promise<Figure[]> {
  const pool = sshPool();
  const ours = await times(EXECS, () => pool.run(target, ["true"], { signal: AbortSignal.timeout(60_000) }));
  const fresh = await times(20, async () => {
    const connection = await connectSsh(target);
    await connection.run(["true"]);
    connection.end();
  });
  pool.stop();
  const kept = [
    "-o",
    "ControlMaster=auto",
    "-o",
    `ControlPath=${path.join(folder, "control")}`,
    "-o",
    "ControlPersist=60",
  ];
  const words = [...programs, ...kept, "-p", String(target.port), address(target)];
  const peer = await times(EXECS, () => run("ssh", [...words, "true"]));
  await run("ssh", [...kept, "-O", "exit", address(target)]).catch(() => undefined);
  const peerFresh = await times(20, () =>
    run("ssh", [...programs, "-p", String(target.port), address(target), "true"]),
  );
  const figure = (name: string, own: readonly number[], other: readonly number[], peerName: string) => [
    compared(`${name}-p50`, "ms", percentile(own, 0.5), peerName, percentile(other, 0.5)),
    compared(`${name}-p95`, "ms", percentile(own, 0.95), peerName, percentile(other, 0.95)),
  ];
  return [
    ...figure("exec-kept-connection", ours, peer, "ssh with ControlMaster"),
    ...figure("exec-new-connection", fresh, peerFresh, "ssh"),
  ];
}

/** Files as the panel carries them: through the binary channel, both copies hashed; `scp` compares nothing. */
async function files(target: SshTarget, programs: readonly string[], folder: string): Promise<Figure[]> {
  const hub = new ByteHub();
  const stopping = new AbortController();
  const tools: TransferTools = {
    bytes: hub,
    signal: stopping.signal,
    async openFiles(signal) {
      const connection = await connectSsh(target, signal);
      return remoteFiles(await connection.files(), () => connection.end());
    },
    async hashOnHost(file, bytes, signal) {
      const connection = await connectSsh(target, signal);
      const words = ["sh", "-c", 'head -c "$1" -- "$2" | sha256sum', "sh", String(bytes), file];
      const { stdout } = await connection.run(words, { signal });
      connection.end();
      return /^[0-9a-f]{64}\b/.exec(stdout)?.[0];
    },
  };
  const content = randomBytes(FILE_BYTES);
  const local = path.join(folder, "local.bin");
  await writeFile(local, content);
  const there = path.join(folder, "there.bin");
  const rate = async (act: () => Promise<unknown>): Promise<number> => {
    const startedAt = performance.now();
    await act();
    return FILE_BYTES / MIB / ((performance.now() - startedAt) / 1000);
  };
  const up = async () => {
    await rm(there, { force: true });
    return rate(async () => {
      const order = { path: there, size: FILE_BYTES, offset: 0, prefixHash: null, overwrite: true };
      const transfer = startUpload(tools, order);
      give(hub, transfer.streamId, content);
      const { state } = await transfer.ended;
      if (state !== "done") throw new Error(`the upload ended as ${state}`);
    });
  };
  const down = () =>
    rate(async () => {
      const files = await tools.openFiles(stopping.signal);
      const facts = (await files.facts(there))!;
      files.end();
      const transfer = startDownload(tools, { path: there, size: facts.size, modifiedAt: facts.modifiedAt });
      lineTo(hub).attach(transfer.streamId, {
        onData: (_, consumed) => consumed(),
        onEvent: () => undefined,
        onEnd: () => undefined,
      });
      const { state } = await transfer.ended;
      if (state !== "done") throw new Error(`the download ended as ${state}`);
    });
  const scp = (from: string, to: string) => () =>
    rate(() => run("scp", [...programs, "-q", "-P", String(target.port), from, to]));
  const remote = `${address(target)}:`;
  const own = { up: await fastest(up), down: await fastest(down) };
  const peer = {
    up: await fastest(scp(local, `${remote}${path.join(folder, "scp.bin")}`)),
    down: await fastest(scp(`${remote}${there}`, path.join(folder, "back.bin"))),
  };
  stopping.abort();
  return [
    compared("sftp-upload", "MiB/s", own.up, "scp", peer.up),
    compared("sftp-download", "MiB/s", own.down, "scp", peer.down),
  ];
}

/** Sends a file as a window does, at the console's pace. */
function give(hub: ByteHub, streamId: number, content: Uint8Array): void {
  let sent = 0;
  const flow = () => {
    while (sent < content.length) {
      const part = content.subarray(sent, sent + CHUNK_BYTES);
      sent += part.length;
      if (!stream.write(part)) return;
    }
    stream.end();
  };
  const stream = lineTo(hub).attach(streamId, {
    onData: (_, consumed) => consumed(),
    onEvent: () => undefined,
    onDrain: flow,
    onEnd: () => undefined,
  });
  flow();
}
