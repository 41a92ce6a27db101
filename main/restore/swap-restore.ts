import { z } from "zod";
import { AppError, errorCode, errorFacts } from "../../shared/errors.ts";
import { lossesOf, lostRows } from "../../shared/restore/compare.ts";
import { checkIdentity } from "../../shared/restore/identity.ts";
import type { Losses, RestoreCase } from "../../shared/restore/model.ts";
import { SWAP_STEPS, WAY_BACK_STEPS } from "../../shared/restore/steps.ts";
import { TAG } from "../../shared/tenant/tags.ts";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../../shared/time.ts";
import { type JobKind, type JobRun, pollUntil, type StepContext } from "../jobs/index.ts";
import type { Erpctl } from "../toolkit/erpctl.ts";
import { type HostAddress, hostOf, type OperatedEnvironment } from "../toolkit/ports.ts";
import {
  attached,
  cloudOf,
  detached,
  KIND_KEPT,
  letGo,
  LONG_MS,
  nothingBeside,
  onHost,
  POLL_MS,
  removeBeside,
  removeVolumesBeside,
  setUp,
  sourceManifest,
  withoutVolume,
} from "./moves.ts";
import type { RestorePorts } from "./ports.ts";
import { neutralises } from "./run-restore.ts";
import type { RestoreStore } from "./store.ts";

export const SwapInput = z.object({
  caseId: z.string(),
  tenantId: z.string(),
  kind: z.enum(["production", "test", "sandbox"]),
  keepDays: z.number().int(),
  overrides: z.record(z.string(), z.string()),
});
export type SwapInput = z.infer<typeof SwapInput>;

export const TakeBackInput = SwapInput.omit({ overrides: true }).extend({
  /** The swap that ended half-way. */
  swapJobId: z.string(),
});
export type TakeBackInput = z.infer<typeof TakeBackInput>;

/** Relation in which customers' orders are, as images name it. */
const ORDERS = /^(sales_)?orders?$/;

/** Who is who, read once before anything is touched. */
interface Pieces {
  readonly instanceId: string;
  readonly oldVolumeId: string;
  readonly oldVolumeGiB: number;
  readonly newVolumeId: string;
  readonly newVolumeGiB: number;
  readonly besideInstanceId: string;
  readonly besideAddress: string;
  readonly besideKeys: readonly string[];
  readonly systemIdentifier: string;
  /** It was closed to customers by somebody before, `until` an instant (RFC 3339) or without end: then it is so again. */
  readonly lockedOutBefore: { readonly until: string | null } | null;
  /** When customers were locked out for the swap, RFC 3339. */
  readonly since?: string | undefined;
}
const Pieces: z.ZodType<Pieces> = z.object({
  instanceId: z.string(),
  oldVolumeId: z.string(),
  oldVolumeGiB: z.number(),
  newVolumeId: z.string(),
  newVolumeGiB: z.number(),
  besideInstanceId: z.string(),
  besideAddress: z.string(),
  besideKeys: z.array(z.string()),
  systemIdentifier: z.string(),
  lockedOutBefore: z.object({ until: z.string().nullable() }).nullable(),
  since: z.string().optional(),
});

/** Opens to customers, unless it was closed to them before the swap: then by what is left of that. */
async function openAsBefore(erp: Erpctl, { lockedOutBefore }: Pieces, now: Date): Promise<void> {
  const until = lockedOutBefore?.until ? new Date(lockedOutBefore.until) : null;
  if (!lockedOutBefore || (until && until <= now)) await erp.unlock();
  else if (until) await erp.lockOut(Math.ceil((until.getTime() - now.getTime()) / MINUTE_MS));
}

export interface SwapParts {
  readonly ports: RestorePorts;
  readonly store: RestoreStore;
  /** The hours of the customer, asked again (R72); throws RefusedByRule. */
  decideSwap(input: SwapInput, one: RestoreCase): Promise<void>;
  /** A swap that was cancelled is taken back by a job of its own, which nobody has cancelled. */
  takeBackSoon(caseId: string): void;
}

