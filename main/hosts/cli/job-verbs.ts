import type { DecideOptions, FollowOption, JobOption, ListOptions } from "./job-commands.ts";
import { collect, type Verbs, wholeNumber } from "./verbs.ts";

/** What the verbs do is in job-commands.ts, loaded when one of them runs. */
const commands = () => import("./job-commands.ts");

export function addJobVerbs({ noun, verb }: Verbs): void {
  const job = noun("job", "what runs, ran, or waits for somebody");

  verb<ListOptions>(job, "list", "jobs, newest first", async (cli, options) => (await commands()).list(cli, options))
    .option("--state <state>", "only this state; may be repeated", collect)
    .option("--tenant <tenant>", "only this tenant's, by slug or id")
    .option("--limit <number>", "at most so many", wholeNumber(1, 1000));

  verb<JobOption>(job, "get [job]", "one job with its steps", async (cli, options, name) =>
    (await commands()).get(cli, options, name),
  ).option("--job <job>", "the job's id");

  verb<JobOption>(
    job,
    "watch [job]",
    "changes as they happen, to the job's end; of all jobs without one",
    async (cli, options, name) => (await commands()).watch(cli, options, name),
  ).option("--job <job>", "the job's id");

  verb<FollowOption>(job, "logs [job]", "a job's log", async (cli, options, name) =>
    (await commands()).logs(cli, options, name),
  )
    .option("--job <job>", "the job's id")
    .option("--follow", "go on until the job ends");

  verb<JobOption>(
    job,
    "cancel [job]",
    "stop before the next step; what was made stays and is listed",
    async (cli, options, name) => (await commands()).cancel(cli, options, name),
  ).option("--job <job>", "the job's id");

  verb<FollowOption>(job, "retry [job]", "go on from the step that failed", async (cli, options, name) =>
    (await commands()).retry(cli, options, name),
  )
    .option("--job <job>", "the job's id")
    .option("--follow", "follow it to its end")
    .option("--wait", "the same as --follow");

  verb<FollowOption>(
    job,
    "adopt [job]",
    "take over a job whose console has been silent for a minute",
    async (cli, options, name) => (await commands()).adopt(cli, options, name),
  )
    .option("--job <job>", "the job's id")
    .option("--follow", "follow it to its end")
    .option("--wait", "the same as --follow");

  verb<DecideOptions>(job, "decide [job]", "answer the question that a job waits on", async (cli, options, name) =>
    (await commands()).decide(cli, options, name),
  )
    .option("--job <job>", "the job's id")
    .option("--option <option>", "the answer: one of the question's options")
    .option("--reason <text>", "why; kept with the answer")
    .option("--decision <id>", "the question; without it the one that is open, or else the last one")
    .option("--confirm <name>", "for an option that cannot be undone: the tenant's name in full")
    .option("--follow", "follow the job to its end")
    .option("--wait", "the same as --follow");
}
