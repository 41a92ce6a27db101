import { implement } from "@orpc/server";
import { AppError } from "../../shared/errors.ts";
import { FINAL_JOB_STATES } from "../../shared/jobs/model.ts";
import { maintenanceContract } from "../../shared/maintenance/contract.ts";
import type { PlannedTenant, Run, RunPlan, RunRequest, RunSummary } from "../../shared/maintenance/model.ts";
import type { Runbook } from "../../shared/maintenance/runbook.ts";
import { nextActions, wavesOf } from "../../shared/maintenance/schedule.ts";
import { checkInterruption, type OpenWindow } from "../../shared/policy/interruption.ts";
import { standingRefusals, withOverrides } from "../../shared/policy/verdict.ts";
import { regionZone } from "../../shared/policy/windows.ts";
import { stableId } from "../jobs/index.ts";
import { bindingProfile, type OperatedEnvironment } from "../toolkit/ports.ts";
import type { MaintenancePorts } from "./ports.ts";
import { runMaintenance, stateOf } from "./run-maintenance.ts";
import { runTenant, tenantSteps } from "./run-tenant.ts";
import { hashOf, listRunbooks, usableRunbook } from "./runbooks.ts";
import { keyOf, maintenanceStore, type StoredRun, type StoredRunTenant } from "./store.ts";

export type { MaintenancePorts } from "./ports.ts";

