// Prints how many durable steps a second the job engine does: `node job-steps-runner.ts HOME [URL]`.

import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { openDatabase } from "../../main/database/index.ts";
import { openHome } from "../../main/home/index.ts";
import { openJobs } from "../../main/jobs/index.ts";
import { silentLog } from "../../main/log.ts";

const STEPS = 200;
const steps = Array.from({ length: STEPS }, (_, index) => `step ${index}`);

const [folder, url] = process.argv.slice(2);
const home = await openHome(folder!);
const database = await openDatabase({ home, url: url || undefined, log: silentLog });
const jobs = await openJobs({
  pool: database.pool,
  listen: (channel, onPayload) => database.listen(channel, onPayload),
  executor: "bench",
  machine: "bench",
  operator: () => "bench",
  log() {},
});
const startJob = jobs.define({
  kind: "bench.steps",
  input: z.object({}),
  plan: () => steps,
  async run(_, job) {
    for (const name of steps) await job.step(name, async () => null);
  },
});
await jobs.launch();

/** Seconds from the first step's start to the last one's end: what the queue waits before is not counted. */
async function secondsOf(count: number): Promise<number> {
  const ids: string[] = Array.from({ length: count }, () => randomUUID());
  for (const [index, id] of ids.entries()) {
    const tenant = `bench-${count}-${index}`;
    await startJob({ id, tenantId: tenant, tenantSlug: tenant, subject: tenant, requestedBy: "bench", input: {} });
  }
  for (;;) {
    const found = (await jobs.ofEachTenant()).filter((job) => ids.includes(job.id));
    const failed = found.find((job) => job.state === "failed");
    if (failed) throw new Error(failed.error?.message ?? "a job failed");
    if (found.length === count && found.every((job) => job.state === "done")) {
      const startedAt = Math.min(...found.map((job) => job.startedAt!.getTime()));
      const endedAt = Math.max(...found.map((job) => job.endedAt!.getTime()));
      return (endedAt - startedAt) / 1000;
    }
    await wait(200);
  }
}

await secondsOf(1); // warms the engine up
const one = STEPS / (await secondsOf(1));
const eight = (8 * STEPS) / (await secondsOf(8));
console.log(JSON.stringify({ one, eight }));
await jobs.stop();
await database.stop();
await home.release();
process.exit(0);
