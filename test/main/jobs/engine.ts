import { call } from "@orpc/server";
import { afterEach } from "vitest";
import { z } from "zod";
import { type Jobs, type JobRun, openJobs, type StartJob } from "../../../main/jobs/index.ts";
import type { Job } from "../../../shared/jobs/model.ts";
import type { OpenScratch } from "../../support/database.ts";

const endings: (() => Promise<void>)[] = [];

/** Registered after the database's own clean-up, so that it runs before: the engine ends while its database is there. */
export function endEnginesAfterEach(): void {
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });
}

const Input = z.object({ steps: z.array(z.string()) });
export type TestInput = z.infer<typeof Input>;
export type Start = (order: StartJob<TestInput>) => Promise<{ jobId: string }>;

/** The real engine on a scratch database with one kind of job, "test.work", which does what `run` says. */
export async function engineOn(
  open: OpenScratch,
  run: (job: JobRun, input: TestInput, start: Start) => Promise<void>,
  options: { readonly silentMs?: number; beforeLaunch?(url: string): Promise<void> } = {},
) {
  const { database, url } = await open();
  if (url) await options.beforeLaunch?.(url);
  let current: Jobs | undefined;
  endings.push(async () => current?.stop());
  const launch = async () => {
    const jobs = await openJobs({
      pool: database.pool,
      listen: (channel, onPayload, onMissed) => database.listen(channel, onPayload, onMissed),
      executor: "test-executor",
      machine: "test-machine",
      operator: () => "olga",
      ...(options.silentMs ? { silentMs: options.silentMs } : {}),
      log: () => {},
    });
    const start: Start = jobs.define({
      kind: "test.work",
      input: Input,
      plan: (input) => input.steps,
      run: (input, job) => run(job, input, start),
    });
    current = jobs;
    await jobs.launch();
    return { jobs, start };
  };
  return {
    database,
    ...(await launch()),
    /** Ends this engine and starts the next one on the same database. */
    async restart() {
      await current?.stop();
      return launch();
    },
  };
}

export const order = (
  id: string,
  steps: readonly string[] = [],
  tenantId: string | null = "tenant-1",
): StartJob<TestInput> => ({
  id,
  tenantId,
  tenantSlug: tenantId && "acme",
  subject: "Acme",
  requestedBy: "ana",
  input: { steps: [...steps] },
});

export async function untilState(jobs: Jobs, id: string, ...states: Job["state"][]): Promise<Job> {
  for (;;) {
    const { job } = await call(jobs.router.get, { jobId: id });
    if (states.includes(job.state)) return job;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
