import type { ClientContext, ClientLink } from "@orpc/client";
import { RPCLink as MessagePortLink } from "@orpc/client/message-port";
import { RPCLink as WebSocketLink } from "@orpc/client/websocket";

/** One open line to the console. It ends once, and then `onEnd` is told; it is never opened again. */
export interface Wire {
  readonly link: ClientLink<ClientContext>;
  onEnd(listener: () => void): void;
  close(): void;
}

/** Opens a line; rejects when nobody answers within `timeoutMs`. */
export type OpenWire = (timeoutMs: number) => Promise<Wire>;

declare global {
  interface Window {
    /** Put there by the desktop host's preload; absent in a browser. */
    readonly fleetwright?: { connect(): void; connectBytes(): void };
  }
}

/** A line over the desktop host's MessagePort, which the preload posts to this window when asked. */
export const openPort: OpenWire = (timeoutMs) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(new Error("The desktop host gave no port.")), timeoutMs);

    function settle(outcome: MessagePort | Error) {
      clearTimeout(timer);
      window.removeEventListener("message", onMessage);
      if (outcome instanceof Error) return reject(outcome);
      outcome.start();
      resolve({
        link: new MessagePortLink({ port: outcome }),
        onEnd: (listener) => outcome.addEventListener("close", listener),
        close: () => outcome.close(),
      });
    }

    function onMessage(event: MessageEvent) {
      const [port] = event.ports;
      if (event.source === window && event.data?.type === "fleetwright:port" && port) settle(port);
    }

    window.addEventListener("message", onMessage);
    window.fleetwright?.connect();
  });

/** A line over the WebSocket of the host that served this page. */
export const openSocket: OpenWire = (timeoutMs) =>
  new Promise((resolve, reject) => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/contract`);
    const timer = setTimeout(() => socket.close(), timeoutMs);
    socket.addEventListener("close", () => {
      clearTimeout(timer);
      reject(new Error("The console does not answer."));
    });
    socket.addEventListener("open", () => {
      clearTimeout(timer);
      resolve({
        link: new WebSocketLink({ websocket: socket }),
        onEnd: (listener) => socket.addEventListener("close", listener),
        close: () => socket.close(),
      });
    });
  });

export const openWire: OpenWire = (timeoutMs) => (window.fleetwright ? openPort(timeoutMs) : openSocket(timeoutMs));
