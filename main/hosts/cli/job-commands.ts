import { AppError } from "../../../shared/errors.ts";
import { SECOND_MS } from "../../../shared/time.ts";
import {
  FINAL_JOB_STATES,
  type Job,
  JOB_STATES,
  type JobDecision,
  type JobLogLine,
  type LiveEvent,
} from "../../../shared/jobs/model.ts";
import { followJob } from "./follow-job.ts";
import type { Cli, Session } from "./session.ts";
import { facts, plain, shown, table } from "./terminal.ts";
import { oneName, oneOf, usageError } from "./usage.ts";
import { onConsole } from "./verbs.ts";

export interface JobOption {
  readonly job?: string;
}
export interface FollowOption extends JobOption {
  readonly follow?: boolean;
  readonly wait?: boolean;
}
export interface DecideOptions extends FollowOption {
  readonly option?: string;
  readonly reason?: string;
  readonly decision?: string;
  readonly confirm?: string;
}
export interface ListOptions {
  readonly state?: readonly string[];
  readonly tenant?: string;
  readonly limit?: number;
}

export async function get(cli: Cli, options: JobOption, name: string | undefined): Promise<void> {
  const jobId = oneName("job", name, options.job);
  const found = await onConsole(cli, ({ client }) => client.jobs.get({ jobId }));
  cli.terminal.answer(found, () => {
    const steps = found.steps.map((step) => [step.state, step.name, shown(step.detail), String(step.attempts)]);
    const asks = found.job.decision ? `\n\n${decisionText(cli, found.job.decision)}` : "";
    return `${jobText(cli, found.job)}${asks}\n\n${table(cli.terminal, ["STATE", "STEP", "DETAIL", "TRIES"], steps)}`;
  });
}

export async function cancel(cli: Cli, options: JobOption, name: string | undefined): Promise<void> {
  const jobId = oneName("job", name, options.job);
  const cancelled = await onConsole(cli, ({ client }) => client.jobs.cancel({ jobId }));
  cli.terminal.answer(cancelled, () => jobText(cli, cancelled));
}

export function retry(cli: Cli, options: FollowOption, name: string | undefined): Promise<void> {
  return setGoing(cli, options, oneName("job", name, options.job), ({ client }, jobId) => client.jobs.retry({ jobId }));
}

export function adopt(cli: Cli, options: FollowOption, name: string | undefined): Promise<void> {
  return setGoing(cli, options, oneName("job", name, options.job), ({ client }, jobId) => client.jobs.adopt({ jobId }));
}

/** Does what makes the job go on, and follows it where asked for. */
async function setGoing(
  cli: Cli,
  options: FollowOption,
  jobId: string,
  act: (session: Session, jobId: string) => Promise<Job>,
): Promise<void> {
  await onConsole(cli, async (session) => {
    const going = await act(session, jobId);
    if (!options.follow && !options.wait) {
      if (session.own) cli.terminal.note("No console runs on this home: the job goes on when the next one starts.");
      return cli.terminal.answer(going, () => jobText(cli, going));
    }
    const outcome = await followJob(cli, session, jobId);
    cli.terminal.answer(outcome, () => jobText(cli, outcome.job));
  });
}

export async function decide(cli: Cli, options: DecideOptions, name: string | undefined): Promise<void> {
  const jobId = oneName("job", name, options.job);
  const { option, reason } = options;
  if (!option || !reason?.trim()) {
    throw usageError("An answer takes --option and --reason.", `See the question with: fleetwright job get ${jobId}`);
  }
  await setGoing(cli, options, jobId, async ({ client }) => {
    const { job, decisions } = await client.jobs.get({ jobId });
    const decisionId = options.decision ?? job.decision?.id ?? decisions.at(-1)?.id;
    if (!decisionId) {
      const next = `Look at it with: fleetwright job get ${jobId}`;
      throw new AppError("Conflict", `The job ${jobId} asks nothing.`, { retryable: false, next });
    }
    const confirm = options.confirm === undefined ? {} : { confirm: options.confirm };
    return client.jobs.decide({ jobId, decisionId, option, reason, ...confirm });
  });
}

export function watch(cli: Cli, options: JobOption, name: string | undefined): Promise<void> {
  return untilInterrupted(cli, tellChanges(cli, name ?? options.job));
}

export function logs(cli: Cli, options: FollowOption, name: string | undefined): Promise<void> {
  return untilInterrupted(cli, tellLog(cli, oneName("job", name, options.job), options.follow === true));
}

/** Whoever looks on may stop at any time: that is how looking on ends. */
async function untilInterrupted(cli: Cli, looking: Promise<void>): Promise<void> {
  try {
    await looking;
  } catch (error) {
    if (!cli.interrupted.aborted) throw error;
  }
}

