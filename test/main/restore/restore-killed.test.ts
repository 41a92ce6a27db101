import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import type { Connected } from "../../../main/hosts/connect.ts";
import { launchConsole, type RunningConsole } from "../../support/console.ts";
import { endProcessesOf } from "../../support/processes.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { ANY_HOUR, environmentOf, everythingOf, NO_PAPERS, provisionPair, served } from "./restore-for-tests.ts";

type Client = Connected["client"];
const OVER = ["done", "failed", "cancelled", "needsDecision"];
const TENANT = "killed";
const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** Before, within and after the effect of a quick step. */
const AFTER_MS = [0, 8, 25];

test("killed in every step of refresh, activation, restore and swap: old or new state, whole, open and serving", {
  timeout: 1_800_000,
}, async () => {
  const { folder: home, remove } = await scratchFolder("restore-killed");
  endings.push(remove, () => endProcessesOf(home));
  let running: RunningConsole = await launchConsole(home, "empty");
  let struckInAll = 0;

  /** Starts a job and kills the console soon after each of its steps was first seen running, until the job ends. */
  async function underKills<T>(start: (client: Client) => Promise<{ jobId: string } & T>): Promise<string[]> {
    const struck: string[] = [];
    for (;;) {
      const { client, close } = await running.connect();
      const { jobId } = await start(client);
      const victim = await nextVictim(client, jobId, struck);
      if (victim === undefined) {
        const { job } = await client.jobs.get({ jobId });
        close();
        expect(job.error).toBeNull();
        expect(job.state).toBe("done");
        struckInAll += struck.length;
        return struck;
      }
      await wait(AFTER_MS[struck.length % AFTER_MS.length]);
      await running.kill();
      close();
      struck.push(victim);
      running = await launchConsole(home, "empty");
    }
  }
  async function withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const { client, close } = await running.connect();
    try {
      return await work(client);
    } finally {
      close();
    }
  }
  const serving = (kind: "production" | "test", volumeId: string) =>
    withClient(async (client) => {
      await client.fleet.refresh();
      const environment = await environmentOf(client as never, TENANT, kind);
      expect(environment.volumeId).toBe(volumeId);
      expect(await served(home, environment)).toMatchObject({ status: 200, environment: kind, lockout: null });
    });

  await withClient((client) => provisionPair(client as never, TENANT));
  const before = await everythingOf(home, TENANT);

  const refreshId = randomUUID();
  const order = { tenant: TENANT, target: "test" as const, fee: null, keepDays: 1, overrides: {} };
  const refreshed = await underKills((client) => client.restore.refresh({ ...order, requestId: refreshId }));
  const prepared = await withClient((client) => client.restore.get({ caseId: refreshId }));
  expect(prepared.checks.filter(({ ok }) => ok !== true)).toEqual([]);

  const activateId = randomUUID();
  const activate = { caseId: refreshId, requestId: activateId, confirm: TENANT, overrides: {} };
  const activated = await underKills((client) => client.restore.activate(activate));
  await serving("test", prepared.beside!.volumeId);

  const source = prepared.source!.id;
  const runId = randomUUID();
  const restore = {
    ...{ tenant: TENANT, source, target: "production" as const, reason: "vendor" as const, papers: NO_PAPERS },
    ...{ keepDays: 1, overrides: ANY_HOUR, requestId: runId },
  };
  const restored = await underKills((client) => client.restore.run(restore));
  const copy = await withClient((client) => client.restore.get({ caseId: runId }));
  expect(copy.checks.filter(({ ok }) => ok !== true)).toEqual([]);

  const swapId = randomUUID();
  const swap = { caseId: runId, requestId: swapId, confirm: TENANT, overrides: ANY_HOUR };
  const swapped = await underKills((client) => client.restore.swap(swap));
  await serving("production", copy.beside!.volumeId);

  // Nothing orphaned, nothing doubled: the two machines, their two volumes, and the two old ones that are kept.
  const after = await everythingOf(home, TENANT);
  expect(after.instances).toEqual(before.instances);
  expect(after.groups).toBe(before.groups);
  expect(after.volumes).toHaveLength(before.volumes.length + 2);
  expect(after.snapshots).toBe(before.snapshots + 2);
  const hit = { refreshed, activated, restored, swapped };
  for (const [name, steps] of Object.entries(hit)) console.log(`${name}: ${steps.length} kills, ${steps.join(", ")}`);
  console.log(`killed at ${struckInAll} points`);
  // Fast steps may end between two looks; most must have been hit for the test to say anything.
  expect(struckInAll).toBeGreaterThan(25);
  await running.stop();
});

async function nextVictim(client: Client, jobId: string, struck: readonly string[]): Promise<string | undefined> {
  for (;;) {
    const { job } = await client.jobs.get({ jobId });
    if (OVER.includes(job.state)) return undefined;
    const current = job.state === "running" ? job.currentStep : null;
    if (current && !struck.includes(current)) return current;
    await wait(2);
  }
}
