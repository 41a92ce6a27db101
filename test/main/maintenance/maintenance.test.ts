import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { errorFacts } from "../../../shared/errors.ts";
import { FINAL_JOB_STATES, type Job } from "../../../shared/jobs/model.ts";
import type { RunRequest } from "../../../shared/maintenance/model.ts";
import { RunRequest as RunRequestSchema } from "../../../shared/maintenance/model.ts";
import { inProcessConsole, type InProcessConsole, order } from "../../support/in-process-console.ts";
import { bootsOf } from "../../support/lab-data.ts";

const overrides = { R39: "Every customer was told on the telephone." };
const SLUGS = ["first", "second", "third"] as const;
let running: InProcessConsole;

beforeAll(async () => {
  running = await inProcessConsole({ lab: "empty" });
  await Promise.all(
    SLUGS.map(async (slug) => {
      const requestId = randomUUID();
      await running.api.tenant.provision({ ...order(slug), requestId });
      expect((await ended(requestId)).state).toBe("done");
    }),
  );
});
afterAll(() => running.end());

async function ended(jobId: string, ...others: Job["state"][]): Promise<Job> {
  for (;;) {
    const { job } = await running.api.jobs.get({ jobId });
    if (FINAL_JOB_STATES.has(job.state) || others.includes(job.state)) return job;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const request = (part: Partial<RunRequest>): RunRequest =>
  RunRequestSchema.parse({ runbook: "stack-update", tenants: SLUGS.map((tenant) => ({ tenant })), overrides, ...part });

const refusal = async (act: Promise<unknown>) =>
  errorFacts(
    await act.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );

async function start(part: Partial<RunRequest>): Promise<string> {
  const requestId = randomUUID();
  await running.api.maintenance.run({ ...request(part), requestId });
  return requestId;
}

const asOperator = async (operator: string) => {
  await running.api.settings.update({ operator });
};

test("R39: a run without a window whose notice is proven is refused, unless a reason is recorded", async () => {
  const plan = await running.api.maintenance.plan(request({ overrides: {} }));
  expect([plan.allowed, plan.tenants.map(({ wave }) => wave)]).toEqual([false, [0, 1, 1]]);
  expect(
    await refusal(running.api.maintenance.run({ ...request({ overrides: {} }), requestId: randomUUID() })),
  ).toMatchObject({
    code: "RefusedByRule",
    details: { rule: "R39" },
  });
});

test("a run takes every tenant through the runbook, the canary alone and first, and leaves all of them open", async () => {
  const runId = await start({});
  expect(await ended(runId)).toMatchObject({ state: "done", error: null });
  const run = await running.api.maintenance.get({ runId });
  expect(run.tenants.map(({ slug, outcome }) => [slug, outcome])).toEqual(SLUGS.map((slug) => [slug, "done"]));
  const [canary, ...others] = run.tenants;
  for (const one of others) expect(one.startedAt!.getTime()).toBeGreaterThanOrEqual(canary!.endedAt!.getTime());
  for (const slug of SLUGS) {
    const { environments } = await running.api.tenant.get({ tenant: slug });
    expect([slug, environments[0]!.lockout?.seen ?? false]).toEqual([slug, false]);
    // Its first start and the runbook's: a host that is silent while it restarts is not restarted again.
    expect([slug, await bootsOf(running, environments[0]!)]).toEqual([slug, 2]);
  }
});

test("a runbook is run only after somebody other than its author reviewed exactly its text", async () => {
  await asOperator("Ana");
  const text = {
    name: "look",
    description: "",
    minutes: 5,
    steps: [{ kind: "check" as const, words: ["true"], timeoutSeconds: 30 }],
  };
  const saved = await running.api.maintenance.runbooks.save(text);
  expect([saved.version, saved.refused]).toEqual([1, "unreviewed"]);
  expect(await refusal(running.api.maintenance.plan(request({ runbook: "look" })))).toMatchObject({
    code: "RefusedByRule",
  });
  const { name, version, sha256 } = saved;
  expect(await refusal(running.api.maintenance.runbooks.review({ name, version, sha256 }))).toMatchObject({
    code: "RefusedByRule",
  });
  await asOperator("Bea");
  expect(
    await refusal(running.api.maintenance.runbooks.review({ name, version, sha256: "0".repeat(64) })),
  ).toMatchObject({ code: "Conflict" });
  expect((await running.api.maintenance.runbooks.review({ name, version, sha256 })).refused).toBeNull();
  // Another text is another version, and starts unreviewed.
  const next = await running.api.maintenance.runbooks.save({ ...text, minutes: 6 });
  expect([next.version, next.refused]).toEqual([2, "unreviewed"]);

  const runId = await start({ runbook: "look", tenants: [{ tenant: "first", environment: "production" }] });
  expect((await ended(runId)).state).toBe("done");
  expect((await running.api.maintenance.get({ runId })).runbook).toMatchObject({ name: "look", version: 1, sha256 });
});

test("nothing is started after the cut-off, and every tenant has its outcome", async () => {
  const runId = await start({ cutOffAt: new Date(Date.now() - 60_000) });
  expect((await ended(runId)).state).toBe("done");
  const { tenants } = await running.api.maintenance.get({ runId });
  expect(tenants.map(({ outcome, whyNotStarted }) => [outcome, whyNotStarted])).toEqual(
    SLUGS.map(() => ["notStarted", "cutOff"]),
  );
});

test("a run goes on after its console ended in the middle, and nothing is done twice", async () => {
  const runId = await start({ canary: 0, concurrency: 1 });
  for (;;) {
    const { tenants } = await running.api.maintenance.get({ runId });
    if (tenants.some(({ state }) => state === "running")) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  running = await running.restart();
  expect(await ended(runId)).toMatchObject({ state: "done", error: null });
  const { tenants } = await running.api.maintenance.get({ runId });
  expect(tenants.map(({ outcome }) => outcome)).toEqual(["done", "done", "done"]);
  const jobs = await running.api.jobs.list({ limit: 1000 });
  const ofRun = jobs.filter(({ id }) => tenants.some(({ jobId }) => jobId === id));
  expect(ofRun.length).toBe(3);
});
