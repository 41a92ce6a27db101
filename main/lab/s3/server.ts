import { randomUUID } from "node:crypto";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { toErrorXml } from "./xml.ts";

/**
 * A server without listener that suits S3: an upload may take any time, and what is no HTTP gets an XML answer too.
 */
export function createS3Server(tls?: { readonly key: string; readonly cert: string }): Server {
  const settings = { requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 75_000, noDelay: true };
  const server = tls ? createHttpsServer({ ...settings, ...tls }) : createHttpServer(settings);
  server.on("clientError", (_error, socket) => {
    if (!socket.writable) return;
    const body = toErrorXml({
      Code: "BadRequest",
      Message: "An error occurred when parsing the HTTP request.",
      RequestId: randomUUID(),
    });
    const head = [
      "HTTP/1.1 400 Bad Request",
      "Content-Type: application/xml",
      `Content-Length: ${Buffer.byteLength(body)}`,
      "Connection: close",
    ];
    socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  });
  return server;
}
