import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageChannel } from "node:worker_threads";
import { createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/message-port";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { errorFacts } from "../../../shared/errors.ts";
import { type Client, connectConsole } from "../../../main/hosts/connect.ts";
import { type Control, serveControl } from "../../../main/hosts/control.ts";
import type { HostLog } from "../../../main/hosts/host-log.ts";
import { createContractServer, portConnection, type PortLike } from "../../../main/hosts/serve-contract.ts";
import { silentLog } from "../../../main/log.ts";
import { CREATED_AT, createFakeConsole, type FakeConsole } from "./fake-console.ts";

const folder = mkdtempSync(join(tmpdir(), "fleetwright-contract-"));
const socketPath = join(folder, "control.sock");
const logged: string[] = [];
const log: HostLog = {
  ...silentLog,
  error: (message, facts) => void logged.push(`${message} ${JSON.stringify(facts)}`),
};

let fake: FakeConsole;
let control: Control;
const cleanups: (() => void)[] = [];

beforeAll(async () => {
  fake = createFakeConsole(folder);
  control = await serveControl({ path: socketPath, contract: createContractServer(fake.router, log) });
});

afterAll(async () => {
  for (const cleanup of cleanups) cleanup();
  await control.close();
  rmSync(folder, { recursive: true, force: true });
});

async function overSocket(): Promise<Client> {
  const connected = await connectConsole(socketPath);
  cleanups.push(connected.close);
  return connected.client;
}

function overPort(): Client {
  const { port1, port2 } = new MessageChannel();
  createContractServer(fake.router, log).serve(portConnection(port1 as unknown as PortLike));
  port2.start();
  cleanups.push(() => port2.close());
  return createORPCClient(new RPCLink({ port: port2 as unknown as globalThis.MessagePort }));
}

async function failure(call: Promise<unknown>) {
  try {
    await call;
  } catch (error) {
    return errorFacts(error);
  }
  throw new Error("the call did not fail");
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe.each([
  ["a WebSocket on the control socket", overSocket],
  ["a message port", async () => overPort()],
])("the contract over %s", (_, open) => {
  test("answers keep their dates", async () => {
    const client = await open();
    const { job, steps } = await client.jobs.get({ jobId: "job-1" });
    expect(job.createdAt).toEqual(CREATED_AT);
    expect(steps[0]?.startedAt).toEqual(CREATED_AT);
    expect(job.endedAt).toBeNull();
  });

  test("an expected failure keeps its code, message and details", async () => {
    const client = await open();
    expect(await failure(client.tenant.get({ tenant: "nobody" }))).toEqual({
      code: "NotFound",
      message: 'There is no tenant "nobody".',
      details: { retryable: false, next: "List them with: fleetwright tenant list" },
    });
  });

  test("an unexpected failure is logged under an id and shows nothing else", async () => {
    const client = await open();
    const facts = await failure(client.tenant.get({ tenant: "bug" }));
    expect(facts.code).toBe("Unexpected");
    expect(JSON.stringify(facts)).not.toContain("secret-of-the-stack");
    const id = String(facts.details.id);
    expect(logged.some((line) => line.includes(id) && line.includes("secret-of-the-stack"))).toBe(true);
  });

  test("an answer that breaks the contract is a bug, and never reaches the caller", async () => {
    const client = await open();
    expect((await failure(client.tenant.get({ tenant: "bad-answer" }))).code).toBe("Unexpected");
  });

  test("input that does not fit is refused before the handler, naming the fields", async () => {
    const client = await open();
    const before = fake.calls.length;
    const facts = await failure(client.tenant.get({ tenant: 5 } as never));
    expect(facts.code).toBe("InvalidInput");
    expect(facts.message).toContain("tenant.get");
    expect((facts.details.fields as { field: string }[]).map(({ field }) => field)).toEqual(["tenant"]);
    expect(fake.calls.length).toBe(before);
  });

  test("a call that does not exist is refused by name", async () => {
    const client = (await open()) as unknown as { fleet: { explode(): Promise<unknown> } };
    const facts = await failure(client.fleet.explode());
    expect(facts).toMatchObject({ code: "InvalidInput", message: 'There is no call named "fleet.explode".' });
  });

  test("leaving a stream ends it at its source, even while nothing is pushed", async () => {
    const client = await open();
    const before = fake.watchers();
    const stream = await client.jobs.watch({ jobId: "endless" });
    expect(await stream.next()).toEqual({ done: false, value: { type: "alive", at: CREATED_AT } });
    expect(fake.watchers()).toBe(before + 1);
    await stream.return?.();
    await until(() => fake.watchers() === before);
  });

  test("aborting a call ends its stream at its source", async () => {
    const client = await open();
    const before = fake.watchers();
    const abort = new AbortController();
    const stream = await client.jobs.watch({}, { signal: abort.signal });
    await stream.next();
    abort.abort();
    await until(() => fake.watchers() === before);
  });

  test("a stream that breaks tells its code", async () => {
    const client = await open();
    const stream = await client.jobs.watch({ jobId: "broken" });
    await stream.next();
    expect((await failure(stream.next())).code).toBe("DatabaseUnavailable");
  });

  test("many calls at once get each its own answer", async () => {
    const client = await open();
    const ids = Array.from({ length: 200 }, (_, index) => `job-${index}`);
    const answers = await Promise.all(ids.map((jobId) => client.jobs.get({ jobId })));
    expect(answers.map(({ job }) => job.id)).toEqual(ids);
  });

  test.each([
    ["a string of 10 MB", { tenant: "x".repeat(10_000_000) }],
    ["a string of 200 kB", { tenant: "x".repeat(200_000) }],
    ["nothing", undefined],
    ["a number", 7],
    ["an array", ["acme"]],
    ["deep nesting", nested(2_000)],
    ["a prototype key", JSON.parse('{"__proto__":{"tenant":"acme"},"constructor":{"prototype":{"polluted":1}}}')],
    ["a date where text belongs", { tenant: new Date(0) }],
    ["a map", new Map([["tenant", "acme"]])],
  ])("%s as input is InvalidInput, and the connection goes on", async (_, input) => {
    const client = await open();
    expect((await failure(client.tenant.get(input as never))).code).toBe("InvalidInput");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect((await client.tenant.get({ tenant: "acme" })).slug).toBe("acme");
  });
});

describe("malformed frames", () => {
  const call = (p: unknown, i: unknown = "1") => JSON.stringify({ i, p });
  const json = (meta: unknown, data: unknown = { tenant: "acme" }) =>
    call({ u: "/tenant/get", b: { json: data, meta } });

  test.each([
    ["a path that climbs", call({ u: "/../../etc/passwd" })],
    ["an absolute address", call({ u: "http://example.com/tenant/get" })],
    ["no content", JSON.stringify({ i: "1" })],
    ["a method", call({ u: "/tenant/get", m: "GET" })],
    ["a form", call({ u: "/tenant/get", h: { "content-type": "multipart/form-data; boundary=x" }, b: {} })],
    ["an input stream", call({ u: "/tenant/get", h: { "content-type": "text/event-stream" } })],
    ["a body that is text", call({ u: "/tenant/get", b: "acme" })],
    ["an event without a stream", JSON.stringify({ i: "1", t: 3, p: { e: "message", d: 1 } })],
    ["an unknown type", JSON.stringify({ i: "1", t: 99 })],
    ["a type path into the prototype", json([[1, "__proto__", "toString"]])],
    ["a type path into the constructor", json([[6, "constructor", "prototype", "polluted"]])],
    ["a type path to nowhere", json([[1, "nowhere", "deeper"]])],
    ["types that are no list", json("types")],
    ["types of the wrong kind", json([5, null, "x"])],
    ["a regular expression that explodes", json([[5, "tenant"]], { tenant: "/(a+)+$/y" })],
    ["an enormous number", json([[0, "tenant"]], { tenant: "9".repeat(500_000) })],
    ["a body without json", call({ u: "/tenant/get", b: { maps: [["x"]] } })],
    [
      "deeply nested input",
      `{"i":"1","p":{"u":"/tenant/get","b":{"json":${"[".repeat(200_000)}${"]".repeat(200_000)}}}}`,
    ],
    ["an oversized call", call({ u: "/tenant/get", b: { json: { tenant: "x".repeat(2_000_000) } } })],
  ])("%s is answered with InvalidInput", async (_, frame) => {
    const { socket, next } = await raw();
    socket.send(frame);
    const answer = JSON.parse(await next()) as { i: string; p: { s: number; b: { json: { code: string } } } };
    expect(answer).toMatchObject({ i: "1", p: { b: { json: { code: "InvalidInput" } } } });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    socket.close();
  });

  test.each([
    ["text that is not JSON", "hello"],
    ["an empty frame", ""],
    ["null", "null"],
    ["a list", "[]"],
    ["no id", JSON.stringify({ p: { u: "/tenant/get" } })],
    ["an id that is a number", JSON.stringify({ i: 5, p: {} })],
    ["a binary frame", Buffer.from([0xff, 0x00, 0xff])],
  ])("%s closes that connection only", async (_, frame) => {
    const { socket, closed } = await raw();
    socket.send(frame);
    expect(await closed).toBe(1008);
    const client = await overSocket();
    expect((await client.settings.status()).state).toBe("ready");
  });

  test("random bytes after random cuts of real frames never end the host", async () => {
    const real = call({ u: "/tenant/get", b: { json: { tenant: "acme" }, meta: [[1, "tenant"]] } });
    let seed = 42;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    for (let round = 0; round < 150; round++) {
      const { socket, closed } = await raw();
      const at = random(real.length);
      socket.send(real.slice(0, at) + String.fromCharCode(32 + random(95)) + real.slice(at + random(3)));
      socket.close();
      await closed;
    }
    expect((await (await overSocket()).settings.status()).state).toBe("ready");
  });

  test("bytes that are not HTTP never end the host", async () => {
    const garbage = connect(socketPath);
    garbage.on("error", () => {});
    garbage.write(Buffer.alloc(100_000, 0x80));
    await new Promise((resolve) => garbage.once("close", resolve));
    expect((await (await overSocket()).settings.status()).state).toBe("ready");
  });
});

test("a console that goes away ends open calls with ConsoleUnreachable", async () => {
  const path = join(folder, "leaving.sock");
  const leaving = await serveControl({ path, contract: createContractServer(fake.router, log) });
  const connected = await connectConsole(path);
  await connected.client.settings.status();
  await leaving.close();
  await connected.closed;
  expect((await failure(connected.client.settings.status())).code).toBe("ConsoleUnreachable");
  expect((await failure(connectConsole(path))).code).toBe("ConsoleUnreachable");
});

test("a socket file that a killed console left is replaced", async () => {
  const path = join(folder, "left.sock");
  const first = await serveControl({ path, contract: createContractServer(fake.router, log) });
  const second = await serveControl({ path, contract: createContractServer(fake.router, log) });
  const connected = await connectConsole(path);
  expect((await connected.client.settings.status()).state).toBe("ready");
  connected.close();
  await second.close();
  await first.close();
});

async function raw() {
  const socket = new WebSocket("ws://console/contract", { createConnection: () => connect(socketPath) });
  const frames: string[] = [];
  const waiting: ((frame: string) => void)[] = [];
  socket.on("message", (data) => {
    const frame = String(data);
    const waiter = waiting.shift();
    if (waiter) waiter(frame);
    else frames.push(frame);
  });
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  socket.on("error", () => {});
  const next = () =>
    new Promise<string>((resolve) => {
      const frame = frames.shift();
      if (frame === undefined) waiting.push(resolve);
      else resolve(frame);
    });
  return { socket, next, closed };
}

function nested(depth: number): unknown {
  let value: unknown = "bottom";
  for (let level = 0; level < depth; level++) value = { value };
  return value;
}
