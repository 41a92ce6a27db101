import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { call } from "@orpc/server";
import { afterEach, expect, test } from "vitest";
import type { Jobs } from "../../../main/jobs/index.ts";
import { describeOnBothDatabases } from "../../support/database.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { endEnginesAfterEach, engineOn, order, untilState } from "./engine.ts";

const endings: (() => Promise<void>)[] = [];

/** A second console on the same database, in a process that can be killed. */
async function otherConsole(url: string, executor: string) {
  const { folder, remove } = await scratchFolder("other-console");
  const program = join(import.meta.dirname, "console-process.ts");
  const child: ChildProcess = spawn(process.execPath, [program, join(folder, "home"), url, executor, folder], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  endings.push(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await remove();
  });
  await once(createInterface({ input: child.stdout! }), "line");
  return {
    child,
    send: (line: unknown) => child.stdin!.write(`${JSON.stringify(line)}\n`),
    world: () => readFile(join(folder, "world"), "utf8").catch(() => ""),
    letGo: () => writeFile(join(folder, "go"), ""),
  };
}

describeOnBothDatabases("adoption", (open, kind) => {
  endEnginesAfterEach();
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });
  // Only a team's server takes two consoles.
  if (kind !== "team") {
    test("a console's own job is nobody else's to adopt: asking changes nothing", async () => {
      const release = Promise.withResolvers<void>();
      const { jobs, start } = await engineOn(open, async (job) => job.step("one", () => release.promise));
      await start(order("job-1", ["one"]));
      await untilState(jobs, "job-1", "running");
      expect((await call(jobs.router.get, { jobId: "job-1" })).job.can.adopt).toBe(false);
      expect(await call(jobs.router.adopt, { jobId: "job-1" })).toMatchObject({ state: "running" });
      release.resolve();
      await untilState(jobs, "job-1", "done");
    });
    return;
  }

  /** The other console has begun with job-1 before this one comes. */
  const two = async () => {
    const done: string[] = [];
    let there!: Awaited<ReturnType<typeof otherConsole>>;
    const here = await engineOn(
      open,
      async (job, { steps }) => {
        for (const name of steps) await job.step(name, async () => void done.push(name));
      },
      {
        silentMs: 3_000,
        async beforeLaunch(url) {
          there = await otherConsole(url, "laptop");
          there.send(order("job-1", ["one", "hold", "three"]));
          await expect.poll(there.world).toContain("one by laptop");
        },
      },
    );
    await expect.poll(async () => (await jobOf(here.jobs)).currentStep).toBe("hold");
    return { ...here, there, done };
  };
  const jobOf = async (jobs: Jobs) => (await call(jobs.router.get, { jobId: "job-1" })).job;
  const adoptable = (jobs: Jobs) => expect.poll(async () => (await jobOf(jobs)).can.adopt).toBe(true);

  test("a job of a console that was killed is adopted once it is silent, and ends well, once", async () => {
    const { jobs, there, done } = await two();
    await expect(call(jobs.router.adopt, { jobId: "job-1" })).rejects.toMatchObject({ code: "Conflict" });

    there.child.kill("SIGKILL");
    await adoptable(jobs);
    await call(jobs.router.adopt, { jobId: "job-1" });
    const ended = await untilState(jobs, "job-1", "done");
    expect(ended).toMatchObject({ executor: "test-machine", can: { adopt: false } });
    expect(await there.world()).toBe("one by laptop\n");
    expect(done).toEqual(["hold", "three"]);
  });

  test("a console that comes back has lost the job: its run ends before it touches the world", async () => {
    const { jobs, there, done, database } = await two();
    const beats = async () =>
      (await database.pool.query("select seen_at from job_executor where id = 'laptop'")).rows[0].seen_at.getTime();
    there.child.kill("SIGSTOP");
    await adoptable(jobs);
    await call(jobs.router.adopt, { jobId: "job-1" });
    await untilState(jobs, "job-1", "done");
    await there.letGo();
    there.child.kill("SIGCONT");
    // The step under way was past its check and may end; no further one begins.
    await expect.poll(there.world).toContain("hold by laptop");
    const awake = await beats();
    await expect.poll(beats).toBeGreaterThan(awake + 1_000);
    expect(await there.world()).not.toContain("three by laptop");
    expect(done).toEqual(["hold", "three"]);
    const { steps } = await call(jobs.router.get, { jobId: "job-1" });
    expect(steps.map(({ name, state }) => [name, state])).toEqual([
      ["one", "done"],
      ["hold", "done"],
      ["three", "done"],
    ]);
  });
});
