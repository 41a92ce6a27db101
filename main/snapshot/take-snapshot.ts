import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import {
  MANIFEST_FORMAT,
  type Snapshot,
  type SnapshotData,
  type SnapshotManifest,
  Label,
} from "../../shared/snapshot/model.ts";
import { COPY_STEPS, TAKE_STEPS, takeSteps } from "../../shared/snapshot/steps.ts";
import { EnvironmentKind } from "../../shared/tenant/model.ts";
import { TAG } from "../../shared/tenant/tags.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../shared/time.ts";
import { type JobKind, pollUntil, type StepContext } from "../jobs/index.ts";
import { erpctl, type HostFacts } from "../toolkit/erpctl.ts";
import {
  bindingProfile,
  type Cloud,
  hostOf,
  type MadeBy,
  type OperatedEnvironment,
  type Tags,
} from "../toolkit/ports.ts";
import { holdAndSnapshot } from "./hold.ts";
import { manifestKey, writeManifest } from "./manifest.ts";
import { planTake, refusal } from "./plan.ts";
import type { SnapshotPorts } from "./ports.ts";
import type { SnapshotStore } from "./store.ts";

const POLL_MS = SECOND_MS;
const SERVES_WITHIN_MS = 2 * MINUTE_MS;
/** First snapshots of large volumes take hours. */
const COMPLETED_WITHIN_MS = 24 * HOUR_MS;
/** A manifest that was quicker than this before is read again under the hold. */
const QUICK_MANIFEST_MS = 2_500;

export const TakeInput = z.object({
  tenantId: z.string(),
  slug: z.string(),
  environment: EnvironmentKind,
  label: Label,
  copyTo: z.string().nullable(),
  takenBy: z.string(),
  overrides: z.record(z.string(), z.string()),
});
export type TakeInput = z.infer<typeof TakeInput>;

/** `snapshot.take`: a consistent snapshot of one environment's data volume, with its manifest and its second copy. */
export function takeSnapshot(ports: SnapshotPorts, store: SnapshotStore): JobKind<TakeInput> {
  return {
    kind: "snapshot.take",
    input: TakeInput,
    plan: (input) => takeSteps(input.copyTo),

    async run(input, job) {
      const take = taking(ports, store, job.jobId, input);
      const [identity, room, manifest, hold, serves, wait, write] = TAKE_STEPS;
      await job.step(identity, take.checkIdentity);
      await job.step(room, take.checkRoom);
      const { milliseconds } = await job.step(manifest, take.readManifest);
      await job.step(hold, (step) => take.holdAndSnapshot(step, milliseconds));
      await job.step(serves, take.checkThatItServes);
      await job.step(wait, take.waitForSnapshot);
      await job.step(write, take.writeManifest);
      if (input.copyTo === null) return;
      const [copy, waitForCopy] = COPY_STEPS;
      await job.step(copy, take.copy);
      await job.step(waitForCopy, take.waitForCopy);
    },
  };
}

/**
 * The parts of one taking; each may be repeated, and reads the environment anew.
 *
 * Where it ends early, by a failure or a cancel, the tenant serves again; a snapshot that AWS has made by then stays, is
 * listed, and has the grade that was proven, `crash` where none was.
 */
