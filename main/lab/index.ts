import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { AppError } from "../../shared/errors.ts";
import type { Fault, FaultInput, LabReady, LabStatus } from "../../shared/lab/model.ts";
import { LabReady as LabReadyModel } from "../../shared/lab/model.ts";
import { createControl } from "./control.ts";
import { createMachines, type LabMachines } from "./ec2/machines.ts";
import type { AccessKey, LabSchema } from "./ec2/model.ts";
import { REGION_NAMES } from "./ec2/regions.ts";
import { EC2 } from "./ec2/service.ts";
import { DEFAULT_TIMINGS, type Log, type Timings, type World } from "./ec2/world.ts";
import { createFaultEngine, type FaultEngine } from "./faults.ts";
import { takeFolder } from "./folder.ts";
import { type LabCa, openCa } from "./hosts/ca.ts";
import { makeKeyPair } from "./hosts/host-keys.ts";
import { createMachineRoom } from "./hosts/index.ts";
import { type Network, takeNetwork } from "./network.ts";
import { createQueryHandler, lookupCredential, type QueryHandler } from "./query-protocol.ts";
import { lastReadyFile, readReady, readyFile } from "./ready-file.ts";
import { createS3, type S3 } from "./s3/index.ts";
import { type Seed, seedLab } from "./seed.ts";
import { seedBuckets } from "./seed-buckets.ts";
import { openStore, type Store } from "./state.ts";
import { STS } from "./sts/service.ts";
import type { MachineRoom } from "./types.ts";

export interface LabOptions {
  /** All of the lab: state, volumes, buckets, keys. Made if missing; what is there goes on. */
  readonly folder: string;
  /** What a new folder is filled with; an existing lab keeps its own. */
  readonly seed: Seed;
  readonly timings?: Partial<Timings>;
  readonly log?: Log;
  /** Stands in for the real hosts, for tests of the API alone. */
  readonly createRoom?: (options: RoomOptions) => MachineRoom;
}

export interface RoomOptions {
  readonly folder: string;
  readonly ca: LabCa;
  readonly ports: Network["ports"];
  readonly log: (line: string) => void;
}

export interface RunningLab {
  readonly ready: LabReady;
  status(): LabStatus;
  injectFault(input: FaultInput): Fault;
  clearFault(id: string): boolean;
  clearFaults(): number;
  /** Ends all hosts, wipes everything but the keys and the authority, and seeds anew. */
  reset(seed: Seed): Promise<LabStatus>;
  /** Resolves once no instance, volume or snapshot is between two states. */
  settled(): Promise<void>;
  /** Ends hosts, listeners and files, in order. May be repeated. */
  stop(): Promise<void>;
  /** Resolves when the lab has ended, whoever asked for it. */
  readonly ended: Promise<void>;
  /** Clients that hold a lease at the moment, and the time since when there is none. */
  leases(): { count: number; noneSince: number };
}

/** One life of the lab's content, from a seed to the next reset. */
interface Content {
  readonly store: Store<LabSchema>;
  readonly room: MachineRoom;
  readonly machines: LabMachines;
  readonly faults: FaultEngine;
  readonly ec2: QueryHandler;
  readonly sts: QueryHandler;
  readonly s3: S3;
  close(): Promise<void>;
}

/**
 * Starts the lab in this process and resolves once everything answers. Throws AppError HomeInUse when another lab has
 * the folder. Kill -9 at any time loses no call that was answered; the next start takes up what was under way.
 */