/** `restore.swap` and `restore.activate`: the copy takes the target's place. Reads like its runbook. */
export function swapRestore(kind: "restore.swap" | "restore.activate", parts: SwapParts): JobKind<SwapInput> {
  const { store } = parts;
  return {
    kind,
    input: SwapInput,
    plan: () => SWAP_STEPS,
    async run(input, job) {
      let pieces: Pieces | undefined;
      try {
        pieces = await gather(parts, input, job);
        await putInPlace(parts, input, pieces, job);
      } catch (error) {
        if (isCancellation(error)) {
          parts.takeBackSoon(input.caseId);
          throw error;
        }
        // Somebody else holds the case, or it was taken back: a retry of this job changes nothing any more.
        if (!(await job.step("who holds it", async () => store.holds(input.caseId, job.jobId)))) throw error;
        if (pieces) await takeBack(parts, input, pieces, job);
        await job.step("back to ready", () => store.leave(input.caseId, job.jobId, "ready"));
        throw error;
      }
      try {
        await openAndKeep(parts, input, pieces, job);
      } catch (error) {
        // Nothing goes back from here; another job finishes what a cancelled one left.
        if (isCancellation(error)) parts.takeBackSoon(input.caseId);
        throw error;
      }
    },
  };
}

/** `restore.takeBack`: the way back of a swap that was cancelled or lost its console for good. */
export function takeBackRestore(parts: SwapParts): JobKind<TakeBackInput> {
  const { store, ports } = parts;
  return {
    kind: "restore.takeBack",
    input: TakeBackInput,
    plan: () => WAY_BACK_STEPS,
    async run(input, job) {
      const held = await job.step("take over", () => store.inherit(input.caseId, input.swapJobId, job.jobId));
      if (!held) return;
      const { stored, isOpening } = await job.step("read what was changed", async () => ({
        stored: await store.pieces(input.caseId),
        isOpening: await store.isOpening(input.caseId),
      }));
      if (stored && isOpening) {
        // Customers may be writing into the restored data: the only way is forward.
        await openAndKeep(parts, input, Pieces.parse(stored), job);
        return;
      }
      if (stored) await takeBack(parts, input, Pieces.parse(stored), job);
      await job.step("back to ready", () => store.leave(input.caseId, job.jobId, "ready"));
      ports.changed(input.tenantId);
    },
  };
}

async function gather(parts: SwapParts, input: SwapInput, job: JobRun): Promise<Pieces> {
  const { ports, store } = parts;
  const { caseId } = input;
  return job.step("check before the swap", async (step) => {
    if (!(await store.take(caseId, job.jobId, ["ready"], "swapping"))) throw notReady(caseId);
    const one = (await store.get(caseId))!;
    await parts.decideSwap(input, one);
    const environment = await ports.find(input.tenantId, input.kind);
    const cloud = cloudOf(ports, environment);
    const { instanceId, volumeId: oldVolumeId } = environment;
    if (!instanceId || !oldVolumeId) throw withoutVolume(environment);
    if (!one.beside) throw notReady(caseId);
    const [old, fresh] = await Promise.all([cloud.volume(oldVolumeId), cloud.volume(one.beside.volumeId)]);
    const known = await store.pieces(caseId);
    if (known) return Pieces.parse(known);
    if (old?.attachedTo !== instanceId) throw movedAway(environment, oldVolumeId, old?.attachedTo ?? null);
    if (fresh?.attachedTo !== one.beside.instanceId)
      throw movedAway(environment, one.beside.volumeId, fresh?.attachedTo ?? null);

    const besideKeys = [...(await cloud.hostKeys(one.beside.instanceId))];
    const beside = besideHost(environment, one.beside.address, besideKeys);
    const [target, copy] = await Promise.all([
      onHost(ports, hostOf(environment), step).facts(),
      onHost(ports, beside, step).facts(),
    ]);
    // A last time, from what both machines say now: tags, data and licence must be this tenant's.
    const verdict = checkIdentity({
      tenantId: input.tenantId,
      tags: {
        tenantId: fresh.tags[TAG.tenantId] ?? null,
        // What came out of an archive is another database with the same content.
        systemIdentifier: one.source?.kind === "archive" ? null : (one.source?.systemIdentifier ?? null),
      },
      data: copy.tenantId
        ? { tenantId: copy.tenantId, systemIdentifier: copy.database.systemIdentifier ?? "", licence: null }
        : null,
      host: { tenantId: target.tenantId, licence: target.licence },
      sameEnvironment: false,
    });
    if (!verdict.allowed) throw refusedIdentity(environment, verdict.rule, verdict.reason);
    const pieces: Pieces = {
      instanceId,
      oldVolumeId,
      oldVolumeGiB: old.sizeGiB,
      newVolumeId: one.beside.volumeId,
      newVolumeGiB: fresh.sizeGiB,
      besideInstanceId: one.beside.instanceId,
      besideAddress: one.beside.address,
      besideKeys,
      systemIdentifier: copy.database.systemIdentifier ?? "",
      lockedOutBefore: target.lockout && { until: target.lockout.until?.toISOString() ?? null },
    };
    await store.keepPieces(caseId, pieces);
    ports.changed(input.tenantId);
    await step.detail(`${oldVolumeId} gives way to ${pieces.newVolumeId}`);
    return pieces;
  });
}

