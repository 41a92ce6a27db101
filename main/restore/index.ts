import { AsyncLocalStorage } from "node:async_hooks";
import { implement } from "@orpc/server";
import { AppError, errorFacts } from "../../shared/errors.ts";
import { FINAL_JOB_STATES } from "../../shared/jobs/model.ts";
import { standingRefusals, type Verdict, withOverrides } from "../../shared/policy/verdict.ts";
import { checkBusinessHours } from "../../shared/policy/windows.ts";
import { restoreContract } from "../../shared/restore/contract.ts";
import type {
  RefreshOrder,
  RestoreCase,
  RestoreOrder,
  RestorePlan,
  RestoreSource,
  RestoreTarget,
} from "../../shared/restore/model.ts";
import type { Snapshot } from "../../shared/snapshot/model.ts";
import { EnvironmentKind } from "../../shared/tenant/model.ts";
import { TAG } from "../../shared/tenant/tags.ts";
import { MINUTE_MS } from "../../shared/time.ts";
import { stableId } from "../jobs/index.ts";
import { erpctl } from "../toolkit/erpctl.ts";
import { bindingProfile, type CloudSnapshot, hostOf, type OperatedEnvironment } from "../toolkit/ports.ts";
import { type DecideFacts, planRestore, type TargetFacts } from "./decide.ts";
import { discardRestore } from "./discard-restore.ts";
import { cloudOf, KIND_BESIDE, sourceManifest } from "./moves.ts";
import type { RestorePorts } from "./ports.ts";
import { runRefresh, type RunInput, runRestore } from "./run-restore.ts";
import { restoreStore } from "./store.ts";
import { type SwapInput, swapRestore, takeBackRestore } from "./swap-restore.ts";

export type { PlannedWork, RestorePorts } from "./ports.ts";

/** A host that is asked for a plan answers within this, or the plan says that it does not. */
const ASK_MS = 20_000;
const SWEEP_MS = MINUTE_MS;
const NO_PAPERS = { approval: null, fee: null, evaluation: null, bestEffortAcceptedBy: null };

/** What is decided: an order, or a refresh written as one. */
interface Wanted {
  readonly purpose: RestoreCase["purpose"];
  readonly order: Omit<RestoreOrder, "source">;
  /** Null: a refresh that takes its own copy of production first. */
  readonly sourceId: string | null;
}