export async function startLab(options: LabOptions): Promise<RunningLab> {
  const log = options.log ?? (() => undefined);
  const folder = await takeFolder(options.folder);
  const endings: (() => Promise<unknown>)[] = [folder.release];
  const end = async (): Promise<void> => {
    for (const ending of endings.splice(0).reverse())
      await ending().catch((error: unknown) => log("error", `ending the lab: ${String(error)}`));
  };

  try {
    const network = await takeNetwork(folder.path);
    endings.push(network.release);
    const ca = await openCa(join(folder.path, "ca"));
    const keys = await openKeys(folder.path);
    const startedAt = new Date();

    const openContent = async (seed: Seed): Promise<Content> => {
      const store = openStore<LabSchema>(join(folder.path, "state.jsonl"));
      if (store.get("lab", "lab")?.seeded !== true) await wipeStorage(folder);
      let world: World;
      const room = (options.createRoom ?? createMachineRoom)({
        folder: join(folder.storage, "hosts"),
        ca,
        ports: network.ports,
        log: (line) => log("info", line),
      });
      const machines = createMachines(folder.storage, () => world);
      const faults = createFaultEngine({
        runningHosts: (region) =>
          store
            .all("instances", region)
            .filter((instance) => instance.state === "running")
            .map(({ id }) => id),
        trouble: (instance, kind, on) =>
          void room
            .trouble(instance, kind, on)
            .catch((error: unknown) => log("warn", `${kind} on ${instance}: ${String(error)}`)),
      });
      world = {
        store,
        network,
        room,
        faults,
        machines,
        log,
        now: Date.now,
        timings: { ...DEFAULT_TIMINGS, ...options.timings },
      };
      const s3 = createS3({
        folder: join(folder.path, "s3"),
        regions: REGION_NAMES,
        faults,
        lookupCredentials: (id: string) => lookupCredential(store, id),
        log: (line: string) => log("info", line),
      });
      if (store.get("lab", "lab")?.seeded === true) await machines.resume();
      else await seedLab({ store, world, machines, seed, keys });
      return {
        store,
        room,
        machines,
        faults,
        s3,
        ec2: createQueryHandler(EC2, world),
        sts: createQueryHandler(STS, world),
        async close() {
          faults.stop();
          await machines.stop();
          await room.stop();
          await s3.stop();
          store.close();
        },
      };
    };

    let content: Content | null = await openContent(options.seed);
    let resetting: Promise<LabStatus> | undefined;
    endings.push(async () => {
      await resetting?.catch(() => undefined);
      await content?.close();
    });
    const current = (): Content => {
      if (content) return content;
      throw new AppError("LabUnavailable", "The lab is being wiped and seeded anew.", {
        retryable: true,
        next: "Wait a few seconds and try again.",
      });
    };

    const before = (await readReady(readyFile(folder.path))) ?? (await readReady(lastReadyFile(folder.path)));
    const serve = async (server: Server, pick: (content: Content) => Handler, earlier?: string): Promise<string> => {
      server.removeAllListeners("request").on("request", (request: IncomingMessage, response: ServerResponse) => {
        if (content) pick(content)(request, response);
        else response.writeHead(503, { "retry-after": "1" }).end();
      });
      // Reused connections must not be closed under a client's feet.
      server.keepAliveTimeout = 75_000;
      const url = await listen(server, earlier);
      endings.push(() => close(server));
      return url;
    };
    const ec2 = await serve(createServer(), (one) => one.ec2, before?.ec2);
    const s3 = await serve(content.s3.createServer(), (one) => one.s3.handler, before?.s3);
    const sts = await serve(createServer(), (one) => one.sts, before?.sts);
    if (content.store.get("lab", "lab")?.seed === "demo") await seedBuckets(s3, keys);

    let ready: LabReady;
    const status = (): LabStatus => {
      const { store, room, faults, ...servers } = current();
      const hosts = store
        .all("instances")
        .filter((instance) => instance.state !== "terminated")
        .map((instance) => ({
          instanceId: instance.id,
          region: instance.region,
          name: store.get("tags", instance.id)?.tags.Name || instance.id,
          address: instance.publicAddress === null ? "" : network.address(instance.publicAddress),
          state: instance.state,
          ...room.status(instance.id),
        }));
      return {
        running: true,
        seed: store.get("lab", "lab")?.seed ?? options.seed,
        ec2,
        s3,
        sts,
        regions: [...REGION_NAMES],
        accessKeyId: keys.accessKey.id,
        ca: ca.certificateFile,
        pid: process.pid,
        startedAt,
        hosts,
        buckets: servers.s3.bucketCount(),
        faults: faults.list(),
        requests: { ec2: servers.ec2.count(), s3: servers.s3.requestCount(), sts: servers.sts.count() },
      };
    };

    async function wipe(seed: Seed): Promise<LabStatus> {
      const old = content;
      content = null;
      await old?.close();
      await rm(join(folder.path, "state.jsonl"), { force: true });
      content = await openContent(seed);
      if (seed === "demo") await seedBuckets(s3, keys);
      return status();
    }

    let stopping: Promise<void> | undefined;
    const { promise: ended, resolve: hasEnded } = withResolvers();
    const lab: Omit<RunningLab, "ready" | "leases"> = {
      status,
      injectFault: (input) => current().faults.inject(input),
      clearFault: (id) => current().faults.clear(id),
      clearFaults: () => current().faults.clearAll(),
      reset(seed) {
        resetting ??= wipe(seed).finally(() => {
          resetting = undefined;
        });
        return resetting;
      },
      settled: () => current().machines.idle(),
      stop() {
        stopping ??= rename(readyFile(folder.path), lastReadyFile(folder.path))
          .catch(() => undefined)
          .then(end)
          .then(hasEnded);
        return stopping;
      },
      ended,
    };
    const control = createControl(lab, keys.accessKey.secret);
    const controlUrl = await listen(control.server, before?.control);
    endings.push(() => close(control.server));

    ready = LabReadyModel.parse({
      ready: true,
      ec2,
      s3,
      sts,
      regions: [...REGION_NAMES],
      accessKeyId: keys.accessKey.id,
      secretAccessKey: keys.accessKey.secret,
      ca: ca.certificateFile,
      operatorKey: keys.operatorFile,
      ports: network.ports,
      control: controlUrl,
      pid: process.pid,
    });
    await writeWhole(readyFile(folder.path), JSON.stringify(ready));
    return { ...lab, ready, leases: control.leases };
  } catch (error) {
    await end();
    throw error;
  }
}

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** What the lab hands to its clients, the same for its whole life, resets included. */
export interface LabKeys {
  readonly accessKey: Pick<AccessKey, "id" | "secret">;
  readonly operatorFile: string;
  /** OpenSSH public key line. */
  readonly operatorPublicKey: string;
}

