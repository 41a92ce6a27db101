import { rename } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { AppError } from "../../shared/errors.ts";
import type { Fault, FaultInput, LabReady, LabStatus } from "../../shared/lab/model.ts";
import { type Content, type Ground, openContent, type RoomOptions, wipeContent } from "./content.ts";
import { createControl } from "./control.ts";
import { REGION_NAMES } from "./ec2/regions.ts";
import type { Log, Timings } from "./ec2/world.ts";
import { takeFolder } from "./folder.ts";
import { openCa } from "./hosts/ca.ts";
import { createMachineRoom, type MachineKind } from "./hosts/index.ts";
import { openKeys, writePrivate } from "./keys.ts";
import { close, listen } from "./listeners.ts";
import { takeNetwork } from "./network.ts";
import { lastReadyFile, readReady, readyFile } from "./ready-file.ts";
import type { Seed } from "./seed.ts";
import { seedBuckets } from "./seed-buckets.ts";
import type { MachineRoom } from "./types.ts";

export interface LabOptions {
  /** All of the lab: state, volumes, buckets, keys. Made if missing; what is there goes on. */
  readonly folder: string;
  /** What a new folder is filled with; an existing lab keeps its own. */
  readonly seed: Seed;
  /** What a new lab's hosts are made of; absent goes by FLEETWRIGHT_LAB_MACHINES, else built-in. */
  readonly machines?: MachineKind;
  readonly timings?: Partial<Timings>;
  readonly log?: Log;
  /** Stands in for the real hosts, for tests of the API alone. */
  readonly createRoom?: (options: RoomOptions) => MachineRoom;
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

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Longer than any client keeps a connection for its next call, which must not meet a closed one. */
const KEEP_ALIVE_MS = 75_000;

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
    const ground: Ground = {
      folder,
      network,
      ca: await openCa(join(folder.path, "ca")),
      keys: await openKeys(folder.path),
      timings: options.timings ?? {},
      log,
      createRoom: options.createRoom ?? ((room) => createMachineRoom({ ...room, machines: kindOf(options) })),
    };
    return await openDoors(ground, options.seed, endings, end);
  } catch (error) {
    await end();
    throw error;
  }
}

/** So that whatever starts a lab, any test too, can do so on Debian's parts. */
function kindOf({ machines }: LabOptions): MachineKind {
  return machines ?? (process.env.FLEETWRIGHT_LAB_MACHINES === "debian" ? "debian" : "built-in");
}

/** Opens the content and puts the three services and the controls before it. */
async function openDoors(
  ground: Ground,
  seed: Seed,
  endings: (() => Promise<unknown>)[],
  end: () => Promise<void>,
): Promise<RunningLab> {
  const { folder, network, ca, keys } = ground;
  const startedAt = new Date();
  let resetting: Promise<LabStatus> | undefined;
  /** null while it is wiped. */
  let content: Content | null = await openContent(ground, seed);
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
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    const url = await listen(server, earlier);
    endings.push(() => close(server));
    return url;
  };
  const ec2 = await serve(createServer(), (one) => one.ec2, before?.ec2);
  const s3 = await serve(content.s3.createServer(), (one) => one.s3.handler, before?.s3);
  const sts = await serve(createServer(), (one) => one.sts, before?.sts);
  const addresses = { ec2, s3, sts, regions: [...REGION_NAMES], accessKeyId: keys.accessKey.id, pid: process.pid };
  if (content.isNew && content.seed === "demo") await seedBuckets(s3, keys);

  const status = (): LabStatus => {
    const one = current();
    return {
      ...addresses,
      running: true,
      seed: one.seed,
      ca: ca.certificateFile,
      startedAt,
      hosts: one.hosts(),
      buckets: one.s3.bucketCount(),
      faults: one.faults.list(),
      requests: { ec2: one.ec2.count(), s3: one.s3.requestCount(), sts: one.sts.count() },
    };
  };
  async function wipe(next: Seed): Promise<LabStatus> {
    const old = content;
    content = null;
    await old?.close();
    await wipeContent(folder);
    content = await openContent(ground, next);
    if (next === "demo") await seedBuckets(s3, keys);
    return status();
  }

  let stopping: Promise<void> | undefined;
  let hasEnded: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    hasEnded = resolve;
  });
  const lab: Omit<RunningLab, "ready" | "leases"> = {
    status,
    injectFault: (input) => current().faults.inject(input),
    clearFault: (id) => current().faults.clear(id),
    clearFaults: () => current().faults.clearAll(),
    reset(next) {
      resetting ??= wipe(next).finally(() => {
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

  const ready: LabReady = {
    ...addresses,
    ready: true,
    secretAccessKey: keys.accessKey.secret,
    ca: ca.certificateFile,
    operatorKey: keys.operatorFile,
    ports: network.ports,
    control: controlUrl,
  };
  await writePrivate(readyFile(folder.path), JSON.stringify(ready));
  return { ...lab, ready, leases: control.leases };
}
