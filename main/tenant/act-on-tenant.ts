import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { ACT_STEPS, GROW_STEPS, RESIZE_STEPS } from "../../shared/tenant/acts.ts";
import { EnvironmentKind } from "../../shared/tenant/model.ts";
import { MINUTE_MS } from "../../shared/time.ts";
import { type JobKind, type JobRun, pollUntil, type StepContext } from "../jobs/index.ts";
import { type OperatePorts, operate, type Operated } from "../toolkit/operate.ts";
import type { LockoutStore } from "./lockouts.ts";

export interface ActPorts extends OperatePorts {
  readonly lockouts: LockoutStore;
  operator(): string;
  /** Secrets that a job needs later, kept in the vault and never in the job's record. */
  readonly secrets: {
    get(name: string): Promise<string | undefined>;
    remove(name: string): Promise<void>;
  };
  /** Asks for the environment's health and remembers it, so that the watch is right at once. */
  lookAgain(tenantId: string): void;
}

const Target = z.object({ tenantId: z.string(), kind: EnvironmentKind });
export const ActInput = Target;
export const LockOutInput = Target.extend({
  minutes: z.number().int(),
  reason: z.string(),
  by: z.string(),
  windowEndsAt: z.coerce.date().nullable(),
});
export const UnlockInput = Target.extend({ reason: z.string(), by: z.string() });
export const ResizeInput = Target.extend({
  from: z.object({ instanceType: z.string(), volumeGiB: z.number() }),
  instanceType: z.string(),
  volumeGiB: z.number().int(),
  by: z.string(),
  windowEndsAt: z.coerce.date().nullable(),
});
export type ResizeInput = z.infer<typeof ResizeInput>;

/** A stop, another type and a start are over well within this; beyond it the watchdog asks. */
const RESIZE_LOCKOUT_MS = 60 * MINUTE_MS;
const GROW_MS = 10 * MINUTE_MS;

type Work = (step: StepContext) => Promise<void>;

/** A job whose steps are those of `ACT_STEPS`, in their order. */
function stepsOf<Input extends z.infer<typeof Target>>(
  ports: ActPorts,
  kind: keyof typeof ACT_STEPS,
  input: z.ZodType<Input>,
  works: (host: Operated, input: Input, job: JobRun) => readonly Work[],
): JobKind<Input> {
  return {
    kind,
    input,
    plan: () => ACT_STEPS[kind],
    async run(order, job) {
      const todo = works(operate(ports, order), order, job);
      for (const [index, name] of ACT_STEPS[kind].entries()) await job.step(name, todo[index]!);
      ports.lookAgain(order.tenantId);
    },
  };
}

export function actJobs(ports: ActPorts) {
  const unlocked = async (host: Operated, by: string, step: StepContext) => {
    await (await host.erp(step.signal)).unlock();
    await ports.lockouts.end((await host.environment()).environmentId, ports.now(), by);
  };

  return {
    start: stepsOf(ports, "tenant.start", ActInput, (host) => [
      async (step) => void (await host.start(step)),
      host.answers,
      host.serves,
    ]),

    stop: stepsOf(ports, "tenant.stop", ActInput, (host) => [host.stop]),

    reboot: rebootJob(ports),

    lockOut: stepsOf(ports, "tenant.lockOut", LockOutInput, (host, order, job) => [
      async (step) => {
        const { environmentId, tenantId } = await host.environment();
        const since = ports.now();
        // Recorded first: a lock-out that nobody can explain is an alarm.
        await ports.lockouts.begin({
          ...{ id: job.jobId, tenantId, environmentId, since, reason: order.reason, by: order.by, jobId: null },
          until: new Date(since.getTime() + order.minutes * MINUTE_MS),
          windowEndsAt: order.windowEndsAt,
        });
        const lockout = await (await host.erp(step.signal)).lockOut(order.minutes);
        await step.detail(lockout?.until ? `until ${lockout.until.toISOString()}` : "locked out");
      },
    ]),

    unlock: stepsOf(ports, "tenant.unlock", UnlockInput, (host, order) => [
      async (step) => {
        await unlocked(host, order.by, step);
        await step.detail(order.reason);
      },
    ]),

    renewCertificate: stepsOf(ports, "tenant.renewCertificate", ActInput, (host) => [
      async (step) => {
        const { issuer, validTo } = await (await host.erp(step.signal)).renewCertificate();
        await step.detail(`${issuer}, until ${validTo.toISOString()}`);
      },
      host.serves,
    ]),

    installCertificate: stepsOf(ports, "tenant.installCertificate", ActInput, (host, _order, job) => [
      async (step) => {
        const name = certificateSecret(job.jobId);
        const pem = await ports.secrets.get(name);
        if (pem === undefined) throw certificateGone((await host.environment()).tenantSlug);
        const { issuer, validTo } = await (await host.erp(step.signal)).installCertificate(pem);
        await step.detail(`${issuer}, until ${validTo.toISOString()}`);
      },
      async (step) => {
        await host.serves(step);
        await ports.secrets.remove(certificateSecret(job.jobId));
      },
    ]),

    resize: resizeJob(ports, unlocked),
  };
}