async function putInPlace(parts: SwapParts, input: SwapInput, pieces: Pieces, job: JobRun): Promise<void> {
  const { ports, store } = parts;
  const { caseId } = input;
  const { instanceId, oldVolumeId, newVolumeId, besideInstanceId } = pieces;
  /** Every step acts only while this job holds the case. */
  const step = <T>(
    name: (typeof SWAP_STEPS)[number],
    work: (step: StepContext, environment: OperatedEnvironment) => Promise<T>,
  ) =>
    job.step(name, async (context) => {
      if (!(await store.holds(caseId, job.jobId))) throw takenBack(caseId);
      return work(context, await ports.find(input.tenantId, input.kind));
    });

  await step("let go of the copy", async (context, environment) => {
    const cloud = cloudOf(ports, environment);
    const host = besideHost(environment, pieces.besideAddress, pieces.besideKeys);
    await letGo(ports, cloud, host, { volumeId: newVolumeId, instanceId: besideInstanceId }, context);
    if ((await cloud.volume(newVolumeId))?.attachedTo === besideInstanceId) await detached(cloud, newVolumeId, context);
    await context.detail(newVolumeId);
  });

  await step("lock out", async (context, environment) => {
    const erp = onHost(ports, hostOf(environment), context);
    // Also where somebody closed it before: their lock-out may run out while the data is exchanged.
    const at = (await erp.lockOut(null))?.since ?? ports.now();
    await store.keepPieces(caseId, { ...pieces, since: at.toISOString() });
    await context.detail(at.toISOString());
  });

  await step("count what is lost", async (context, environment) => {
    const one = (await store.get(caseId))!;
    const now = sourceManifest(await onHost(ports, hostOf(environment), context).manifest());
    const losses = lossesOf(now, one.source?.manifest ?? null);
    const orders = ordersOf(losses);
    await store.learn(caseId, { losses, targetRows: now.relations });
    // The old volume can be put back later: then this is what its data must show.
    await store.keepManifest(oldVolumeId, now, true);
    await context.detail(orders === null ? "not known" : `${orders} orders since the copy`);
  });

  await step("let go of the old data", async (context, environment) => {
    const at = { volumeId: oldVolumeId, instanceId };
    await letGo(ports, cloudOf(ports, environment), hostOf(environment), at, context);
  });

  await step("detach old volume", async (context, environment) => {
    await detached(cloudOf(ports, environment), oldVolumeId, context);
    await context.detail(oldVolumeId);
  });

  await step("attach new volume", async (context, environment) => {
    await attached(cloudOf(ports, environment), newVolumeId, instanceId, context);
    await context.detail(`${newVolumeId} at ${instanceId}`);
  });

  await step("set up restored data", async (context, environment) => {
    const facts = await setUp(
      onHost(ports, hostOf(environment), context),
      {
        ...setupOrder(environment),
        ...(neutralises(input.kind) ? { neutralise: true } : {}),
        lockedOut: true,
      },
      context,
    );
    if (facts.tenantId !== environment.tenantId || !facts.licence.valid)
      throw refusedIdentity(
        environment,
        "identity",
        "The restored data and the host's licence do not name this tenant.",
      );
    if (pieces.systemIdentifier && facts.database.systemIdentifier !== pieces.systemIdentifier)
      throw refusedIdentity(environment, "identity", "Another database came up than the one that was checked beside.");
    await context.detail(`${facts.product} ${facts.version}, PostgreSQL ${facts.database.major}`);
  });

  await step("smoke test restored data", async (context, environment) => {
    const report = await onHost(ports, hostOf(environment), context).smoke();
    const failed = report.checks.find((check) => !check.ok);
    if (!report.ok || failed) {
      throw new AppError(
        "ApplicationUnhealthy",
        `The smoke test of ${environment.tenantSlug} ${environment.kind} failed at ${failed?.name ?? "smoke"}.`,
        {
          retryable: false,
          tenant: environment.tenantSlug,
          detail: failed?.detail ?? null,
          next: "The old data serves again. Look at the copy beside before the next swap.",
        },
      );
    }
    await context.detail(report.checks.map((check) => check.name).join(", "));
  });

  await step("check data in place", async (context, environment) => {
    const one = (await store.get(caseId))!;
    const found = await onHost(ports, hostOf(environment), context).manifest();
    const rows = new Map(found.relations.map((relation) => [relation.name, relation.rows]));
    // The smoke test may have written an order of its own: never less than what was checked beside.
    const short = one.compared.filter(({ name, restored }) => restored !== null && (rows.get(name) ?? -1) < restored);
    if (short.length > 0) {
      throw new AppError(
        "ApplicationUnhealthy",
        `Rows are missing in place: ${short.map(({ name }) => name).join(", ")}.`,
        {
          retryable: false,
          tenant: environment.tenantSlug,
          next: "The old data serves again. Look at the copy beside before the next swap.",
        },
      );
    }
    await context.detail(`${rows.size} relations`);
  });
}