/** Restores beside, swaps, and refreshes of test environments. */
export function restoreArea(ports: RestorePorts) {
  const store = restoreStore(ports.pool, ports.now);
  const os = implement(restoreContract);
  /** Starts a job from within one that was cancelled: the engine would refuse it as a child of that. */
  const outside = AsyncLocalStorage.snapshot();

  const runParts = {
    ports,
    store,
    async decideAgain(input: RunInput, one: RestoreCase) {
      const wanted: Wanted = { purpose: one.purpose, order: input.order, sourceId: one.source?.id ?? null };
      const { plan, environment } = await planned(wanted, one.id, one.target !== "beside");
      if (!plan.allowed) throw refusal(environment.tenantSlug, plan.verdicts);
    },
    sourceOf: (environment: OperatedEnvironment, id: string) => sourceOf(environment, id),
  };
  const swapParts = {
    ports,
    store,
    async decideSwap(input: SwapInput, one: RestoreCase) {
      const verdicts = await swapVerdicts(one, input.overrides);
      if (standingRefusals(verdicts).length > 0) throw refusal(one.slug, verdicts);
    },
    takeBackSoon: () => void outside(() => setImmediate(() => void sweep())),
  };
  const startRun = ports.jobs.define(runRestore(runParts));
  const startRefresh = ports.jobs.define(runRefresh(runParts));
  const startSwap = ports.jobs.define(swapRestore("restore.swap", swapParts));
  const startActivate = ports.jobs.define(swapRestore("restore.activate", swapParts));
  const startTakeBack = ports.jobs.define(takeBackRestore(swapParts));
  const startDiscard = ports.jobs.define(discardRestore(ports, store));

  /** Swaps whose job ended without having ended the case: a production that is left closed is nobody's intent. */
  async function sweep(): Promise<void> {
    for (const { caseId, holder } of await store.held()) {
      const job = await ports.jobs.get(holder);
      // A job that failed waits for its retry, after it took everything back by itself; a cancelled one never will.
      if (job && job.state !== "cancelled") continue;
      const one = await store.get(caseId);
      if (!one) continue;
      const id = stableId(`restore.takeBack/${caseId}/${holder}`);
      await startTakeBack({
        ...jobOf(one, id),
        input: {
          ...{ caseId, tenantId: one.tenantId, kind: kindOf(one.target), swapJobId: holder },
          keepDays: 7,
        },
      });
      await store.addJob(caseId, id, "restore.takeBack");
      ports.changed(one.tenantId);
    }
  }

  const jobOf = (one: RestoreCase, id: string) => ({
    id,
    tenantId: one.tenantId,
    tenantSlug: one.slug,
    subject: one.customer,
    requestedBy: ports.operator(),
  });

  async function caseOf(id: string): Promise<RestoreCase> {
    const one = await store.get(id);
    if (one) return one;
    throw new AppError("NotFound", `There is no restore ${id}.`, {
      retryable: false,
      next: "Look at the tenant's list of restores.",
    });
  }

  async function environmentsOf(tenant: string): Promise<OperatedEnvironment[]> {
    const found = await Promise.all(
      EnvironmentKind.options.map((kind) =>
        ports.find(tenant, kind).catch((error: unknown) => {
          if (errorFacts(error).code === "NotFound") return undefined;
          throw error;
        }),
      ),
    );
    const environments = found.filter((one) => one !== undefined);
    if (environments.length === 0) await ports.find(tenant, "production"); // says who is missing
    return environments;
  }

  async function sourcesOf(tenant: string): Promise<RestoreSource[]> {
    const environments = await environmentsOf(tenant);
    const places = new Map<string, OperatedEnvironment>();
    for (const one of environments)
      for (const region of new Set([one.region, ...one.account.regions]))
        places.set(`${one.account.id}/${region}`, { ...one, region });
    const own = new Set(environments.map((one) => one.region));
    const [read, archives, cases] = await Promise.all([
      Promise.all(
        [...places.values()].map(async (environment) => {
          const tags = { [TAG.tenantId]: environment.tenantId };
          const snapshots = await cloudOf(ports, environment)
            .snapshots(tags)
            .catch((error: unknown) => {
              // A second region that does not answer hides its copies, and no others.
              if (own.has(environment.region)) throw error;
              return [];
            });
          return Promise.all(
            snapshots.filter((one) => one.tags[TAG.kind] !== KIND_BESIDE).map((one) => fromSnapshot(environment, one)),
          );
        }),
      ),
      ports.archives(environments[0]!.tenantId),
      store.list(environments[0]!.tenantId),
    ]);
    const kept = await Promise.all(cases.filter((one) => one.kept && !one.kept.isGone).map(fromKept));
    return [...read.flat(), ...archives.map(fromArchive), ...kept].toSorted(
      (a, b) => b.takenAt.getTime() - a.takenAt.getTime(),
    );
  }

  async function fromSnapshot(
    place: Pick<OperatedEnvironment, "account" | "region">,
    snapshot: CloudSnapshot,
  ): Promise<RestoreSource> {
    const { tags } = snapshot;
    const { region } = place;
    const own = await store.manifest(snapshot.snapshotId);
    const known = own ?? (await ports.manifestOf(snapshot, place));
    const environment = EnvironmentKind.safeParse(tags[TAG.environment]);
    const takenAt = new Date(tags[TAG.takenAt] ?? "");
    return {
      id: snapshot.snapshotId,
      kind: tags[TAG.kind] === "backup" ? "backup" : "snapshot",
      region,
      tenantId: tags[TAG.tenantId] ?? null,
      environment: environment.success ? environment.data : null,
      version: tags[TAG.version] ?? null,
      systemIdentifier: tags[TAG.systemIdentifier] ?? null,
      label: tags[TAG.label] ?? null,
      takenAt: Number.isNaN(takenAt.getTime()) ? snapshot.startedAt : takenAt,
      sizeGiB: snapshot.sizeGiB,
      grade: tags[TAG.grade] ?? null,
      isComplete: snapshot.state === "completed",
      manifest: known?.manifest ?? null,
      isAtRest: known?.isAtRest ?? false,
      keptUntil: null,
    };
  }

  async function fromKept(one: RestoreCase): Promise<RestoreSource> {
    const { volumeId, until } = one.kept!;
    const known = await store.manifest(volumeId);
    const environment = await ports.find(one.tenantId, kindOf(one.target));
    const volume = await cloudOf(ports, environment).volume(volumeId);
    return {
      id: volumeId,
      kind: "kept",
      region: one.region,
      tenantId: volume?.tags[TAG.tenantId] ?? null,
      environment: kindOf(one.target),
      version: known?.manifest.version ?? null,
      systemIdentifier: known?.manifest.systemIdentifier ?? null,
      label: null,
      takenAt: one.swap?.at ?? one.createdAt,
      sizeGiB: volume?.sizeGiB ?? 0,
      grade: null,
      isComplete: volume?.state === "available",
      manifest: known?.manifest ?? null,
      isAtRest: true,
      keptUntil: until,
    };
  }

  async function sourceOf(environment: OperatedEnvironment, id: string): Promise<RestoreSource> {
    const snapshot = id.startsWith("snap-") ? await cloudOf(ports, environment).snapshot(id) : undefined;
    const found = snapshot
      ? await fromSnapshot(environment, snapshot)
      : (await sourcesOf(environment.tenantId)).find((one) => one.id === id);
    if (found) return found;
    throw new AppError("NotFound", `${environment.tenantSlug} has no copy ${id}.`, {
      retryable: false,
      tenant: environment.tenantSlug,
      next: "Choose one of its snapshots, backups or archives; nothing was changed.",
    });
  }

  /** What the target's machine says; a silent one is told as such, or where it is waited for, HostUnreachable. */
  async function targetFacts(environment: OperatedEnvironment, isWaitedFor: boolean): Promise<TargetFacts> {
    const erp = erpctl(ports.runOnHost, hostOf(environment), AbortSignal.timeout(ASK_MS));
    const facts = await erp.facts().catch((error: unknown) => {
      if (isWaitedFor && errorFacts(error).code === "HostUnreachable") throw error;
      return null;
    });
    const manifest = facts?.tenantId ? await erp.manifest().catch(() => null) : null;
    return {
      kind: environment.kind,
      name: `${environment.tenantSlug} ${environment.kind}`,
      domain: environment.domain,
      version: environment.version ?? facts?.version ?? null,
      region: environment.region,
      instanceType: environment.instanceType,
      volumeGiB: environment.volumeGiB,
      host: facts && {
        tenantId: facts.tenantId,
        licence: facts.licence,
      },
      manifest: manifest && sourceManifest(manifest),
    };
  }

  async function planned(wanted: Wanted, ownId: string | null, waitsForTarget = false) {
    const { order, purpose, sourceId } = wanted;
    const environment = await ports.find(order.tenant, kindOf(order.target));
    const cloud = cloudOf(ports, environment);
    const production =
      environment.kind === "production" ? environment : await ports.find(order.tenant, "production").catch(() => null);
    const [source, target, images, quota, work, openCase, profile] = await Promise.all([
      sourceId === null ? null : sourceOf(environment, sourceId),
      targetFacts(environment, waitsForTarget),
      cloud.images(),
      cloud.instanceQuota(),
      ports.plannedWork(environment.tenantId),
      store.openOf(environment.tenantId),
      bindingProfile(ports, environment),
    ]);
    const facts: DecideFacts = {
      purpose,
      tenantId: environment.tenantId,
      customerZone: environment.zone,
      profile,
      ...{ source, target },
      productionGiB: production?.volumeGiB ?? null,
      productionVersion: production?.version ?? null,
      residency: null,
      images: images.filter((one) => one.service === environment.service),
      ...{ quota, work },
      openCase: openCase === ownId ? null : openCase,
      now: ports.now(),
    };
    const plan = planRestore(order, facts);
    const onVersion = order.onVersion ?? target.version;
    const image = images.find((one) => one.service === environment.service && one.version === onVersion);
    return { plan, environment, profile, image, version: onVersion };
  }

  async function swapVerdicts(one: RestoreCase, overrides: Readonly<Record<string, string>>): Promise<Verdict[]> {
    const environment = await ports.find(one.tenantId, kindOf(one.target));
    const profile = await bindingProfile(ports, environment);
    const isUrgent = one.reason === "disaster" || one.target !== "production";
    const hours = isUrgent ? [] : [checkBusinessHours(profile, environment.zone, ports.now())];
    return withOverrides(hours, overrides);
  }

  async function begin(wanted: Wanted, requestId: string) {
    const kind = wanted.purpose === "refresh" ? "restore.refresh" : "restore.run";
    const running = await ports.jobs.get(requestId);
    if (running?.kind === kind) return { jobId: requestId, caseId: requestId };
    const { plan, environment, profile, image, version } = await planned(wanted, requestId);
    if (!plan.allowed || !image || !version) throw refusal(environment.tenantSlug, plan.verdicts);
    const { order, purpose } = wanted;
    const opened = await store.open({
      id: requestId,
      ...{ tenantId: environment.tenantId, slug: environment.tenantSlug, customer: environment.customer },
      ...{ purpose, target: order.target, reason: order.reason, papers: order.papers },
      targetName: `${environment.tenantSlug} ${order.target}`,
      region: environment.region,
      source: plan.source,
      verdicts: plan.verdicts,
      profile: { id: profile.id, version: profile.version },
      losses: plan.losses,
      keptUntil: plan.keptUntil,
      requestedBy: ports.operator(),
      createdAt: ports.now(),
    });
    if (!opened) throw anotherIsOpen(environment.tenantSlug);
    await store.addJob(requestId, requestId, kind);
    const start = purpose === "refresh" ? startRefresh : startRun;
    const { tenantId, tenantSlug, customer } = environment;
    await start({
      ...{ id: requestId, tenantId, tenantSlug, subject: customer, requestedBy: ports.operator() },
      input: {
        caseId: requestId,
        tenantId,
        kind: environment.kind,
        order,
        imageId: image.imageId,
        sshUser: image.sshUser,
        version,
        volumeGiB: plan.volumeGiB ?? 1,
        fromArchive: plan.source?.kind === "archive",
      },
    });
    ports.changed(tenantId);
    return { jobId: requestId, caseId: requestId };
  }

  async function beginSwap(
    input: { caseId: string; requestId: string; confirm: string; overrides: Readonly<Record<string, string>> },
    purpose: RestoreCase["purpose"],
  ) {
    const one = await caseOf(input.caseId);
    const kind = purpose === "refresh" ? "restore.activate" : "restore.swap";
    if (one.jobs.some((job) => job.id === input.requestId)) return { jobId: input.requestId, caseId: one.id };
    if (one.purpose !== purpose || one.target === "beside" || one.state !== "ready") throw notToBeSwapped(one);
    confirmed(one, input.confirm);
    const failed = one.checks.filter((check) => check.ok === false);
    if (failed.length > 0)
      throw checksFailed(
        one,
        failed.map((check) => check.name),
      );
    const verdicts = await swapVerdicts(one, input.overrides);
    if (standingRefusals(verdicts).length > 0) throw refusal(one.slug, verdicts);
    const keepDays = Math.max(
      1,
      Math.round((one.keptUntil.getTime() - one.createdAt.getTime()) / (24 * 60 * MINUTE_MS)),
    );
    await store.addJob(one.id, input.requestId, kind);
    await (purpose === "refresh" ? startActivate : startSwap)({
      ...jobOf(one, input.requestId),
      input: {
        ...{ caseId: one.id, tenantId: one.tenantId, kind: kindOf(one.target), keepDays },
        overrides: { ...input.overrides },
      },
    });
    ports.changed(one.tenantId);
    return { jobId: input.requestId, caseId: one.id };
  }

  const router = {
    list: os.list.handler(async ({ input }) => {
      const [environment] = input.tenant === undefined ? [] : await environmentsOf(input.tenant);
      return store.list(environment?.tenantId);
    }),
    get: os.get.handler(({ input }) => caseOf(input.caseId)),
    sources: os.sources.handler(({ input }) => sourcesOf(input.tenant)),
    plan: os.plan.handler(async ({ input }) => shownPlan(await planned(asRestore(input), null))),
    run: os.run.handler(({ input: { requestId, ...order } }) => begin(asRestore(order), requestId)),
    swap: os.swap.handler(({ input }) => beginSwap(input, "restore")),
    activate: os.activate.handler(({ input }) => beginSwap(input, "refresh")),
    discard: os.discard.handler(async ({ input }) => {
      const one = await caseOf(input.caseId);
      if (one.jobs.some((job) => job.id === input.requestId)) return { jobId: input.requestId, caseId: one.id };
      confirmed(one, input.confirm);
      const keptVolumeId = one.state === "swapped" && one.kept && !one.kept.isGone ? one.kept.volumeId : null;
      const makes = one.jobs[0] && (await ports.jobs.get(one.jobs[0].id));
      const isBeside =
        one.state === "ready" || (one.state === "running" && (!makes || FINAL_JOB_STATES.has(makes.state)));
      if (!isBeside && keptVolumeId === null) throw nothingToDiscard(one);
      await store.addJob(one.id, input.requestId, "restore.discard");
      await startDiscard({
        ...jobOf(one, input.requestId),
        input: { caseId: one.id, tenantId: one.tenantId, kind: kindOf(one.target), keptVolumeId },
      });
      ports.changed(one.tenantId);
      return { jobId: input.requestId, caseId: one.id };
    }),
    refreshPlan: os.refreshPlan.handler(async ({ input }) => shownPlan(await planned(asRefresh(input), null))),
    refresh: os.refresh.handler(({ input: { requestId, ...order } }) => begin(asRefresh(order), requestId)),
  };

  let timer: NodeJS.Timeout | undefined;
  return {
    router,
    /** Looks for swaps that nobody ends any more, now and every minute. */
    start(): void {
      const again = () => {
        void sweep()
          .catch(() => undefined)
          .then(() => {
            timer = setTimeout(again, SWEEP_MS);
            timer.unref();
          });
      };
      again();
    },
    stop(): void {
      clearTimeout(timer);
    },
  };
}

