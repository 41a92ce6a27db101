import { call } from "@orpc/server";
import { expect, test } from "vitest";
import type { Answer, Jobs, JobRun } from "../../../main/jobs/index.ts";
import { AppError } from "../../../shared/errors.ts";
import { describeOnBothDatabases } from "../../support/database.ts";
import { endEnginesAfterEach, engineOn, order, untilState } from "./engine.ts";

const QUESTION = {
  question: "Is the volume attached?",
  facts: { volume: "vol-1", instance: "i-1" },
  options: [
    { id: "yes", label: "It is attached" },
    { id: "again", label: "Attach it again" },
    { id: "wipe", label: "Wipe it", danger: true },
  ],
};

const answer = async (jobs: Jobs, jobId: string, option: string, more: { reason?: string; confirm?: string } = {}) => {
  const { job, decisions } = await call(jobs.router.get, { jobId });
  const decisionId = job.decision?.id ?? decisions.at(-1)!.id;
  return call(jobs.router.decide, { jobId, decisionId, option, reason: "seen in AWS", ...more });
};

describeOnBothDatabases("decisions", (open) => {
  endEnginesAfterEach();

  const asking = async () => {
    const answers: Answer[] = [];
    const engine = await engineOn(open, async (job: JobRun) => {
      await job.step("before", async () => {});
      answers.push(await job.decide("what became of it", QUESTION));
      await job.step("after", async () => {});
    });
    return { ...engine, answers };
  };

  test("a job that cannot know asks, waits, and goes on with the answer, its reason and who gave it", async () => {
    const { jobs, start, answers } = await asking();
    await start(order("job-1", ["before", "after"]));
    const asks = await untilState(jobs, "job-1", "needsDecision");
    expect(asks).toMatchObject({
      currentStep: "what became of it",
      waitingFor: QUESTION.question,
      decision: { step: "what became of it", facts: QUESTION.facts, answer: null },
      can: { cancel: true },
    });
    expect(Object.keys(asks.decision!.facts)).toEqual(["volume", "instance"]);
    expect(asks.decision!.options.map(({ id, danger }) => [id, danger])).toEqual([
      ["yes", false],
      ["again", false],
      ["wipe", true],
    ]);

    expect(await answer(jobs, "job-1", "again")).toMatchObject({ decision: null });
    await untilState(jobs, "job-1", "done");
    expect(answers).toEqual([{ option: "again", reason: "seen in AWS", by: "olga" }]);
    const { steps, decisions } = await call(jobs.router.get, { jobId: "job-1" });
    // A step that is taken only sometimes is not planned: it is added when it starts.
    expect(steps.map(({ name, state, detail }) => [name, state, detail])).toEqual([
      ["before", "done", null],
      ["after", "done", null],
      ["what became of it", "done", "Attach it again"],
    ]);
    expect(decisions).toMatchObject([{ answer: { option: "again", reason: "seen in AWS", by: "olga" } }]);
  });

  test("the same answer again is harmless; another answer, another job's question and an unknown one are refused", async () => {
    const { jobs, start } = await asking();
    await start(order("job-1"));
    await start(order("job-2", [], "tenant-2"));
    const { decision } = await untilState(jobs, "job-1", "needsDecision");
    await untilState(jobs, "job-2", "needsDecision");
    const decide = (jobId: string, option: string) =>
      call(jobs.router.decide, { jobId, decisionId: decision!.id, option, reason: "seen" });

    await expect(decide("job-2", "yes")).rejects.toMatchObject({ code: "NotFound" });
    await expect(decide("job-1", "perhaps")).rejects.toMatchObject({ code: "InvalidInput" });
    await decide("job-1", "yes");
    await decide("job-1", "yes");
    await untilState(jobs, "job-1", "done");
    await decide("job-1", "yes");
    await expect(decide("job-1", "again")).rejects.toMatchObject({ code: "Conflict" });
    await expect(
      call(jobs.router.decide, { jobId: "job-1", decisionId: "d", option: "yes", reason: " " }),
    ).rejects.toThrow();
  });

  test("what cannot be undone takes the tenant's name", async () => {
    const { jobs, start, answers } = await asking();
    await start(order("job-1"));
    await untilState(jobs, "job-1", "needsDecision");
    await expect(answer(jobs, "job-1", "wipe")).rejects.toMatchObject({ code: "ConfirmationNeeded" });
    await expect(answer(jobs, "job-1", "wipe", { confirm: "acmé" })).rejects.toMatchObject({
      code: "ConfirmationNeeded",
    });
    await answer(jobs, "job-1", "wipe", { confirm: "acme" });
    await untilState(jobs, "job-1", "done");
    expect(answers.map(({ option }) => option)).toEqual(["wipe"]);
  });

  test("a question stands while the console is away, is found again once, and may be answered meanwhile", async () => {
    const { jobs, start, answers, restart, database } = await asking();
    await start(order("job-1"));
    const { decision } = await untilState(jobs, "job-1", "needsDecision");
    const second = await restart();
    expect((await untilState(second.jobs, "job-1", "needsDecision")).decision?.id).toBe(decision!.id);
    const third = await restart();
    await answer(third.jobs, "job-1", "yes");
    await untilState(third.jobs, "job-1", "done");
    expect(answers).toHaveLength(1);
    const { rows } = await database.pool.query("select count(*)::int as asked from job_decision");
    expect(rows).toEqual([{ asked: 1 }]);
  });

  test("cancelling a job closes its question; taken up again it asks anew", async () => {
    const { jobs, start } = await asking();
    await start(order("job-1"));
    const { decision } = await untilState(jobs, "job-1", "needsDecision");
    await call(jobs.router.cancel, { jobId: "job-1" });
    expect(await untilState(jobs, "job-1", "cancelled")).toMatchObject({ decision: null });
    await expect(
      call(jobs.router.decide, { jobId: "job-1", decisionId: decision!.id, option: "yes", reason: "late" }),
    ).rejects.toMatchObject({ code: "Conflict" });

    await call(jobs.router.retry, { jobId: "job-1" });
    const anew = await untilState(jobs, "job-1", "needsDecision");
    expect(anew.decision?.id).not.toBe(decision!.id);
    await answer(jobs, "job-1", "yes");
    await untilState(jobs, "job-1", "done");
  });

  test("a job that an answer ended asks again when it is retried", async () => {
    const { jobs, start } = await engineOn(open, async (job) => {
      const { option } = await job.decide("go on", QUESTION);
      if (option !== "yes") throw new AppError("Cancelled", "Stopped by decision.", { retryable: false });
    });
    await start(order("job-1"));
    await untilState(jobs, "job-1", "needsDecision");
    await answer(jobs, "job-1", "again");
    await untilState(jobs, "job-1", "cancelled");

    await call(jobs.router.retry, { jobId: "job-1" });
    await untilState(jobs, "job-1", "needsDecision");
    await answer(jobs, "job-1", "yes");
    await untilState(jobs, "job-1", "done");
    const { decisions } = await call(jobs.router.get, { jobId: "job-1" });
    expect(decisions.map((one) => one.answer?.option)).toEqual(["again", "yes"]);
  });

  test("a question that is put twice in one run has two answers", async () => {
    const options: string[] = [];
    const { jobs, start } = await engineOn(open, async (job) => {
      for (let round = 0; round < 2; round++) options.push((await job.decide("go on", QUESTION)).option);
    });
    await start(order("job-1"));
    for (const option of ["again", "yes"]) {
      await expect.poll(async () => (await call(jobs.router.get, { jobId: "job-1" })).job.decision).not.toBeNull();
      await answer(jobs, "job-1", option);
    }
    await untilState(jobs, "job-1", "done");
    expect(options).toEqual(["again", "yes"]);
  });

  test("jobs without a tenant stand in nobody's way", async () => {
    const { jobs, start } = await asking();
    await start(order("job-1", [], null));
    await start(order("job-2", [], null));
    await untilState(jobs, "job-1", "needsDecision");
    await untilState(jobs, "job-2", "needsDecision");
    await expect(answer(jobs, "job-2", "wipe", { confirm: "acme" })).rejects.toMatchObject({
      code: "ConfirmationNeeded",
    });
    await answer(jobs, "job-2", "wipe", { confirm: "job-2" });
    await untilState(jobs, "job-2", "done");
  });
});