export function taking(ports: SnapshotPorts, store: SnapshotStore, id: string, input: TakeInput) {
  const made: MadeBy = { jobId: id, resource: `${input.environment}/snapshot` };
  const madeCopy: MadeBy = { jobId: id, resource: `${input.environment}/snapshot-copy` };
  const environmentOf = async (): Promise<OperatedEnvironment> => {
    const found = await ports.environment(input.tenantId, input.environment);
    if (found.volumeId && found.instanceId) return found;
    throw new AppError("NotFound", `${input.slug} ${input.environment} has no instance with a data volume.`, {
      retryable: false,
      tenant: input.slug,
      next: "Look at it in the fleet; nothing was changed.",
    });
  };
  const cloudOf = (environment: OperatedEnvironment): Cloud => ports.cloud(environment.account, environment.region);
  const onHost = (environment: OperatedEnvironment, step: StepContext) =>
    erpctl(ports.runOnHost, hostOf(environment), step.signal);
  const change = async (part: Partial<Snapshot>) => {
    await store.change(id, part);
    ports.changed(input.tenantId);
  };
  const row = async (): Promise<Snapshot> => {
    const found = await store.get(id);
    if (found) return found;
    throw new AppError("NotFound", `The record of the snapshot ${id} is gone.`, {
      retryable: false,
      tenant: input.slug,
      next: "Take a new snapshot.",
    });
  };

  return {
    async checkIdentity(step: StepContext): Promise<void> {
      const environment = await environmentOf();
      const [volume, facts] = await Promise.all([
        cloudOf(environment).volume(environment.volumeId!),
        onHost(environment, step).facts(),
      ]);
      checkSides(input, environment, volume?.tags ?? {}, facts);
      await step.detail(`${environment.volumeId}, ${facts.database.systemIdentifier}`);
    },

    async checkRoom(step: StepContext): Promise<void> {
      const environment = await environmentOf();
      const space = await onHost(environment, step).space();
      const snapshots = (await store.list(input.tenantId)).filter(
        (one) => one.environmentId === environment.environmentId && one.id !== id,
      );
      const plan = planTake(input, {
        ...{ environment, space, snapshots },
        profile: await bindingProfile(ports, environment),
        now: ports.now(),
      });
      if (!plan.allowed) throw refusal(input.slug, plan.verdicts);
      await step.detail(`${plan.projectedBytes} bytes, ${space.freeBytes} free`);
    },

    async readManifest(step: StepContext): Promise<{ milliseconds: number }> {
      const environment = await environmentOf();
      const started = performance.now();
      const data = await onHost(environment, step).manifest();
      const milliseconds = Math.round(performance.now() - started);
      await store.add(newRow(id, input, environment, data, ports.now()));
      await change({ data, systemIdentifier: data.systemIdentifier, version: data.version });
      await step.detail(`${data.product} ${data.version}, ${data.relations.length} relations`);
      return { milliseconds };
    },

    async holdAndSnapshot(step: StepContext, manifestMs: number): Promise<void> {
      const environment = await environmentOf();
      const { snapshot, grade, atRest } = await holdAndSnapshot(
        ports,
        store,
        {
          id,
          made,
          environment,
          cloud: cloudOf(environment),
          description: `${input.slug} ${input.environment}: ${input.label}`,
          tags: await tagsOf(cloudOf(environment), id, input, environment),
          readAtRest: manifestMs < QUICK_MANIFEST_MS,
        },
        step,
      );
      await change({
        snapshotId: snapshot.snapshotId,
        state: "pending",
        percent: snapshot.percent,
        grade,
        takenAt: snapshot.startedAt,
        isAtRest: atRest !== null && grade !== "crash",
        ...(atRest ? { data: atRest } : {}),
      });
      await step.detail(`${snapshot.snapshotId}, ${grade}`);
    },

    async checkThatItServes(step: StepContext): Promise<void> {
      const environment = await environmentOf();
      const name = hostOf(environment).name;
      const target = {
        account: environment.account,
        address: environment.address ?? "",
        domain: environment.domain,
        name,
      };
      const health = await pollUntil(
        `That ${name} serves again`,
        step.signal,
        { everyMs: POLL_MS, withinMs: SERVES_WITHIN_MS },
        async () => {
          const { quiesce } = await onHost(environment, step).facts();
          if (quiesce) {
            await onHost(environment, step).thaw(id);
            return undefined;
          }
          const answer = await ports.getHttps(target, "/health", step.signal);
          return answer.status === 200 ? answer.status : undefined;
        },
      );
      await step.detail(`${environment.domain} ${health}`);
    },

    async waitForSnapshot(step: StepContext): Promise<void> {
      const environment = await environmentOf();
      const cloud = cloudOf(environment);
      const { snapshotId } = await row();
      await untilCompleted(cloud, snapshotId!, step, (percent) => change({ percent }));
      await removeSpares(cloud, made, snapshotId!, step);
      await change({ state: "completed", percent: 100 });
      await step.detail(snapshotId!);
    },

    async writeManifest(step: StepContext): Promise<void> {
      const environment = await environmentOf();
      const snapshot = await row();
      const { awsAccountId } = await cloudOf(environment).whoAmI();
      const manifest = manifestOf(snapshot, environment, awsAccountId);
      const { bytes, sha256 } = writeManifest(manifest);
      const storage = await ports.storage(environment.account, environment.region);
      await storage.ensure();
      await storage.put(manifestKey(input.tenantId, id), bytes, "application/json");
      await cloudOf(environment).setTags([snapshot.snapshotId!], finalTags(snapshot, sha256));
      await change({ manifestSha256: sha256 });
      await step.detail(`${storage.bucket}, ${sha256}`);
    },

    async copy(step: StepContext): Promise<void> {
      const environment = await environmentOf();
      const region = input.copyTo!;
      const snapshot = await row();
      const target = ports.cloud(environment.account, region);
      const known = snapshot.copies.find((one) => one.region === region);
      const tags = await cloudOf(environment).snapshot(snapshot.snapshotId!);
      const copy = known
        ? { snapshotId: known.snapshotId }
        : await target.findOrCopySnapshot(madeCopy, {
            fromRegion: environment.region,
            snapshotId: snapshot.snapshotId!,
            description: `${input.slug} ${input.environment}: ${input.label} (${snapshot.snapshotId})`,
            tags: copyTags(tags?.tags ?? {}),
          });
      const copies = snapshot.copies.filter((one) => one.region !== region);
      await change({ copies: [...copies, { region, snapshotId: copy.snapshotId, state: "pending", percent: 0 }] });
      await step.detail(`${copy.snapshotId}, ${region}`);
    },

    async waitForCopy(step: StepContext): Promise<void> {
      const environment = await environmentOf();
      const region = input.copyTo!;
      const target = ports.cloud(environment.account, region);
      const copyOf = async () => (await row()).copies.find((one) => one.region === region)!;
      const changeCopy = async (part: Partial<Snapshot["copies"][number]>) => {
        const { copies } = await row();
        await change({ copies: copies.map((one) => (one.region === region ? { ...one, ...part } : one)) });
      };
      const { snapshotId } = await copyOf();
      await untilCompleted(target, snapshotId, step, (percent) => changeCopy({ percent }));
      await removeSpares(target, madeCopy, snapshotId, step);
      await copyManifest(ports, environment, region, input.tenantId, id);
      await changeCopy({ state: "completed", percent: 100 });
      await step.detail(`${snapshotId}, ${region}`);
    },
  };
}

