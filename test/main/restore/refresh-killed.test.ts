import { randomUUID } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { COPY_STEP, restoreSteps, SWAP_STEPS } from "../../../shared/restore/steps.ts";
import { tellStruck, underKills, withConsole } from "../../support/kill-matrix.ts";
import { placesOrder } from "../../support/lab-data.ts";
import { endProcessesOf } from "../../support/processes.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { expectOnlyKept, environmentOf, everythingOf, provisionPair, served } from "./restore-for-tests.ts";

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const TENANT = "acme";
/** Around the hold under which it is taken. */
const COPY = [0, 60, 200];

test("R28: killed in every step of a refresh and its activation: the test environment serves one neutralised copy, production was only read", {
  timeout: 1_200_000,
}, async () => {
  const { folder: home, remove } = await scratchFolder("refresh-killed");
  endings.push(remove, () => endProcessesOf(home));
  const before = await withConsole(home, async (client) => {
    await provisionPair(client, TENANT);
    return everythingOf(home, TENANT);
  });
  const order = { tenant: TENANT, target: "test" as const, fee: null, keepDays: 3, overrides: {} };
  const caseId = randomUUID();
  const prepared = await underKills(home, (client) => client.restore.refresh({ ...order, requestId: caseId }), {
    strikes: { [COPY_STEP]: COPY },
  });
  const hitBeside = tellStruck("killed", prepared, restoreSteps("refresh"));
  expect(prepared.job).toMatchObject({ state: "done", error: null });

  const requestId = randomUUID();
  const activated = await underKills(home, (client) =>
    client.restore.activate({ caseId, requestId, confirm: TENANT, overrides: {} }),
  );
  const hitSwap = tellStruck("killed", activated, SWAP_STEPS);
  expect(activated.job).toMatchObject({ state: "done", error: null });

  await withConsole(home, async (client) => {
    const one = await client.restore.get({ caseId });
    expect(one).toMatchObject({ state: "swapped", beside: null });
    await client.fleet.refresh();
    const environments = {
      production: await environmentOf(client, TENANT, "production"),
      test: await environmentOf(client, TENANT, "test"),
    };
    for (const [environment, shown] of Object.entries(environments))
      expect(await served(home, shown)).toMatchObject({ status: "up", environment, lockout: null });
    expect(before.volumes.map(({ id }) => id)).toContain(environments.production.volumeId);
    expect(await placesOrder({ home, api: client }, TENANT)).toBe(201);
    await expectOnlyKept(home, TENANT, before);
  });
  expect(hitBeside).toBeGreaterThan(restoreSteps("refresh").length / 2);
  expect(hitSwap).toBeGreaterThan(SWAP_STEPS.length / 2);
});