async function openKeys(folder: string): Promise<LabKeys> {
  const operatorFile = join(folder, "operator");
  const keysFile = join(folder, "keys.json");
  try {
    const { id, secret } = JSON.parse(await readFile(keysFile, "utf8")) as { id: string; secret: string };
    const operatorPublicKey = (await readFile(`${operatorFile}.pub`, "utf8")).trim();
    return { accessKey: { id, secret }, operatorFile, operatorPublicKey };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const pair = makeKeyPair("ED25519", "fleetwright-operator");
  const accessKey = {
    id: `AKIA${randomBytes(8).toString("hex").toUpperCase()}`,
    secret: randomBytes(30).toString("base64"),
  };
  await writeWhole(operatorFile, pair.private);
  await writeWhole(`${operatorFile}.pub`, `${pair.public}\n`);
  await writeWhole(keysFile, JSON.stringify(accessKey));
  return { accessKey, operatorFile, operatorPublicKey: pair.public };
}

async function wipeStorage(folder: { readonly path: string; readonly storage: string }): Promise<void> {
  for (const name of ["volumes", "snapshots", "hosts"])
    await rm(join(folder.storage, name), { recursive: true, force: true });
  await rm(join(folder.path, "s3"), { recursive: true, force: true });
  await mkdir(folder.storage, { recursive: true, mode: 0o711 });
  await chmod(folder.storage, 0o711);
}

/** Readable for its owner only, and never half written. */
async function writeWhole(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Listens on the loopback address, on the port of the earlier URL if it is free, so that clients need not be told. */
async function listen(server: Server, earlier: string | undefined): Promise<string> {
  const wanted = earlier ? Number(new URL(earlier).port) : 0;
  const port = await listenOn(server, wanted).catch(() => listenOn(server, 0));
  return `http://127.0.0.1:${port}`;
}

function listenOn(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port }, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
