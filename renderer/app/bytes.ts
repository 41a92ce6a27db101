import { ByteLine, type ByteWire } from "../../shared/byte-line.ts";
import { SECOND_MS } from "../../shared/time.ts";

const OPEN_TIMEOUT_MS = 10 * SECOND_MS;
const PAUSE_MS = SECOND_MS;

/** The window's line to the console's binary channel. Nothing is opened before the first stream is wanted. */
export const byteLine = new ByteLine(openUntilItWorks);

/** A lost console comes back sooner or later; the streams wait for it. */
async function openUntilItWorks(): Promise<ByteWire> {
  for (;;) {
    try {
      return await (window.fleetwright ? openPort() : openSocket());
    } catch {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

function openPort(): Promise<ByteWire> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(new Error("The desktop host gave no port.")), OPEN_TIMEOUT_MS);

    function settle(outcome: MessagePort | Error) {
      clearTimeout(timer);
      window.removeEventListener("message", onMessage);
      if (outcome instanceof Error) return reject(outcome);
      const port = outcome;
      resolve({
        send: (frame) => port.postMessage(frame),
        onMessage(listener) {
          port.addEventListener("message", (event) => listener(event.data));
          port.start();
        },
        onEnd: (listener) => port.addEventListener("close", listener),
        close: () => port.close(),
      });
    }

    function onMessage(event: MessageEvent) {
      const [port] = event.ports;
      if (event.source === window && event.data?.type === "fleetwright:bytes-port" && port) settle(port);
    }

    window.addEventListener("message", onMessage);
    window.fleetwright?.connectBytes();
  });
}

function openSocket(): Promise<ByteWire> {
  return new Promise((resolve, reject) => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/bytes`);
    socket.binaryType = "arraybuffer";
    const timer = setTimeout(() => socket.close(), OPEN_TIMEOUT_MS);
    socket.addEventListener("close", () => {
      clearTimeout(timer);
      reject(new Error("The console does not answer."));
    });
    socket.addEventListener("open", () => {
      clearTimeout(timer);
      resolve({
        send: (frame) => {
          if (socket.readyState === socket.OPEN) socket.send(frame);
        },
        onMessage: (listener) =>
          socket.addEventListener("message", ({ data }) =>
            listener(data instanceof ArrayBuffer ? new Uint8Array(data) : data),
          ),
        onEnd: (listener) => socket.addEventListener("close", listener),
        close: () => socket.close(),
      });
    });
  });
}
