import path from "node:path";
import { implement } from "@orpc/server";
import { AppError } from "../../shared/errors.ts";
import { FINAL_JOB_STATES } from "../../shared/jobs/model.ts";
import { profileOf } from "../../shared/policy/profiles.ts";
import { checkCleanUp, checkSnapshotDeletion } from "../../shared/policy/restore.ts";
import { isEnded, isExportedCopyOf } from "../../shared/snapshot/archive.ts";
import { compareSnapshots } from "../../shared/snapshot/compare.ts";
import { snapshotContract } from "../../shared/snapshot/contract.ts";
import type { ShownSnapshot, Snapshot, SnapshotData, TakeRequest } from "../../shared/snapshot/model.ts";
import type { Account } from "../../shared/settings/model.ts";
import { TAG } from "../../shared/tenant/tags.ts";
import { SECOND_MS } from "../../shared/time.ts";
import type { StepContext } from "../jobs/index.ts";
import { erpctl } from "../toolkit/erpctl.ts";
import { bindingProfile, type CloudSnapshot, hostOf, type OperatedEnvironment } from "../toolkit/ports.ts";
import { deleteSnapshot } from "./delete-snapshot.ts";
import { exportSnapshot, PRESIGNED_SECONDS } from "./export-snapshot.ts";
import { DownloadInput, fetchFile, fileIn } from "./fetch-file.ts";
import { importSnapshot } from "./import-snapshot.ts";
import { sourceOf, targetOf } from "./local-file.ts";
import { manifestKey, readManifest } from "./manifest.ts";
import { barOf, planTake, refusal } from "./plan.ts";
import { accountOf, type SnapshotPorts } from "./ports.ts";
import { readAws } from "./read-aws.ts";
import { snapshotStore } from "./store.ts";
import { type TakeInput, takeSnapshot, taking } from "./take-snapshot.ts";

export type { SnapshotPorts } from "./ports.ts";

/** Longest wait for a host while a plan is made. */
const HOST_MS = 20 * SECOND_MS;