/** Archive, unpacked text and database lie side by side on the volume while it is filled. */
const FILLED_FACTOR = 4;
const GIB = 1024 ** 3;

function fromArchive(archive: Snapshot): RestoreSource {
  const { data, file } = archive;
  const bytes = (data?.databaseBytes ?? 0) + (data?.attachmentsBytes ?? 0);
  return {
    id: archive.id,
    kind: "archive",
    region: archive.region,
    tenantId: archive.tenantId,
    environment: archive.environment,
    version: archive.version,
    systemIdentifier: archive.systemIdentifier,
    label: archive.label,
    takenAt: archive.takenAt,
    sizeGiB: Math.ceil((FILLED_FACTOR * bytes + (file?.bytes ?? 0)) / GIB),
    grade: null,
    isComplete: archive.state === "completed",
    manifest: data && {
      ...{ tenantId: data.tenantId, environment: data.environment, version: data.version },
      ...{ licenceFingerprint: data.licenceFingerprint, systemIdentifier: data.systemIdentifier },
      ...{ relations: data.relations, newestTransactionAt: data.newestTransactionAt },
      databaseBytes: data.databaseBytes,
    },
    isAtRest: archive.isAtRest,
    keptUntil: file?.expiresAt ?? null,
  };
}

const shownPlan = ({ plan }: { plan: RestorePlan }): RestorePlan => plan;

