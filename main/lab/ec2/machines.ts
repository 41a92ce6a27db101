import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DAY_MS } from "../../../shared/time.ts";
import type { HostSpec, LabVolume } from "../types.ts";
import { typeOf } from "./instance-types.ts";
import { type Instance, SHOWN_AFTER_END_MS, type Snapshot, type Volume } from "./model.ts";
import { allows } from "./security-groups.ts";
import type { Machines, World } from "./world.ts";

export interface LabMachines extends Machines {
  /** Takes up what an earlier process left: running hosts, changes half done, folders that belong to nothing. */
  resume(): Promise<void>;
  /** Ends waiting; what is under way goes on after the next start. */
  stop(): Promise<void>;
  /** Resolves once nothing is under way. */
  idle(): Promise<void>;
}

const BOOTS_AT_ONCE = 4;
const DISK_FULL_MS = 2_000;
/** Clients give up on an answer somewhat later. */
const LONGEST_READ_MS = 20_000;
/** EC2 honours a client token for about a day. */
const TOKEN_MS = DAY_MS;
const PROGRESS = [25, 50, 75, 95];

/** The slow half of EC2: moves rows from passing states to lasting ones while the machine room does the work. */
export function createMachines(folder: string, worldOf: () => World): LabMachines {
  const chains = new Map<string, Promise<void>>();
  const ended = new AbortController();
  const volumeFolder = (id: string): string => join(folder, "volumes", id);
  const snapshotFolder = (id: string): string => join(folder, "snapshots", id);

  /** One thing at a time per resource, in the order of asking. A full disk holds it up and does not end it. */
  function chain(id: string, work: () => Promise<void>): Promise<void> {
    const before = chains.get(id) ?? Promise.resolve();
    const next = before
      .then(() => patiently(id, work))
      .catch((error: unknown) => {
        if (!ended.signal.aborted) worldOf().log("error", `${id}: ${String(error)}`);
      })
      .finally(() => {
        if (chains.get(id) === next) chains.delete(id);
      });
    chains.set(id, next);
    return next;
  }

  async function patiently(id: string, work: () => Promise<void>): Promise<void> {
    while (!ended.signal.aborted) {
      try {
        return await work();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        worldOf().log("warn", `${id} waits for room on the lab's disk`);
        await until(worldOf().now(), DISK_FULL_MS);
      }
    }
  }

  /** Waits until `ms` after `since`; rejects when the lab ends. */
  const until = (since: number, ms: number): Promise<void> =>
    sleep(Math.max(0, since + ms - worldOf().now()), undefined, { signal: ended.signal });

  const attachedTo = (instanceId: string): Volume[] =>
    worldOf()
      .store.all("volumes")
      .filter((volume) => volume.attachment?.instanceId === instanceId);

  function updateInstance(id: string, from: Instance["state"], change: Partial<Instance>): void {
    const { store, now } = worldOf();
    store.change((rows) => {
      const row = rows.get("instances", id);
      if (row?.state === from) rows.put("instances", { ...row, stateSince: now(), ...change });
    });
  }

  function specOf(instance: Instance): HostSpec {
    const { store, network } = worldOf();
    const tags = store.get("tags", instance.id)?.tags ?? {};
    const imageTags = store.get("tags", instance.imageId)?.tags ?? {};
    const product = imageTags["fleetwright:product"];
    const type = typeOf(instance.instanceType);
    const volumes = attachedTo(instance.id).filter(
      (volume) => volume.id !== instance.rootVolumeId && volume.attachment?.state !== "detaching",
    );
    return {
      instanceId: instance.id,
      region: instance.region,
      name: tags.Name || instance.id,
      address: network.address(addressOf(instance.id) ?? instance.privateAddress),
      imageId: instance.imageId,
      product: product === "openbravo" || product === "acumatica" ? product : null,
      version: imageTags["fleetwright:version"] ?? null,
      vcpus: type?.vcpus ?? 1,
      memoryMiB: type?.memoryMiB ?? 1024,
      authorizedKeys: instance.authorizedKeys,
      userData: instance.userData === null ? null : Buffer.from(instance.userData, "base64").toString("utf8"),
      folder: volumeFolder(instance.rootVolumeId),
      volumes: Object.fromEntries(
        volumes.map((volume): [string, LabVolume] => [
          volume.attachment?.device ?? "",
          { volumeId: volume.id, sizeGiB: volume.sizeGiB, folder: volumeFolder(volume.id) },
        ]),
      ),
      allows: (port, from) => allows(worldOf(), instance.id, port, from),
    };
  }

  /** Where the instance is reached: an associated address goes before its own. */
  function addressOf(id: string): string | null {
    const { store } = worldOf();
    const associated = store.all("addresses").find((address) => address.instanceId === id);
    return associated?.address ?? store.get("instances", id)?.publicAddress ?? null;
  }

  async function powerOn(id: string): Promise<void> {
    const { store, room, faults } = worldOf();
    const instance = store.get("instances", id);
    if (!instance) return;
    await room.powerOn(specOf(instance));
    for (const trouble of faults.troublesOf(id, instance.region)) await room.trouble(id, trouble, true);
  }

  async function start(instance: Instance): Promise<void> {
    const { timings, log } = worldOf();
    await Promise.all(attachedTo(instance.id).map((volume) => settleVolume(volume.id)));
    await until(instance.stateSince, timings.instanceStart);
    try {
      await powerOn(instance.id);
      updateInstance(instance.id, "pending", { state: "running" });
    } catch (error) {
      log("error", `${instance.id} does not boot: ${String(error)}`);
      updateInstance(instance.id, "pending", {
        state: "stopped",
        publicAddress: null,
        stateReason: { code: "Server.InternalError", message: "Server.InternalError: Internal error on launch" },
      });
    }
  }

  async function stop(instance: Instance): Promise<void> {
    const { room, timings } = worldOf();
    await room.powerOff(instance.id);
    await until(instance.stateSince, timings.instanceStop);
    updateInstance(instance.id, "stopping", { state: "stopped", publicAddress: null });
  }

  async function terminate(instance: Instance): Promise<void> {
    const { store, room, timings, now } = worldOf();
    await room.powerOff(instance.id);
    await until(instance.stateSince, timings.instanceStop);
    const freed = attachedTo(instance.id);
    store.change((rows) => {
      rows.put("instances", { ...instance, state: "terminated", stateSince: now(), publicAddress: null });
      for (const volume of freed)
        rows.put("volumes", {
          ...volume,
          attachment: null,
          state: volume.attachment?.deleteOnTermination ? "deleting" : "available",
        });
      for (const address of rows.all("addresses"))
        if (address.instanceId === instance.id)
          rows.put("addresses", { ...address, instanceId: null, associationId: null });
    });
    for (const volume of freed) void settleVolume(volume.id);
    forgetOld();
  }

  /** Rows that nobody can ask for any more. */
  function forgetOld(): void {
    const { store, now } = worldOf();
    store.change((rows) => {
      for (const one of rows.all("instances"))
        if (one.state === "terminated" && now() - one.stateSince > SHOWN_AFTER_END_MS) {
          rows.delete("instances", one.id);
          rows.delete("tags", one.id);
        }
      for (const token of rows.all("tokens")) if (now() - token.createdAt > TOKEN_MS) rows.delete("tokens", token.id);
    });
  }

  function settleInstance(id: string): Promise<void> {
    return chain(id, async () => {
      const instance = worldOf().store.get("instances", id);
      if (instance?.state === "pending") await start(instance);
      if (instance?.state === "stopping") await stop(instance);
      if (instance?.state === "shutting-down") await terminate(instance);
    });
  }

  function updateVolume(id: string, change: (volume: Volume) => Volume | null): void {
    worldOf().store.change((rows) => {
      const volume = rows.get("volumes", id);
      const next = volume && change(volume);
      if (next) rows.put("volumes", next);
    });
  }

  async function fill(volume: Volume): Promise<void> {
    const { room, timings } = worldOf();
    const target = volumeFolder(volume.id);
    await rm(target, { recursive: true, force: true });
    if (volume.snapshotId) {
      await chains.get(volume.snapshotId);
      await room.copyVolume(snapshotFolder(volume.snapshotId), target);
    }
    await mkdir(target, { recursive: true, mode: 0o755 });
    await until(volume.createdAt, timings.volumeCreate);
    updateVolume(volume.id, (row) => ({ ...row, state: row.attachment ? "in-use" : "available" }));
  }

  function settleVolume(id: string): Promise<void> {
    return chain(id, async () => {
      const { store, timings, now } = worldOf();
      let volume = store.get("volumes", id);
      if (volume?.state === "creating") {
        await fill(volume).catch((error: unknown) => {
          if (ended.signal.aborted) throw error;
          worldOf().log("error", `${id} cannot be made: ${String(error)}`);
          updateVolume(id, (row) => ({ ...row, state: "error" }));
        });
        volume = store.get("volumes", id);
      }
      if (volume?.state === "deleting") {
        await copiesFrom(id);
        await rm(volumeFolder(id), { recursive: true, force: true });
        store.change((rows) => {
          rows.delete("volumes", id);
          rows.delete("tags", id);
        });
      } else if (volume?.attachment?.state === "attaching") {
        await refresh(volume.attachment.instanceId);
        await until(Math.min(volume.attachment.attachedAt, now()), timings.volumeAttach);
        updateVolume(id, (row) => row.attachment && { ...row, attachment: { ...row.attachment, state: "attached" } });
      } else if (volume?.attachment?.state === "detaching") {
        await refresh(volume.attachment.instanceId);
        await until(now(), timings.volumeAttach);
        updateVolume(id, (row) => ({ ...row, state: "available", attachment: null }));
      }
    });
  }

  async function refresh(instanceId: string): Promise<void> {
    const { store, room } = worldOf();
    const instance = store.get("instances", instanceId);
    if (instance?.state === "running") await room.update(specOf(instance));
  }

  /** Content that others still copy may not go. */
  async function copiesFrom(id: string): Promise<void> {
    const { store } = worldOf();
    const snapshots = store.all("snapshots").filter((one) => one.state === "pending" && one.source.id === id);
    const volumes = store.all("volumes").filter((one) => one.state === "creating" && one.snapshotId === id);
    await Promise.all([...snapshots, ...volumes].map(async (one) => chains.get(one.id)));
  }

  /**
   * `onRead` is told once the source's bytes are read: what happens to it afterwards is not in the snapshot. `whole`: an
   * earlier process has made the copy already, under the name that only whole ones get.
   */
  function settleSnapshot(id: string, onRead?: () => void, whole = false): Promise<void> {
    return chain(id, async () => {
      const { store, room } = worldOf();
      const snapshot = store.get("snapshots", id);
      if (!snapshot) {
        await copiesFrom(id);
        await rm(snapshotFolder(id), { recursive: true, force: true });
        return;
      }
      if (snapshot.state !== "pending") return;
      const { kind, id: source } = snapshot.source;
      // A volume is copied as it is now; another snapshot must be whole first.
      if (kind === "snapshot") await chains.get(source);
      const from = kind === "volume" ? volumeFolder(source) : snapshotFolder(source);
      const copying = whole ? Promise.resolve() : room.copyVolume(from, snapshotFolder(id));
      try {
        await Promise.all([copying.then(onRead), showProgress(snapshot)]);
        updateSnapshot(id, { state: "completed", progress: 100, completedAt: worldOf().now() });
      } catch (error) {
        await copying.catch(() => undefined);
        if (ended.signal.aborted) return;
        updateSnapshot(id, { state: "error", stateMessage: String(error) });
      }
    });
  }

  function updateSnapshot(id: string, change: Partial<Snapshot>): void {
    worldOf().store.change((rows) => {
      const row = rows.get("snapshots", id);
      if (row) rows.put("snapshots", { ...row, ...change });
    });
  }

  async function showProgress(snapshot: Snapshot): Promise<void> {
    const { timings } = worldOf();
    for (const [index, progress] of PROGRESS.entries()) {
      await until(snapshot.createdAt, (timings.snapshot * (index + 1)) / (PROGRESS.length + 1));
      updateSnapshot(snapshot.id, { progress });
    }
    await until(snapshot.createdAt, timings.snapshot);
  }

  return {
    settleInstance: (id) => void settleInstance(id),
    settleVolume: (id) => void settleVolume(id),
    settleSnapshot: (id) =>
      new Promise((resolve) => {
        setTimeout(resolve, LONGEST_READ_MS).unref();
        void settleSnapshot(id, resolve).then(resolve);
      }),
    refreshHost: (id) => void chain(id, () => refresh(id)),
    rebootInstance: (id) =>
      void chain(id, async () => {
        if (worldOf().store.get("instances", id)?.state !== "running") return;
        await worldOf().room.powerOff(id);
        await powerOn(id);
      }),
    async resume() {
      const { store, log } = worldOf();
      for (const [name, table] of [
        ["volumes", "volumes"],
        ["snapshots", "snapshots"],
      ] as const) {
        await mkdir(join(folder, name), { recursive: true, mode: 0o755 });
        for (const entry of await readdir(join(folder, name)))
          if (!store.get(table, entry)) await rm(join(folder, name, entry), { recursive: true, force: true });
      }
      forgetOld();
      const copied = new Set(await readdir(join(folder, "snapshots")));
      for (const { id, state } of store.all("snapshots"))
        if (state === "pending") void settleSnapshot(id, undefined, copied.has(id));
      for (const volume of store.all("volumes")) void settleVolume(volume.id);
      const running = store.all("instances").filter((instance) => instance.state === "running");
      const boot = async (): Promise<void> => {
        for (let next = running.pop(); next; next = running.pop()) {
          const { id } = next;
          await powerOn(id).catch((error: unknown) => log("error", `${id} does not boot: ${String(error)}`));
        }
      };
      await Promise.all(Array.from({ length: BOOTS_AT_ONCE }, boot));
      for (const instance of store.all("instances")) void settleInstance(instance.id);
    },
    async stop() {
      ended.abort();
      await Promise.allSettled(chains.values());
    },
    async idle() {
      while (chains.size > 0) await Promise.allSettled(chains.values());
    },
  };
}
