import { chmod, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { createServer, type AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import ssh2 from "ssh2";
import { makeKeyPair } from "../../../../main/lab/hosts/host-keys.ts";
import { openCa, type LabCa } from "../../../../main/lab/hosts/ca.ts";
import { createMachineRoom, type MachineRoomOptions } from "../../../../main/lab/hosts/index.ts";
import type { HostSpec, MachineRoom } from "../../../../main/lab/types.ts";

export interface TestRoom {
  readonly room: MachineRoom;
  readonly folder: string;
  readonly ca: LabCa;
  readonly authority: string;
  readonly ports: { readonly ssh: number; readonly https: number; readonly http: number };
  /** Name that its hosts are asked by; absent is `DOMAIN`. */
  readonly domain?: string;
  /** Key pair that every host of `spec()` knows. */
  readonly key: { readonly private: string; readonly public: string };
  readonly lines: string[];
  /** A host with one blank data volume, its folders made. */
  spec(name: string, more?: Partial<HostSpec>): Promise<HostSpec>;
  close(): Promise<void>;
}

/** A machine room in a scratch folder, on free ports and addresses of its own. */
export async function openRoom(
  options: Partial<MachineRoomOptions> & { readonly inFolder?: string } = {},
): Promise<TestRoom> {
  const folder = options.inFolder ?? (await mkdtemp(path.join(os.tmpdir(), "fw-hosts-")));
  await chmod(folder, 0o755);
  const ca = await openCa(path.join(folder, "ca"));
  const ports = { ssh: await freePort(), https: await freePort(), http: await freePort() };
  const lines: string[] = [];
  const key = makeKeyPair("ED25519");
  // Any of these tests runs on Debian's parts, too.
  const machines = process.env.FLEETWRIGHT_LAB_MACHINES === "debian" ? "debian" : "built-in";
  const room = createMachineRoom({ folder, ca, ports, machines, log: (line) => lines.push(line), ...options });
  const block = `127.${randomByte()}.${randomByte()}`;
  let count = 0;
  return {
    room,
    folder,
    ca,
    authority: await readFile(ca.certificateFile, "utf8"),
    ports,
    key,
    lines,
    async spec(name, more = {}) {
      const number = (count += 1);
      const volume = path.join(folder, "volumes", `vol-${name}`);
      await mkdir(volume, { recursive: true });
      return {
        instanceId: `i-${name}${process.pid}`,
        region: "eu-west-1",
        name,
        address: `${block}.${number}`,
        imageId: "ami-1",
        product: "openbravo",
        version: "26Q2",
        vcpus: 2,
        memoryMiB: 4096,
        authorizedKeys: [key.public],
        userData: null,
        folder: path.join(folder, "hosts", name),
        volumes: { "/dev/sdf": { volumeId: `vol-${name}`, sizeGiB: 10, folder: volume } },
        allows: (port) => port !== "http",
        ...more,
      };
    },
    async close() {
      await room.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function randomByte(): number {
  return 1 + Math.floor(Math.random() * 250);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface SshResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function connect(test: TestRoom, spec: HostSpec, more: ssh2.ConnectConfig = {}): Promise<ssh2.Client> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.once("ready", () => resolve(client));
    client.once("error", reject);
    client.once("close", () => reject(new Error("closed")));
    client.connect({
      host: spec.address,
      port: test.ports.ssh,
      username: "ubuntu",
      privateKey: test.key.private,
      ...more,
    });
  });
}

export function exec(
  client: ssh2.Client,
  command: string,
  input?: string,
  options: ssh2.ExecOptions = {},
): Promise<SshResult> {
  return new Promise((resolve, reject) => {
    client.exec(command, options, (error, channel) => {
      if (error) return reject(error);
      let stdout = "";
      let stderr = "";
      let end: { code: number | null; signal: string | null } = { code: null, signal: null };
      channel.on("data", (chunk: Buffer) => {
        stdout += chunk.toString("utf8");
      });
      channel.stderr.on("data", (chunk: Buffer) => {
        stderr += chunk.toString("utf8");
      });
      channel.on("exit", (code: number | null, name?: string) => {
        end = { code, signal: name ?? null };
      });
      channel.on("close", () => resolve({ ...end, stdout, stderr }));
      if (input !== undefined) channel.end(input);
      else channel.end();
    });
  });
}

/** One command on a connection of its own. */
export async function sshOnce(test: TestRoom, spec: HostSpec, command: string, input?: string): Promise<SshResult> {
  const client = await connect(test, spec);
  try {
    return await exec(client, command, input);
  } finally {
    client.end();
  }
}

export interface WebAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export function web(
  test: TestRoom,
  spec: HostSpec,
  method: string,
  target: string,
  more: { readonly domain?: string; readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<WebAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: spec.address,
        port: test.ports.https,
        servername: more.domain ?? test.domain ?? "acme.cloud.openbravo.com",
        ca: test.authority,
        method,
        path: target,
        agent: false,
        headers: more.headers,
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          body += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      },
    );
    request.on("error", reject);
    request.end(more.body);
  });
}

export const SETUP =
  "erpctl setup --tenant acme --tenant-id t-1 --environment production --domain acme.cloud.openbravo.com --zone Europe/Madrid";

export const DOMAIN = "acme.cloud.openbravo.com";

/** A host of the tenant acme that sets itself up at first contact. */
export function seededWith(more: object = {}): string {
  return JSON.stringify({
    erp: { tenant: "acme", tenantId: "t-1", environment: "production", domain: DOMAIN, zone: "Europe/Madrid", ...more },
  });
}

/** Logs in as the admin whose password is on the host's root device. */
export async function logIn(test: TestRoom, spec: HostSpec): Promise<string> {
  await web(test, spec, "GET", "/health");
  const password = (await readFile(path.join(spec.folder, "etc", "erp", "admin-password"), "utf8")).trim();
  const answer = await web(test, spec, "POST", "/login", {
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ user: "admin", password }).toString(),
  });
  const cookie = String(answer.headers["set-cookie"]).split(";")[0];
  if (answer.status !== 303 || !cookie) throw new Error(`log-in answered ${answer.status}: ${answer.body}`);
  return cookie;
}

export function placeOrder(test: TestRoom, spec: HostSpec, cookie: string): Promise<WebAnswer> {
  return web(test, spec, "POST", "/api/orders", {
    headers: { "content-type": "application/json", cookie },
    body: JSON.stringify({ customerId: 3, lines: [{ productId: 5, quantity: 2 }] }),
  });
}

/** Order numbers that the host has acknowledged, from its log outside of the database. */
export async function acknowledged(spec: HostSpec): Promise<string[]> {
  const text = await readFile(path.join(spec.folder, "var", "log", "orders-acknowledged.log"), "utf8").catch(() => "");
  return text.split("\n").filter(Boolean);
}

/** Numbers of the newest 500 orders in the host's database. */
export async function orderNumbers(test: TestRoom, spec: HostSpec): Promise<Set<string>> {
  const answer = await web(test, spec, "GET", "/api/orders?limit=500", {
    headers: { cookie: await logIn(test, spec) },
  });
  return new Set((JSON.parse(answer.body) as { orders: { number: string }[] }).orders.map((order) => order.number));
}