/** Tags, host and order must name one tenant: three sides that fail independently. */
function checkSides(input: TakeInput, environment: OperatedEnvironment, tags: Tags, facts: HostFacts): void {
  const sides = {
    tags: `${tags[TAG.tenantId] ?? "nobody"} ${tags[TAG.environment] ?? "nothing"}`,
    host: `${facts.tenantId ?? "nobody"} ${facts.environment ?? "nothing"}`,
  };
  const expected = `${input.tenantId} ${input.environment}`;
  if (sides.tags === expected && sides.host === expected) return;
  throw new AppError(
    "Conflict",
    `${hostOf(environment).name}: its volume's tags name ${sides.tags}, its host ${sides.host}; expected was ${expected}.`,
    {
      retryable: false,
      tenant: input.slug,
      next: "Find out whose data it is before anything is done with it; nothing was changed.",
    },
  );
}

const newRow = (
  id: string,
  input: TakeInput,
  environment: OperatedEnvironment,
  data: SnapshotData,
  now: Date,
): Snapshot => ({
  id,
  kind: "ebs",
  tenantId: input.tenantId,
  tenantSlug: input.slug,
  environment: input.environment,
  environmentId: environment.environmentId,
  accountId: environment.account.id,
  region: environment.region,
  label: input.label,
  state: "creating",
  percent: 0,
  grade: null,
  isAtRest: false,
  takenAt: now,
  takenBy: input.takenBy,
  snapshotId: null,
  volumeId: environment.volumeId,
  volumeGiB: environment.volumeGiB,
  version: data.version,
  imageId: environment.imageId,
  systemIdentifier: data.systemIdentifier,
  data,
  manifestSha256: null,
  copies: [],
  file: null,
});

/** The volume's own tags say whose it is; with the act's they let everything be found again without any local state. */
async function tagsOf(cloud: Cloud, id: string, input: TakeInput, environment: OperatedEnvironment): Promise<Tags> {
  const volume = await cloud.volume(environment.volumeId!);
  const { [TAG.job]: _job, [TAG.resource]: _resource, ...own } = volume?.tags ?? {};
  return {
    ...own,
    Name: `fleetwright-${input.slug}-${input.environment}-snapshot`,
    [TAG.kind]: "snapshot",
    [TAG.label]: input.label,
    [TAG.takenBy]: input.takenBy,
  };
}

