import { request } from "node:http";
import { connect as connectSocket } from "node:net";
import { createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/websocket";
import type { ContractRouterClient } from "@orpc/contract";
import { WebSocket } from "ws";
import type { Contract } from "../../shared/contract.ts";
import { AppError } from "../../shared/errors.ts";
import type { Opened } from "./control.ts";
import type { ByteWire } from "../../shared/byte-line.ts";
import { BYTES_PATH, MAX_BYTE_MESSAGE } from "./bytes.ts";
import { MAX_FRAME_BYTES } from "./serve-contract.ts";

export type Client = ContractRouterClient<Contract>;

export interface Connected {
  readonly client: Client;
  /** A line to the binary channel of the same console. */
  openBytes(): Promise<ByteWire>;
  /** Settles when the console goes away or `close` is called. */
  readonly closed: Promise<void>;
  close(): void;
}

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Connects to the console that listens on a control socket.
 *
 * Throws AppError ConsoleUnreachable when nobody answers there; calls that are open when the console goes away reject
 * with the same code.
 */
export async function connectConsole(socketPath: string): Promise<Connected> {
  const { socket, opened } = openSocket(socketPath, "/contract", MAX_FRAME_BYTES);
  const closed = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
  await opened;

  const link = new RPCLink({
    websocket: socket as unknown as globalThis.WebSocket,
    interceptors: [
      async (options) => {
        try {
          return await options.next();
        } catch (error) {
          if (socket.readyState === socket.OPEN || options.signal?.aborted) throw error;
          throw unreachable(socketPath, error);
        }
      },
    ],
  });
  return {
    client: createORPCClient(link),
    openBytes: () => connectBytes(socketPath),
    closed,
    close: () => socket.close(),
  };
}

/** Connects to the binary channel of the same console. Throws AppError ConsoleUnreachable. */
export async function connectBytes(socketPath: string): Promise<ByteWire> {
  const { socket, opened } = openSocket(socketPath, BYTES_PATH, MAX_BYTE_MESSAGE);
  await opened;
  return {
    send: (frame) => {
      if (socket.readyState === socket.OPEN) socket.send(frame);
    },
    onMessage: (listener) => void socket.on("message", (data, isBinary) => listener(isBinary ? data : String(data))),
    onEnd: (listener) => void socket.on("close", listener),
    close: () => socket.close(),
  };
}

function openSocket(
  socketPath: string,
  path: string,
  maxPayload: number,
): { readonly socket: WebSocket; readonly opened: Promise<void> } {
  const socket = new WebSocket(`ws://console${path}`, {
    createConnection: () => connectSocket(socketPath),
    perMessageDeflate: false,
    maxPayload,
    handshakeTimeout: CONNECT_TIMEOUT_MS,
  });
  const opened = new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", (cause) => reject(unreachable(socketPath, cause)));
  });
  socket.on("error", () => socket.terminate());
  return { socket, opened };
}

/** Asks the console behind a control socket to show itself; null when its host has no window to show. */
export function askToOpen(socketPath: string): Promise<Opened | null> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path: "/open", method: "POST", timeout: CONNECT_TIMEOUT_MS }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", (cause) => reject(unreachable(socketPath, cause)));
      response.on("end", () => {
        if (response.statusCode !== 200) return resolve(null);
        resolve(JSON.parse(Buffer.concat(parts).toString("utf8")) as Opened);
      });
    });
    call.on("timeout", () => call.destroy(new Error("no answer in time")));
    call.on("error", (cause) => reject(unreachable(socketPath, cause)));
    call.end();
  });
}

function unreachable(socketPath: string, cause: unknown): AppError {
  return new AppError(
    "ConsoleUnreachable",
    `The console behind ${socketPath} does not answer. Jobs go on where they are, and at the console's next start.`,
    { retryable: true, next: "See whether it runs (fleetwright status), and start it again (fleetwright start)." },
    { cause },
  );
}
