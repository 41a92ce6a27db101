import { AppError } from "../../shared/errors.ts";
import type { EnvironmentKind } from "../../shared/tenant/model.ts";
import { DAY_MS, MINUTE_MS } from "../../shared/time.ts";
import { type JobRun, pollUntil, type StepContext } from "../jobs/index.ts";
import { erpctl, type Erpctl } from "./erpctl.ts";
import {
  type Cloud,
  type FindEnvironment,
  type GetHttps,
  hostOf,
  type OperatedEnvironment,
  type RunOnHost,
} from "./ports.ts";

const POLL_MS = 500;
const BOOT_MS = 10 * MINUTE_MS;
const UNTOLD_BOOT = "untold";

/** What was learned of an environment's machine and data volume. */
export interface LearnedFacts {
  readonly instanceState?: string;
  readonly instanceType?: string;
  readonly address?: string | null;
  readonly volumeGiB?: number;
  readonly launchedAt?: string;
  readonly version?: string;
}

export interface OperatePorts {
  readonly now: () => Date;
  readonly find: FindEnvironment;
  cloud(account: OperatedEnvironment["account"], region: string): Cloud;
  readonly runOnHost: RunOnHost;
  readonly getHttps: GetHttps;
  /** Takes new facts into the inventory; windows are told. */
  learn(environment: OperatedEnvironment, facts: LearnedFacts): Promise<void>;
}

export interface OperateTarget {
  readonly tenantId: string;
  readonly kind: EnvironmentKind;
}

/**
 * The moves that acts on one running environment are made of. Each reads the environment anew, acts only where the
 * truth asks for it, and may be repeated after any interruption.
 */