function ordersOf(losses: Losses): number | null {
  const relation = losses.relations.find(({ name }) => ORDERS.test(name))?.name;
  return relation === undefined ? null : lostRows(losses, relation);
}

/** Customers work again; what is left is telling AWS so, and tidying. Nothing here goes back. */
async function openAndKeep(
  parts: SwapParts,
  input: Pick<SwapInput, "caseId" | "tenantId" | "kind" | "keepDays">,
  pieces: Pieces,
  job: JobRun,
): Promise<void> {
  const { ports, store } = parts;
  const { caseId } = input;
  const environmentNow = () => ports.find(input.tenantId, input.kind);

  await job.step("open to customers", async (step) => {
    if (!(await store.holds(caseId, job.jobId))) throw takenBack(caseId);
    const environment = await environmentNow();
    const erp = onHost(ports, hostOf(environment), step);
    // From this mark on nobody takes the swap back: a customer may have written into the restored data.
    await store.markOpening(caseId);
    try {
      await openAsBefore(erp, pieces, ports.now());
    } catch (error) {
      if (errorFacts(error).details.retryable) throw error;
      throw pastReturn(environment, error);
    }
    const at = ports.now();
    const one = (await store.get(caseId))!;
    const since = Pieces.parse(await store.pieces(caseId)).since ?? at.toISOString();
    const seconds = one.swap?.lockoutSeconds ?? Math.max(0, (at.getTime() - new Date(since).getTime()) / SECOND_MS);
    await store.learn(caseId, {
      swap: one.swap ?? {
        lockoutSeconds: Math.round(seconds * 10) / 10,
        ordersSince: one.losses && ordersOf(one.losses),
        at,
      },
    });
    await ports.learn(environment.environmentId, {
      volumeId: pieces.newVolumeId,
      volumeGiB: pieces.newVolumeGiB,
    });
    ports.changed(input.tenantId);
    await step.detail(`locked out for ${Math.round(seconds)} s`);
  });

  await job.step("keep old volume", async (step) => {
    const environment = await environmentNow();
    const cloud = cloudOf(ports, environment);
    const until = new Date(ports.now().getTime() + input.keepDays * DAY_MS);
    const { oldVolumeId, newVolumeId } = pieces;
    await cloud.setTags([oldVolumeId], { [TAG.kind]: KIND_KEPT, [TAG.keptUntil]: until.toISOString() });
    await cloud.removeTags([oldVolumeId], [TAG.environmentId]);
    await cloud.setTags([newVolumeId], {
      ...(await ports.environmentTags(environment)),
      Name: `fleetwright-${environment.tenantSlug}-${environment.kind}-data`,
      // It is the environment's now: what removes the copy's leftovers finds it no more.
      [TAG.job]: job.jobId,
    });
    await cloud.removeTags([newVolumeId], [TAG.kind, TAG.label]);
    await store.learn(caseId, { kept: { volumeId: oldVolumeId, until, isGone: false } });
    await step.detail(`${oldVolumeId} until ${until.toISOString()}`);
  });

  await job.step("remove host beside", async (step) => {
    const environment = await environmentNow();
    const cloud = cloudOf(ports, environment);
    await removeBeside(cloud, caseId, step);
    await removeVolumesBeside(cloud, caseId, step);
    await pollUntil("Removing", step.signal, { everyMs: POLL_MS, withinMs: LONG_MS }, async () =>
      (await nothingBeside(cloud, caseId)) ? true : undefined,
    );
    await store.learn(caseId, { beside: null });
    await store.dropPieces(caseId);
    await store.leave(caseId, job.jobId, "swapped");
    ports.readSoon(environment.account.id, environment.region);
    ports.changed(input.tenantId);
    await step.detail("nothing is left");
  });
}

