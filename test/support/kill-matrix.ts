import { setTimeout as wait } from "node:timers/promises";
import type { Connected } from "../../main/hosts/connect.ts";
import { FINAL_JOB_STATES, type Job } from "../../shared/jobs/model.ts";
import { launchConsole } from "./console.ts";

export type Client = Connected["client"];

/** Before, within and after the effect of a quick step. */
const AFTER_MS = [0, 6, 14];

/** Where the console was killed, by step in order; a step may be there several times. */
export interface KilledJob {
  readonly struck: readonly string[];
  readonly job: Job;
}

/**
 * Kills the console soon after each step of a job was first seen running, and starts it again on the same home, until the
 * job ends or asks a person. `start` is repeated until it was answered; `strikes` tells, for a step that does many things,
 * how many milliseconds after it was seen each kill comes. No console is left running.
 */
export async function underKills(
  home: string,
  start: (client: Client) => Promise<{ readonly jobId: string }>,
  strikes: Readonly<Record<string, readonly number[]>> = {},
): Promise<KilledJob> {
  const struck: string[] = [];
  for (let jobId: string | undefined; ; ) {
    const running = await launchConsole(home, "empty");
    const { client, close } = await running.connect();
    jobId ??= (await start(client)).jobId;
    const next = await nextVictim(client, jobId, struck, strikes);
    if (!next) {
      const { job } = await client.jobs.get({ jobId });
      close();
      await running.stop();
      return { struck, job };
    }
    await wait(next.afterMs);
    await running.kill();
    close();
    struck.push(next.step);
  }
}

/** Undefined once the job is over. */
async function nextVictim(
  client: Client,
  jobId: string,
  struck: readonly string[],
  strikes: Readonly<Record<string, readonly number[]>>,
): Promise<{ readonly step: string; readonly afterMs: number } | undefined> {
  for (;;) {
    const { job } = await client.jobs.get({ jobId });
    if (FINAL_JOB_STATES.has(job.state) || job.state === "needsDecision") return undefined;
    const step = job.state === "running" ? job.currentStep : null;
    if (step) {
      const before = struck.filter((one) => one === step).length;
      const delays = strikes[step] ?? [AFTER_MS[new Set(struck).size % AFTER_MS.length]!];
      const afterMs = delays[before];
      if (afterMs !== undefined) return { step, afterMs };
    }
    await wait(2);
  }
}
