import { afterAll, beforeAll, expect, test } from "vitest";
import { readAccountJobId } from "../../../main/fleet/read-account.ts";
import { type InProcessConsole, inProcessConsole, untilJob } from "../../support/in-process-console.ts";

let running: InProcessConsole;
beforeAll(async () => {
  running = await inProcessConsole({ lab: "demo" });
});
afterAll(() => running.end());

test("a new account is read once, as a job that tells what it found in each region", async () => {
  const jobId = readAccountJobId("lab");
  await expect.poll(() => running.api.jobs.list({}).then((jobs) => jobs.length)).toBe(1);
  const done = await untilJob(running.api, jobId, "done", "failed");
  const { steps } = await running.api.jobs.get({ jobId });
  const { rows } = await running.api.fleet.list();

  expect(done).toMatchObject({ state: "done", kind: "fleet.readAccount", subject: "Lab", tenantId: null });
  expect(steps.map((step) => [step.name, step.detail?.replace(/\d+ images/, "n images")])).toEqual([
    ["check account", expect.stringContaining("AWS account")],
    ...["eu-west-1", "us-east-1", "ca-central-1"].map((region) => [
      `read ${region}`,
      `${rows.filter((row) => row.region === region).length} environments, n images`,
    ]),
  ]);

  running = await running.restart();
  await running.api.fleet.refresh();
  expect((await running.api.jobs.list({})).map((job) => job.id)).toEqual([jobId]);
});
