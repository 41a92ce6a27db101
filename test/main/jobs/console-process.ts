/**
 * A console's engine as a process of its own, to be killed: `node console-process.ts HOME DATABASE_URL EXECUTOR FOLDER`.
 *
 * Its job "test.work" does its steps in order. Each writes "STEP by EXECUTOR" to FOLDER/world when it touches the world;
 * a step named "hold…" first waits until FOLDER/go is there. Orders come as lines of JSON, "stop" ends it.
 */
import { appendFile, access } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { openDatabase } from "../../../main/database/index.ts";
import { openHome } from "../../../main/home/index.ts";
import { openJobs } from "../../../main/jobs/index.ts";
import { silentLog } from "../../../main/log.ts";

const [folder, url, executor, world] = process.argv.slice(2) as [string, string, string, string];
const home = await openHome(folder, "test");
const database = await openDatabase({ home, url, log: silentLog });
const jobs = await openJobs({
  pool: database.pool,
  listen: (channel, onPayload, onMissed) => database.listen(channel, onPayload, onMissed),
  executor,
  machine: executor,
  operator: () => executor,
  silentMs: 3_000,
  log() {},
});
const start = jobs.define({
  kind: "test.work",
  input: z.object({ steps: z.array(z.string()) }),
  plan: (input) => input.steps,
  async run(input, job) {
    for (const name of input.steps) {
      await job.step(name, async (step) => {
        while (
          name.startsWith("hold") &&
          !(await access(join(world, "go")).then(
            () => true,
            () => false,
          ))
        ) {
          step.signal.throwIfAborted();
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        await appendFile(join(world, "world"), `${name} by ${executor}\n`);
      });
    }
  },
});
await jobs.launch();
process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "stop") break;
  await start(JSON.parse(line));
}
await jobs.stop();
await database.stop();
await home.release();
