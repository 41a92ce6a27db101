import { setTimeout as sleep } from "node:timers/promises";
import { AppError, errorFacts } from "../../shared/errors.ts";
import { TAG } from "../../shared/tenant/tags.ts";
import { MINUTE_MS } from "../../shared/time.ts";
import { pollUntil, type StepContext } from "../jobs/index.ts";
import { type DataManifest, erpctl, type Erpctl, type HostFacts, type SetupOrder } from "../toolkit/erpctl.ts";
import { LAG_MS, lookForSnapshot } from "../toolkit/find-snapshot.ts";
import { type Cloud, type HostAddress, hostOf, type MadeBy, type OperatedEnvironment } from "../toolkit/ports.ts";
import type { SourceManifest } from "../../shared/restore/model.ts";
import type { RestorePorts } from "./ports.ts";
import type { RestoreStore } from "./store.ts";

/** The data volume's device, as provisioning attaches it. */
export const DATA_DEVICE = "/dev/sdf";
/** Kinds in the tags of what is not the tenant's environment itself. */
export const KIND_BESIDE = "restore";
export const KIND_KEPT = "kept";
export const POLL_MS = 500;
export const LONG_MS = 10 * MINUTE_MS;
const SETUP_ATTEMPTS = 5;
const SETUP_PAUSE_MS = 3_000;
/** A copy is begun within seconds; the host thaws by itself after this. */
const HOLD_SECONDS = 120;

export const cloudOf = (ports: RestorePorts, environment: Pick<OperatedEnvironment, "account" | "region">): Cloud =>
  ports.cloud(environment.account, environment.region);

export const onHost = (ports: RestorePorts, host: HostAddress, step: Pick<StepContext, "signal">): Erpctl =>
  erpctl(ports.runOnHost, host, step.signal);

export function sourceManifest(data: DataManifest): SourceManifest {
  const { tenantId, environment, version, licenceFingerprint, systemIdentifier, relations } = data;
  const { newestTransactionAt, databaseBytes } = data;
  return {
    ...{ tenantId, environment, version, licenceFingerprint, systemIdentifier },
    relations: relations.map(({ name, rows }) => ({ name, rows })),
    ...{ newestTransactionAt, databaseBytes },
  };
}

/**
 * Sets up, again where the host says that trying again may help (exit 1): a machine under load can miss the start of its
 * database, and in the middle of a swap nobody else comes by to repeat it.
 */
export async function setUp(erp: Erpctl, order: SetupOrder, step: StepContext): Promise<HostFacts> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await erp.setup(order);
    } catch (error) {
      const { details, message } = errorFacts(error);
      if (details["exitCode"] !== 1 || attempt === SETUP_ATTEMPTS) throw error;
      await step.log(message, "warning");
      await sleep(SETUP_PAUSE_MS, undefined, { signal: step.signal }).catch(() => undefined);
      step.signal.throwIfAborted();
    }
  }
}

/** Waits until the volume hangs on nothing. Detaches it where it still does. */
export async function detached(cloud: Cloud, volumeId: string, step: StepContext): Promise<void> {
  await pollUntil(`Releasing ${volumeId}`, step.signal, { everyMs: POLL_MS, withinMs: LONG_MS }, async () => {
    const volume = await cloud.volume(volumeId);
    if (!volume) throw volumeGone(volumeId);
    if (volume.state === "in-use" && volume.attachment !== "detaching") await cloud.detach(volumeId);
    return volume.state === "available" ? true : undefined;
  });
}

export async function attached(cloud: Cloud, volumeId: string, instanceId: string, step: StepContext): Promise<void> {
  await pollUntil(`Creating ${volumeId}`, step.signal, { everyMs: POLL_MS, withinMs: LONG_MS }, async () => {
    const volume = await cloud.volume(volumeId);
    return volume?.state === "available" || volume?.state === "in-use" ? true : undefined;
  });
  await cloud.ensureAttached(volumeId, instanceId, DATA_DEVICE);
  await pollUntil(`Attaching ${volumeId}`, step.signal, { everyMs: POLL_MS, withinMs: LONG_MS }, async () => {
    const volume = await cloud.volume(volumeId);
    return volume?.attachedTo === instanceId && volume.attachment === "attached" ? true : undefined;
  });
}

