import { createHash } from "node:crypto";
import { connect as connectSocket } from "node:net";
import type { Duplex } from "node:stream";
import ssh2, { type Client, type ConnectConfig, type ServerHostKeyAlgorithm, type SFTPWrapper } from "ssh2";
import { AppError } from "../../../shared/errors.ts";
import { type AgentLogin, agentFor } from "./agent.ts";
import { shellCommand } from "./quote.ts";
import { openShell, type Shell, type ShellListener, type ShellOrder } from "./shell.ts";

export type { Shell, ShellListener, ShellOrder } from "./shell.ts";

/** A host's key as the host showed it and proved to hold it. */
export interface HostKey {
  /** As in the key itself: "ssh-ed25519". */
  readonly algorithm: string;
  /** "SHA256:…" of the key's blob. */
  readonly fingerprint: string;
}

/** With what the operator logs in. Agents are never forwarded. */
export type SshLogin =
  /** OpenSSH private key, text. */
  { readonly privateKey: string; readonly passphrase?: string } | { readonly agent: AgentLogin };

export type SshTarget = SshLogin & {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Accepted fingerprints, "SHA256:…" of the host key blob. Empty accepts none. */
  readonly hostKeys: readonly string[];
  /** Algorithms to ask the host's key in, best first; absent, the usual order. */
  readonly keyAlgorithms?: readonly string[];
  /** For messages: "acme production". */
  readonly name: string;
  /** Hosts to go through, the nearest first. Each is pinned and logged in to as the target is. */
  readonly via?: readonly SshTarget[];
  /** Every key that the host proved to hold, once it has let the operator in. Hosts that tell none do not call it. */
  readonly onHostKeys?: (keys: readonly HostKey[]) => void;
};

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SshConnection {
  /** Runs one command; `words` are quoted here. Output above 1 MiB is cut. */
  run(words: readonly string[], options?: { stdin?: string; signal?: AbortSignal }): Promise<CommandResult>;
  /** Opens a shell or one command as a stream. Throws HostUnreachable. */
  shell(order: ShellOrder, listener: ShellListener): Promise<Shell>;
  /** A channel for files. Throws HostUnreachable. */
  files(): Promise<SFTPWrapper>;
  /** A connection from the host on to another one. */
  forward(host: string, port: number): Promise<Duplex>;
  /** Whether the host still answers on this connection. */
  answers(withinMs: number): Promise<boolean>;
  readonly broken: boolean;
  /** At once when it is broken already. */
  onBroken(listener: () => void): void;
  end(): void;
}

const CONNECT_MS = 15_000;
const MAX_OUTPUT_BYTES = 1 << 20;
/** Electron's BoringSSL has no chacha20-poly1305: offering it would break the connection there. */
export const CIPHERS = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr"] as const;

export const fingerprint = (hostKey: Buffer): string =>
  `SHA256:${createHash("sha256").update(hostKey).digest("base64").replace(/=+$/, "")}`;

/** The name in front of a host key's blob. */
export function algorithmOf(hostKey: Buffer): string {
  const length = hostKey.length >= 4 ? hostKey.readUInt32BE(0) : 0;
  return hostKey.subarray(4, 4 + Math.min(length, 64)).toString("latin1");
}

export const hostKeyOf = (blob: Buffer): HostKey => ({ algorithm: algorithmOf(blob), fingerprint: fingerprint(blob) });

/** What to ask a host for, to be shown its key of this algorithm. */
export const askFor = (algorithm: string): readonly string[] =>
  algorithm === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [algorithm];

/**
 * Opens a connection to a host whose key is pinned: key only, never root, never a password, fails closed on another
 * host key. Throws HostUnreachable (retryable), HostKeyChanged, HostLoginRefused; through jump hosts with the name of
 * the one that failed.
 */
export function connectSsh(target: SshTarget, signal?: AbortSignal): Promise<SshConnection> {
  for (const { user, name } of [...(target.via ?? []), target]) {
    if (user !== "root") continue;
    throw new AppError("RefusedByRule", `Log-in as root on ${name} is not allowed.`, { retryable: false, rule: "R5" });
  }
  return connectThrough(target, signal);
}

async function connectThrough(target: SshTarget, signal: AbortSignal | undefined): Promise<SshConnection> {
  const way = await openWay(target, signal);
  try {
    const connection = await logIn(target, way.socket, signal);
    connection.onBroken(way.end);
    return connection;
  } catch (error) {
    way.end();
    throw error;
  }
}