/** A copy that goes nowhere stands beside production. */
const kindOf = (target: RestoreTarget): EnvironmentKind => (target === "beside" ? "production" : target);

function asRestore(input: RestoreOrder): Wanted {
  const { source, ...order } = input;
  return { purpose: "restore", order, sourceId: source };
}

function asRefresh(input: RefreshOrder): Wanted {
  const { source, fee, ...order } = input;
  return {
    purpose: "refresh",
    order: { ...order, reason: "vendor", papers: { ...NO_PAPERS, fee } },
    sourceId: source ?? null,
  };
}

function refusal(slug: string, verdicts: readonly Verdict[]): AppError {
  const standing = standingRefusals(verdicts);
  const first = standing[0];
  return new AppError("RefusedByRule", first ? `${first.rule}: ${first.reason}` : "No image stands behind this plan.", {
    retryable: false,
    tenant: slug,
    ...(first ? { rule: first.rule } : {}),
    ...(first?.earliest ? { earliest: first.earliest } : {}),
    verdicts: standing,
    next: standing.every((one) => one.overridable)
      ? "Wait, or record a reason for each refusal that may be overridden; nothing was changed."
      : "Nothing was changed. The plan names what stands in the way.",
  });
}

function confirmed(one: RestoreCase, typed: string): void {
  if (typed === one.slug) return;
  throw new AppError("ConfirmationNeeded", `Type ${one.slug} in full to go on with ${one.targetName}.`, {
    retryable: false,
    tenant: one.slug,
    next: "Nothing was changed.",
  });
}

function anotherIsOpen(slug: string): AppError {
  return new AppError("Conflict", `Another restore of ${slug} is open.`, {
    retryable: false,
    tenant: slug,
    next: "Swap or discard that one first.",
  });
}

function notToBeSwapped(one: RestoreCase): AppError {
  return new AppError("Conflict", `The restore of ${one.targetName} is not one that can take its place now.`, {
    retryable: false,
    tenant: one.slug,
    next: "Only a restore that stands ready beside its target can be swapped.",
  });
}

function checksFailed(one: RestoreCase, names: readonly string[]): AppError {
  return new AppError("Conflict", `The restored copy of ${one.targetName} failed its checks: ${names.join(", ")}.`, {
    retryable: false,
    tenant: one.slug,
    next: "Discard it and restore from another copy; nothing was changed.",
  });
}

function nothingToDiscard(one: RestoreCase): AppError {
  return new AppError("Conflict", `Nothing of the restore of ${one.targetName} can be removed now.`, {
    retryable: false,
    tenant: one.slug,
    next: "Wait for its job, or look at what it kept.",
  });
}
