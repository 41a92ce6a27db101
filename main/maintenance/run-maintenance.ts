import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { FINAL_JOB_STATES } from "../../shared/jobs/model.ts";
import { RUN_STEPS } from "../../shared/maintenance/model.ts";
import { type NextActions, nextActions, type RunState } from "../../shared/maintenance/schedule.ts";
import type { JobKind, StartJob, StepContext } from "../jobs/index.ts";
import type { MaintenancePorts } from "./ports.ts";
import type { TenantInput } from "./run-tenant.ts";
import { usableRunbook } from "./runbooks.ts";
import { keyOf, type MaintenanceStore, type StoredRun, type StoredRunTenant } from "./store.ts";

export const RunInput = z.object({ runId: z.string() });
export type RunInput = z.infer<typeof RunInput>;

const [CHECK, CANARY, FURTHER, SUM_UP] = RUN_STEPS;
const LOOK_EVERY_MS = 500;

/** The state of a run as the scheduler reads it; `afterCanary` is what a person said, if anybody did. */
export function stateOf(
  run: StoredRun,
  tenants: readonly StoredRunTenant[],
  afterCanary: RunState["afterCanary"],
): RunState {
  const { plan } = run;
  return {
    tenants: tenants.map((one) => ({
      ...{ key: one.jobId, wave: one.wave, state: one.state, outcome: one.outcome },
      startsBefore: dated(plan.windows[keyOf(one)]?.endsAt),
    })),
    ...{ concurrency: plan.concurrency, errorBudget: plan.errorBudget, atCutOff: plan.atCutOff },
    cutOffAt: dated(plan.cutOffAt),
    stopped: run.stoppedAt !== null,
    afterCanary,
  };
}

const dated = (text: string | null | undefined): Date | null => (text ? new Date(text) : null);

/**
 * `maintenance.run`: starts each tenant's job when its turn has come, and follows them.
 *
 * It holds nothing in memory: who waits, runs and ended is read anew each time, and a tenant's job has the same id
 * whoever starts it. So it goes on after any interruption, and nothing is started twice.
 */
export function runMaintenance(
  ports: MaintenancePorts,
  store: MaintenanceStore,
  startTenant: (start: StartJob<TenantInput>) => Promise<{ jobId: string }>,
): JobKind<RunInput> {
  /** A job is started by a bystander: what a step starts itself would be a part of that step. */
  const outside = AsyncLocalStorage.snapshot();

  async function existing(runId: string): Promise<StoredRun> {
    const run = await store.run(runId);
    if (run) return run;
    throw new AppError("NotFound", `There is no maintenance run ${runId}.`, { retryable: false });
  }

  /** Takes over the end of jobs that could not say it themselves (cancelled before they began, failed for good). */
  async function settleEnded(tenants: readonly StoredRunTenant[]): Promise<void> {
    for (const one of tenants.filter(({ state }) => state === "running")) {
      const job = await ports.jobs.get(one.jobId);
      if (!job || !FINAL_JOB_STATES.has(job.state)) continue;
      const now = (await store.tenants(one.runId)).find(({ jobId }) => jobId === one.jobId);
      if (now?.state === "running") {
        await store.ended(one.jobId, "failed", job.error?.message ?? job.state, ports.now());
      }
    }
  }

  async function start(run: StoredRun, one: StoredRunTenant): Promise<void> {
    const { to, windows } = run.plan;
    const { version: _version, sha256: _sha256, ...runbook } = run.plan.runbook;
    const window = windows[keyOf(one)];
    await store.started(one.jobId, ports.now());
    await outside(() =>
      startTenant({
        ...{ id: one.jobId, tenantId: one.tenantId, tenantSlug: one.slug, subject: one.customer },
        requestedBy: run.requestedBy,
        input: {
          ...{ runId: run.id, tenantId: one.tenantId, kind: one.environment, runbook, to, by: run.requestedBy },
          ...{ windowId: window?.id ?? null, windowEndsAt: dated(window?.endsAt) },
        },
      }),
    );
  }

  /** Works until `isOver` says so. */
  async function follow(
    runId: string,
    step: StepContext,
    afterCanary: RunState["afterCanary"],
    isOver: (next: NextActions, tenants: readonly StoredRunTenant[]) => boolean,
  ): Promise<NextActions> {
    for (;;) {
      step.signal.throwIfAborted();
      await settleEnded(await store.tenants(runId));
      const run = await existing(runId);
      const tenants = await store.tenants(runId);
      const next = nextActions(stateOf(run, tenants, afterCanary), ports.now());
      for (const { key, why } of next.settle) await store.notStarted(key, why, ports.now());
      // Marked as running by an earlier attempt that did not get to start the job: it is started now.
      const begun = tenants.filter(({ state }) => state === "running").map(({ jobId }) => jobId);
      const lost = [];
      for (const jobId of begun) if (!(await ports.jobs.get(jobId))) lost.push(jobId);
      for (const jobId of [...lost, ...next.start]) await start(run, tenants.find((one) => one.jobId === jobId)!);
      if (next.settle.length + next.start.length > 0) ports.changed();
      const after = await store.tenants(runId);
      const done = after.filter(({ state }) => state === "ended").length;
      await step.detail(`${done} of ${after.length} ended`);
      if (isOver(next, after)) return next;
      await sleep(LOOK_EVERY_MS, undefined, { signal: step.signal }).catch(() => undefined);
    }
  }

  return {
    kind: "maintenance.run",
    input: RunInput,
    plan: () => RUN_STEPS,

    async run({ runId }, job) {
      await job.step(CHECK, async (step) => {
        const { plan } = await existing(runId);
        const runbook = await usableRunbook(store, plan.runbook.name, plan.runbook.version);
        if (runbook.sha256 !== plan.runbook.sha256) {
          throw new AppError("RefusedByRule", `The runbook ${runbook.name} was changed after the run was planned.`, {
            retryable: false,
            rule: "R103",
            next: "Plan the run anew with the text as it stands now. Nothing was changed on any tenant.",
          });
        }
        await step.detail(`${runbook.name} ${runbook.version}, ${runbook.sha256.slice(0, 12)}`);
      });

      const afterFirst = await job.step(CANARY, (step) =>
        follow(
          runId,
          step,
          null,
          (next, tenants) =>
            next.finished || next.askAfterCanary || tenants.every((one) => one.wave > 0 || one.state === "ended"),
        ),
      );

      let said: RunState["afterCanary"] = null;
      const ask = await job.step("judge canaries", async (step) => {
        const next = nextActions(stateOf(await existing(runId), await store.tenants(runId), null), ports.now());
        await step.detail(next.askAfterCanary ? "failed within the budget" : "sound");
        return next.askAfterCanary;
      });
      if (ask || afterFirst.askAfterCanary) {
        const answer = await job.decide("decide after the canaries", {
          question: "A canary failed. Shall the other tenants follow?",
          facts: { run: runId },
          options: [
            { id: "stop", label: "Stop: the others are not started" },
            { id: "goOn", label: "Go on with the others", danger: true },
          ],
        });
        said = answer.option === "goOn" ? "goOn" : "stop";
      }
      await job.step(FURTHER, (step) => follow(runId, step, said, (next) => next.finished));

      await job.step(SUM_UP, async (step) => {
        const tenants = await store.tenants(runId);
        const counts = new Map<string, number>();
        for (const { outcome } of tenants) counts.set(outcome ?? "?", (counts.get(outcome ?? "?") ?? 0) + 1);
        ports.changed();
        await step.detail([...counts].map(([outcome, count]) => `${count} ${outcome}`).join(", "));
      });
    },
  };
}
