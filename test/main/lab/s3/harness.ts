import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { KEYS, REGIONS } from "./keys.ts";
import { createS3, type S3, type S3Options } from "../../../../main/lab/s3/index.ts";

export { KEYS, REGIONS };

export interface RunningS3 {
  readonly s3: S3;
  readonly folder: string;
  readonly port: number;
  readonly endpoint: string;
  readonly log: string[];
  client(config?: S3ClientConfig): S3Client;
  /** Stops the server and starts it again on the same folder. */
  restart(): Promise<RunningS3>;
  /** Stops the server and removes its folder. */
  stop(): Promise<void>;
}

export async function runS3(options: Partial<S3Options> = {}): Promise<RunningS3> {
  const folder = options.folder ?? mkdtempSync(path.join(os.tmpdir(), "fleetwright-s3-"));
  const log: string[] = [];
  const s3 = createS3({
    folder,
    regions: REGIONS,
    lookupCredentials: (id) => (id === KEYS.accessKeyId ? KEYS : undefined),
    log: (line) => log.push(line),
    ...options,
  });
  const server = s3.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const clients: S3Client[] = [];
  const close = async (): Promise<void> => {
    for (const client of clients) client.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await s3.stop();
  };
  return {
    s3,
    folder,
    port,
    endpoint,
    log,
    client(config = {}) {
      const client = new S3Client({
        endpoint,
        region: "eu-west-1",
        credentials: KEYS,
        forcePathStyle: true,
        maxAttempts: 1,
        ...config,
      });
      clients.push(client);
      return client;
    },
    async restart() {
      await close();
      return runS3({ ...options, folder });
    },
    async stop() {
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The code of the error that a call ends with; "none" when it succeeds. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "none";
  } catch (error) {
    return (error as { name: string }).name;
  }
}

export async function textOf(body: { transformToString(): Promise<string> } | undefined): Promise<string> {
  return (await body?.transformToString()) ?? "";
}

export interface ServedS3 {
  readonly child: ChildProcess;
  readonly endpoint: string;
  readonly port: number;
  /** Highest memory use of the process so far. */
  peakBytes(): number;
  kill(): Promise<void>;
}

/** The server as a process of its own. */
export async function serveS3(folder: string): Promise<ServedS3> {
  const script = path.join(import.meta.dirname, "served.ts");
  const child = spawn(process.execPath, [script, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(line.toString());
  return {
    child,
    port,
    endpoint: `http://127.0.0.1:${port}`,
    peakBytes() {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
