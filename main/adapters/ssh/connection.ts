import { createHash } from "node:crypto";
import { connect as connectSocket, type Socket } from "node:net";
import ssh2, { type Client, type ConnectConfig } from "ssh2";
import { AppError } from "../../../shared/errors.ts";
import { shellCommand } from "./quote.ts";
import { openShell, type Shell, type ShellListener, type ShellOrder } from "./shell.ts";

export type { Shell, ShellListener, ShellOrder } from "./shell.ts";

export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** OpenSSH private key, text. */
  readonly privateKey: string;
  /** Accepted fingerprints, "SHA256:…" of the host key blob. Empty accepts none. */
  readonly hostKeys: readonly string[];
  /** For messages: "acme production". */
  readonly name: string;
}

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
  end(): void;
}

const CONNECT_MS = 15_000;
const MAX_OUTPUT_BYTES = 1 << 20;
/** Electron's BoringSSL has no chacha20-poly1305: offering it would break the connection there. */
const CIPHERS = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr"] as const;

export const fingerprint = (hostKey: Buffer): string =>
  `SHA256:${createHash("sha256").update(hostKey).digest("base64").replace(/=+$/, "")}`;

/**
 * Opens a connection to a host whose key is pinned: key only, never root, never a password, fails closed on another
 * host key. Throws HostUnreachable (retryable), HostKeyChanged, HostLoginRefused.
 */
export function connectSsh(target: SshTarget, signal?: AbortSignal): Promise<SshConnection> {
  if (target.user === "root") {
    throw new AppError("RefusedByRule", `Log-in as root on ${target.name} is not allowed.`, {
      retryable: false,
      rule: "R5",
    });
  }
  return new Promise((resolve, reject) => {
    const client: Client = new ssh2.Client();
    let offered: string | undefined;
    let socket: Socket | undefined;

    const fail = (error: Error & { level?: string }) => {
      client.destroy();
      socket?.destroy();
      reject(asSshError(error, target, offered));
    };
    client.on("error", fail);
    client.on("close", () => fail(new Error("the host closed the connection")));
    signal?.addEventListener("abort", () => fail(new Error("aborted")), { once: true });
    client.on("ready", () => resolve(usable(client, target)));

    socket = connectSocket({ host: target.host, port: target.port, noDelay: true, timeout: CONNECT_MS });
    socket.on("error", fail);
    socket.on("timeout", () => fail(new Error("no answer")));
    socket.once("connect", () => {
      socket?.setTimeout(0);
      client.connect({
        sock: socket!,
        username: target.user,
        privateKey: target.privateKey,
        authHandler: ["publickey"],
        readyTimeout: CONNECT_MS,
        keepaliveInterval: 15_000,
        keepaliveCountMax: 4,
        algorithms: { cipher: [...CIPHERS] },
        hostVerifier: (key: Buffer) => {
          offered = fingerprint(key);
          return target.hostKeys.includes(offered);
        },
      } satisfies ConnectConfig);
    });
  });
}

function asSshError(error: Error & { level?: string }, target: SshTarget, offered: string | undefined): AppError {
  const where = `${target.name} (${target.user}@${target.host}:${target.port})`;
  if (offered && !target.hostKeys.includes(offered)) {
    return new AppError(
      "HostKeyChanged",
      `${where} offered the host key ${offered}, which is not the pinned one. Nothing was sent to it.`,
      {
        retryable: false,
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

function usable(client: Client, target: SshTarget): SshConnection {
  let broken: Error | undefined;
  client.removeAllListeners("error").removeAllListeners("close");
  client.on("error", (error) => {
    broken = error;
  });
  client.on("close", () => {
    broken ??= new Error("the connection was closed");
  });

  return {
    run: (words, options = {}) =>
      new Promise((resolve, reject) => {
        const lost = (error: Error) => reject(asSshError(error, target, undefined));
        if (broken) return lost(broken);
        const closed = () => lost(broken ?? new Error("the connection was closed"));
        client.once("close", closed);
        client.exec(shellCommand(words), (error, channel) => {
          if (error) return lost(error);
          const out = collector();
          const err = collector();
          let exitCode: number | undefined;
          channel.on("data", out.add);
          channel.stderr.on("data", err.add);
          channel.on("exit", (code: number | null) => {
            exitCode = code ?? 255;
          });
          channel.on("close", () => {
            client.removeListener("close", closed);
            if (exitCode === undefined) lost(new Error("the connection ended before the command did"));
            else resolve({ exitCode, stdout: out.text(), stderr: err.text() });
          });
          options.signal?.addEventListener("abort", () => channel.close(), { once: true });
          channel.end(options.stdin ?? "");
        });
      }),
    async shell(order, listener) {
      if (broken) throw asSshError(broken, target, undefined);
      try {
        return await openShell(client, order, listener);
      } catch (error) {
        throw asSshError(error as Error, target, undefined);
      }
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
