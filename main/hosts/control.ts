import { chmod, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { WebSocketServer } from "ws";
import { BYTES_PATH, type ByteServer, MAX_BYTE_MESSAGE } from "./bytes.ts";
import { type ContractServer, MAX_FRAME_BYTES, webSocketConnection } from "./serve-contract.ts";

/** What a host answers when another process asks it to show itself: where its window is. */
export type Opened = Readonly<Record<string, string | number | boolean | null>>;

export interface Control {
  readonly path: string;
  /** Clients connected now. */
  readonly connections: number;
  close(): Promise<void>;
}

/**
 * Serves the contract on the home's private control socket: a socket file in a folder of mode 0700, or a named pipe.
 *
 * Whoever can open the socket is the operator: there is no further log-in. `open` answers `POST /open`, with which a
 * second start asks the running console to show itself; without it the host has nothing to show (404).
 * A socket file that a killed console left behind is replaced: call this only while holding the home's lock.
 */
export async function serveControl(options: {
  readonly path: string;
  readonly contract: ContractServer;
  /** Serves the binary channel; absent, there is none. */
  readonly bytes?: ByteServer;
  readonly open?: () => Promise<Opened>;
}): Promise<Control> {
  const isFile = !options.path.startsWith("\\\\.\\pipe\\");
  if (isFile) await rm(options.path, { force: true });

  const server = createServer((request, response) => void answer(request, response, options.open));
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_FRAME_BYTES });
  const byteSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_BYTE_MESSAGE });
  let connections = 0;
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const { bytes } = options;
    if (request.url === BYTES_PATH && bytes) {
      byteSockets.handleUpgrade(request, socket, head, (client) => bytes.serve(webSocketConnection(client)));
      return;
    }
    if (request.url !== "/contract") {
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      connections++;
      client.on("close", () => connections--);
      options.contract.serve(webSocketConnection(client));
    });
  });
  await listen(server, options.path);
  if (isFile) await chmod(options.path, 0o600);

  return {
    path: options.path,
    get connections() {
      return connections;
    },
    async close() {
      for (const client of [...sockets.clients, ...byteSockets.clients]) client.terminate();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      if (isFile) await rm(options.path, { force: true });
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  open: (() => Promise<Opened>) | undefined,
): Promise<void> {
  if (request.method !== "POST" || request.url !== "/open" || !open) {
    response.writeHead(404).end();
    return;
  }
  try {
    const opened = JSON.stringify(await open());
    response.writeHead(200, { "content-type": "application/json" }).end(opened);
  } catch {
    response.writeHead(503).end();
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
