import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/websocket";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { errorCode } from "../../../shared/errors.ts";
import type { Client } from "../../../main/hosts/connect.ts";
import { type Loopback, serveLoopback } from "../../../main/hosts/loopback.ts";
import { createGate } from "../../../main/hosts/loopback-gate.ts";
import { createContractServer } from "../../../main/hosts/serve-contract.ts";
import { silentLog } from "../../../main/log.ts";
import { createFakeConsole } from "./fake-console.ts";

const home = mkdtempSync(join(tmpdir(), "fleetwright-loopback-"));
const folder = join(home, "renderer");
const contract = createContractServer(createFakeConsole(home).router, silentLog);
let loopback: Loopback;

beforeAll(async () => {
  mkdirSync(join(folder, "assets"), { recursive: true });
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>window</title>");
  writeFileSync(join(folder, "assets", "main-Ab1_-x.js"), "export {};");
  writeFileSync(join(home, "secret.json"), "{}");
  loopback = await serveLoopback({ contract, folder, log: silentLog });
});

afterAll(async () => {
  await loopback.close();
  rmSync(home, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** Plain HTTP, so that nothing between normalises paths or adds headers. */
function ask(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port: loopback.port, path, method, headers }, (response) => {
      let body = "";
      response.on("data", (part) => {
        body += part;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    call.on("error", reject);
    call.end();
  });
}

const tokenPath = () => new URL(loopback.oneTimeUrl()).search.replace(/^/, "/");

async function enter(): Promise<string> {
  const answer = await ask(tokenPath());
  return String(answer.headers["set-cookie"]).split(";")[0] ?? "";
}

test("the first address works once, and lets the browser in with a cookie that scripts and other sites cannot use", async () => {
  const path = tokenPath();
  const first = await ask(path);
  expect(first.status).toBe(303);
  expect(first.headers.location).toBe("/");
  expect(first.headers["cache-control"]).toBe("no-store");
  expect(String(first.headers["set-cookie"])).toMatch(
    /^fleetwright-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  const cookie = String(first.headers["set-cookie"]).split(";")[0] ?? "";
  expect((await ask("/", { cookie })).body).toContain("window");

  const again = await ask(path);
  expect(again.status).toBe(403);
  expect(again.headers["set-cookie"]).toBeUndefined();
  expect(again.body).toContain("fleetwright start");
});

test("a browser that is in may load its first address again", async () => {
  const path = tokenPath();
  const cookie = String((await ask(path)).headers["set-cookie"]).split(";")[0] ?? "";
  expect(await ask(path, { cookie })).toMatchObject({ status: 303 });
});

test("looking at the headers does not spend the token", async () => {
  const path = tokenPath();
  expect((await ask(path, {}, "HEAD")).status).toBe(403);
  expect((await ask(path)).status).toBe(303);
});

test("a token is good for an hour", () => {
  let now = 0;
  const gate = createGate(1, () => now);
  const [early, late] = [gate.issueToken(), gate.issueToken()];
  now = 3_600_000;
  expect(gate.exchange(early)).not.toBeNull();
  now = 3_600_001;
  expect(gate.exchange(late)).toBeNull();
});

test.each([
  ["no cookie", {}],
  ["another cookie", { cookie: "session=1" }],
  ["a guessed cookie", { cookie: `fleetwright-1=${"A".repeat(43)}` }],
  ["an empty cookie", { cookie: "fleetwright-=;=;;" }],
])("%s gets 403 with a page that says how to come in", async (_, headers) => {
  for (const path of ["/", "/assets/main-Ab1_-x.js", "/contract", "/nothing"]) {
    const answer = await ask(path, headers as Record<string, string>);
    expect(answer.status).toBe(403);
    expect(answer.body).toContain("prints a fresh address");
  }
});

test.each(["wrong", "", "A".repeat(5_000)])("the wrong token %# opens nothing", async (token) => {
  const answer = await ask(`/?token=${token}`);
  expect(answer.status).toBe(403);
  expect(answer.headers["set-cookie"]).toBeUndefined();
});

test.each(["evil.example", "127.0.0.1", "localhost:1", "[::1]:80", "127.0.0.1.evil.example"])(
  "a request for host %s is refused, with token and cookie",
  async (host) => {
    const cookie = await enter();
    expect((await ask(tokenPath(), { host })).status).toBe(403);
    expect((await ask("/", { host, cookie })).status).toBe(403);
  },
);

test("localhost is as good as 127.0.0.1", async () => {
  const cookie = await enter();
  expect((await ask("/", { host: `localhost:${loopback.port}`, cookie })).status).toBe(200);
});

test("every answer carries the security headers", async () => {
  const cookie = await enter();
  for (const answer of [
    await ask("/", { cookie }),
    await ask("/assets/main-Ab1_-x.js", { cookie }),
    await ask("/missing", { cookie }),
    await ask("/"),
    await ask("/", {}, "POST"),
  ]) {
    const policy = String(answer.headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(answer.headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
    });
  }
});

test("files named after their content are kept, the page is not", async () => {
  const cookie = await enter();
  const asset = await ask("/assets/main-Ab1_-x.js", { cookie });
  expect(asset.headers["content-type"]).toBe("text/javascript; charset=utf-8");
  expect(asset.headers["cache-control"]).toContain("immutable");
  expect((await ask("/", { cookie })).headers["cache-control"]).toBe("no-store");
});

test.each([
  "/../secret.json",
  "/assets/../../secret.json",
  "/%2e%2e/secret.json",
  "/..%2fsecret.json",
  "/assets/..%5c..%5csecret.json",
  "/assets\\..\\..\\secret.json",
  "//secret.json",
  "/./secret.json",
  "/secret.json%00.js",
  "/assets",
  "/assets/",
  "/.main-built",
  "http://evil.example/",
])("%s gives nothing", async (path) => {
  const cookie = await enter();
  const answer = await ask(path, { cookie });
  expect(answer.status).toBe(404);
  expect(answer.body).not.toContain("{}");
});

test.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])("%s is refused", async (method) => {
  const cookie = await enter();
  const answer = await ask("/", { cookie }, method);
  expect(answer.status).toBe(405);
  expect(answer.headers.allow).toBe("GET, HEAD");
  expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
});

function upgrade(headers: Record<string, string>, path = "/contract"): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${loopback.port}${path}`, { headers });
    socket.on("unexpected-response", (_, response) => resolve(response.statusCode ?? 0));
    socket.on("open", () => {
      resolve(101);
      socket.close();
    });
    socket.on("error", () => {});
  });
}

test("the contract needs the cookie and this console's own origin and host", async () => {
  const cookie = await enter();
  const origin = `http://127.0.0.1:${loopback.port}`;
  expect(await upgrade({ cookie, origin })).toBe(101);
  expect(await upgrade({ cookie })).toBe(403);
  expect(await upgrade({ origin })).toBe(403);
  expect(await upgrade({ cookie, origin: "http://evil.example" })).toBe(403);
  expect(await upgrade({ cookie, origin: "null" })).toBe(403);
  expect(await upgrade({ cookie, origin: `https://127.0.0.1:${loopback.port}` })).toBe(403);
  expect(await upgrade({ cookie, origin: `http://localhost:${loopback.port}` })).toBe(403);
  expect(await upgrade({ cookie, origin: "http://evil.example", host: "evil.example" })).toBe(403);
  expect(await upgrade({ cookie, origin }, "/other")).toBe(403);
  expect(await upgrade({ cookie, origin }, `/contract?token=x`)).toBe(403);
});

