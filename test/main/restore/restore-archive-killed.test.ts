import { randomUUID } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { restoreSteps } from "../../../shared/restore/steps.ts";
import { launchConsole } from "../../support/console.ts";
import { order, untilJob } from "../../support/in-process-console.ts";
import { type Client, underKills } from "../../support/kill-matrix.ts";
import { endProcessesOf } from "../../support/processes.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { ANY_HOUR, everythingOf, NO_PAPERS } from "./restore-for-tests.ts";

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const TENANT = "acme";

test("killed in every step of a restore from an archive: one host stands beside, with every row, and goes without a trace", {
  timeout: 1_200_000,
}, async () => {
  const { folder: home, remove } = await scratchFolder("restore-archive-killed");
  endings.push(remove, () => endProcessesOf(home));
  async function withClient<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    const running = await launchConsole(home, "empty");
    const { client, close } = await running.connect();
    try {
      return await work(client);
    } finally {
      close();
      await running.stop();
    }
  }
  const exportId = randomUUID();
  const before = await withClient(async (client) => {
    const { jobId } = await client.tenant.provision({ requestId: randomUUID(), ...order(TENANT) });
    expect(await untilJob(client, jobId, "done", "failed")).toMatchObject({ state: "done" });
    await client.snapshot.export({ requestId: exportId, tenant: TENANT, environment: "production", label: "out" });
    expect(await untilJob(client, exportId, "done", "failed")).toMatchObject({ state: "done" });
    return everythingOf(home, TENANT);
  });

  const caseId = randomUUID();
  const { struck, job } = await underKills(home, (client) =>
    client.restore.run({
      ...{ requestId: caseId, tenant: TENANT, source: exportId, target: "beside", reason: "drill" },
      ...{ papers: NO_PAPERS, keepDays: 3, overrides: ANY_HOUR },
    }),
  );
  console.log(`killed at ${struck.length} points: ${struck.join(", ")}`);
  expect(job).toMatchObject({ state: "done", error: null });
  expect(struck.length).toBeGreaterThan(restoreSteps("restore", true).length / 2);

  await withClient(async (client) => {
    const one = await client.restore.get({ caseId });
    expect(one.checks.filter(({ ok }) => ok === false)).toEqual([]);
    expect((await everythingOf(home, TENANT)).instances).toHaveLength(before.instances.length + 1);
    const { jobId } = await client.restore.discard({ caseId, requestId: randomUUID(), confirm: TENANT });
    expect(await untilJob(client, jobId, "done", "failed")).toMatchObject({ state: "done" });
    expect(await everythingOf(home, TENANT)).toEqual(before);
  });
});
