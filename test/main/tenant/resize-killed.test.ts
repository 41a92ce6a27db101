import { afterEach, expect, test } from "vitest";
import type { Client } from "../../../main/hosts/connect.ts";
import { FINAL_JOB_STATES, type Job } from "../../../shared/jobs/model.ts";
import { RESIZE_STEPS } from "../../../shared/tenant/acts.ts";
import { launchConsole, type RunningConsole } from "../../support/console.ts";
import { order } from "../../support/in-process-console.ts";
import { endProcessesOf } from "../../support/processes.ts";
import { scratchFolder } from "../../support/scratch.ts";

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const PROVISION = "0f6f2a8e-5f0d-4a55-9a55-0d8f3c9b7e21";
const RESIZE = "0f6f2a8e-5f0d-4a55-9a55-0d8f3c9b7e22";
const resize = {
  requestId: RESIZE,
  ...{ tenant: "grows", environment: "production" as const, instanceType: "m6i.xlarge", volumeGiB: 30 },
  overrides: { R39: "The customer asked for it." },
  confirm: "grows",
};

async function poll<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const value = await read();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const isOver = ({ state }: Job) => FINAL_JOB_STATES.has(state) || state === "needsDecision";

/** The step that runs now and was not struck before; "over" once the job has ended. */
const victimOf = (client: Client, struck: readonly string[]) =>
  poll(async () => {
    const { job } = await client.jobs.get({ jobId: RESIZE });
    if (isOver(job)) return "over";
    const current = job.state === "running" ? job.currentStep : null;
    return current && !struck.includes(current) ? current : undefined;
  });

test("R2: killed at each step of a resize, the job goes on; the tenant has its new size once, serves, and is open", {
  timeout: 900_000,
}, async () => {
  const { folder: home, remove } = await scratchFolder("resize-killed");
  endings.push(remove, () => endProcessesOf(home));

  let running: RunningConsole = await launchConsole(home, "empty");
  const first = await running.connect();
  await first.client.tenant.provision({ ...order("grows"), requestId: PROVISION });
  await poll(async () => (isOver((await first.client.jobs.get({ jobId: PROVISION })).job) ? true : undefined));
  await first.client.tenant.resize(resize);
  first.close();

  const struck: string[] = [];
  for (;;) {
    const { client, close } = await running.connect();
    const victim = await victimOf(client, struck);
    if (victim === "over") {
      close();
      break;
    }
    await running.kill();
    close();
    struck.push(victim);
    running = await launchConsole(home, "empty");
  }

  const { client, close } = await running.connect();
  const { job, steps } = await client.jobs.get({ jobId: RESIZE });
  expect([job.state, job.error?.message]).toEqual(["done", undefined]);
  expect(steps.map(({ name, state }) => [name, state])).toEqual(RESIZE_STEPS.map((name) => [name, "done"]));
  const environment = await poll(async () => {
    const { environments } = await client.tenant.get({ tenant: "grows" });
    return environments[0]!.health.state === "up" ? environments[0]! : undefined;
  });
  expect(environment).toMatchObject({
    ...{ state: "running", instanceType: "m6i.xlarge", volumeGiB: 30, lockout: null },
  });
  // Fast steps may end between two looks; most must have been hit for the test to say anything.
  console.log(`killed at ${struck.length} of ${RESIZE_STEPS.length} steps: ${struck.join(", ")}`);
  expect(struck.length).toBeGreaterThan(RESIZE_STEPS.length / 2);
  close();
  await running.stop();
});
