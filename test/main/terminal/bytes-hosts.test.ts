import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageChannel } from "node:worker_threads";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { createByteServer } from "../../../main/hosts/bytes.ts";
import { connectBytes } from "../../../main/hosts/connect.ts";
import { serveControl } from "../../../main/hosts/control.ts";
import { type Loopback, serveLoopback } from "../../../main/hosts/loopback.ts";
import { createContractServer, portConnection } from "../../../main/hosts/serve-contract.ts";
import { silentLog } from "../../../main/log.ts";
import { ByteHub } from "../../../shared/byte-hub.ts";
import { ByteLine, type ByteWire } from "../../../shared/byte-line.ts";
import { decodeFrame, encodeCount, encodeFrame, FRAME, FRESH } from "../../../shared/frames.ts";
import { createFakeConsole } from "../hosts/fake-console.ts";

// The same channel over each transport, and who is let in to it.
const home = mkdtempSync(join(tmpdir(), "fleetwright-bytes-"));
const hub = new ByteHub();
const bytes = createByteServer(hub, silentLog);
const contract = createContractServer(createFakeConsole(home).router, silentLog);
let loopback: Loopback;
let cookie: string;

beforeAll(async () => {
  writeFileSync(join(home, "index.html"), "<!doctype html><title>window</title>");
  loopback = await serveLoopback({ contract, bytes, folder: home, log: silentLog });
  const { search } = new URL(loopback.oneTimeUrl());
  cookie = await new Promise<string>((resolve) => {
    request({ host: "127.0.0.1", port: loopback.port, path: `/${search}` }, (answer) => {
      answer.resume();
      resolve(String(answer.headers["set-cookie"]).split(";")[0]!);
    }).end();
  });
});
afterAll(async () => {
  await loopback.close();
  rmSync(home, { recursive: true, force: true });
});

function openSocket(headers: Record<string, string>): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${loopback.port}/bytes`, { headers });
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(socket));
    socket.once("error", reject);
  });
}

const own = () => ({ cookie, origin: `http://127.0.0.1:${loopback.port}` });

const socketWire = (socket: WebSocket): ByteWire => ({
  send: (frame) => socket.send(frame),
  onMessage: (listener) => void socket.on("message", (data: Buffer) => listener(data)),
  onEnd: (listener) => void socket.on("close", listener),
  close: () => socket.close(),
});

/** 3 MB out, their echo in: through windows and credits in both directions. */
async function carriesBothWays(line: ByteLine): Promise<void> {
  const size = 3_000_000;
  let echoed = 0;
  let goOn: () => void = () => undefined;
  let done: () => void = () => undefined;
  const whole = new Promise<void>((resolve) => {
    done = resolve;
  });
  const stream = hub.open({
    onInput(part, consumed) {
      echoed += part.length;
      consumed();
      if (echoed === size) done();
    },
    onDrain: () => goOn(),
  });
  const client = line.attach(stream.id, {
    onData(part, consumed) {
      client.write(part.slice());
      setImmediate(consumed);
    },
    onEvent: () => undefined,
    onEnd: () => undefined,
  });
  for (let sent = 0; sent < size; sent += 100_000) {
    if (!stream.write(new Uint8Array(100_000))) {
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
    }
  }
  await whole;
  stream.drop();
  line.close();
}

test("bytes go both ways over the loopback host's WebSocket", async () => {
  await carriesBothWays(new ByteLine(async () => socketWire(await openSocket(own()))));
});

test("bytes go both ways over the home's control socket", async () => {
  const control = await serveControl({ path: join(home, "socket"), contract, bytes });
  await carriesBothWays(new ByteLine(() => connectBytes(control.path)));
  await control.close();
});

test("bytes go both ways over a message port", async () => {
  const { port1, port2 } = new MessageChannel();
  bytes.serve(portConnection(port1));
  await carriesBothWays(
    new ByteLine(async () => ({
      send: (frame) => port2.postMessage(frame),
      onMessage: (listener) => void port2.on("message", listener),
      onEnd: (listener) => void port2.on("close", listener),
      close: () => port2.close(),
    })),
  );
});

test.each([
  ["no cookie", () => ({ origin: own().origin })],
  ["another's cookie", () => ({ ...own(), cookie: `${cookie.slice(0, -2)}xx` })],
  ["another origin", () => ({ ...own(), origin: "http://evil.example" })],
  ["no origin", () => ({ cookie })],
  [
    "another host name",
    () => ({ ...own(), host: `evil.example:${loopback.port}`, origin: `http://evil.example:${loopback.port}` }),
  ],
])("the binary channel refuses %s", async (_, headers) => {
  await expect(openSocket(headers() as Record<string, string>)).rejects.toThrow("403");
});

test.each([
  ["text", "hello"],
  ["a frame of no kind", Uint8Array.of(0, 0, 0, 1, 77)],
  ["too long a frame", new Uint8Array(70_000)],
])("a connection that sends %s is closed, and its neighbour goes on", async (_, message) => {
  const neighbour = await openSocket(own());
  const socket = await openSocket(own());
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.send(message);
  await closed;

  const stream = hub.open({ onInput: () => undefined });
  const heard = new Promise<number>((resolve) => {
    neighbour.on("message", (data: Buffer) => {
      const frame = decodeFrame(data);
      if (frame?.kind === FRAME.data) resolve(frame.payload[0]!);
    });
  });
  neighbour.send(encodeFrame(stream.id, FRAME.attach, encodeCount(FRESH)));
  stream.write(Uint8Array.of(42));
  expect(await heard).toBe(42);
  stream.drop();
  neighbour.close();
});
