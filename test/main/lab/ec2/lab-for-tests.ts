import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EC2Client, type EC2ClientConfig } from "@aws-sdk/client-ec2";
import { STSClient } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import { afterAll } from "vitest";
import { type LabOptions, type RunningLab, startLab } from "../../../../main/lab/index.ts";
import type { HostSpec, MachineRoom } from "../../../../main/lab/types.ts";

/** Hosts that only remember what was asked of them: the API's tests need no real ones. */
export interface QuietRoom extends MachineRoom {
  readonly on: Map<string, HostSpec>;
  readonly troubles: string[];
}

export function quietRoom(): QuietRoom {
  const on = new Map<string, HostSpec>();
  const troubles: string[] = [];
  return {
    on,
    troubles,
    async powerOn(spec) {
      await mkdir(spec.folder, { recursive: true });
      on.set(spec.instanceId, spec);
    },
    async powerOff(id) {
      on.delete(id);
    },
    async update(spec) {
      on.set(spec.instanceId, spec);
    },
    async consoleOutput(id) {
      return `-----BEGIN SSH HOST KEY FINGERPRINTS-----\n256 SHA256:${id} root@host (ED25519)\n`;
    },
    async copyVolume(from, to) {
      await rm(to, { recursive: true, force: true });
      await mkdir(to, { recursive: true });
      if (existsSync(from)) await cp(from, to, { recursive: true });
    },
    status: (id) => ({ processes: on.has(id) ? "asleep" : "off", memoryBytes: null, ordersWritten: 0 }),
    async trouble(id, kind, active) {
      troubles.push(`${id} ${kind} ${active}`);
    },
    async stop() {
      on.clear();
    },
  };
}

export const QUICK = { instanceStart: 20, instanceStop: 20, volumeCreate: 10, volumeAttach: 10, snapshot: 40 };

export interface TestLab {
  readonly lab: RunningLab;
  readonly room: QuietRoom;
  readonly folder: string;
  ec2(region?: string, config?: Partial<EC2ClientConfig>): EC2Client;
  sts(region?: string): STSClient;
}

/** A lab with quiet hosts on a scratch folder, ended and removed after the file's tests. */
export async function testLab(options: Partial<LabOptions> = {}): Promise<TestLab> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "fleetwright-lab-")));
  // Storage stays in the folder only where other users may pass it.
  await chmod(folder, 0o711);
  const room = quietRoom();
  const lab = await startLab({ folder, seed: "empty", timings: QUICK, createRoom: () => room, ...options });
  const clients: { destroy(): void }[] = [];
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await lab.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const { accessKeyId, secretAccessKey } = lab.ready;
  const kept = <C extends { destroy(): void }>(client: C): C => {
    clients.push(client);
    return client;
  };
  return {
    lab,
    room,
    folder,
    ec2: (region = "eu-west-1", config = {}) =>
      kept(
        new EC2Client({
          region,
          endpoint: lab.ready.ec2,
          credentials: { accessKeyId, secretAccessKey },
          maxAttempts: 1,
          ...config,
        }),
      ),
    sts: (region = "eu-west-1") =>
      kept(
        new STSClient({
          region,
          endpoint: lab.ready.sts,
          credentials: { accessKeyId, secretAccessKey },
          maxAttempts: 1,
        }),
      ),
  };
}

/** One signed call as a client without an SDK would send it; what comes back is what stands on the wire. */
export async function rawCall(
  url: string,
  service: "ec2" | "sts",
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string },
  body: string,
  options: { region?: string; date?: Date } = {},
): Promise<{ status: number; text: string; code: string | undefined }> {
  const { hostname, port, host } = new URL(url);
  const signer = new SignatureV4({ service, region: options.region ?? "eu-west-1", credentials, sha256: Sha256 });
  const signed = await signer.sign(
    {
      method: "POST",
      protocol: "http:",
      hostname,
      port: Number(port),
      path: "/",
      headers: { host, "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
      body,
    },
    { signingDate: options.date ?? new Date() },
  );
  const response = await fetch(url, { method: "POST", headers: signed.headers, body });
  const text = await response.text();
  return { status: response.status, text, code: /<Code>([^<]*)<\/Code>/.exec(text)?.[1] };
}

/** The hash that the signer wants to be given. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as string);
  }

  update(chunk: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(chunk as string);
  }

  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest());
  }
}

/** The AWS error code that a call ends with; "none" when it succeeds. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "none",
    (error: { name: string; Code?: string; code?: string }) => error.Code ?? error.code ?? error.name,
  );
}
