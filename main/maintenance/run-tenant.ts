import { z } from "zod";
import { AppError, errorFacts, type ErrorFacts } from "../../shared/errors.ts";
import { TENANT_STEPS } from "../../shared/maintenance/model.ts";
import { type RunbookStep, RunbookText } from "../../shared/maintenance/runbook.ts";
import type { Outcome } from "../../shared/maintenance/schedule.ts";
import { EnvironmentKind } from "../../shared/tenant/model.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../shared/time.ts";
import { TAG } from "../../shared/tenant/tags.ts";
import { type JobKind, type JobRun, pollUntil, type StepContext } from "../jobs/index.ts";
import { detachedStep } from "../toolkit/detached.ts";
import { commandFailed, HostUpdate, longVerbs } from "../toolkit/erpctl.ts";
import { operate, type Operated } from "../toolkit/operate.ts";
import { hostOf } from "../toolkit/ports.ts";
import type { MaintenancePorts } from "./ports.ts";
import type { MaintenanceStore } from "./store.ts";

export const TenantInput = z.object({
  runId: z.string(),
  tenantId: z.string(),
  kind: EnvironmentKind,
  runbook: RunbookText,
  to: z.string().nullable(),
  by: z.string(),
  windowId: z.string().nullable(),
  windowEndsAt: z.coerce.date().nullable(),
});
export type TenantInput = z.infer<typeof TenantInput>;

const [PRE_CHECKS, LOCK_OUT] = TENANT_STEPS.before;
const [POST_CHECKS, SMOKE, UNLOCK, RECORD] = TENANT_STEPS.after;
/** Room that work on packages and data needs at least. */
const LEAST_FREE_BYTES = 512 * 1024 * 1024;
/** A lock-out that nobody gave another end is looked at after this. */
const LONGEST_MS = 4 * HOUR_MS;
/** An update of packages or data may take this long. */
const UPDATE_MS = 2 * HOUR_MS;

/** "2: command" of the second step; stable, so that a job goes on where it was. */
export const runbookStepName = (step: RunbookStep, index: number): string => `${index + 1}: ${step.kind}`;

export const tenantSteps = ({ steps }: RunbookText): string[] => [
  ...TENANT_STEPS.before,
  ...steps.map(runbookStepName),
  ...TENANT_STEPS.after,
];

/** Whether the run tells tenants under way to leave at their next safe point. */
export type MustWindDown = (runId: string) => Promise<boolean>;

/**
 * `maintenance.tenant`: a runbook on one environment. Locked out first, opened only after a passed smoke test; a failure
 * in between is put to a person, and until the answer the tenant stays knowingly closed.
 */
export function runTenant(
  ports: MaintenancePorts,
  store: MaintenanceStore,
  mustWindDown: MustWindDown,
): JobKind<TenantInput> {
  return {
    kind: "maintenance.tenant",
    input: TenantInput,
    plan: (input) => tenantSteps(input.runbook),

    async run(input, job) {
      const host = operate(ports, input);
      try {
        await store.started(job.jobId, ports.now());
        ports.changed();
        const outcome = await workThrough(ports, store, mustWindDown, input, job, host);
        await job.step(RECORD, async (step) => {
          await store.ended(job.jobId, outcome, null, ports.now());
          ports.changed();
          ports.lookAgain();
          await step.detail(outcome);
        });
      } catch (error) {
        const facts = errorFacts(error);
        // Of anything else (a bug, another run of this job) the parent reads the job's own end.
        if (facts.code !== "Unexpected") {
          await store.ended(job.jobId, "failed", facts.message, ports.now()).catch(() => undefined);
          ports.changed();
        }
        throw error;
      }
    },
  };
}

