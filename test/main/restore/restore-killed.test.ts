import { randomUUID } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { restoreSteps, SWAP_STEPS } from "../../../shared/restore/steps.ts";
import { untilJob } from "../../support/in-process-console.ts";
import { tellStruck, underKills, withConsole } from "../../support/kill-matrix.ts";
import { ordersOf, placesOrder, writeLoad } from "../../support/lab-data.ts";
import { endProcessesOf } from "../../support/processes.ts";
import { scratchFolder } from "../../support/scratch.ts";
import {
  expectOnlyKept,
  ANY_HOUR,
  environmentOf,
  everythingOf,
  NO_PAPERS,
  provisionPair,
  served,
} from "./restore-for-tests.ts";

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const TENANT = "acme";
/** Around the hold under which it is taken. */
const COPY = [0, 60, 200];

test("killed in every step of a restore and its swap: customers meet the copy with every acknowledged order, and nothing is left over", {
  timeout: 1_200_000,
}, async () => {
  const { folder: home, remove } = await scratchFolder("restore-killed");
  endings.push(remove, () => endProcessesOf(home));
  const { before, production, load, taken } = await withConsole(home, async (client) => {
    const running = { home, api: client };
    await provisionPair(client, TENANT);
    const writing = await writeLoad(running, TENANT);
    endings.push(() => writing.end());
    const request = { tenant: TENANT, environment: "production" as const, label: "to go back to", overrides: {} };
    const { jobId } = await client.snapshot.take({ ...request, requestId: randomUUID() });
    expect(await untilJob(client, jobId, "done", "failed")).toMatchObject({ state: "done" });
    return {
      before: await everythingOf(home, TENANT),
      production: await environmentOf(client, TENANT, "production"),
      load: writing,
      taken: await client.snapshot.get({ id: jobId }),
    };
  });

  const caseId = randomUUID();
  const order = {
    ...{ tenant: TENANT, source: taken.snapshotId!, target: "production" as const, reason: "vendor" as const },
    ...{ papers: NO_PAPERS, keepDays: 3, overrides: ANY_HOUR },
  };
  const prepared = await underKills(home, (client) => client.restore.run({ ...order, requestId: caseId }), {
    strikes: { "fresh snapshot": COPY },
  });
  const hitBeside = tellStruck("killed", prepared, restoreSteps("restore"));
  expect(prepared.job).toMatchObject({ state: "done", error: null });
  await load.end();

  const requestId = randomUUID();
  const swapped = await underKills(home, (client) =>
    client.restore.swap({ caseId, requestId, confirm: TENANT, overrides: ANY_HOUR }),
  );
  const hitSwap = tellStruck("killed", swapped, SWAP_STEPS);
  expect(swapped.job).toMatchObject({ state: "done", error: null });

  await withConsole(home, async (client) => {
    const running = { home, api: client };
    const one = await client.restore.get({ caseId });
    expect(one).toMatchObject({ state: "swapped", beside: null, kept: { volumeId: production.volumeId } });
    await client.fleet.refresh();
    const after = await environmentOf(client, TENANT, "production");
    expect(after).toMatchObject({ instanceId: production.instanceId, hostKey: production.hostKey });
    expect(after.volumeId).not.toBe(production.volumeId);
    expect(await served(home, after)).toMatchObject({ status: "up", environment: "production", lockout: null });
    const there = await ordersOf(running, TENANT);
    const acknowledged = load.acknowledgedBy(taken.takenAt);
    expect(acknowledged.length).toBeGreaterThan(20);
    expect(acknowledged.slice(-300).filter((number) => !there.has(number))).toEqual([]);
    expect(await placesOrder(running, TENANT)).toBe(201);
    // One data volume more (the old one, kept), one snapshot more (production as it was before), nothing else.
    await expectOnlyKept(home, TENANT, before);
  });
  expect(hitBeside).toBeGreaterThan(restoreSteps("restore").length / 2);
  expect(hitSwap).toBeGreaterThan(SWAP_STEPS.length / 2);
});
