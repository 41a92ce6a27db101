import type { ByteHub } from "../../shared/byte-hub.ts";
import { CHUNK_BYTES } from "../../shared/frames.ts";
import type { HostLog } from "./host-log.ts";
import type { Connection } from "./serve-contract.ts";

/** Where the binary channel is, beside the contract, on every WebSocket host. */
export const BYTES_PATH = "/bytes";
/** A frame with some room. */
export const MAX_BYTE_MESSAGE = CHUNK_BYTES + 1024;

export interface ByteServer {
  /** Carries the streams of the console over the connection until it closes; the streams outlive it. */
  serve(connection: Connection): void;
}

/** Serves a console's streams of bytes on any number of connections. A client that breaks the protocol is cut off. */
export function createByteServer(hub: ByteHub, log: HostLog): ByteServer {
  return {
    serve(connection) {
      const served = hub.serve(connection);
      connection.onClose(() => served.gone());
      connection.onMessage((message) => {
        const problem = served.receive(message);
        if (problem === undefined) return;
        log.warn("a connection to the binary channel was closed", { reason: problem });
        connection.close(problem);
      });
    },
  };
}