async function workThrough(
  ports: MaintenancePorts,
  store: MaintenanceStore,
  mustWindDown: MustWindDown,
  input: TenantInput,
  job: JobRun,
  host: Operated,
): Promise<Outcome> {
  await job.step(PRE_CHECKS, async (step) => preChecks(ports, input, host, step));

  await job.step(LOCK_OUT, async (step) => {
    const { environmentId, tenantId } = await host.environment();
    if (!(await ports.lockouts.isOpen(job.jobId))) await host.isOpen(step);
    const since = ports.now();
    const expected = new Date(since.getTime() + LONGEST_MS);
    await ports.lockouts.begin({
      ...{ id: job.jobId, tenantId, environmentId, since, by: input.by, jobId: job.jobId },
      reason: `Maintenance: ${input.runbook.name}`,
      until: expected,
      windowEndsAt: input.windowEndsAt,
    });
    await (await host.erp(step.signal)).lockOut(null);
    await step.detail("locked out");
  });

  let left = false;
  for (const [index, one] of input.runbook.steps.entries()) {
    const name = runbookStepName(one, index);
    const begun = await job.step(`${name}, safe point`, async (step) => {
      const before = await store.begun(job.jobId);
      // What was begun is finished, whatever the run decides meanwhile.
      const leaves = left || (before <= index && (await mustWindDown(input.runId)));
      if (!leaves) await store.begin(job.jobId, index + 1);
      await step.detail(leaves ? "left out" : "goes on");
      return !leaves;
    });
    if (!begun) {
      left = true;
      continue;
    }
    const answer = await untilDone(ports, input, host, job, name, (attempt) =>
      doStep(ports, input, host, job, one, attempt),
    );
    if (answer !== "done") return "leftLocked";
    if (one.kind === "approval") {
      const said = await job.decide(`${name}, answer`, {
        question: one.question,
        facts: { runbook: input.runbook.name },
        options: [
          { id: "goOn", label: "Go on" },
          { id: "leaveLocked", label: "Stop here and leave it locked out" },
        ],
      });
      if (said.option !== "goOn") return "leftLocked";
    }
  }

  for (const [name, work] of [
    [POST_CHECKS, (step: StepContext) => postChecks(ports, input, host, step)],
    [SMOKE, host.smoke],
  ] as const) {
    const answer = await untilDone(ports, input, host, job, name, (attempt) => job.step(attempt, work), true);
    if (answer === "leaveLocked") return "leftLocked";
    if (answer === "unlockAnyway") {
      await unlock(ports, input, job, host);
      return "unlockedAnyway";
    }
  }
  await unlock(ports, input, job, host);
  return left ? "stoppedEarly" : "done";
}

function unlock(ports: MaintenancePorts, input: TenantInput, job: JobRun, host: Operated): Promise<void> {
  return job.step(UNLOCK, async (step) => {
    await (await host.erp(step.signal)).unlock();
    await ports.lockouts.end((await host.environment()).environmentId, ports.now(), input.by);
    await step.detail("open");
  });
}

/** Failures that a person can decide about. What passes by itself the step has tried again before. */
function asked(error: unknown): ErrorFacts {
  const facts = errorFacts(error);
  if (facts.code === "Cancelled" || facts.code === "Unexpected") throw error;
  return facts;
}

/** Does the work until it succeeds or a person decides otherwise. Nothing is opened meanwhile. */
async function untilDone(
  ports: MaintenancePorts,
  input: TenantInput,
  host: Operated,
  job: JobRun,
  name: string,
  /** Does it as a step of this name. */
  work: (name: string) => Promise<unknown>,
  mayUnlock = false,
): Promise<"done" | "leaveLocked" | "unlockAnyway"> {
  for (let attempt = 1; ; attempt++) {
    const failed = await work(attempt === 1 ? name : `${name} (${attempt})`).then(() => null, asked);
    if (!failed) return "done";
    const tenant = await job.step(`${name}, look (${attempt})`, async () => (await host.environment()).tenantSlug);
    const answer = await job.decide(`${name}, decide (${attempt})`, {
      question: `"${name}" failed on ${tenant} ${input.kind}, which is locked out: ${failed.message}`,
      facts: { step: name, code: failed.code, next: failed.details.next ?? "" },
      options: [
        { id: "retry", label: "Try the step again" },
        { id: "leaveLocked", label: "Leave it locked out; the watchdog goes on alarming" },
        ...(mayUnlock ? [{ id: "unlockAnyway", label: "Unlock it all the same", danger: true }] : []),
      ],
    });
    if (answer.option !== "retry") return answer.option === "unlockAnyway" ? "unlockAnyway" : "leaveLocked";
  }
}

async function preChecks(
  ports: MaintenancePorts,
  input: TenantInput,
  host: Operated,
  step: StepContext,
): Promise<void> {
  const one = await host.environment();
  const refuse = (what: string, next: string) =>
    new AppError("Conflict", `${one.tenantSlug} ${one.kind}: ${what} Nothing was changed.`, {
      retryable: false,
      tenant: one.tenantSlug,
      next,
    });
  if (input.windowId) {
    const window = await ports.plannedWindow(input.windowId);
    if (window.cancelled) throw refuse("its window was cancelled.", "Plan another window, then run it there.");
    if (ports.now() < window.startsAt || ports.now() >= window.endsAt) {
      throw refuse("its window is not open now.", "Run it within the window, or move the window.");
    }
  }
  if ((await host.state()) !== "running") throw refuse("its machine does not run.", "Start it, then retry.");
  await host.serves(step);
  const space = await (await host.erp(step.signal)).space();
  if (space.freeBytes < LEAST_FREE_BYTES) {
    throw refuse("its data volume is almost full.", "Grow the volume or make room, then retry.");
  }
  await step.detail(`serves, ${Math.floor(space.freeBytes / 1024 / 1024)} MiB free`);
}

