import { randomUUID } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { RESIZE_STEPS } from "../../../shared/tenant/acts.ts";
import { order, untilJob } from "../../support/in-process-console.ts";
import { tellStruck, underKills, withConsole } from "../../support/kill-matrix.ts";
import { placesOrder } from "../../support/lab-data.ts";
import { endProcessesOf } from "../../support/processes.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { everythingOf } from "../restore/restore-for-tests.ts";

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const TENANT = "grows";
const resize = {
  requestId: randomUUID(),
  ...{ tenant: TENANT, environment: "production" as const, instanceType: "m6i.xlarge", volumeGiB: 30 },
  overrides: { R39: "The customer asked for it." },
  confirm: TENANT,
};

test("R2: killed at each step of a resize, the job goes on; the tenant has its new size once, serves, and is open", {
  timeout: 900_000,
}, async () => {
  const { folder: home, remove } = await scratchFolder("resize-killed");
  endings.push(remove, () => endProcessesOf(home));
  const before = await withConsole(home, async (client) => {
    const { jobId } = await client.tenant.provision({ requestId: randomUUID(), ...order(TENANT) });
    expect(await untilJob(client, jobId, "done", "failed")).toMatchObject({ state: "done" });
    return everythingOf(home, TENANT);
  });

  const resized = await underKills(home, (client) => client.tenant.resize(resize));
  const hit = tellStruck("killed", resized, RESIZE_STEPS);

  expect(resized.job).toMatchObject({ state: "done", error: null });
  await withConsole(home, async (client) => {
    const { steps } = await client.jobs.get({ jobId: resize.requestId });
    expect(steps.map(({ name, state }) => [name, state])).toEqual(RESIZE_STEPS.map((name) => [name, "done"]));
    const [environment] = (await client.tenant.get({ tenant: TENANT })).environments;
    expect(environment).toMatchObject({ state: "running", instanceType: "m6i.xlarge", volumeGiB: 30, lockout: null });
    expect(await placesOrder({ home, api: client }, TENANT)).toBe(201);
    expect(await everythingOf(home, TENANT)).toEqual(before);
  });
  // Fast steps may end between two looks; most must have been hit for the test to say anything.
  expect(hit).toBeGreaterThan(RESIZE_STEPS.length / 2);
});
