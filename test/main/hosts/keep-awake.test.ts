import { expect, test } from "vitest";
import { keepAwake } from "../../../main/hosts/keep-awake.ts";
import type { Job, JobState, LiveEvent } from "../../../shared/jobs/model.ts";

const job = (id: string, state: JobState, executor = "desk") => ({ id, state, executor }) as Job;
const change = (...which: Parameters<typeof job>): LiveEvent => ({ type: "job", job: job(...which) });

/** What the blocker did after each event, "" where it did nothing. */
async function blocked(known: readonly Job[], ...changes: readonly LiveEvent[]): Promise<readonly string[]> {
  const done: string[] = [];
  let acts: string[] = [];
  async function* events() {
    for (const one of changes) {
      done.push(acts.join());
      acts = [];
      yield one;
    }
  }
  await keepAwake(known, events(), "desk", { start: () => acts.push("start"), stop: () => acts.push("stop") });
  return [...done, acts.join()];
}

test("the computer is kept awake from the first job at work to the last", async () => {
  expect(
    await blocked(
      [],
      change("a", "queued"),
      change("a", "running"),
      change("b", "waiting"),
      change("a", "done"),
      change("b", "failed"),
    ),
  ).toEqual(["", "", "start", "", "", "stop"]);
});

test("jobs that ran before the stream count; what waits for a person or runs elsewhere does not", async () => {
  expect(
    await blocked(
      [job("a", "lostContact"), job("b", "running", "other")],
      change("a", "needsDecision"),
      change("b", "running", "other"),
      change("c", "paused"),
    ),
  ).toEqual(["start", "stop", "", ""]);
});

test("when the stream ends the computer may sleep", async () => {
  expect(await blocked([job("a", "running")], { type: "alive", at: new Date() })).toEqual(["start", "stop"]);
});