/** Lets go of the data on a host that serves it; a host that has nothing attached has nothing to let go of. */
export async function letGo(
  ports: RestorePorts,
  cloud: Cloud,
  host: HostAddress,
  at: { readonly volumeId: string; readonly instanceId: string },
  step: StepContext,
): Promise<boolean> {
  const volume = await cloud.volume(at.volumeId);
  if (volume?.attachedTo !== at.instanceId) return false;
  await onHost(ports, host, step).release();
  return true;
}

export async function instanceRuns(cloud: Cloud, instanceId: string, step: StepContext, name: string) {
  return pollUntil(`Starting ${instanceId}`, step.signal, { everyMs: POLL_MS, withinMs: LONG_MS }, async () => {
    const instance = await cloud.instance(instanceId);
    if (instance && ["terminated", "shutting-down", "stopped"].includes(instance.state)) {
      throw new AppError(
        "AwsFailed",
        `The instance ${instanceId} of ${name} is ${instance.state} instead of running.`,
        {
          retryable: false,
          next: "Look at its state reason in EC2; the tenant's own environment was not touched.",
        },
      );
    }
    return instance?.state === "running" && instance.address ? instance : undefined;
  });
}

/** Removes what one job put beside a tenant's environments: only what is tagged so, and hangs on nothing of the tenant's. */
export async function removeBeside(cloud: Cloud, jobId: string, step: StepContext): Promise<void> {
  const made = () => cloud.listMadeBy(jobId);
  for (const instance of (await made()).instances) await cloud.terminate(instance);
  await pollUntil("Terminating", step.signal, { everyMs: POLL_MS, withinMs: LONG_MS }, async () =>
    (await made()).instances.length === 0 ? true : undefined,
  );
}

/** Volumes, security groups and working snapshots of what one job put beside. */
export async function removeVolumesBeside(cloud: Cloud, jobId: string, step: StepContext): Promise<string[]> {
  const gone: string[] = [];
  for (const { id } of (await cloud.listMadeBy(jobId)).volumes) {
    const volume = await cloud.volume(id);
    // A root device goes with its instance; what a swap has put in place wears no such mark any more.
    if (!volume || volume.tags[TAG.kind] !== KIND_BESIDE || volume.attachedTo !== null) continue;
    await cloud.deleteVolume(id);
    gone.push(id);
  }
  for (const group of (await cloud.listMadeBy(jobId)).securityGroups) await cloud.deleteSecurityGroup(group);
  for (const one of await cloud.snapshots({ [TAG.job]: jobId, [TAG.kind]: KIND_BESIDE }))
    await cloud.deleteSnapshot(one.snapshotId);
  await step.detail(gone.join(", ") || "none");
  return gone;
}

/** True once nothing is left of what the job put beside. */
export async function nothingBeside(cloud: Cloud, jobId: string): Promise<boolean> {
  const { instances, volumes, securityGroups } = await cloud.listMadeBy(jobId);
  if (instances.length + securityGroups.length > 0) return false;
  for (const { id } of volumes) {
    const volume = await cloud.volume(id);
    if (volume && volume.tags[TAG.kind] === KIND_BESIDE) return false;
  }
  return true;
}

const pendingKey = (made: MadeBy) => `${made.jobId}/${made.resource}`;

export interface TakenCopy {
  readonly snapshotId: string;
  readonly takenAt: string;
  readonly sizeGiB: number;
  readonly grade: string;
}

/**
 * A snapshot of the environment's data volume while the tenant stands still, with what its data says of itself. Finds
 * what an earlier attempt made: its grade and manifest are those of that attempt.
 */
