import type { PolicyProfile } from "../../shared/policy/profile.ts";
import { implement } from "@orpc/server";
import { AppError } from "../../shared/errors.ts";
import { checkCertificate, checkCustomDomain } from "../../shared/policy/prefix-and-domain.ts";
import { checkInterruption, type OpenWindow } from "../../shared/policy/interruption.ts";
import { checkResize, checkTestSize } from "../../shared/policy/size.ts";
import { standingRefusals, type Verdict, withOverrides } from "../../shared/policy/verdict.ts";
import { regionZone } from "../../shared/policy/windows.ts";
import {
  type Act,
  type CertificateCheck,
  CONFIRMED,
  GROW_STEPS,
  INTERRUPTING,
  RESIZE_STEPS,
  type ResizePlan,
  type ResizeRequest,
} from "../../shared/tenant/acts.ts";
import { tenantContract } from "../../shared/tenant/contract.ts";
import type { EnvironmentKind, SizeOption } from "../../shared/tenant/model.ts";
import type { Jobs } from "../jobs/index.ts";
import { operate } from "../toolkit/operate.ts";
import { bindingProfile, type OperatedEnvironment } from "../toolkit/ports.ts";
import { type ActPorts, actJobs, certificateSecret } from "./act-on-tenant.ts";
import { readPem } from "./pem.ts";
import type { TenantPorts } from "./ports.ts";

export interface ActsPorts extends ActPorts, Pick<TenantPorts, "profiles"> {
  readonly jobs: Jobs;
  sizes(environment: OperatedEnvironment): Promise<readonly SizeOption[]>;
  /** Kinds of the tenant's environments. */
  kinds(tenantId: string): Promise<readonly EnvironmentKind[]>;
  openWindow(tenantId: string, kind: EnvironmentKind): Promise<OpenWindow | null>;
  keepSecret(name: string, value: string): Promise<void>;
}

/** How long an act of this kind is expected to close the tenant, for the rules that ask. */
const EXPECTED_MINUTES: Readonly<Record<Act, number>> = {
  ...{ start: 5, stop: 5, reboot: 5, lockOut: 30, unlock: 1, renewCertificate: 1 },
};
const RESIZE_MINUTES = 15;

interface ActOrder {
  readonly requestId: string;
  readonly tenant: string;
  readonly environment: EnvironmentKind;
  readonly confirm?: string;
  readonly overrides?: Readonly<Record<string, string>>;
}