function rebootJob(ports: ActPorts): JobKind<z.infer<typeof ActInput>> {
  const steps = ACT_STEPS["tenant.reboot"];
  const [noteBoot, reboot, answers, serves] = steps;
  return {
    kind: "tenant.reboot",
    input: ActInput,
    plan: () => steps,
    async run(order, job) {
      const host = operate(ports, order);
      await host.reboot(job, [noteBoot, reboot]);
      await job.step(answers, host.answers);
      await job.step(serves, host.serves);
      ports.lookAgain(order.tenantId);
    },
  };
}

/** Where the key waits for its job; it is taken away when it is installed. */
export const certificateSecret = (jobId: string): string => `certificate/${jobId}`;

/** `tenant.resize`: another instance type and a larger volume, under a lock-out that only a passed smoke test lifts. */
function resizeJob(
  ports: ActPorts,
  unlocked: (host: Operated, by: string, step: StepContext) => Promise<void>,
): JobKind<ResizeInput> {
  const changesType = (input: ResizeInput) => input.instanceType !== input.from.instanceType;
  return {
    kind: "tenant.resize",
    input: ResizeInput,
    plan: (input) => (changesType(input) ? RESIZE_STEPS : GROW_STEPS),

    async run(input, job) {
      const host = operate(ports, input);

      if (changesType(input)) {
        await job.step("lock out", async (step) => {
          const { environmentId, tenantId } = await host.environment();
          if (!(await ports.lockouts.isOpen(job.jobId))) await host.isOpen(step);
          const since = ports.now();
          await ports.lockouts.begin({
            ...{ id: job.jobId, tenantId, environmentId, since, by: input.by, jobId: job.jobId },
            reason: `Resize from ${input.from.instanceType} to ${input.instanceType}`,
            until: new Date(since.getTime() + RESIZE_LOCKOUT_MS),
            windowEndsAt: input.windowEndsAt,
          });
          await (await host.erp(step.signal)).lockOut(null);
          await step.detail("locked out");
        });
        await job.step("release data volume", async (step) => {
          // Repeated after an interruption, the machine may be down already.
          if ((await host.state()) === "running") await (await host.erp(step.signal)).release();
          await step.detail("released");
        });
        await job.step("stop machine", host.stop);
        await job.step("change instance type", async (step) => {
          const { one, cloud, instanceId } = await host.machine();
          const before = await cloud.instance(instanceId);
          if (before?.instanceType !== input.instanceType) await cloud.setInstanceType(instanceId, input.instanceType);
          await ports.learn(one, { instanceType: input.instanceType });
          await step.detail(`${input.from.instanceType} to ${input.instanceType}`);
        });
      }

      await job.step("grow data volume", async (step) => {
        const { one, cloud } = await host.machine();
        if (!one.volumeId || input.volumeGiB === input.from.volumeGiB) return step.detail("stays as it is");
        const volumeId = one.volumeId;
        await cloud.growVolume(volumeId, input.volumeGiB);
        await pollUntil(`Growing ${volumeId}`, step.signal, { everyMs: 500, withinMs: GROW_MS }, async () => {
          const volume = await cloud.volume(volumeId);
          return volume && volume.sizeGiB >= input.volumeGiB ? true : undefined;
        });
        await ports.learn(one, { volumeGiB: input.volumeGiB });
        await step.detail(`${volumeId}, ${input.from.volumeGiB} to ${input.volumeGiB} GiB`);
      });

      if (changesType(input)) {
        await job.step("start machine", async (step) => void (await host.start(step)));
        await job.step("wait for the host", host.answers);
      }
      await job.step("set up application", host.setUp);
      await job.step("check HTTPS", host.serves);
      await job.step("smoke test", host.smoke);
      await job.step("write inventory", async (step) => {
        const { one, cloud, instanceId } = await host.machine();
        const [instance, volume] = await Promise.all([
          cloud.instance(instanceId),
          one.volumeId ? cloud.volume(one.volumeId) : undefined,
        ]);
        await ports.learn(one, {
          ...(instance?.instanceType ? { instanceType: instance.instanceType } : {}),
          ...(volume ? { volumeGiB: volume.sizeGiB } : {}),
        });
        await step.detail(`${instance?.instanceType}, ${volume?.sizeGiB} GiB`);
      });
      if (changesType(input)) {
        await job.step("unlock", async (step) => {
          await unlocked(host, input.by, step);
          await step.detail("open");
        });
      }
      ports.lookAgain(input.tenantId);
    },
  };
}

function certificateGone(tenant: string): AppError {
  return new AppError("NotFound", "The certificate's key is not in this console's vault any more.", {
    retryable: false,
    tenant,
    next: "Nothing was installed. Order it again with the PEM file, on the console that is to do it.",
  });
}