async function postChecks(
  ports: MaintenancePorts,
  input: TenantInput,
  host: Operated,
  step: StepContext,
): Promise<void> {
  await host.serves(step);
  const facts = await (await host.erp(step.signal)).facts();
  const one = await host.environment();
  if (facts.tenantId !== one.tenantId || !facts.database.ready || !facts.licence.valid) {
    throw new AppError("ApplicationUnhealthy", `${one.tenantSlug} ${one.kind} is not as it was before the work.`, {
      retryable: false,
      tenant: one.tenantSlug,
      next: "It stays locked out. Look at its facts and mend it, then try the step again.",
    });
  }
  if (facts.version && facts.version !== one.version) {
    const { cloud, instanceId } = await host.machine();
    await cloud.setTags([instanceId, ...(one.volumeId ? [one.volumeId] : [])], { [TAG.version]: facts.version });
    await ports.learn(one, { version: facts.version });
  }
  await step.detail(`${facts.product} ${facts.version}`);
}

async function doStep(
  ports: MaintenancePorts,
  input: TenantInput,
  host: Operated,
  job: JobRun,
  one: RunbookStep,
  name: string,
): Promise<void> {
  switch (one.kind) {
    case "stackUpdate":
      return update(ports, host, job, name, longVerbs.updateStack());
    case "applicationUpdate": {
      const to = one.to ?? input.to;
      if (!to) throw new AppError("InvalidInput", "The run names no version to update to.", { retryable: false });
      return update(ports, host, job, name, longVerbs.updateApplication(to));
    }
    case "command":
      await detachedStep(job, name, {
        ...{ run: ports.runOnHost, host: async () => hostOf(await host.environment()), words: one.words },
        withinMs: one.timeoutSeconds * SECOND_MS,
        onUnknown: one.idempotent ? "again" : "decide",
        parse: (stdout) => stdout.length,
      });
      return;
    case "check":
      return job.step(name, (step) => check(ports, host, one.words, one.timeoutSeconds, step));
    case "reboot":
      await host.reboot(job, [`${name}, boot`, name]);
      return job.step(`${name}, serves`, host.serves);
    case "wait":
      return job.step(name, async (step) => {
        const until = performance.now() + one.seconds * SECOND_MS;
        const withinMs = one.seconds * SECOND_MS + MINUTE_MS;
        await pollUntil("Waiting", step.signal, { everyMs: SECOND_MS, withinMs }, async () =>
          performance.now() >= until ? true : undefined,
        );
        await step.detail(`${one.seconds} s`);
      });
    case "approval":
      return job.step(name, (step) => step.detail(one.question));
  }
}

/** Runs on the host by itself, and outlives this console. It may be repeated: the host knows what it has done. */
async function update(
  ports: MaintenancePorts,
  host: Operated,
  job: JobRun,
  name: string,
  words: readonly string[],
): Promise<void> {
  const { changed, rebootNeeded } = await detachedStep(job, name, {
    ...{ run: ports.runOnHost, host: async () => hostOf(await host.environment()), words },
    ...{ withinMs: UPDATE_MS, onUnknown: "again" as const, everyMs: SECOND_MS },
    parse: (stdout) => HostUpdate.parse(JSON.parse(stdout)),
  });
  await job.step(`${name}, what changed`, async (step) => {
    const names = changed.map(({ name: one, from, to }) => `${one} ${from ?? "-"} to ${to}`).join(", ");
    await step.detail(`${names || "nothing to change"}${rebootNeeded ? "; restart needed" : ""}`);
  });
}

async function check(
  ports: MaintenancePorts,
  host: Operated,
  words: readonly string[],
  timeoutSeconds: number,
  step: StepContext,
): Promise<void> {
  const printed = await onHost(ports, host, words, timeoutSeconds * SECOND_MS, step);
  await step.log(printed.slice(0, 4_000) || "(no output)");
  await step.detail(printed.split("\n")[0]?.slice(0, 120) || "exit status 0");
}

async function onHost(
  ports: MaintenancePorts,
  host: Operated,
  words: readonly string[],
  withinMs: number,
  step: StepContext,
): Promise<string> {
  const one = await host.environment();
  const limit = AbortSignal.timeout(withinMs);
  const signal = AbortSignal.any([step.signal, limit]);
  try {
    const result = await ports.runOnHost(hostOf(one), words, { signal });
    if (result.exitCode !== 0) throw commandFailed(`${one.tenantSlug} ${one.kind}`, words, result);
    return result.stdout.trim();
  } catch (error) {
    if (limit.aborted && !step.signal.aborted) throw tooLong(words, withinMs);
    throw error;
  }
}

function tooLong(words: readonly string[], withinMs: number): AppError {
  return new AppError(
    "Timeout",
    `"${words.slice(0, 3).join(" ")}" did not end within ${Math.round(withinMs / SECOND_MS)} s.`,
    { retryable: false, next: "Look on the host whether it still runs, before it is tried again." },
  );
}