/** The old data serves again. Acts only where the truth asks for it, so it may start from any point of a swap. */
async function takeBack(
  parts: SwapParts,
  input: Pick<SwapInput, "caseId" | "tenantId" | "kind">,
  pieces: Pieces,
  job: JobRun,
): Promise<void> {
  const { ports } = parts;
  const { instanceId, oldVolumeId, newVolumeId, besideInstanceId } = pieces;
  const environmentNow = () => ports.find(input.tenantId, input.kind);

  await job.step("take new volume off", async (step) => {
    const environment = await environmentNow();
    const cloud = cloudOf(ports, environment);
    if ((await cloud.volume(newVolumeId))?.attachedTo !== instanceId) return;
    const at = { volumeId: newVolumeId, instanceId };
    // A host that cannot let go cleanly loses the copy, never the old data.
    await letGo(ports, cloud, hostOf(environment), at, step).catch((error: unknown) => {
      if (errorFacts(error).details.retryable) throw error;
      return step.log(errorFacts(error).message, "warning");
    });
    await detached(cloud, newVolumeId, step);
    await step.detail(newVolumeId);
  });

  await job.step("put old volume back", async (step) => {
    await attached(cloudOf(ports, await environmentNow()), oldVolumeId, instanceId, step);
    await step.detail(`${oldVolumeId} at ${instanceId}`);
  });

  await job.step("serve old data", async (step) => {
    const environment = await environmentNow();
    const erp = onHost(ports, hostOf(environment), step);
    const facts = await setUp(erp, setupOrder(environment), step);
    if (facts.tenantId !== environment.tenantId)
      throw refusedIdentity(environment, "identity", "The old volume does not name this tenant.");
    await openAsBefore(erp, pieces, ports.now());
    await step.detail(`${facts.product} ${facts.version}, PostgreSQL ${facts.database.major}`);
  });

  await job.step("copy back beside", async (step) => {
    const environment = await environmentNow();
    const cloud = cloudOf(ports, environment);
    try {
      await attached(cloud, newVolumeId, besideInstanceId, step);
      const host = besideHost(environment, pieces.besideAddress, pieces.besideKeys);
      await setUp(
        onHost(ports, host, step),
        {
          ...setupOrder(environment),
          ...(neutralises(input.kind) ? { neutralise: true } : {}),
          lockedOut: true,
        },
        step,
      );
    } catch (error) {
      if (errorFacts(error).details.retryable) throw error;
      // The tenant serves; a copy that does not come up again can be discarded.
      await step.log(errorFacts(error).message, "warning");
    }
    await parts.store.dropPieces(input.caseId);
    ports.changed(input.tenantId);
  });
}

const isCancellation = (error: unknown): boolean =>
  errorCode(error) === "Cancelled" || (error as { name?: string } | null)?.name === "DBOSWorkflowCancelledError";

const setupOrder = (environment: OperatedEnvironment) => ({
  tenant: environment.tenantSlug,
  tenantId: environment.tenantId,
  environment: environment.kind,
  domain: environment.domain,
  zone: environment.zone,
});

const besideHost = (environment: OperatedEnvironment, address: string, hostKeys: readonly string[]): HostAddress => ({
  account: environment.account,
  address,
  user: environment.sshUser,
  hostKeys,
  name: `${environment.tenantSlug} restored`,
});

function notReady(caseId: string): AppError {
  return new AppError("Conflict", `The restore ${caseId} does not stand ready beside its target.`, {
    retryable: false,
    next: "Look at the restore; only one that is ready to compare can be swapped.",
  });
}

function takenBack(caseId: string): AppError {
  return new AppError("Conflict", `This swap of the restore ${caseId} was taken back; the old data serves.`, {
    retryable: false,
    next: "Start a new swap from the restore's page.",
  });
}

function movedAway(environment: OperatedEnvironment, volumeId: string, attachedTo: string | null): AppError {
  return new AppError(
    "Conflict",
    `The volume ${volumeId} of ${environment.tenantSlug} hangs on ${attachedTo ?? "nothing"}, not where it should.`,
    {
      retryable: false,
      tenant: environment.tenantSlug,
      next: "Read AWS again and find out who moved it; nothing was changed.",
    },
  );
}

function refusedIdentity(environment: OperatedEnvironment, rule: string, reason: string): AppError {
  return new AppError("RefusedByRule", `${rule}: ${reason}`, {
    retryable: false,
    rule,
    tenant: environment.tenantSlug,
    next: "The old data serves. Discard the restore and find out whose copy it is.",
  });
}

function pastReturn(environment: OperatedEnvironment, cause: unknown): AppError {
  return new AppError(
    "DecisionNeeded",
    `${environment.tenantSlug} ${environment.kind} has its restored data, and whether it opened to customers is not known.`,
    {
      retryable: false,
      tenant: environment.tenantSlug,
      next: "Look at the host. Retry opens it and finishes the swap; the old volume is whole and kept.",
    },
    { cause },
  );
}
