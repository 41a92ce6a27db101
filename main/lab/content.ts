import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { LabHost } from "../../shared/lab/model.ts";
import { publicAddressOf } from "./ec2/addresses.ts";
import { createMachines, type LabMachines } from "./ec2/machines.ts";
import type { LabSchema } from "./ec2/model.ts";
import { REGION_NAMES } from "./ec2/regions.ts";
import { EC2 } from "./ec2/service.ts";
import { DEFAULT_TIMINGS, type Log, type Timings, type World } from "./ec2/world.ts";
import { createFaultEngine, type FaultEngine } from "./faults.ts";
import type { LabFolder } from "./folder.ts";
import type { LabCa } from "./hosts/ca.ts";
import type { LabKeys } from "./keys.ts";
import type { Network } from "./network.ts";
import { createQueryHandler, lookupCredential, type QueryHandler } from "./query-protocol.ts";
import { createS3, type S3 } from "./s3/index.ts";
import { type Seed, seedLab } from "./seed.ts";
import { openStore } from "./state.ts";
import { STS } from "./sts/service.ts";
import type { MachineRoom } from "./types.ts";

export interface RoomOptions {
  readonly folder: string;
  readonly ca: LabCa;
  readonly ports: Network["ports"];
  readonly log: (line: string) => void;
}

/** What stays when the content goes: the place, the network, the keys. */
export interface Ground {
  readonly folder: LabFolder;
  readonly network: Network;
  readonly ca: LabCa;
  readonly keys: LabKeys;
  readonly timings: Partial<Timings>;
  readonly log: Log;
  readonly createRoom: (options: RoomOptions) => MachineRoom;
}

/** One life of what a lab holds, from a seed to the next reset. */
export interface Content {
  readonly seed: Seed;
  /** Seeded just now, not found. */
  readonly isNew: boolean;
  readonly machines: LabMachines;
  readonly faults: FaultEngine;
  readonly ec2: QueryHandler;
  readonly sts: QueryHandler;
  readonly s3: S3;
  hosts(): LabHost[];
  close(): Promise<void>;
}

const stateFile = (folder: LabFolder): string => join(folder.path, "state.jsonl");

/** Opens what the folder holds and takes up what was under way; seeds it when it holds nothing whole. */
export async function openContent(ground: Ground, seed: Seed): Promise<Content> {
  const { folder, network, ca, keys, log } = ground;
  const store = openStore<LabSchema>(stateFile(folder));
  const isNew = store.get("lab", "lab")?.seeded !== true;
  if (isNew) await wipeFolders(folder);

  const room = ground.createRoom({
    folder: join(folder.storage, "hosts"),
    ca,
    ports: network.ports,
    log: (line) => log("info", line),
  });
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
  const machines = createMachines(folder.storage, () => world);
  const world: World = {
    store,
    network,
    room,
    faults,
    machines,
    log,
    now: Date.now,
    timings: { ...DEFAULT_TIMINGS, ...ground.timings },
  };
  const s3 = createS3({
    folder: join(folder.path, "s3"),
    regions: REGION_NAMES,
    faults,
    lookupCredentials: (id) => lookupCredential(store, id),
    log: (line) => log("info", line),
  });

  const content: Content = {
    seed: isNew ? seed : (store.get("lab", "lab")?.seed ?? seed),
    isNew,
    machines,
    faults,
    s3,
    ec2: createQueryHandler(EC2, world),
    sts: createQueryHandler(STS, world),
    hosts: () =>
      store
        .all("instances")
        .filter((instance) => instance.state !== "terminated")
        .map((instance) => {
          const address = publicAddressOf(store, instance);
          return {
            instanceId: instance.id,
            region: instance.region,
            name: store.get("tags", instance.id)?.tags.Name || instance.id,
            address: address === null ? "" : network.address(address),
            state: instance.state,
            ...room.status(instance.id),
          };
        }),
    async close() {
      faults.stop();
      await machines.stop();
      await room.stop();
      await s3.stop();
      store.close();
    },
  };
  try {
    if (isNew) await seedLab({ store, world, machines, seed, keys });
    else await machines.resume();
    return content;
  } catch (error) {
    await content.close();
    throw error;
  }
}

/** Forgets everything but the keys and the authority; the next opening seeds anew. Close the content first. */
export async function wipeContent(folder: LabFolder): Promise<void> {
  await rm(stateFile(folder), { force: true });
  await wipeFolders(folder);
}

async function wipeFolders(folder: LabFolder): Promise<void> {
  for (const name of ["volumes", "snapshots", "hosts"])
    await rm(join(folder.storage, name), { recursive: true, force: true });
  await rm(join(folder.path, "s3"), { recursive: true, force: true });
  await mkdir(folder.storage, { recursive: true, mode: 0o711 });
  await chmod(folder.storage, 0o711);
}
