import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { errorFacts } from "../../../shared/errors.ts";
import { FINAL_JOB_STATES, type Job } from "../../../shared/jobs/model.ts";
import type { Environment } from "../../../shared/tenant/model.ts";
import { inProcessConsole, type InProcessConsole, order } from "../../support/in-process-console.ts";

/** No notice was sent to anybody: every interruption says why it happens all the same. */
const overrides = { R39: "The customer asked for it on the telephone." };
const target = { tenant: "acts", environment: "production" } as const;
let running: InProcessConsole;

beforeAll(async () => {
  running = await inProcessConsole({ lab: "empty" });
  const requestId = randomUUID();
  await running.api.tenant.provision({ ...order("acts"), requestId });
  await ended(requestId);
});
afterAll(() => running.end());

async function ended(jobId: string): Promise<Job> {
  for (;;) {
    const { job } = await running.api.jobs.get({ jobId });
    if (FINAL_JOB_STATES.has(job.state)) return job;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function done({ jobId }: { readonly jobId: string }): Promise<void> {
  const job = await ended(jobId);
  expect([job.kind, job.state, job.error?.message]).toEqual([job.kind, "done", undefined]);
}

const environment = async (): Promise<Environment> =>
  (await running.api.tenant.get({ tenant: "acts" })).environments[0]!;

/** The watch asks on its own time; what it says is waited for. */
async function until(holds: (environment: Environment) => boolean): Promise<Environment> {
  for (;;) {
    const found = await environment();
    if (holds(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const refusal = async (act: Promise<unknown>) =>
  errorFacts(
    await act.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );

test("R39: production is not interrupted without notice, unless a reason is recorded; its name is typed", async () => {
  const act = { ...target, requestId: randomUUID() };
  expect(await refusal(running.api.tenant.stop({ ...act, confirm: "acts" }))).toMatchObject({
    code: "RefusedByRule",
    details: { rule: "R39" },
  });
  expect(await refusal(running.api.tenant.stop({ ...act, overrides }))).toMatchObject({ code: "ConfirmationNeeded" });
  const plan = await running.api.tenant.planAct({ ...target, act: "stop", overrides });
  expect([plan.allowed, plan.confirm]).toEqual([true, "acts"]);
});

test("stopped and started again, it serves at the address that it has then", async () => {
  await done(await running.api.tenant.stop({ ...target, requestId: randomUUID(), confirm: "acts", overrides }));
  expect((await environment()).state).toBe("stopped");
  await done(await running.api.tenant.start({ ...target, requestId: randomUUID() }));
  const up = await environment();
  expect([up.state, up.sshAddress === null]).toEqual(["running", false]);
});

test("restarted, it serves", async () => {
  await done(await running.api.tenant.reboot({ ...target, requestId: randomUUID(), confirm: "acts", overrides }));
});

test("locked out with its reason and end in sight, then opened; the same request does it once", async () => {
  const requestId = randomUUID();
  const lockOut = { ...target, requestId, minutes: 30, reason: "Repair of the tax table", overrides };
  await done(await running.api.tenant.lockOut(lockOut));
  expect(await running.api.tenant.lockOut(lockOut)).toEqual({ jobId: requestId });
  const { lockout } = await until((one) => one.lockout?.seen === true);
  expect(lockout).toMatchObject({ reason: "Repair of the tax table", alarm: null });
  expect(lockout!.until!.getTime() - lockout!.since.getTime()).toBe(30 * 60_000);

  await done(await running.api.tenant.unlock({ ...target, requestId: randomUUID(), reason: "Mended" }));
  expect((await until((one) => one.lockout === null)).lockout).toBeNull();
});

test("R12, R11: a PEM that does not fit is refused before anything is sent, and nothing of it is told", async () => {
  const pem = "-----BEGIN CERTIFICATE-----\nTm90aGluZw==\n-----END CERTIFICATE-----\n".repeat(3);
  const { code, message } = await refusal(running.api.tenant.checkCertificate({ ...target, pem }));
  expect(code).toBe("InvalidInput");
  expect(message).not.toContain("Tm90");
});

test("R2, R8: a plan to resize names both sizes, every rule, and shrinks nothing", async () => {
  const plan = await running.api.tenant.planResize({ ...target, instanceType: "m6i.xlarge", volumeGiB: 30, overrides });
  expect(plan).toMatchObject({
    from: { instanceType: "m6i.large", volumeGiB: 20 },
    to: { instanceType: "m6i.xlarge", volumeGiB: 30 },
    interrupts: true,
    allowed: true,
  });
  expect(plan.verdicts.map(({ rule }) => rule)).toEqual(["R2", "R39"]);
  expect(await refusal(running.api.tenant.planResize({ ...target, volumeGiB: 10 }))).toMatchObject({
    code: "InvalidInput",
  });
});

test("R2: resized, it serves with its new size and is open again", async () => {
  const order = { ...target, instanceType: "m6i.xlarge", volumeGiB: 30, overrides };
  await done(await running.api.tenant.resize({ ...order, requestId: randomUUID(), confirm: "acts" }));
  const grown = await until((one) => one.lockout === null && one.health.state === "up");
  expect(grown).toMatchObject({ instanceType: "m6i.xlarge", volumeGiB: 30 });
});

test("what an operator closed is not opened by a resize: it is refused, and the lock-out stays theirs", async () => {
  const reason = "An incident is looked into";
  await done(await running.api.tenant.lockOut({ ...target, requestId: randomUUID(), minutes: 30, reason, overrides }));
  const order = { ...target, instanceType: "m6i.large", volumeGiB: 30, overrides };
  const { jobId } = await running.api.tenant.resize({ ...order, requestId: randomUUID(), confirm: "acts" });
  expect(await ended(jobId)).toMatchObject({
    state: "failed",
    error: { code: "Conflict", message: expect.stringContaining("is locked out already") },
  });
  expect(await until((one) => one.lockout?.seen === true)).toMatchObject({
    instanceType: "m6i.xlarge",
    lockout: { reason, alarm: null },
  });
  await done(await running.api.tenant.unlock({ ...target, requestId: randomUUID(), reason: "Looked into" }));
});

test("R13: a renewed certificate is another one of the same name, and its days are shown", async () => {
  const before = await running.api.tenant.certificate(target);
  await done(await running.api.tenant.renewCertificate({ ...target, requestId: randomUUID() }));
  const after = await running.api.tenant.certificate(target);
  expect(after.domain).toBe(before.domain);
  expect(after.fingerprint).not.toBe(before.fingerprint);
  expect((await until((one) => one.certificate !== null)).certificate!.daysLeft).toBeGreaterThan(0);
});

test("R39: an exception that the contract's annex grants is asked by the acts as by the calendar", async () => {
  const plan = () => running.api.tenant.planAct({ ...target, act: "reboot" });
  expect(await plan()).toMatchObject({ allowed: false, verdicts: [{ rule: "R39" }] });
  const today = new Date().toISOString().slice(0, 10);
  await running.api.terms.record({
    requestId: randomUUID(),
    tenant: "acts",
    reason: "Signed with the order",
    entry: {
      ...{ kind: "exception", rule: "R39", document: "Annex 7", from: today },
      until: new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10),
      numbers: { "notices.emergency.hours": 0 },
    },
  });
  expect((await plan()).allowed).toBe(true);
});