/** The acts on a running environment: planned against the contract first, then done as jobs. */
export function tenantActs(ports: ActsPorts) {
  const os = implement(tenantContract);
  const kinds = actJobs(ports);
  const starters = {
    start: ports.jobs.define(kinds.start),
    stop: ports.jobs.define(kinds.stop),
    reboot: ports.jobs.define(kinds.reboot),
    lockOut: ports.jobs.define(kinds.lockOut),
    unlock: ports.jobs.define(kinds.unlock),
    renewCertificate: ports.jobs.define(kinds.renewCertificate),
    installCertificate: ports.jobs.define(kinds.installCertificate),
    resize: ports.jobs.define(kinds.resize),
  };

  async function interruption(one: OperatedEnvironment, minutes: number, profile?: PolicyProfile): Promise<Verdict[]> {
    // No SLA and no monitoring are promised for the others (R9).
    if (one.kind !== "production") return [];
    const window = await ports.openWindow(one.tenantId, one.kind);
    const zone = regionZone(one.region);
    return checkInterruption(profile ?? (await bindingProfile(ports, one)), {
      zone,
      window,
      minutes,
      now: ports.now(),
    });
  }

  async function planAct(act: Act, one: OperatedEnvironment, overrides: ActOrder["overrides"] = {}) {
    const found = INTERRUPTING.has(act) ? await interruption(one, EXPECTED_MINUTES[act]) : [];
    const verdicts = withOverrides(found, overrides);
    const confirm = CONFIRMED.has(act) && one.kind === "production" ? one.tenantSlug : null;
    return { verdicts, allowed: standingRefusals(verdicts).length === 0, confirm };
  }

  const startOf = (one: OperatedEnvironment, requestId: string) => ({
    ...{ id: requestId, tenantId: one.tenantId, tenantSlug: one.tenantSlug, subject: one.customer },
    requestedBy: ports.operator(),
  });

  /** Repeating a request joins its job, also when its rules would refuse it by now. */
  const known = async (requestId: string) => ((await ports.jobs.get(requestId)) ? { jobId: requestId } : undefined);

  async function planned(act: Act, order: ActOrder): Promise<OperatedEnvironment> {
    const one = await ports.find(order.tenant, order.environment);
    const plan = await planAct(act, one, order.overrides);
    if (!plan.allowed) throw refusal(one, plan.verdicts);
    confirmed(one, plan.confirm, order.confirm);
    return one;
  }

  async function planResize(request: ResizeRequest): Promise<{ plan: ResizePlan; one: OperatedEnvironment }> {
    const one = await ports.find(request.tenant, request.environment);
    if (!one.instanceType || !one.volumeGiB || !one.instanceId) {
      throw new AppError("Conflict", `The size of ${one.tenantSlug} ${one.kind} is not known. Nothing was changed.`, {
        retryable: false,
        tenant: one.tenantSlug,
        next: "Read AWS again, then plan it anew.",
      });
    }
    const sizes = await ports.sizes(one);
    const sizeOf = (instanceType: string, volumeGiB: number) => {
      const size = sizes.find((option) => option.instanceType === instanceType);
      return { instanceType, vcpus: size?.vcpus ?? null, memoryMiB: size?.memoryMiB ?? null, volumeGiB };
    };
    const from = sizeOf(one.instanceType, one.volumeGiB);
    const to = sizeOf(request.instanceType ?? one.instanceType, request.volumeGiB ?? one.volumeGiB);
    if (to.vcpus === null) {
      throw new AppError("InvalidInput", `The region ${one.region} offers no instance type ${to.instanceType}.`, {
        retryable: false,
        tenant: one.tenantSlug,
        next: "Choose one of the sizes that the plan lists.",
      });
    }
    if (to.volumeGiB < from.volumeGiB) {
      throw new AppError("InvalidInput", `A data volume never shrinks: it has ${from.volumeGiB} GiB.`, {
        retryable: false,
        tenant: one.tenantSlug,
        next: "Choose its present size or a larger one.",
      });
    }
    if (to.instanceType === from.instanceType && to.volumeGiB === from.volumeGiB) {
      throw new AppError("InvalidInput", `${one.tenantSlug} ${one.kind} has this size already.`, {
        retryable: false,
        tenant: one.tenantSlug,
        next: "Choose another instance type or a larger volume.",
      });
    }
    const interrupts = to.instanceType !== from.instanceType;
    const profile = await bindingProfile(ports, one);
    const found = [
      checkResize(profile, one.kind),
      ...(await testSizes(profile, one, to, sizes)),
      ...(interrupts ? await interruption(one, RESIZE_MINUTES, profile) : []),
    ];
    const verdicts = withOverrides(found, request.overrides);
    const steps = [...(interrupts ? RESIZE_STEPS : GROW_STEPS)];
    const allowed = standingRefusals(verdicts).length === 0;
    return { plan: { from, to, interrupts, verdicts, allowed, steps, sizes: [...sizes] }, one };
  }

  /** The test environment keeps its size: it must still be small enough beside the new production (R8). */
  async function testSizes(
    profile: PolicyProfile,
    one: OperatedEnvironment,
    to: ResizePlan["to"],
    sizes: readonly SizeOption[],
  ) {
    const production = { vcpus: to.vcpus ?? 0, memoryMiB: to.memoryMiB ?? 0, diskGiB: to.volumeGiB };
    if (one.kind !== "production") return [];
    const verdicts: Verdict[] = [];
    for (const kind of await ports.kinds(one.tenantId)) {
      if (kind === "production") continue;
      const test = await ports.find(one.tenantId, kind);
      const size = sizes.find((option) => option.instanceType === test.instanceType);
      if (!size || !test.volumeGiB) continue;
      const has = { vcpus: size.vcpus, memoryMiB: size.memoryMiB, diskGiB: test.volumeGiB };
      verdicts.push(checkTestSize(profile, kind, production, has));
    }
    return verdicts;
  }

  async function checkPem(order: ActOrder & { readonly pem: string }) {
    const one = await ports.find(order.tenant, order.environment);
    const facts = readPem(order.pem, one.domain, ports.now());
    const profile = await bindingProfile(ports, one);
    const verdicts = [
      checkCustomDomain(profile, one.domain, true),
      checkCertificate(profile, facts.validTo, ports.now()),
    ];
    const allowed = standingRefusals(verdicts).length === 0 && facts.problems.length === 0;
    const check: CertificateCheck = {
      ...{ ...facts, names: [...facts.names], problems: [...facts.problems] },
      ...{ verdicts, allowed },
    };
    return { one, check };
  }

  /** An act without input of its own. */
  const plain = (act: "start" | "stop" | "reboot" | "renewCertificate") => async (order: ActOrder) => {
    const joined = await known(order.requestId);
    if (joined) return joined;
    const one = await planned(act, order);
    return starters[act]({ ...startOf(one, order.requestId), input: { tenantId: one.tenantId, kind: one.kind } });
  };
  const acts = {
    start: plain("start"),
    stop: plain("stop"),
    reboot: plain("reboot"),
    renewCertificate: plain("renewCertificate"),
  };

  return {
    planAct: os.planAct.handler(async ({ input }) =>
      planAct(input.act, await ports.find(input.tenant, input.environment), input.overrides),
    ),
    start: os.start.handler(({ input }) => acts.start(input)),
    stop: os.stop.handler(({ input }) => acts.stop(input)),
    reboot: os.reboot.handler(({ input }) => acts.reboot(input)),
    renewCertificate: os.renewCertificate.handler(({ input }) => acts.renewCertificate(input)),

    lockOut: os.lockOut.handler(async ({ input }) => {
      const joined = await known(input.requestId);
      if (joined) return joined;
      const one = await planned("lockOut", input);
      const window = await ports.openWindow(one.tenantId, one.kind);
      const { minutes, reason } = input;
      return starters.lockOut({
        ...startOf(one, input.requestId),
        input: {
          ...{ tenantId: one.tenantId, kind: one.kind, minutes, reason, by: ports.operator() },
          windowEndsAt: window?.endsAt ?? null,
        },
      });
    }),

    unlock: os.unlock.handler(async ({ input }) => {
      const one = await ports.find(input.tenant, input.environment);
      return starters.unlock({
        ...startOf(one, input.requestId),
        input: { tenantId: one.tenantId, kind: one.kind, reason: input.reason, by: ports.operator() },
      });
    }),

    planResize: os.planResize.handler(async ({ input }) => (await planResize(input)).plan),

    resize: os.resize.handler(async ({ input }) => {
      const joined = await known(input.requestId);
      if (joined) return joined;
      const { plan, one } = await planResize(input);
      if (!plan.allowed) throw refusal(one, plan.verdicts);
      confirmed(one, one.kind === "production" && plan.interrupts ? one.tenantSlug : null, input.confirm);
      const window = await ports.openWindow(one.tenantId, one.kind);
      const { from, to } = plan;
      return starters.resize({
        ...startOf(one, input.requestId),
        input: {
          ...{ tenantId: one.tenantId, kind: one.kind, by: ports.operator(), windowEndsAt: window?.endsAt ?? null },
          from: { instanceType: from.instanceType, volumeGiB: from.volumeGiB },
          ...{ instanceType: to.instanceType, volumeGiB: to.volumeGiB },
        },
      });
    }),

    certificate: os.certificate.handler(async ({ input, signal }) => {
      const one = await ports.find(input.tenant, input.environment);
      const host = operate(ports, { tenantId: one.tenantId, kind: one.kind });
      return (await host.erp(signal ?? AbortSignal.timeout(60_000))).certificate();
    }),

    checkCertificate: os.checkCertificate.handler(
      async ({ input }) => (await checkPem({ ...input, requestId: "" })).check,
    ),

    installCertificate: os.installCertificate.handler(async ({ input }) => {
      const joined = await known(input.requestId);
      if (joined) return joined;
      const { one, check } = await checkPem(input);
      const refused = standingRefusals(check.verdicts);
      if (refused.length > 0) throw refusal(one, check.verdicts);
      if (!check.allowed) {
        throw new AppError("CertificateInvalid", `The certificate cannot be installed. ${check.problems.join(" ")}`, {
          retryable: false,
          tenant: one.tenantSlug,
          rule: "R12",
          next: "Nothing was sent. Ask the customer for a PEM text without these faults.",
        });
      }
      // The key waits in the vault: a job's record is no place for it.
      await ports.keepSecret(certificateSecret(input.requestId), input.pem);
      return starters.installCertificate({
        ...startOf(one, input.requestId),
        input: { tenantId: one.tenantId, kind: one.kind },
      });
    }),
  };
}

function confirmed(one: OperatedEnvironment, asked: string | null, typed: string | undefined): void {
  if (asked === null || typed === asked) return;
  throw new AppError("ConfirmationNeeded", `Type ${asked} in full: its production is interrupted.`, {
    retryable: false,
    tenant: one.tenantSlug,
    next: "Nothing was changed.",
  });
}

function refusal(one: OperatedEnvironment, verdicts: readonly Verdict[]): AppError {
  const standing = standingRefusals(verdicts);
  const first = standing[0]!;
  return new AppError("RefusedByRule", `${first.rule}: ${first.reason}`, {
    retryable: false,
    tenant: one.tenantSlug,
    rule: first.rule,
    ...(first.earliest && { earliest: first.earliest }),
    verdicts: standing,
    next: standing.every((each) => each.overridable)
      ? "Choose a later start, or record a reason for each refusal that may be overridden."
      : "Change the plan; nothing was kept.",
  });
}
