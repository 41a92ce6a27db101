import { z } from "zod";
import { AppError, errorFacts, type ErrorFacts } from "../../shared/errors.ts";
import { TENANT_STEPS } from "../../shared/maintenance/model.ts";
import { type RunbookStep, RunbookText } from "../../shared/maintenance/runbook.ts";
import type { Outcome } from "../../shared/maintenance/schedule.ts";
import { EnvironmentKind } from "../../shared/tenant/model.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../shared/time.ts";
import { TAG } from "../../shared/tenant/tags.ts";
import { type JobKind, type JobRun, pollUntil, type StepContext } from "../jobs/index.ts";
import { commandFailed, HostUpdate, longVerbs } from "../toolkit/erpctl.ts";
import { operate, type Operated } from "../toolkit/operate.ts";
import { hostOf } from "../toolkit/ports.ts";
import { deciding } from "./deciding.ts";
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
        // Written outside a step: it is said again by whoever ends this job.
        if (facts.code !== "Unexpected" || facts.message) {
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
    // The safe point before each step; what was begun is finished.
    const skip = await job.step(name, async (step) => {
      const begun = await store.begun(job.jobId);
      if (left || (begun <= index && (await mustWindDown(input.runId)))) {
        await step.detail("left out");
        return { skipped: true, failed: null };
      }
      const interrupted = begun > index;
      await store.begin(job.jobId, index + 1);
      try {
        await doStep(ports, input, host, one, step, interrupted);
        return { skipped: false, failed: null };
      } catch (error) {
        return { skipped: false, failed: asked(error) };
      }
    });
    left ||= skip.skipped;
    if (skip.failed) {
      const answer = await askAndRepeat(ports, input, host, job, name, skip.failed, (step) =>
        doStep(ports, input, host, one, step, false),
      );
      if (answer === "leaveLocked") return "leftLocked";
    }
    if (!skip.skipped && one.kind === "approval") {
      const said = await deciding(job).decide(`${name}: answer`, {
        question: one.question,
        facts: { tenant: input.tenantId },
        options: [
          { id: "goOn", label: "Go on" },
          { id: "leaveLocked", label: "Stop here and leave it locked out", danger: false },
        ],
      });
      if (said.option !== "goOn") return "leftLocked";
    }
  }

  for (const [name, work] of [
    [POST_CHECKS, (step: StepContext) => postChecks(ports, input, host, step)],
    [SMOKE, host.smoke],
  ] as const) {
    const failed = await job.step(name, async (step) => {
      try {
        await work(step);
        return null;
      } catch (error) {
        return asked(error);
      }
    });
    if (!failed) continue;
    const answer = await askAndRepeat(ports, input, host, job, name, failed, work, true);
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

/** Failures that a person can decide about; those that pass by themselves are tried again by the step. */
function asked(error: unknown): ErrorFacts {
  const facts = errorFacts(error);
  const passes =
    facts.details.retryable || ["AwsNotFound", "AwsCredentialsExpired", "VaultLocked"].includes(facts.code);
  if (passes || facts.code === "Cancelled" || facts.code === "Unexpected") throw error;
  return facts;
}

/** Asks until the work succeeds or a person decides otherwise. Nothing is opened meanwhile. */
async function askAndRepeat(
  ports: MaintenancePorts,
  input: TenantInput,
  host: Operated,
  job: JobRun,
  name: string,
  first: ErrorFacts,
  work: (step: StepContext) => Promise<void>,
  mayUnlock = false,
): Promise<"done" | "leaveLocked" | "unlockAnyway"> {
  let failed: ErrorFacts | null = first;
  for (let attempt = 2; failed; attempt++) {
    const tenant = await job.step(`${name}: look (${attempt})`, async () => (await host.environment()).tenantSlug);
    const answer = await deciding(job).decide(`${name}: decide (${attempt})`, {
      question: `"${name}" failed on ${tenant} ${input.kind}, which is locked out: ${failed.message}`,
      facts: { step: name, code: failed.code, next: failed.details.next ?? "" },
      options: [
        { id: "retry", label: "Try the step again" },
        { id: "leaveLocked", label: "Leave it locked out; the watchdog goes on alarming" },
        ...(mayUnlock ? [{ id: "unlockAnyway", label: "Unlock it all the same", danger: true }] : []),
      ],
    });
    if (answer.option !== "retry") return answer.option === "unlockAnyway" ? "unlockAnyway" : "leaveLocked";
    failed = await job.step(`${name} (${attempt})`, async (step) => {
      try {
        await work(step);
        return null;
      } catch (error) {
        return asked(error);
      }
    });
  }
  return "done";
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
  one: RunbookStep,
  step: StepContext,
  interrupted: boolean,
): Promise<void> {
  switch (one.kind) {
    case "stackUpdate":
      return update(ports, host, longVerbs.updateStack(), step);
    case "applicationUpdate": {
      const to = one.to ?? input.to;
      if (!to) throw new AppError("InvalidInput", "The run names no version to update to.", { retryable: false });
      return update(ports, host, longVerbs.updateApplication(to), step);
    }
    case "command":
      if (interrupted && !one.idempotent) throw unknownOutcome(one.words);
      return command(ports, host, one.words, one.timeoutSeconds, step);
    case "check":
      return command(ports, host, one.words, one.timeoutSeconds, step);
    case "reboot":
      await host.reboot(step);
      await host.answers(step);
      return host.serves(step);
    case "wait": {
      const until = performance.now() + one.seconds * SECOND_MS;
      await pollUntil(
        "Waiting",
        step.signal,
        { everyMs: SECOND_MS, withinMs: one.seconds * SECOND_MS + MINUTE_MS },
        async () => (performance.now() >= until ? true : undefined),
      );
      return step.detail(`${one.seconds} s`);
    }
    case "approval":
      return step.detail(one.question);
  }
}

/** Updates may be repeated: the host knows what it has done already. */
async function update(
  ports: MaintenancePorts,
  host: Operated,
  words: readonly string[],
  step: StepContext,
): Promise<void> {
  const printed = await onHost(ports, host, words, UPDATE_MS, step);
  const { changed, rebootNeeded } = HostUpdate.parse(JSON.parse(printed));
  const names = changed.map(({ name, from, to }) => `${name} ${from ?? "-"} to ${to}`).join(", ");
  await step.detail(`${names || "nothing to change"}${rebootNeeded ? "; restart needed" : ""}`);
}

async function command(
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

function unknownOutcome(words: readonly string[]): AppError {
  return new AppError(
    "DecisionNeeded",
    `Nobody knows whether "${words.slice(0, 3).join(" ")}" ended: it was under way when the console was interrupted.`,
    { retryable: false, next: "Look on the host; it may not be harmless to run it twice." },
  );
}