/** Runbooks, reviewed by a second person, and their runs over one or many tenants. */
export function maintenanceArea(ports: MaintenancePorts) {
  const store = maintenanceStore(ports.pool);
  const os = implement(maintenanceContract);

  const startTenant = ports.jobs.define(
    runTenant(ports, store, async (runId) => {
      const run = await store.run(runId);
      if (!run) return false;
      return nextActions(stateOf(run, await store.tenants(runId), null), ports.now()).windDown;
    }),
  );
  const startRun = ports.jobs.define(runMaintenance(ports, store, startTenant));

  async function windowFor(one: OperatedEnvironment, windowId: string | undefined): Promise<OpenWindow | null> {
    if (windowId === undefined) return ports.openWindow(one.tenantId, one.kind);
    const window = await ports.plannedWindow(windowId);
    if (window.tenantId !== one.tenantId || window.environment !== one.kind || window.cancelled) {
      throw new AppError("InvalidInput", `The window ${windowId} is none of ${one.tenantSlug} ${one.kind}.`, {
        retryable: false,
        tenant: one.tenantSlug,
        next: "Choose a planned window of this very environment.",
      });
    }
    return window;
  }

  async function planned(request: RunRequest) {
    const runbook = await usableRunbook(store, request.runbook, request.runbookVersion);
    if (runbook.steps.some((step) => step.kind === "applicationUpdate" && !step.to) && !request.to) {
      throw new AppError("InvalidInput", `The runbook ${runbook.name} needs the version to update to.`, {
        retryable: false,
        next: "Name the version, like 26Q3.",
      });
    }
    const waves = wavesOf(request.tenants.length, request.canary, request.waveSize);
    const windows = new Map<string, OpenWindow>();
    const seen = new Set<string>();
    const tenants: PlannedTenant[] = [];
    for (const [index, asked] of request.tenants.entries()) {
      const one = await ports.find(asked.tenant, asked.environment);
      const key = keyOf({ tenantId: one.tenantId, environment: one.kind });
      if (seen.has(key)) {
        throw new AppError("InvalidInput", `${one.tenantSlug} ${one.kind} is named twice.`, {
          retryable: false,
          tenant: one.tenantSlug,
          next: "Name each environment once.",
        });
      }
      seen.add(key);
      const window = await windowFor(one, asked.windowId);
      if (window) windows.set(key, window);
      const found =
        one.kind === "production"
          ? checkInterruption(await bindingProfile(ports, one), {
              ...{ zone: regionZone(one.region), window, minutes: runbook.minutes, now: ports.now() },
            })
          : [];
      const verdicts = withOverrides(found, request.overrides);
      tenants.push({
        ...{ tenantId: one.tenantId, slug: one.tenantSlug, customer: one.customer, environment: one.kind },
        ...{ wave: waves[index] ?? 0, verdicts, allowed: standingRefusals(verdicts).length === 0 },
        window: window && {
          ...{ id: window.id, kind: window.kind, title: window.title },
          ...{ startsAt: window.startsAt, endsAt: window.endsAt },
        },
      });
    }
    const plan: RunPlan = {
      runbook: { name: runbook.name, version: runbook.version, sha256: runbook.sha256, minutes: runbook.minutes },
      steps: tenantSteps(runbook),
      tenants,
      waves: new Set(waves).size,
      allowed: tenants.every((one) => one.allowed),
    };
    return { plan, runbook, windows };
  }

  async function existing(runId: string): Promise<StoredRun> {
    const run = await store.run(runId);
    if (run) return run;
    throw new AppError("NotFound", `There is no maintenance run ${runId}.`, {
      retryable: false,
      next: "Look at the list of runs.",
    });
  }

  const FAILED = new Set(["failed", "leftLocked", "unlockedAnyway"]);
  const failuresOf = (tenants: readonly StoredRunTenant[]) =>
    tenants.filter(({ outcome }) => outcome !== null && FAILED.has(outcome)).length;

  async function view(run: StoredRun): Promise<Run> {
    const [tenants, parent] = await Promise.all([store.tenants(run.id), ports.jobs.get(run.id)]);
    const { plan } = run;
    return {
      ...{ id: run.id, steps: [...plan.steps], state: parent?.state ?? "queued" },
      runbook: { name: plan.runbook.name, version: plan.runbook.version, sha256: plan.runbook.sha256 },
      ...{ requestedBy: run.requestedBy, createdAt: run.createdAt, stoppedAt: run.stoppedAt, stoppedBy: run.stoppedBy },
      ...{ canary: plan.canary, concurrency: plan.concurrency, errorBudget: plan.errorBudget },
      ...{ failures: failuresOf(tenants), cutOffAt: plan.cutOffAt ? new Date(plan.cutOffAt) : null },
      ...{ atCutOff: plan.atCutOff, overrides: { ...plan.overrides } },
      tenants: await Promise.all(
        tenants.map(async (one) => {
          const job = one.state === "waiting" ? undefined : await ports.jobs.get(one.jobId);
          const { runId: _runId, position: _position, ...shown } = one;
          return {
            ...shown,
            windowId: plan.windows[keyOf(one)]?.id ?? null,
            ...{ jobState: job?.state ?? null, currentStep: job?.currentStep ?? null, percent: job?.percent ?? 0 },
          };
        }),
      ),
    };
  }

  async function summary(run: StoredRun): Promise<RunSummary> {
    const [tenants, parent] = await Promise.all([store.tenants(run.id), ports.jobs.get(run.id)]);
    const { name, version, sha256 } = run.plan.runbook;
    return {
      ...{ id: run.id, runbook: { name, version, sha256 }, state: parent?.state ?? "queued" },
      ...{ requestedBy: run.requestedBy, createdAt: run.createdAt, stoppedAt: run.stoppedAt },
      ...{ tenants: tenants.length, ended: tenants.filter(({ state }) => state === "ended").length },
      failed: failuresOf(tenants),
    };
  }

  async function runbookOf(name: string, version: number): Promise<Runbook> {
    const found = (await listRunbooks(store)).find((one) => one.name === name && one.version === version);
    if (found) return found;
    throw new AppError("NotFound", `There is no runbook ${name} ${version}.`, {
      retryable: false,
      next: "Look at the list of runbooks.",
    });
  }

  const router = {
    runbooks: {
      list: os.runbooks.list.handler(() => listRunbooks(store)),

      save: os.runbooks.save.handler(async ({ input }) => {
        const saved = await store.saveRunbook(input, hashOf(input), ports.operator(), ports.now());
        ports.changed();
        return runbookOf(saved.name, saved.version);
      }),

      review: os.runbooks.review.handler(async ({ input }) => {
        const runbook = await runbookOf(input.name, input.version);
        const by = ports.operator();
        if (runbook.sha256 !== input.sha256) {
          throw new AppError("Conflict", `The runbook ${runbook.name} is not the text that was read.`, {
            retryable: false,
            next: "Read it again as it stands now; nothing was recorded.",
          });
        }
        if (by.trim().toLowerCase() === runbook.author.trim().toLowerCase()) {
          throw new AppError("RefusedByRule", `${by} wrote the runbook ${runbook.name} and cannot review it.`, {
            retryable: false,
            rule: "R103",
            next: "Let another operator read it.",
          });
        }
        await store.review(input.name, input.version, input.sha256, by, ports.now());
        ports.changed();
        return runbookOf(input.name, input.version);
      }),
    },

    plan: os.plan.handler(async ({ input }) => (await planned(input)).plan),

    run: os.run.handler(async ({ input }) => {
      const { requestId, ...request } = input;
      if (await ports.jobs.get(requestId)) return { jobId: requestId };
      const { plan, runbook, windows } = await planned(request);
      const refused = plan.tenants.find((one) => !one.allowed);
      if (refused) throw refusal(refused);
      const by = ports.operator();
      const { name, description, minutes, steps, version, sha256 } = runbook;
      await store.createRun(
        {
          ...{ id: requestId, requestedBy: by, createdAt: ports.now(), stoppedAt: null, stoppedBy: null },
          plan: {
            runbook: { name, description, minutes, steps, version, sha256 },
            ...{ to: request.to ?? null, steps: plan.steps, canary: request.canary },
            ...{ concurrency: request.concurrency, errorBudget: request.errorBudget, atCutOff: request.atCutOff },
            ...{ cutOffAt: request.cutOffAt?.toISOString() ?? null, overrides: request.overrides },
            windows: Object.fromEntries(
              [...windows].map(([key, { id, endsAt }]) => [key, { id, endsAt: endsAt.toISOString() }]),
            ),
          },
        },
        plan.tenants.map((one, position) => ({
          ...{ runId: requestId, position, tenantId: one.tenantId, slug: one.slug, customer: one.customer },
          ...{ environment: one.environment, wave: one.wave, outcome: null, whyNotStarted: null },
          state: "waiting",
          jobId: stableId(`${requestId}/${keyOf(one)}`),
          ...{ detail: null, startedAt: null, endedAt: null },
        })),
      );
      const started = await startRun({
        ...{ id: requestId, tenantId: null, tenantSlug: null, subject: `${name}, ${plan.tenants.length}` },
        ...{ requestedBy: by, input: { runId: requestId } },
      });
      ports.changed();
      return started;
    }),

    list: os.list.handler(async ({ input }) => {
      const runs = await store.runs(input.limit);
      const shown = input.windowId
        ? runs.filter(({ plan }) => Object.values(plan.windows).some(({ id }) => id === input.windowId))
        : runs;
      return Promise.all(shown.map(summary));
    }),

    get: os.get.handler(async ({ input }) => view(await existing(input.runId))),

    stop: os.stop.handler(async ({ input }) => {
      const run = await existing(input.runId);
      const parent = await ports.jobs.get(run.id);
      if (parent && !FINAL_JOB_STATES.has(parent.state)) {
        await store.stop(run.id, `${ports.operator()}: ${input.reason}`, ports.now());
        ports.changed();
      }
      return view(await existing(run.id));
    }),
  };

  return { router };
}

function refusal(one: PlannedTenant): AppError {
  const standing = standingRefusals(one.verdicts);
  const first = standing[0]!;
  return new AppError("RefusedByRule", `${first.rule}: ${first.reason}`, {
    retryable: false,
    tenant: one.slug,
    rule: first.rule,
    ...(first.earliest && { earliest: first.earliest }),
    verdicts: standing,
    next: "Run it in a window whose notice is proven, or record a reason for each refusal that may be overridden.",
  });
}
