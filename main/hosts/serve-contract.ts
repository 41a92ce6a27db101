import { ORPCError, type Router } from "@orpc/server";
import { RPCHandler } from "@orpc/server/ws";
import type { WebSocket } from "ws";
import type { Contract } from "../../shared/contract.ts";
import { AppError } from "../../shared/errors.ts";
import { asContractError } from "./contract-errors.ts";
import { errorFrame, judgeFrame } from "./contract-frames.ts";
import type { HostLog } from "./host-log.ts";

/** One client, whatever carries its frames. */
export interface Connection {
  send(frame: string | ArrayBufferLike | Uint8Array): void;
  onMessage(listener: (frame: unknown) => void): void;
  onClose(listener: () => void): void;
  close(reason: string): void;
}

export interface ContractServer {
  /** Answers calls on the connection until it closes, which ends its calls and streams. */
  serve(connection: Connection): void;
  /** Clients connected now. */
  readonly connections: number;
}

/** Longest WebSocket message that is read at all; between a call's limit and this the caller gets a clear refusal. */
export const MAX_FRAME_BYTES = 32 * 1024 * 1024;

/** A client that does not read its streams for so long that this much waits is cut off; it reconnects and refetches. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;

/**
 * Serves the contract on any number of connections, the same over every transport.
 *
 * A client can only ever hurt itself: malformed frames close its connection, everything addressed to a call is
 * answered with a typed error, and nothing that a client sends makes the host throw.
 */
export function createContractServer(router: Router<Contract, Record<never, never>>, log: HostLog): ContractServer {
  const handler = new RPCHandler(router, {
    interceptors: [
      async (options) => {
        const call = callName(options.request.url);
        let decoding = false;
        const body = () => {
          decoding = true;
          return options.request.body();
        };
        let result: Awaited<ReturnType<typeof options.next>>;
        try {
          result = await options.next({ ...options, request: { ...options.request, body } });
        } catch (error) {
          // The procedure's own failures are converted already (below). What else fails once the input is read is
          // the input; before that it is the console, which has not come up.
          if (error instanceof ORPCError) throw error;
          throw asContractError(decoding ? unreadable(call, error) : error, call, log);
        }
        if (!result.matched) throw asContractError(unknownCall(call), call, log);
        return result;
      },
    ],
    clientInterceptors: [
      async (options) => {
        const call = options.path.join(".");
        try {
          const output = await options.next();
          return isAsyncIterator(output) ? withContractErrors(output, call, log) : output;
        } catch (error) {
          throw asContractError(error, call, log);
        }
      },
    ],
  });

  let connections = 0;
  return {
    get connections() {
      return connections;
    },
    serve(connection) {
      connections++;
      const listeners: ((event: { data: string }) => void)[] = [];
      connection.onClose(() => connections--);
      connection.onMessage((frame) => {
        const verdict = judgeFrame(frame);
        if (verdict.kind === "pass") {
          for (const listener of listeners) listener({ data: frame as string });
        } else if (verdict.kind === "refuse") {
          const next = "Correct the call and send it again.";
          connection.send(
            errorFrame(verdict.id, "InvalidInput", `Nothing was done: ${verdict.reason}.`, { retryable: false, next }),
          );
        } else {
          log.warn("a connection to the contract was closed", { reason: verdict.reason });
          connection.close(verdict.reason);
        }
      });
      // The handler knows sockets only by these two methods, so every transport is handed to it in that shape.
      const socket = {
        send: (frame: string) => connection.send(frame),
        addEventListener: (event: string, listener: (event: { data: string }) => void) => {
          if (event === "message") listeners.push(listener);
          else if (event === "close") connection.onClose(() => listener({ data: "" }));
        },
      };
      void handler.upgrade(socket as unknown as WebSocket);
    },
  };
}

/** A WebSocket of the `ws` package as a connection. */
export function webSocketConnection(socket: WebSocket): Connection {
  socket.on("error", () => socket.terminate());
  return {
    send(frame) {
      if (socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > MAX_WAITING_BYTES) socket.terminate();
      else socket.send(frame);
    },
    onMessage: (listener) => {
      socket.on("message", (data, isBinary) => listener(isBinary ? data : String(data)));
    },
    onClose: (listener) => void socket.on("close", listener),
    close: (reason) => socket.close(1008, reason.slice(0, 100)),
  };
}

/** What Electron's MessagePortMain and Node's MessagePort have in common. */
export interface PortLike {
  on(event: "message", listener: (message: unknown) => void): unknown;
  on(event: "close", listener: () => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
}

/** A message port as a connection. Electron wraps what it delivers in `{ data }`, Node does not. */
export function portConnection(port: PortLike): Connection {
  let open = true;
  port.on("close", () => {
    open = false;
  });
  return {
    send: (frame) => {
      if (open) port.postMessage(frame);
    },
    onMessage(listener) {
      port.on("message", (message) => {
        const wrapped = typeof message === "object" && message !== null && "data" in message;
        listener(wrapped ? message.data : message);
      });
      port.start();
    },
    onClose: (listener) => void port.on("close", listener),
    close: () => port.close(),
  };
}

function callName(url: URL): string {
  return url.pathname.slice(1, 101).replaceAll("/", ".");
}

function unreadable(call: string, cause: unknown): AppError {
  const next = "Correct the input and send it again.";
  return new AppError(
    "InvalidInput",
    `${call} was not started: its input cannot be read.`,
    { retryable: false, next },
    { cause },
  );
}

function unknownCall(call: string): AppError {
  const next = "Bring the window and the console to the same version.";
  return new AppError("InvalidInput", `There is no call named "${call}".`, { retryable: false, next });
}

function isAsyncIterator(value: unknown): value is AsyncIteratorObject<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value && "next" in value;
}

/** The same stream with its failures converted. Not a generator: closing must reach a source whose `next` is pending. */
function withContractErrors(
  source: AsyncIteratorObject<unknown>,
  call: string,
  log: HostLog,
): AsyncIteratorObject<unknown> {
  const stream: AsyncIteratorObject<unknown> = {
    async next() {
      try {
        return await source.next();
      } catch (error) {
        throw asContractError(error, call, log);
      }
    },
    async return(value) {
      return (await source.return?.(value)) ?? { done: true, value };
    },
    async throw(error) {
      if (source.throw) return source.throw(error);
      throw error;
    },
    [Symbol.asyncIterator]: () => stream,
    [Symbol.asyncDispose]: async () => void (await source.return?.()),
  };
  return stream;
}