test("a browser that is in speaks the whole contract", async () => {
  const headers = { cookie: await enter(), origin: `http://127.0.0.1:${loopback.port}` };
  const websocket = new WebSocket(`ws://127.0.0.1:${loopback.port}/contract`, { headers });
  const client: Client = createORPCClient(new RPCLink({ websocket: websocket as unknown as globalThis.WebSocket }));
  expect((await client.settings.status()).state).toBe("ready");
  expect(await client.tenant.get({ tenant: "nobody" }).catch(errorCode)).toBe("NotFound");
  websocket.close();
});

test("a port that is in use is named, with what to do", async () => {
  const second = serveLoopback({ contract, folder, port: loopback.port, log: silentLog });
  await expect(second).rejects.toMatchObject({
    code: "PortInUse",
    message: expect.stringContaining(String(loopback.port)),
    details: { next: expect.stringContaining("--port") },
  });
});

test("only 127.0.0.1 listens", async () => {
  const other = await new Promise<string>((resolve) => {
    const socket = connect({ host: "127.0.0.2", port: loopback.port });
    socket.on("connect", () => resolve("connected"));
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
  });
  expect(other).toBe("ECONNREFUSED");
});

test("a window that is not built is said, with the remedy", async () => {
  const empty = await serveLoopback({ contract, folder: join(home, "none"), log: silentLog });
  const url = new URL(empty.oneTimeUrl());
  const first = await fetch(url, { redirect: "manual" });
  const cookie = first.headers.get("set-cookie")?.split(";")[0] ?? "";
  const answer = await fetch(url.origin, { headers: { cookie } });
  expect(answer.status).toBe(500);
  expect(await answer.text()).toContain("npm run build");
  await empty.close();
});