function finalTags(snapshot: Snapshot, manifestSha256: string): Tags {
  return {
    [TAG.grade]: snapshot.grade ?? "crash",
    [TAG.takenAt]: snapshot.takenAt.toISOString(),
    [TAG.manifest]: manifestSha256,
    [TAG.systemIdentifier]: snapshot.systemIdentifier ?? "",
    ...(snapshot.version ? { [TAG.version]: snapshot.version } : {}),
    ...(snapshot.imageId ? { [TAG.imageId]: snapshot.imageId } : {}),
  };
}

/** A copy says the same as its original, and that it is one. */
function copyTags(tags: Tags): Tags {
  const { [TAG.job]: _job, [TAG.resource]: _resource, ...own } = tags;
  return { ...own, [TAG.kind]: "snapshot-copy" };
}

export function manifestOf(
  snapshot: Snapshot,
  environment: OperatedEnvironment,
  awsAccountId: string,
): SnapshotManifest {
  return {
    format: MANIFEST_FORMAT,
    id: snapshot.id,
    snapshotId: snapshot.snapshotId!,
    volumeId: snapshot.volumeId!,
    volumeGiB: snapshot.volumeGiB ?? 0,
    awsAccountId,
    region: snapshot.region,
    tenant: snapshot.tenantSlug,
    tenantId: snapshot.tenantId,
    customer: environment.customer,
    environment: snapshot.environment,
    environmentId: snapshot.environmentId,
    domain: environment.domain,
    label: snapshot.label,
    grade: snapshot.grade ?? "crash",
    isAtRest: snapshot.isAtRest,
    takenAt: snapshot.takenAt,
    takenBy: snapshot.takenBy,
    imageId: snapshot.imageId,
    instanceType: environment.instanceType,
    data: snapshot.data!,
  };
}

/** The manifest stands beside the copy too: one region may be gone. */
async function copyManifest(
  ports: SnapshotPorts,
  environment: OperatedEnvironment,
  region: string,
  tenantId: string,
  id: string,
): Promise<void> {
  const key = manifestKey(tenantId, id);
  const from = await ports.storage(environment.account, environment.region);
  const bytes = await from.get(key);
  if (!bytes) return;
  const to = await ports.storage(environment.account, region);
  await to.ensure();
  await to.put(key, bytes, "application/json");
}

/** Follows a snapshot to its end; `told` hears each new percentage. */
export async function untilCompleted(
  cloud: Cloud,
  snapshotId: string,
  step: StepContext,
  told: (percent: number) => Promise<void>,
): Promise<void> {
  let last = -1;
  await pollUntil(
    `Completing ${snapshotId}`,
    step.signal,
    { everyMs: POLL_MS, withinMs: COMPLETED_WITHIN_MS },
    async () => {
      const snapshot = await cloud.snapshot(snapshotId);
      // Reads lag behind writes: what stays away fails the step after a minute.
      if (!snapshot) throw new AppError("AwsNotFound", `EC2 does not show ${snapshotId}.`, { retryable: false });
      if (snapshot.state === "error") {
        throw new AppError("AwsFailed", `AWS could not complete the snapshot ${snapshotId}.`, {
          retryable: false,
          next: "Take a new snapshot; this one holds nothing and can be deleted.",
        });
      }
      if (snapshot.percent !== last) {
        last = snapshot.percent;
        await step.detail(`${snapshotId}, ${last} %`);
        await told(last);
      }
      return snapshot.state === "completed" ? true : undefined;
    },
  );
}

/** What an answer that stayed away longer than AWS's lag may have left twice: only the recorded one is kept. */
async function removeSpares(cloud: Cloud, made: MadeBy, kept: string, step: StepContext): Promise<void> {
  const all = await cloud.snapshots({ [TAG.job]: made.jobId, [TAG.resource]: made.resource });
  for (const { snapshotId } of all) {
    if (snapshotId === kept) continue;
    await cloud.deleteSnapshot(snapshotId);
    await step.log(`removed ${snapshotId}, which was made twice`, "warning");
  }
}