/** Snapshots of tenants' data on request; nightly backups are another area's (R59). */
export function snapshotArea(ports: SnapshotPorts) {
  const store = snapshotStore(ports.pool);
  const startTake = ports.jobs.define(takeSnapshot(ports, store));
  const startExport = ports.jobs.define(exportSnapshot(ports, store));
  const startDownload = ports.jobs.define(fetchFile(ports, store));
  const startImport = ports.jobs.define(importSnapshot(ports, store));
  const startDelete = ports.jobs.define(deleteSnapshot(ports, store));
  const os = implement(snapshotContract);

  async function existing(id: string): Promise<Snapshot> {
    const found = await store.get(id);
    if (found) return found;
    throw new AppError("NotFound", `There is no snapshot ${id}.`, {
      retryable: false,
      next: "Look at the list of snapshots; reading AWS again may show it.",
    });
  }

  async function planned(request: TakeRequest, signal: AbortSignal | undefined) {
    const environment = await ports.environment(request.tenant, request.environment);
    const patience = AbortSignal.any([AbortSignal.timeout(HOST_MS), ...(signal ? [signal] : [])]);
    const space = await erpctl(ports.runOnHost, hostOf(environment), patience).space();
    const snapshots = await ofEnvironment(environment);
    return {
      environment,
      plan: planTake(request, {
        environment,
        space,
        snapshots,
        profile: await bindingProfile(ports, environment),
        now: ports.now(),
      }),
    };
  }

  const ofEnvironment = async ({ tenantId, environmentId }: OperatedEnvironment): Promise<Snapshot[]> =>
    (await store.list(tenantId)).filter((one) => one.environmentId === environmentId);

  async function shown(snapshots: readonly Snapshot[], environments: readonly OperatedEnvironment[]) {
    const now = ports.now();
    const owners = new Map(environments.map((one) => [one.tenantId, one]));
    const profileFor = await ports.profiles();
    const jobs = await Promise.all(
      snapshots.map(async (one) =>
        one.state === "creating" || one.state === "pending" ? ports.jobs.get(one.id) : null,
      ),
    );
    return snapshots.map((one, index): ShownSnapshot => {
      const owner = owners.get(one.tenantId);
      const job = jobs[index];
      const isRunning = job && !FINAL_JOB_STATES.has(job.state);
      return {
        ...one,
        ...(isEnded(one, now) ? { state: "ended" as const } : {}),
        advice:
          owner && one.kind === "ebs"
            ? [checkCleanUp(profileFor({ id: owner.tenantId, service: owner.service }, now), one.takenAt, now)]
            : [],
        hasExportedCopy: snapshots.some((other) => isExportedCopyOf(other, one, now)),
        jobId: isRunning ? job.id : null,
      };
    });
  }

  /** Rows of a job that ended before AWS made anything say nothing to anybody. */
  async function forgetEmpty(snapshots: readonly Snapshot[]): Promise<Snapshot[]> {
    const kept: Snapshot[] = [];
    for (const one of snapshots) {
      const job = one.state === "creating" && one.snapshotId === null ? await ports.jobs.get(one.id) : undefined;
      if (job && FINAL_JOB_STATES.has(job.state) && !job.can.retry) await store.remove(one.id);
      else if (!job || !FINAL_JOB_STATES.has(job.state)) kept.push(one);
    }
    return kept;
  }

  async function listed(tenant: string | undefined, refresh: boolean) {
    const environments = await ports.environments(tenant);
    const unread = refresh ? await readAws(ports, store, environments) : [];
    const snapshots = await forgetEmpty(await store.list(tenant));
    return { environments, unread, snapshots: await shown(snapshots, environments) };
  }

  async function shownOne(id: string): Promise<ShownSnapshot> {
    const one = await existing(id);
    const { snapshots } = await listed(one.tenantId, false);
    return snapshots.find((other) => other.id === one.id) ?? (await shown([one], []))[0]!;
  }

  const router = {
    list: os.list.handler(async ({ input }) => {
      const { environments, unread, snapshots } = await listed(input.tenant, input.refresh);
      const storage = input.tenant
        ? environments.map((environment) =>
            barOf(
              environment,
              snapshots.filter((one) => one.environmentId === environment.environmentId),
            ),
          )
        : [];
      return { snapshots, unread, storage };
    }),

    get: os.get.handler(({ input }) => shownOne(input.id)),

    plan: os.plan.handler(async ({ input, signal }) => (await planned(input, signal)).plan),

    take: os.take.handler(async ({ input, signal }) => {
      const { requestId, ...request } = input;
      const running = await ports.jobs.get(requestId);
      if (running?.kind === "snapshot.take") return { jobId: running.id, id: running.id };
      const { environment, plan } = await planned(request, signal);
      if (!plan.allowed) throw refusal(environment.tenantSlug, plan.verdicts);
      const { jobId } = await startTake({
        id: requestId,
        tenantId: environment.tenantId,
        tenantSlug: environment.tenantSlug,
        subject: environment.customer,
        requestedBy: ports.operator(),
        input: orderOf(environment, request.label, plan.copyTo, request.overrides),
      });
      return { jobId, id: requestId };
    }),

    export: os.export.handler(async ({ input }) => {
      const environment = await ports.environment(input.tenant, input.environment);
      const { jobId } = await startExport({
        ...jobOf(environment, input.requestId),
        input: {
          tenantId: environment.tenantId,
          slug: environment.tenantSlug,
          environment: environment.kind,
          label: input.label,
          takenBy: ports.operator(),
        },
      });
      return { jobId, id: jobId };
    }),

    download: os.download.handler(async ({ input }) => {
      const running = await ports.jobs.get(input.requestId);
      if (running?.kind === "snapshot.download")
        return { jobId: running.id, file: DownloadInput.parse(running.input).to };
      const snapshot = await existing(input.id);
      const file = fileIn(snapshot, input.id, ports.now());
      const to = await targetOf(input.to, path.posix.basename(file.key));
      const { jobId } = await startDownload({
        id: input.requestId,
        // Nothing of the tenant changes: its other jobs do not wait for it.
        tenantId: null,
        tenantSlug: snapshot.tenantSlug,
        subject: snapshot.label,
        requestedBy: ports.operator(),
        input: { snapshotId: snapshot.id, slug: snapshot.tenantSlug, to, reason: input.reason },
      });
      return { jobId, file: to };
    }),

    import: os.import.handler(async ({ input }) => {
      const environment = await ports.environment(input.tenant, input.environment);
      const { jobId } = await startImport({
        ...jobOf(environment, input.requestId),
        input: {
          tenantId: environment.tenantId,
          slug: environment.tenantSlug,
          environment: environment.kind,
          label: input.label,
          file: await sourceOf(input.file),
          takenBy: ports.operator(),
        },
      });
      return { jobId, id: jobId };
    }),

    delete: os.delete.handler(async ({ input }) => {
      const running = await ports.jobs.get(input.requestId);
      if (running?.kind === "snapshot.delete") return { jobId: running.id };
      const snapshot = await shownOne(input.id);
      const [environment] = await ports.environments(snapshot.tenantId);
      const verdict = checkSnapshotDeletion(
        environment ? await bindingProfile(ports, environment) : profileOf("openbravo"),
        {
          name: snapshot.label,
          typed: input.confirm === snapshot.tenantSlug ? snapshot.label : input.confirm,
          hasExportedCopy: snapshot.hasExportedCopy,
        },
      );
      if (!verdict.allowed) {
        throw new AppError("ConfirmationNeeded", `Type ${snapshot.label} in full to delete it for good.`, {
          retryable: false,
          tenant: snapshot.tenantSlug,
          rule: verdict.rule,
          next: "Nothing was changed.",
        });
      }
      return startDelete({
        id: input.requestId,
        tenantId: snapshot.tenantId,
        tenantSlug: snapshot.tenantSlug,
        subject: environment?.customer ?? snapshot.tenantSlug,
        requestedBy: ports.operator(),
        input: { snapshotId: snapshot.id, slug: snapshot.tenantSlug, label: snapshot.label },
      });
    }),

    compare: os.compare.handler(async ({ input }) =>
      compareSnapshots(await shownOne(input.left), await shownOne(input.right)),
    ),
  };

  const jobOf = (environment: OperatedEnvironment, id: string) => ({
    id,
    tenantId: environment.tenantId,
    tenantSlug: environment.tenantSlug,
    subject: environment.customer,
    requestedBy: ports.operator(),
  });

  const orderOf = (
    environment: OperatedEnvironment,
    label: string,
    copyTo: string | null,
    overrides: Readonly<Record<string, string>>,
  ): TakeInput => ({
    tenantId: environment.tenantId,
    slug: environment.tenantSlug,
    environment: environment.kind,
    label,
    copyTo,
    takenBy: ports.operator(),
    overrides,
  });

  return {
    router,

    /**
     * What the data said of itself with the snapshot; `snapshotId` is AWS's, also of a copy. Null: nothing was read, or
     * what lies in the bucket is not what the tags name.
     */
    async manifestOf(
      { snapshotId, tags }: Pick<CloudSnapshot, "snapshotId" | "tags">,
      place: { readonly account: Account; readonly region: string },
    ): Promise<{ manifest: SnapshotData; isAtRest: boolean } | null> {
      const found = await store.get(snapshotId);
      if (found?.data) return { manifest: found.data, isAtRest: found.isAtRest };
      const { [TAG.manifest]: sha256, [TAG.tenantId]: tenantId, [TAG.job]: id } = tags;
      if (!sha256 || !tenantId || !id) return null;
      const storage = await ports.storage(place.account, place.region);
      const bytes = await storage.get(manifestKey(tenantId, id));
      const manifest = bytes && readManifest(bytes, sha256);
      return manifest ? { manifest: manifest.data, isAtRest: manifest.isAtRest } : null;
    },

    /** Archives of a tenant that can be read now. */
    async archives(tenantId: string): Promise<Snapshot[]> {
      const now = ports.now();
      return (await store.list(tenantId)).filter(
        (one) => one.kind === "archive" && one.state === "completed" && !isEnded(one, now),
      );
    },

    /** Where a host may read an archive for some hours; never to be stored or logged. Throws NotFound once it ended. */
    async archiveAddress(id: string): Promise<string> {
      const archive = await existing(id);
      const file = fileIn(archive, id, ports.now());
      const storage = await ports.storage(accountOf(ports, archive), archive.region);
      return storage.presignRead(file.key, PRESIGNED_SECONDS);
    },

    /** One tenant's (slug or id) or all, as last read; newest first. */
    list: (tenant?: string) => store.list(tenant),

    /** Reads AWS first, then as `list`. Places that do not answer keep what is known of them. */
    async read(tenant: string): Promise<Snapshot[]> {
      await readAws(ports, store, await ports.environments(tenant));
      return store.list(tenant);
    },

    /**
     * Takes a snapshot within a step of another job and waits until it is completed: the fresh one before an overwrite
     * (R72). `id` names it for good, so that the repeated step finds it; a UUID.
     */
    async takeWithin(
      environment: OperatedEnvironment,
      id: string,
      label: string,
      step: StepContext,
    ): Promise<Snapshot> {
      const take = taking(ports, store, id, orderOf(environment, label, null, {}));
      await take.checkIdentity(step);
      const known = await store.get(id);
      if (!known?.snapshotId || known.grade === null) {
        await take.checkRoom(step);
        const { milliseconds } = await take.readManifest(step);
        await take.holdAndSnapshot(step, milliseconds);
      }
      await take.checkThatItServes(step);
      await take.waitForSnapshot(step);
      await take.writeManifest(step);
      return existing(id);
    },
  };
}
export type SnapshotArea = ReturnType<typeof snapshotArea>;