export function operate(ports: OperatePorts, target: OperateTarget) {
  const environment = () => ports.find(target.tenantId, target.kind);
  const nameOf = (one: OperatedEnvironment) => `${one.tenantSlug} ${one.kind}`;

  async function machine(): Promise<{ one: OperatedEnvironment; cloud: Cloud; instanceId: string }> {
    const one = await environment();
    if (!one.instanceId) {
      throw new AppError("Conflict", `${nameOf(one)} has no machine in AWS. Nothing was changed.`, {
        retryable: false,
        tenant: one.tenantSlug,
        next: "Read AWS again; a machine that is gone is brought back by a restore.",
      });
    }
    return { one, cloud: ports.cloud(one.account, one.region), instanceId: one.instanceId };
  }

  async function erp(signal: AbortSignal): Promise<Erpctl> {
    return erpctl(ports.runOnHost, hostOf(await environment()), signal);
  }

  /** Which start of the machine answers; null while none does. */
  async function boot(signal: AbortSignal): Promise<string | null> {
    try {
      return (await (await erp(signal)).facts()).bootId ?? UNTOLD_BOOT;
    } catch (error) {
      if ((error as AppError).code === "HostUnreachable") return null;
      throw error;
    }
  }

  async function instanceUntil(step: StepContext, what: string, wanted: "running" | "stopped") {
    const { one, cloud, instanceId } = await machine();
    const found = await pollUntil(
      `${what} ${instanceId}`,
      step.signal,
      { everyMs: POLL_MS, withinMs: BOOT_MS },
      async () => {
        const instance = await cloud.instance(instanceId);
        if (instance && ["terminated", "shutting-down"].includes(instance.state)) throw gone(one, instanceId);
        const ready = instance?.state === wanted && (wanted === "stopped" || instance.address !== null);
        return ready ? instance : undefined;
      },
    );
    await ports.learn(one, {
      instanceState: found.state,
      address: found.address,
      ...(found.instanceType ? { instanceType: found.instanceType } : {}),
      ...(found.launchedAt ? { launchedAt: found.launchedAt.toISOString() } : {}),
    });
    return found;
  }

  return {
    environment,
    machine,
    erp,

    /** AWS's word for the machine's state now. */
    async state(): Promise<string> {
      const { cloud, instanceId } = await machine();
      return (await cloud.instance(instanceId))?.state ?? "unknown";
    },

    async stop(step: StepContext): Promise<void> {
      const { cloud, instanceId } = await machine();
      const before = await cloud.instance(instanceId);
      if (before?.state !== "stopped") await cloud.stopInstance(instanceId);
      await instanceUntil(step, "Stopping", "stopped");
      await step.detail(`${instanceId} stopped`);
    },

    /** Starts and learns where it answers now: a public address changes with every start. */
    async start(step: StepContext): Promise<string> {
      const { one, cloud, instanceId } = await machine();
      if ((await cloud.instance(instanceId))?.state === "stopping") {
        await instanceUntil(step, "Stopping", "stopped");
      }
      if ((await cloud.instance(instanceId))?.state !== "running") await cloud.startInstance(instanceId);
      const found = await instanceUntil(step, "Starting", "running");
      const moved = one.address !== null && one.address !== found.address;
      await step.detail(moved ? `${found.address}, before ${one.address}` : `${found.address}`);
      return found.address!;
    },

    /**
     * Two steps: notes which boot runs, then asks for a restart while that one still answers, and waits for another. So a
     * step that is tried again never restarts a machine that is coming up. One that does not answer is restarted too.
     */
    async reboot(job: JobRun, [look, name]: readonly [string, string]): Promise<void> {
      const before = await job.step(look, async (step) => {
        const running = await boot(step.signal);
        await step.detail(running ?? "does not answer");
        return running;
      });
      await job.step(name, async (step) => {
        const { cloud, instanceId } = await machine();
        let asked = false;
        const limits = { everyMs: POLL_MS, withinMs: BOOT_MS };
        const after = await pollUntil(`Restarting ${instanceId}`, step.signal, limits, async () => {
          const seen = await boot(step.signal);
          if (!asked && (seen === before || before === null)) {
            await cloud.rebootInstance(instanceId);
            asked = true;
            return undefined;
          }
          // An image that does not tell its boots is believed at its first answer.
          return seen !== null && (seen !== before || seen === UNTOLD_BOOT) ? seen : undefined;
        });
        await instanceUntil(step, "Starting", "running");
        await step.detail(`${instanceId}, ${after}`);
      });
    },

    /** Starts what the host should serve, on its data volume; its file system takes the volume's size. */
    async setUp(step: StepContext): Promise<void> {
      const one = await environment();
      const facts = await (await erp(step.signal)).setup({
        ...{ tenant: one.tenantSlug, tenantId: one.tenantId, environment: one.kind, domain: one.domain },
        zone: one.zone,
      });
      if (facts.tenantId !== one.tenantId) throw otherTenant(one, facts.tenantId);
      if (facts.version) await ports.learn(one, { version: facts.version });
      await step.detail(`${facts.product} ${facts.version}, PostgreSQL ${facts.database.major}`);
    },

    /** Waits until the host answers commands. */
    async answers(step: StepContext): Promise<void> {
      const facts = await (await erp(step.signal)).facts();
      await step.detail(`contract ${facts.contract}, ${facts.product} ${facts.version}`);
    },

    /** HTTPS at its name and present address, certificate checked. */
    async serves(step: StepContext): Promise<void> {
      const one = await environment();
      const target = { account: one.account, address: one.address ?? "", domain: one.domain, name: nameOf(one) };
      const answer = await pollUntil(
        `HTTPS on ${nameOf(one)}`,
        step.signal,
        { everyMs: POLL_MS, withinMs: BOOT_MS },
        async () => {
          const health = await ports.getHttps(target, "/health", step.signal).catch((error: unknown) => {
            if ((error as AppError).code === "HostUnreachable") return undefined;
            throw error;
          });
          return health?.status === 200 ? health : undefined;
        },
      );
      const days = Math.floor((Date.parse(answer.certificate.validTo) - ports.now().getTime()) / DAY_MS);
      await step.detail(`${one.domain}, certificate of ${answer.certificate.issuer}, ${days} days left`);
    },

    /** Throws Conflict where the tenant is locked out: a job that closes it too would open it at its end. */
    async isOpen(step: StepContext): Promise<void> {
      const { lockout } = await (await erp(step.signal)).facts();
      if (lockout) throw closedAlready(await environment(), lockout.since);
    },

    /** Uses the application as a customer does; throws ApplicationUnhealthy, naming the check that failed. */
    async smoke(step: StepContext): Promise<void> {
      const one = await environment();
      const report = await (await erp(step.signal)).smoke();
      const failed = report.checks.find((check) => !check.ok);
      if (!report.ok || failed) throw smokeFailed(one, failed?.name ?? "smoke", failed?.detail ?? null);
      await step.detail(report.checks.map((check) => check.name).join(", "));
    },
  };
}
export type Operated = ReturnType<typeof operate>;

function gone(one: OperatedEnvironment, instanceId: string): AppError {
  return new AppError("Conflict", `${one.tenantSlug} ${one.kind}: ${instanceId} was terminated in AWS.`, {
    retryable: false,
    tenant: one.tenantSlug,
    next: "Find out who terminated it; its data volume is kept. A restore brings the tenant back.",
  });
}

function closedAlready(one: OperatedEnvironment, since: Date): AppError {
  return new AppError(
    "Conflict",
    `${one.tenantSlug} ${one.kind} is locked out already, since ${since.toISOString()}.`,
    {
      retryable: false,
      tenant: one.tenantSlug,
      next: "Nothing was changed. Whoever closed it has a reason: unlock it first, then start again.",
    },
  );
}

function otherTenant(one: OperatedEnvironment, found: string | null): AppError {
  return new AppError("Conflict", `${one.tenantSlug} ${one.kind} holds the data of tenant ${found}, not its own.`, {
    retryable: false,
    tenant: one.tenantSlug,
    next: "Nothing was opened. Find out which volume is attached before going on.",
  });
}

export function smokeFailed(one: OperatedEnvironment, check: string, detail: string | null): AppError {
  return new AppError(
    "ApplicationUnhealthy",
    `The smoke test of ${one.tenantSlug} ${one.kind} failed at "${check}": ${detail ?? "no reason given"}`,
    {
      retryable: false,
      tenant: one.tenantSlug,
      check,
      next: "The tenant stays locked out. Mend it, then retry from this step.",
    },
  );
}
