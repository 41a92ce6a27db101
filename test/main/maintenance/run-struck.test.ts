import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tenantSteps } from "../../../main/maintenance/run-tenant.ts";
import { RunRequest } from "../../../shared/maintenance/model.ts";
import { BUILT_IN } from "../../../shared/maintenance/runbook.ts";
import { type InProcessConsole, inProcessConsole, order, untilJob } from "../../support/in-process-console.ts";
import { cutSsh, type StruckJob, tellStruck, underStrikes } from "../../support/kill-matrix.ts";
import { bootsOf, placesOrder, rebootHost } from "../../support/lab-data.ts";
import { jobsOfRun } from "./run-for-tests.ts";

const TENANT = "acme";
const STEPS = tenantSteps(BUILT_IN.find(({ name }) => name === "stack-update")!);
let running: InProcessConsole;
beforeAll(async () => {
  running = await inProcessConsole({ lab: "empty" });
  const { jobId } = await running.api.tenant.provision({ requestId: randomUUID(), ...order(TENANT) });
  expect(await untilJob(running.api, jobId, "done", "failed")).toMatchObject({ state: "done" });
}, 400_000);
afterAll(() => running.end());

async function runUnder(strike: (step: string) => Promise<unknown>, each: readonly number[]): Promise<StruckJob> {
  const request = RunRequest.parse({
    ...{ runbook: "stack-update", tenants: [{ tenant: TENANT }] },
    overrides: { R39: "The customer was told on the telephone." },
  });
  const { jobId } = await running.api.maintenance.run({ ...request, requestId: randomUUID() });
  const tenantsOnly = async (api: Parameters<typeof jobsOfRun>[0], runId: string) =>
    (await jobsOfRun(api, runId)).filter(({ kind }) => kind === "maintenance.tenant");
  return underStrikes(running.api, jobId, strike, { each, jobs: tenantsOnly, answer: "retry" });
}

test("SSH cut in every step of a maintenance run: the tenant is through and open", { timeout: 400_000 }, async () => {
  const run = await runUnder(() => cutSsh(running.api), [0, 25, 90]);
  const hit = tellStruck("SSH cut", run, STEPS);
  expect(run.job).toMatchObject({ state: "done", error: null });
  const { tenants } = await running.api.maintenance.get({ runId: run.job.id });
  expect(tenants.map(({ outcome, detail }) => [outcome, detail])).toEqual([["done", null]]);
  expect(await placesOrder(running, TENANT)).toBe(201);
  expect(hit).toBeGreaterThan(STEPS.length / 2);
});

test("AWS's reply to the restart lost after the effect: the machine is restarted once", {
  timeout: 400_000,
}, async () => {
  const [environment] = (await running.api.tenant.get({ tenant: TENANT })).environments;
  const before = await bootsOf(running, environment!);
  await running.api.lab.injectFault({ name: "lost-reply", action: "RebootInstances", count: 1 });
  const run = await runUnder(async () => undefined, [0]);
  expect(run.job).toMatchObject({ state: "done", error: null });
  expect(await bootsOf(running, environment!)).toBe(before + 1);
  expect(await placesOrder(running, TENANT)).toBe(201);
});

test("the host restarted in every step of a maintenance run: once a person has said that what failed is tried again, the tenant is through and open", {
  timeout: 400_000,
}, async () => {
  const run = await runUnder(() => rebootHost(running, TENANT), [10]);
  const hit = tellStruck("restarted", run, STEPS);
  expect(run.job).toMatchObject({ state: "done", error: null });
  const { tenants } = await running.api.maintenance.get({ runId: run.job.id });
  expect(tenants.map(({ outcome, detail }) => [outcome, detail])).toEqual([["done", null]]);
  expect(await placesOrder(running, TENANT)).toBe(201);
  expect(hit).toBeGreaterThan(STEPS.length / 2);
});
