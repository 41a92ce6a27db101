import { call } from "@orpc/server";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { type Jobs, type JobRun, openJobs } from "../../../main/jobs/index.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Job, LiveEvent } from "../../../shared/jobs/model.ts";
import { describeOnBothDatabases, type OpenScratch } from "../../support/database.ts";

const endings: (() => Promise<void>)[] = [];
const Input = z.object({ steps: z.array(z.string()) });
type Work = (step: string, attempt: number, job: { signal: AbortSignal }) => Promise<void>;

async function consoleWith(open: OpenScratch, work: Work) {
  const { database } = await open();
  const attempts = new Map<string, number>();
  const log: string[] = [];

  const launch = async (newerRelease: boolean) => {
    const jobs = await openJobs({
      pool: database.pool,
      listen: (channel, onPayload, onMissed) => database.listen(channel, onPayload, onMissed),
      executor: "test-executor",
      machine: "test-machine",
      operator: () => "olga",
      log: () => {},
    });
    const start = jobs.define({
      kind: "test.work",
      input: Input,
      plan: (input) => input.steps,
      async run(input, job: JobRun) {
        if (newerRelease && (await DBOS.patch("one step before"))) {
          await job.step("added", async () => {
            log.push("added");
          });
        }
        for (const name of input.steps) {
          await job.step(name, async (step) => {
            const attempt = (attempts.get(name) ?? 0) + 1;
            attempts.set(name, attempt);
            await work(name, attempt, step);
            await step.detail(`${name} found`);
            log.push(name);
          });
        }
      },
    });
    await jobs.launch();
    return { jobs, start };
  };
  const first = await launch(false);
  let current = first.jobs;
  endings.push(() => current.stop());
  return {
    log,
    ...first,
    /** Ends this engine and starts the next one on the same database. */
    async restart(options = { newerRelease: false }) {
      await current.stop();
      const next = await launch(options.newerRelease);
      current = next.jobs;
      return next;
    },
  };
}

const order = (id: string, steps: string[], tenantId = "tenant-1") => ({
  id,
  tenantId,
  tenantSlug: "acme",
  subject: "Acme",
  requestedBy: "ana",
  input: { steps },
});

