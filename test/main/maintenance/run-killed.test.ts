import { randomUUID } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { BUILT_IN } from "../../../shared/maintenance/runbook.ts";
import { RUN_STEPS, RunRequest } from "../../../shared/maintenance/model.ts";
import { tenantSteps } from "../../../main/maintenance/run-tenant.ts";
import { order, untilJob } from "../../support/in-process-console.ts";
import { type Client, tellStruck, underKills, withConsole } from "../../support/kill-matrix.ts";
import { bootsOf, placesOrder } from "../../support/lab-data.ts";
import { endProcessesOf } from "../../support/processes.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { jobsOfRun } from "./run-for-tests.ts";

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const SLUGS = ["canary", "other"] as const;
const RUNBOOK = "stack-update";

test("killed in every step of a maintenance run: each tenant is updated and restarted once, and all of them serve", {
  timeout: 1_200_000,
}, async () => {
  const { folder: home, remove } = await scratchFolder("run-killed");
  endings.push(remove, () => endProcessesOf(home));
  await withConsole(home, (client) =>
    Promise.all(
      SLUGS.map(async (slug) => {
        const { jobId } = await client.tenant.provision({ requestId: randomUUID(), ...order(slug) });
        expect(await untilJob(client, jobId, "done", "failed")).toMatchObject({ state: "done" });
      }),
    ),
  );

  const runId = randomUUID();
  const request = RunRequest.parse({
    runbook: RUNBOOK,
    tenants: SLUGS.map((tenant) => ({ tenant })),
    overrides: { R39: "Every customer was told on the telephone." },
  });
  const boots = (client: Client) =>
    Promise.all(
      SLUGS.map(async (slug) => {
        const { environments } = await client.tenant.get({ tenant: slug });
        return bootsOf({ home }, environments[0]!);
      }),
    );
  let before: readonly number[] = [];
  let after: readonly number[] = [];
  const start = async (client: Client) => {
    before = await boots(client);
    return client.maintenance.run({ ...request, requestId: runId });
  };
  const atEnd = async (client: Client) => {
    after = await boots(client);
  };
  const run = await underKills(home, start, { jobs: jobsOfRun, atEnd });
  const steps = [...RUN_STEPS, ...tenantSteps(BUILT_IN.find(({ name }) => name === RUNBOOK)!)];
  const hit = tellStruck("killed", run, steps);

  expect(run.job).toMatchObject({ state: "done", error: null });
  expect(after).toEqual(before.map((count) => count + 1));
  await withConsole(home, async (client) => {
    const { tenants } = await client.maintenance.get({ runId });
    expect(tenants.map(({ slug, outcome }) => [slug, outcome])).toEqual(SLUGS.map((slug) => [slug, "done"]));
    for (const slug of SLUGS) expect([slug, await placesOrder({ home, api: client }, slug)]).toEqual([slug, 201]);
  });
  expect(hit).toBeGreaterThan(steps.length / 2);
});