export interface Way {
  readonly socket: Duplex;
  /** Ends the connections that it goes through. */
  end(): void;
}

/** The bytes' way to a host's SSH port, through its jump hosts. */
export async function openWay(target: SshTarget, signal: AbortSignal | undefined): Promise<Way> {
  const last = target.via?.at(-1);
  if (!last) {
    const socket = await openSocket(target, signal);
    return { socket, end: () => socket.destroy() };
  }
  const jump = await connectThrough({ ...last, via: target.via!.slice(0, -1) }, signal);
  try {
    const socket = await jump.forward(target.host, target.port);
    return {
      socket,
      end() {
        socket.destroy();
        jump.end();
      },
    };
  } catch (error) {
    jump.end();
    throw new AppError(
      "HostUnreachable",
      `${whereOf(target)} cannot be reached from the jump host ${last.name}: ${(error as Error).message}.`,
      { retryable: true, next: "Check the jump host's way to it, and that it may forward connections." },
      { cause: error },
    );
  }
}

function openSocket(target: SshTarget, signal: AbortSignal | undefined): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ host: target.host, port: target.port, noDelay: true, timeout: CONNECT_MS });
    const fail = (error: Error) => {
      signal?.removeEventListener("abort", onAbort);
      socket.destroy();
      reject(asSshError(error, target, undefined));
    };
    const onAbort = () => fail(new Error("aborted"));
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) return onAbort();
    socket.once("error", fail);
    socket.once("timeout", () => fail(new Error("no answer")));
    socket.once("connect", () => {
      signal?.removeEventListener("abort", onAbort);
      socket.setTimeout(0);
      socket.removeListener("error", fail);
      socket.on("error", () => undefined);
      resolve(socket);
    });
  });
}

function logIn(target: SshTarget, socket: Duplex, signal: AbortSignal | undefined): Promise<SshConnection> {
  return new Promise((resolve, reject) => {
    const client: Client = new ssh2.Client();
    let offered: string | undefined;
    const fail = (error: Error & { level?: string }) => {
      signal?.removeEventListener("abort", onAbort);
      client.destroy();
      reject(asSshError(error, target, offered));
    };
    const onAbort = () => fail(new Error("aborted"));
    client.on("error", fail);
    client.on("close", () => fail(new Error("the host closed the connection")));
    client.on("hostkeys", (keys) => target.onHostKeys?.(keys.map((key) => hostKeyOf(key.getPublicSSH()))));
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) return onAbort();
    client.on("ready", () => {
      signal?.removeEventListener("abort", onAbort);
      resolve(usable(client, target));
    });
    client.connect({
      sock: socket as NonNullable<ConnectConfig["sock"]>,
      username: target.user,
      ...logInOf(target),
      readyTimeout: CONNECT_MS,
      keepaliveInterval: 15_000,
      keepaliveCountMax: 4,
      algorithms: {
        cipher: [...CIPHERS],
        ...(target.keyAlgorithms && { serverHostKey: [...target.keyAlgorithms] as ServerHostKeyAlgorithm[] }),
      },
      hostVerifier: (key: Buffer) => {
        offered = fingerprint(key);
        return target.hostKeys.includes(offered);
      },
    } satisfies ConnectConfig);
  });
}

function logInOf(target: SshTarget): Pick<ConnectConfig, "privateKey" | "passphrase" | "agent" | "authHandler"> {
  if ("agent" in target) return { agent: agentFor(target.agent), authHandler: ["agent"] };
  const { privateKey, passphrase } = target;
  return { privateKey, ...(passphrase !== undefined && { passphrase }), authHandler: ["publickey"] };
}

const whereOf = (target: SshTarget): string => `${target.name} (${target.user}@${target.host}:${target.port})`;

export function asSshError(
  error: Error & { level?: string },
  target: SshTarget,
  offered: string | undefined,
): AppError {
  const where = whereOf(target);
  if (offered && !target.hostKeys.includes(offered)) {
    return new AppError(
      "HostKeyChanged",
      `${where} offered the host key ${offered}, which is not the pinned one. Nothing was sent to it.`,
      {
        retryable: false,
        host: `${target.host}:${target.port}`,
        offered,
        pinned: target.hostKeys,
        next: "Find out why the key changed before anybody logs in: a rebuild by hand, or an attack.",
      },
      { cause: error },
    );
  }
  if (error.level === "client-authentication") {
    return new AppError(
      "HostLoginRefused",
      `${where} refused the operator's key.`,
      { retryable: false, next: "Check that the key is among the host's authorized keys." },
      { cause: error },
    );
  }
  return new AppError(
    "HostUnreachable",
    `${where} does not answer over SSH: ${error.message}.`,
    { retryable: true, next: "Check the security group, the allowed networks and the host's state." },
    { cause: error },
  );
}