async function untilState(jobs: Jobs, id: string, ...states: Job["state"][]): Promise<Job> {
  for (;;) {
    const { job } = await call(jobs.router.get, { jobId: id });
    if (states.includes(job.state)) return job;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describeOnBothDatabases("jobs", (open) => {
  // Registered after the database's own, so it runs before: the engine ends while its database is there.
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });

  test("a job does its steps in order, shows each and ends done", async () => {
    const { jobs, start, log } = await consoleWith(open, async () => {});
    const seen: LiveEvent[] = [];
    const watching = (async () => {
      for await (const event of jobs.live.watch(undefined)) seen.push(event);
    })();

    await start(order("job-1", ["one", "two"]));
    const done = await untilState(jobs, "job-1", "done");
    const { steps } = await call(jobs.router.get, { jobId: "job-1" });

    expect(log).toEqual(["one", "two"]);
    expect(done).toMatchObject({ percent: 100, requestedBy: "ana", error: null, can: { cancel: false, retry: false } });
    expect(steps.map((step) => [step.name, step.state, step.attempts])).toEqual([
      ["one", "done", 1],
      ["two", "done", 1],
    ]);
    await expect.poll(() => seen.some((event) => event.type === "job" && event.job.state === "done")).toBe(true);
    jobs.live.cut();
    await watching;
  });

  test("asking twice with one request id makes one job; another act with the same id is refused", async () => {
    const { jobs, start, log } = await consoleWith(open, async () => {});

    await start(order("job-1", ["one"]));
    await start(order("job-1", ["one"]));
    await untilState(jobs, "job-1", "done");

    expect(log).toEqual(["one"]);
    await expect(start(order("job-1", ["one"], "tenant-2"))).rejects.toMatchObject({ code: "Conflict" });
  });

  test("a failed job keeps what was done, names its error, and goes on from the step that failed", async () => {
    const { jobs, start, log } = await consoleWith(open, async (step, attempt) => {
      if (step === "two" && attempt === 1) throw new AppError("HostCommandFailed", "no room", { retryable: false });
    });

    await start(order("job-1", ["one", "two", "three"]));
    const failed = await untilState(jobs, "job-1", "failed");
    expect(failed).toMatchObject({
      percent: 33,
      error: { code: "HostCommandFailed", message: "no room" },
      can: { retry: true },
    });

    await call(jobs.router.retry, { jobId: "job-1" });
    const done = await untilState(jobs, "job-1", "done");
    const lines = await call(jobs.router.logs, { jobId: "job-1" });
    expect(log).toEqual(["one", "two", "three"]);
    expect(done.error).toBeNull();
    expect(lines.map((line) => `${line.level} ${line.step ?? "-"}: ${line.text}`)).toEqual([
      "info one: one found",
      "error two: HostCommandFailed: no room",
      "info -: Retried from the step that failed.",
      "info two: attempt 2",
      "info two: two found",
      "info three: three found",
    ]);
  });

  test("a failure that may pass is shown as waiting and tried again by itself", async () => {
    const states: string[] = [];
    const { jobs, start } = await consoleWith(open, async (_, attempt) => {
      if (attempt <= 2) throw new AppError("AwsThrottled", "slow down", { retryable: true });
    });
    const watching = (async () => {
      for await (const event of jobs.live.watch(undefined)) if (event.type === "job") states.push(event.job.state);
    })();

    await start(order("job-1", ["one"]));
    await untilState(jobs, "job-1", "done");
    await expect.poll(() => states.at(-1)).toBe("done");
    expect(new Set(states)).toEqual(new Set(["queued", "running", "waiting", "done"]));
    jobs.live.cut();
    await watching;
  });

  test("expired credentials pause the job until they are renewed", async () => {
    let renewed = false;
    const { jobs, start } = await consoleWith(open, async () => {
      if (!renewed) throw new AppError("AwsCredentialsExpired", "log in again", { retryable: false });
    });

    await start(order("job-1", ["one"]));
    expect(await untilState(jobs, "job-1", "paused")).toMatchObject({ waitingFor: "log in again" });
    renewed = true;
    await untilState(jobs, "job-1", "done");
  });

  test("a cancelled job stops before its next step and can be taken up again", async () => {
    const begun = Promise.withResolvers<void>();
    const { jobs, start, log } = await consoleWith(open, async (step, attempt, { signal }) => {
      if (step !== "one" || attempt > 1) return;
      begun.resolve();
      await new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    });

    await start(order("job-1", ["one", "two"]));
    await begun.promise;
    await call(jobs.router.cancel, { jobId: "job-1" });
    await untilState(jobs, "job-1", "cancelled");
    expect(log).not.toContain("two");

    await call(jobs.router.retry, { jobId: "job-1" });
    await untilState(jobs, "job-1", "done");
    expect(log.at(-1)).toBe("two");
  });

  test("a cancel that comes while a step ends well is shown as cancelled, not as a failure", async () => {
    const begun = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const { jobs, start, log } = await consoleWith(open, async (step) => {
      if (step !== "one") return;
      begun.resolve();
      await release.promise;
    });

    await start(order("job-1", ["one", "two"]));
    await begun.promise;
    await call(jobs.router.cancel, { jobId: "job-1" });
    release.resolve();
    expect(await untilState(jobs, "job-1", "cancelled", "failed", "done")).toMatchObject({
      state: "cancelled",
      error: null,
    });

    await call(jobs.router.retry, { jobId: "job-1" });
    await untilState(jobs, "job-1", "done");
    expect(log.at(-1)).toBe("two");
  });

  test("a retried job that waits for its turn is cancelled at once", async () => {
    const begun = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const { jobs, start, log } = await consoleWith(open, async (step, attempt) => {
      if (step === "fails") throw new AppError("HostCommandFailed", `no room ${attempt}`, { retryable: false });
      if (step !== "long") return;
      begun.resolve();
      await release.promise;
    });
    await start(order("first", ["one", "fails"]));
    await untilState(jobs, "first", "failed");
    await start(order("second", ["long"]));
    await begun.promise;

    expect(await call(jobs.router.retry, { jobId: "first" })).toMatchObject({ state: "waiting" });
    expect(await call(jobs.router.cancel, { jobId: "first" })).toMatchObject({ state: "cancelled" });
    release.resolve();
    await untilState(jobs, "second", "done");
    expect(log).toEqual(["one", "long"]);
  });

  test("one tenant's jobs run one after the other, another tenant's beside them", async () => {
    const begun = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const { jobs, start } = await consoleWith(open, async (step) => {
      if (step !== "long") return;
      begun.resolve();
      await release.promise;
    });

    await start(order("first", ["long"]));
    await begun.promise;
    await start(order("second", ["short"]));
    await start(order("other", ["elsewhere"], "tenant-2"));
    await untilState(jobs, "other", "done");

    expect(await call(jobs.router.get, { jobId: "second" })).toMatchObject({
      job: { state: "waiting", waitingFor: expect.stringContaining("first") },
    });
    release.resolve();
    await untilState(jobs, "second", "done");
  });

  test("a job goes on where it was after its console ended", async () => {
    const begun = Promise.withResolvers<void>();
    const { start, log, restart } = await consoleWith(open, async (step, attempt, { signal }) => {
      if (step === "two" && attempt === 1) {
        begun.resolve();
        await new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      }
    });

    await start(order("job-1", ["one", "two", "three"]));
    await begun.promise;
    const next = await restart();
    await untilState(next.jobs, "job-1", "done");

    expect(log).toEqual(["one", "two", "three"]);
  });

  test("a job of an older release ends as it began; the newer release's own jobs do what was added", async () => {
    const begun = Promise.withResolvers<void>();
    const { start, log, restart } = await consoleWith(open, async (step, attempt, { signal }) => {
      if (step !== "two" || attempt > 1) return;
      begun.resolve();
      await new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    });

    await start(order("of-the-older", ["one", "two", "three"]));
    await begun.promise;
    const next = await restart({ newerRelease: true });
    await untilState(next.jobs, "of-the-older", "done");
    expect(log).toEqual(["one", "two", "three"]);

    await next.start(order("of-the-newer", ["four"]));
    await untilState(next.jobs, "of-the-newer", "done");
    expect(log.slice(3)).toEqual(["added", "four"]);
  });
});