export async function list(cli: Cli, options: ListOptions): Promise<void> {
  const states = options.state?.map(oneOf(JOB_STATES));
  const jobs = await onConsole(cli, ({ client }) =>
    client.jobs.list({
      ...(states && { states }),
      ...(options.tenant && { tenant: options.tenant }),
      ...(options.limit && { limit: options.limit }),
    }),
  );
  cli.terminal.answer(jobs, () =>
    table(
      cli.terminal,
      ["JOB", "KIND", "TENANT", "STATE", "DONE", "STEP", "CREATED"],
      jobs.map((job) => [
        job.id,
        job.kind,
        shown(job.tenantSlug),
        job.state,
        `${job.percent.toFixed(0)} %`,
        shown(job.currentStep),
        shown(job.createdAt),
      ]),
    ),
  );
}

/** Ends with the job, with the console, or when the operator has seen enough. */
async function tellChanges(cli: Cli, jobId: string | undefined): Promise<void> {
  await onConsole(cli, async (session) => {
    const { client } = session;
    const stream = await client.jobs.watch(jobId === undefined ? {} : { jobId }, { signal: cli.interrupted });
    if (jobId !== undefined) {
      const now = await client.jobs.get({ jobId });
      for (const step of now.steps) tell(cli, { type: "step", step });
      tell(cli, { type: "job", job: now.job });
      if (FINAL_JOB_STATES.has(now.job.state)) return void (await stream.return?.());
    }
    for await (const event of stream) {
      if (event.type === "alive") continue;
      tell(cli, event);
      if (jobId !== undefined && event.type === "job" && FINAL_JOB_STATES.has(event.job.state)) return;
    }
  });
}

function tell({ terminal }: Cli, event: Exclude<LiveEvent, { type: "alive" }>): void {
  terminal.line(event, () => {
    switch (event.type) {
      case "job":
        return plain(
          `${event.job.id}  ${event.job.state}  ${event.job.percent.toFixed(0)} %  ${shown(event.job.currentStep)}`,
        );
      case "step":
        return plain(`${event.step.jobId}  ${event.step.name}  ${event.step.state}  ${shown(event.step.detail)}`);
      case "log":
        return logText(event.line);
      case "stale":
        return plain(`${event.area} changed${event.id ? `: ${event.id}` : ""}`);
      case "standstill":
        return plain(`${event.kind}  ${Math.round(event.ms / SECOND_MS)} s`);
    }
  });
}

async function tellLog(cli: Cli, jobId: string, follow: boolean): Promise<void> {
  await onConsole(cli, async (session) => {
    const { client } = session;
    const stream = follow ? await client.jobs.watch({ jobId }, { signal: cli.interrupted }) : undefined;
    let after = await printLogs(cli, session, jobId, 0);
    const { job } = await client.jobs.get({ jobId });
    if (!stream || FINAL_JOB_STATES.has(job.state)) return void (await stream?.return?.());
    for await (const event of stream) {
      if (event.type === "log" && event.line.jobId === jobId && event.line.seq > after) {
        // A line that was missed in between is read again, so the order holds.
        after = await printLogs(cli, session, jobId, after);
      }
      if (event.type === "job" && event.job.id === jobId && FINAL_JOB_STATES.has(event.job.state)) break;
    }
    await printLogs(cli, session, jobId, after);
  });
}

async function printLogs(cli: Cli, { client }: Session, jobId: string, after: number): Promise<number> {
  let last = after;
  for (;;) {
    const lines = await client.jobs.logs({ jobId, after: last });
    for (const line of lines) cli.terminal.line(line, () => logText(line));
    const newest = lines.at(-1);
    if (!newest) return last;
    last = newest.seq;
  }
}

function logText(line: JobLogLine): string {
  const level = line.level === "info" ? "" : `${line.level}: `;
  return plain(`${shown(line.at)}  ${line.step ? `[${line.step}] ` : ""}${level}${line.text}`);
}

function decisionText({ terminal }: Cli, decision: JobDecision): string {
  const options = decision.options.map((one) => [one.id, one.danger ? `${one.label} (takes --confirm)` : one.label]);
  return [
    plain(decision.question),
    facts(terminal, Object.entries(decision.facts)),
    table(terminal, ["OPTION", "DOES"], options),
  ].join("\n\n");
}

function jobText({ terminal }: Cli, job: Job): string {
  return facts(terminal, [
    ["job", job.id],
    ["kind", job.kind],
    ["subject", job.subject],
    ["tenant", job.tenantSlug],
    ["state", job.waitingFor ? `${job.state}, for ${job.waitingFor}` : job.state],
    ["done", `${job.percent.toFixed(0)} %`],
    ["step", job.currentStep],
    ["error", job.error && `${job.error.message} (${job.error.code})`],
    ["requested by", `${job.requestedBy}, ${shown(job.createdAt)}`],
    ["ended", job.endedAt],
  ]);
}