/** True of an error that came before the host began with what was asked: it may be asked again elsewhere. */
export const notBegun = (error: unknown): boolean => (error as { notBegun?: unknown } | null)?.notBegun === true;

function usable(client: Client, target: SshTarget): SshConnection {
  let broken: Error | undefined;
  client.setMaxListeners(0);
  client.removeAllListeners("error").removeAllListeners("close");
  client.on("error", (error) => {
    broken = error;
  });
  client.on("close", () => {
    broken ??= new Error("the connection was closed");
  });
  const lost = (error: Error) => asSshError(error, target, undefined);
  /** Opens a channel; what fails here was not begun on the host. */
  const channel = <Channel>(ask: (done: (error: Error | undefined, channel: Channel) => void) => void) =>
    new Promise<Channel>((resolve, reject) => {
      const refuse = (error: Error) => reject(Object.assign(lost(error), { notBegun: true }));
      if (broken) return refuse(broken);
      const closed = () => reject(lost(broken ?? new Error("the connection was closed")));
      client.once("close", closed);
      try {
        ask((error, opened) => {
          client.removeListener("close", closed);
          if (error) refuse(error);
          else resolve(opened);
        });
      } catch (error) {
        client.removeListener("close", closed);
        refuse(error as Error);
      }
    });

  return {
    async run(words, options = {}) {
      const out = collector();
      const err = collector();
      let exitCode: number | undefined;
      let closed = false;
      const opened = await channel<ssh2.ClientChannel>((done) =>
        client.exec(shellCommand(words), (error, exec) => {
          // Listened to at once: a short command's end may come with the answer that it has begun.
          exec?.on("error", () => undefined);
          exec?.on("data", out.add);
          exec?.stderr.on("data", err.add);
          exec?.on("exit", (code: number | null) => {
            exitCode = code ?? 255;
          });
          exec?.on("close", () => {
            closed = true;
          });
          done(error, exec);
        }),
      );
      return new Promise((resolve, reject) => {
        const finish = (error: Error | undefined) => {
          client.removeListener("close", onClose);
          options.signal?.removeEventListener("abort", onAbort);
          if (error) reject(lost(error));
          else resolve({ exitCode: exitCode!, stdout: out.text(), stderr: err.text() });
        };
        const onClose = () => finish(broken ?? new Error("the connection was closed"));
        const onAbort = () => {
          opened.close();
          finish(new Error("aborted"));
        };
        client.once("close", onClose);
        options.signal?.addEventListener("abort", onAbort, { once: true });
        if (options.signal?.aborted) return onAbort();
        const onEnd = () =>
          finish(exitCode === undefined ? new Error("the connection ended before the command did") : undefined);
        if (closed) return onEnd();
        opened.on("close", onEnd);
        opened.end(options.stdin ?? "");
      });
    },
    async shell(order, listener) {
      if (broken) throw lost(broken);
      try {
        return await openShell(client, order, listener);
      } catch (error) {
        throw lost(error as Error);
      }
    },
    files: () => channel<SFTPWrapper>((done) => client.sftp(done)),
    forward: (host, port) => channel<Duplex>((done) => client.forwardOut("127.0.0.1", 0, host, port, done)),
    answers: (withinMs) =>
      new Promise((resolve) => {
        if (broken) return resolve(false);
        const timer = setTimeout(() => resolve(false), withinMs);
        const answered = () => {
          clearTimeout(timer);
          resolve(broken === undefined);
        };
        client.once("close", answered);
        try {
          // A request that every server answers, here with no: nothing was forwarded.
          client.unforwardIn("127.0.0.1", 1, () => {
            client.removeListener("close", answered);
            answered();
          });
        } catch {
          clearTimeout(timer);
          resolve(false);
        }
      }),
    get broken() {
      return broken !== undefined;
    },
    onBroken(listener) {
      if (broken) listener();
      else client.once("close", listener);
    },
    end: () => client.end(),
  };
}

function collector() {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    add(chunk: Buffer) {
      if (size < MAX_OUTPUT_BYTES) chunks.push(chunk);
      size += chunk.length;
    },
    text: () => Buffer.concat(chunks).subarray(0, MAX_OUTPUT_BYTES).toString("utf8"),
  };
}
