import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "../../main/hosts/connect.ts";
import type { ProvisionRequest } from "../../shared/tenant/model.ts";
import { processesOf } from "../../test/support/processes.ts";
import { provisionRequest } from "../../test/support/provision-request.ts";
import { type Figure, rounded } from "./figure.ts";
import { withConsole } from "./scratch-console.ts";

/**
 * One tenant with its test environment on an empty lab, from the request to the last step's end.
 *
 * The console's own share is the time in which no step ran (queue, recording, engine) plus the processor time of the
 * console and its database while steps ran. It errs on the high side: the rest is waiting for AWS and for the hosts.
 */
export async function measureProvisioning(): Promise<Figure[]> {
  return withConsole("empty", async (running, client) => {
    const request = await provisionRequest(client, { customer: "Bench Works", prefix: "bench-works" });
    await provision(client, { ...request, customer: "Warm Up", prefix: "warm-up" });

    const own = (await processesOf(running.home)).filter(({ command }) => !/\/lab\.js\b|\/lab\//.test(command));
    const before = await processorSeconds(own.map(({ pid }) => pid));
    const { wall, inSteps } = await provision(client, request);
    const processor = (await processorSeconds(own.map(({ pid }) => pid))) - before;
    return [
      { name: "provisioning", value: rounded(wall), unit: "s" },
      { name: "provisioning-own-share", value: rounded(wall - inSteps + processor), unit: "s", aim: 2 },
    ];
  });
}

async function provision(client: Client, request: ProvisionRequest): Promise<{ wall: number; inSteps: number }> {
  const startedAt = Date.now();
  const { jobId } = await client.tenant.provision({ ...request, requestId: randomUUID() });
  for (;;) {
    const { job, steps } = await client.jobs.get({ jobId });
    if (job.state === "failed") throw new Error(`Provisioning failed: ${job.error?.message}`);
    if (job.state === "done" && job.endedAt) {
      const inSteps = steps.reduce((sum, { startedAt: from, endedAt: to }) => sum + (from && to ? +to - +from : 0), 0);
      return { wall: (+job.endedAt - startedAt) / 1000, inSteps: inSteps / 1000 };
    }
    await wait(100);
  }
}

/** User and system time of these processes so far; `stat` counts in hundredths of a second. */
async function processorSeconds(pids: readonly number[]): Promise<number> {
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")));
  return stats.reduce((sum, stat) => {
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return sum + (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
  }, 0);
}
