import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { WebSocketServer } from "ws";
import { AppError } from "../../shared/errors.ts";
import type { HostLog } from "./host-log.ts";
import { createGate, type Gate, isOwnHost, isOwnOrigin } from "./loopback-gate.ts";
import { BYTES_PATH, type ByteServer, MAX_BYTE_MESSAGE } from "./bytes.ts";
import { type ContractServer, MAX_FRAME_BYTES, webSocketConnection } from "./serve-contract.ts";
import { readWindowFile, windowHeaders } from "./window-files.ts";

export interface Loopback {
  readonly port: number;
  /** A fresh address that lets one browser in, once. */
  oneTimeUrl(): string;
  close(): Promise<void>;
}

/**
 * Serves the window and the contract to browsers on this machine: 127.0.0.1 only.
 *
 * The first address carries a one-time token, exchanged for a cookie that scripts cannot read and other sites cannot
 * send. Without the cookie every request gets 403. Throws AppError PortInUse.
 */
export async function serveLoopback(options: {
  readonly contract: ContractServer;
  /** Serves the binary channel; absent, there is none. */
  readonly bytes?: ByteServer;
  /** The built window. */
  readonly folder: string;
  /** 0 or absent takes a free one. */
  readonly port?: number;
  readonly log: HostLog;
}): Promise<Loopback> {
  const server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 30_000, keepAliveTimeout: 5_000 });
  const port = await listen(server, options.port ?? 0);
  const gate = createGate(port);
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_FRAME_BYTES });
  const byteSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_BYTE_MESSAGE });
  const paths = new Set(options.bytes ? ["/contract", BYTES_PATH] : ["/contract"]);

  server.on("request", (request, response) => {
    respond(request, response, gate, port, options.folder).catch((error: unknown) => {
      options.log.error("the window could not be served", { error: String(error) });
      if (!response.headersSent) page(response, port, 500, "The window could not be read", REBUILD);
      else response.destroy();
    });
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const refusal = refuseUpgrade(request, gate, port, paths);
    if (refusal) {
      options.log.warn("a connection to the console was refused", { reason: refusal });
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const isBytes = request.url === BYTES_PATH;
    (isBytes ? byteSockets : sockets).handleUpgrade(request, socket, head, (client) =>
      (isBytes ? options.bytes : options.contract)?.serve(webSocketConnection(client)),
    );
  });

  return {
    port,
    oneTimeUrl: () => `http://127.0.0.1:${port}/?token=${gate.issueToken()}`,
    async close() {
      const clients = [...sockets.clients, ...byteSockets.clients];
      for (const client of clients) client.close(1001, "the console ends");
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const client of clients) client.terminate();
        server.closeAllConnections();
      });
    },
  };
}

const NEW_ADDRESS =
  'Run "fleetwright start" (or "npm start") once more: it prints a fresh address that works once. ' +
  'If this page was opened from a link, <a href="/">try again here</a>.';
const REBUILD = 'Build it with "npm run build", then load this page again.';

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  gate: Gate,
  port: number,
  folder: string,
): Promise<void> {
  if (!isOwnHost(request.headers.host, port)) {
    return page(response, port, 403, "This console answers only to 127.0.0.1 and localhost", NEW_ADDRESS);
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return page(response, port, 405, "Only reading is possible here", "");
  }
  const [path = "", query = ""] = (request.url ?? "").split("?", 2);
  const token = path === "/" ? new URLSearchParams(query).get("token") : null;
  // Only a real visit spends the token: a look at the headers must not.
  const session = token !== null && request.method === "GET" ? gate.exchange(token) : null;
  if (session !== null || (token !== null && gate.admits(request.headers.cookie))) {
    const cookie = session === null ? {} : { "set-cookie": gate.cookie(session) };
    response.writeHead(303, { ...windowHeaders(), ...cookie, "cache-control": "no-store", location: "/" }).end();
    return;
  }
  if (!gate.admits(request.headers.cookie)) {
    const title = token === null ? "This console does not know this browser" : "This address was already used";
    return page(response, port, 403, title, NEW_ADDRESS);
  }

  const file = await readWindowFile(folder, path);
  if (!file) {
    return path === "/"
      ? page(response, port, 500, "The window is not built", REBUILD)
      : page(response, port, 404, "There is nothing here", '<a href="/">Open the console</a>');
  }
  response.writeHead(200, {
    ...windowHeaders(`ws://${request.headers.host}`),
    "content-type": file.type,
    "content-length": file.body.length,
    "cache-control": file.immutable ? "private, max-age=31536000, immutable" : "no-store",
  });
  response.end(request.method === "HEAD" ? undefined : file.body);
}

function refuseUpgrade(request: IncomingMessage, gate: Gate, port: number, paths: ReadonlySet<string>): string | null {
  const { host, origin, cookie } = request.headers;
  if (!paths.has(request.url ?? "")) return "unknown path";
  if (!isOwnHost(host, port)) return "foreign host name";
  if (!isOwnOrigin(origin, host)) return "foreign origin";
  if (!gate.admits(cookie)) return "no session";
  return null;
}

/** A page in plain words; `text` is ours, never a visitor's. */
function page(response: ServerResponse, port: number, status: number, title: string, text: string): void {
  const body =
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title} - Fleetwright</title></head>` +
    `<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 40em; margin: 4em auto; padding: 0 1em">` +
    `<h1 style="font-size: 1.3em">${title}</h1><p>${text}</p></body></html>\n`;
  response.writeHead(status, {
    ...windowHeaders(`ws://127.0.0.1:${port}`),
    "content-type": "text/html; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    connection: "close",
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === "EADDRINUSE" || cause.code === "EACCES";
      reject(taken ? portTaken(port, cause) : cause);
    });
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function portTaken(port: number, cause: NodeJS.ErrnoException): AppError {
  const why = cause.code === "EACCES" ? "may not be used by this user" : "is used by another program";
  return new AppError(
    "PortInUse",
    `Port ${port} of 127.0.0.1 ${why}. Nothing was started.`,
    { retryable: false, port, next: "Choose another one with --port, or leave --port out to take any free one." },
    { cause },
  );
}