export async function takeCopy(
  ports: RestorePorts,
  store: RestoreStore,
  environment: OperatedEnvironment,
  made: MadeBy,
  label: string,
  step: StepContext,
): Promise<TakenCopy> {
  const cloud = cloudOf(ports, environment);
  const volumeId = environment.volumeId;
  if (!volumeId) throw withoutVolume(environment);
  const erp = onHost(ports, hostOf(environment), step);
  const holdId = `${made.jobId.slice(0, 36)}/${made.resource}`.slice(0, 60);
  // Noted before AWS is asked: where an attempt noted it, its snapshot may exist and not show yet.
  const wasAsked = (await store.manifest(pendingKey(made))) !== undefined;
  let snapshot = await lookForSnapshot(cloud, made, wasAsked ? LAG_MS : 0, step.signal);
  if (!snapshot) {
    // What a dead attempt left standing is ended first, so that this hold is whole and its own.
    await erp.thaw(holdId).catch(() => undefined);
    const hold = await erp.quiesce(holdId, HOLD_SECONDS);
    try {
      const manifest = sourceManifest(await erp.manifest());
      const takenAt = ports.now();
      // Before the call whose reply may be lost: a later attempt that finds the snapshot has nothing else to go by.
      await store.notePending(pendingKey(made), manifest);
      snapshot = await cloud.findOrCreateSnapshot(made, {
        volumeId,
        description: `Fleetwright: ${environment.tenantSlug} ${environment.kind}, ${label}`,
        tags: {
          ...(await ports.environmentTags(environment)),
          [TAG.kind]: "snapshot",
          [TAG.label]: label,
          [TAG.takenAt]: takenAt.toISOString(),
          [TAG.systemIdentifier]: manifest.systemIdentifier,
          // Said only once the hold is known to have stood to the end.
          [TAG.grade]: "crash",
        },
      });
      const { held } = await erp.thaw(holdId);
      await store.keepManifest(snapshot.snapshotId, manifest, held && hold.lockedOut);
      if (held) await cloud.setTags([snapshot.snapshotId], { [TAG.grade]: hold.grade });
      snapshot = { ...snapshot, tags: { ...snapshot.tags, [TAG.grade]: held ? hold.grade : "crash" } };
    } catch (error) {
      await erp.thaw(holdId).catch(() => undefined);
      throw error;
    }
  } else if (!(await store.manifest(snapshot.snapshotId))) {
    // An earlier attempt took it and did not see the end of its hold: nothing of it is claimed to be at rest.
    const pending = await store.manifest(pendingKey(made));
    if (pending) await store.keepManifest(snapshot.snapshotId, pending.manifest, false);
    await erp.thaw(holdId);
  }
  const { snapshotId } = snapshot;
  const whole = await pollUntil(
    `The snapshot ${snapshotId}`,
    step.signal,
    { everyMs: POLL_MS, withinMs: 24 * 60 * MINUTE_MS },
    async () => {
      const read = await cloud.snapshot(snapshotId);
      if (read?.state === "error")
        throw new AppError("AwsFailed", `The snapshot ${snapshotId} of ${environment.tenantSlug} failed in AWS.`, {
          retryable: false,
          tenant: environment.tenantSlug,
          next: "Nothing was overwritten. Look at it in EC2, then order the restore again.",
        });
      return read?.state === "completed" ? read : undefined;
    },
  );
  const grade = whole.tags[TAG.grade] ?? "crash";
  await step.detail(`${snapshotId}, ${grade}`);
  return {
    snapshotId,
    takenAt: whole.tags[TAG.takenAt] ?? whole.startedAt.toISOString(),
    sizeGiB: whole.sizeGiB,
    grade,
  };
}

function volumeGone(volumeId: string): AppError {
  return new AppError("AwsNotFound", `AWS does not know the volume ${volumeId} any more.`, {
    retryable: false,
    next: "Look in EC2 who removed it; nothing was put in its place.",
  });
}

export function withoutVolume(environment: OperatedEnvironment): AppError {
  return new AppError("Conflict", `${environment.tenantSlug} ${environment.kind} has no data volume in AWS.`, {
    retryable: false,
    tenant: environment.tenantSlug,
    next: "Read AWS again; restore beside where the volume is gone.",
  });
}
