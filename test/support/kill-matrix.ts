import { setTimeout as wait } from "node:timers/promises";
import type { Connected } from "../../main/hosts/connect.ts";
import { FINAL_JOB_STATES, type Job } from "../../shared/jobs/model.ts";
import { launchConsole } from "./console.ts";
import type { InProcessConsole } from "./in-process-console.ts";

export type Client = Connected["client"];
/** A console of any host. */
type Api = Client | InProcessConsole["api"];

/** Before, within and after the effect of a quick step. */
const AFTER_MS = [0, 6, 14];
/** A step that failed and is tried again shows as waiting. */
const UNDER_WAY: ReadonlySet<Job["state"]> = new Set<Job["state"]>(["running", "waiting", "lostContact"]);
/** A wait longer than this is broken off when the step has ended. */
const LOOK_MS = 20;

/** Where a job was struck, by step in order; a step may be there several times. */
export interface StruckJob {
  readonly struck: readonly string[];
  readonly job: Job;
}

export interface StrikeOptions {
  /** For a step that does many things: how many milliseconds after it was seen each strike comes. */
  readonly strikes?: Readonly<Record<string, readonly number[]>>;
  /** The same for every other step. Default: one strike, before, within or after its effect in turn. */
  readonly each?: readonly number[];
  /** Jobs whose steps are struck, where they are not those of the job itself; steps of one name count as one. */
  readonly jobs?: (api: Api, jobId: string) => Promise<readonly Job[]>;
}

/** Does something with a console on this home that lives no longer than it. */
export async function withConsole<Result>(home: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const running = await launchConsole(home, "empty");
  const { client, close } = await running.connect();
  try {
    return await work(client);
  } finally {
    close();
    await running.stop();
  }
}

type Start = (client: Client) => Promise<{ readonly jobId: string }>;

/**
 * Kills the console soon after each step of a job was first seen running, and starts it again on the same home, until the
 * job ends or asks a person. `start` is repeated until it was answered; `atEnd` is given the last console before that
 * ends too, and the lab with it.
 */
export async function underKills(
  home: string,
  start: Start,
  options: StrikeOptions & { readonly atEnd?: (client: Client) => Promise<void> } = {},
): Promise<StruckJob> {
  const struck: string[] = [];
  const tried = new Map<string, number>();
  for (let jobId: string | undefined; ; ) {
    const running = await launchConsole(home, "empty");
    const { client, close } = await running.connect();
    jobId ??= (await start(client)).jobId;
    const step = await nextVictim(client, jobId, tried, options);
    if (!step) {
      const { job } = await client.jobs.get({ jobId });
      await options.atEnd?.(client);
      close();
      await running.stop();
      return { struck, job };
    }
    await running.kill();
    close();
    struck.push(step);
  }
}

/**
 * Strikes soon after each step of a job was first seen running, until the job ends or asks a person; `answer` is the
 * option that a person would choose, and then it goes on.
 */
export async function underStrikes(
  api: Api,
  jobId: string,
  strike: (step: string) => Promise<unknown>,
  options: StrikeOptions & { readonly answer?: string } = {},
): Promise<StruckJob> {
  const struck: string[] = [];
  const tried = new Map<string, number>();
  for (;;) {
    const step = await nextVictim(api, jobId, tried, options);
    if (!step) {
      if (options.answer && (await answered(api, jobId, options.answer, options.jobs))) continue;
      return { struck, job: (await api.jobs.get({ jobId })).job };
    }
    await strike(step);
    struck.push(step);
  }
}

/** False when no question stands that has this answer. */
async function answered(api: Api, jobId: string, option: string, jobs: StrikeOptions["jobs"]): Promise<boolean> {
  const watched = jobs ? await jobs(api, jobId) : [(await api.jobs.get({ jobId })).job];
  const asks = watched.find(({ decision }) => decision?.options.some(({ id }) => id === option));
  if (!asks?.decision) return false;
  console.log(`asked: ${asks.decision.question}`);
  await api.jobs.decide({ jobId: asks.id, decisionId: asks.decision.id, option, reason: "The host is up again." });
  return true;
}

/** Ends every connection over SSH that stands, on all hosts of the lab; those that are made afterwards live. */
export async function cutSsh(api: Api): Promise<void> {
  const { id } = await api.lab.injectFault({ name: "ssh-cut" });
  await api.lab.clearFault({ id });
}

/** Prints where a job was struck, and gives how many of these steps were. */
export function tellStruck(how: string, { struck, job }: StruckJob, steps: readonly string[]): number {
  const hit = steps.filter((step) => struck.includes(step)).length;
  console.log(
    `${how} at ${hit} of ${steps.length} steps, ${struck.length} times, then ${job.state}: ${struck.join(", ")}`,
  );
  return hit;
}

/** The step that is to be struck now; undefined once the job is over. `tried` counts by step, and is kept up. */
async function nextVictim(
  api: Api,
  jobId: string,
  tried: Map<string, number>,
  { strikes = {}, each, jobs }: StrikeOptions,
): Promise<string | undefined> {
  const stepsNow = async (): Promise<readonly string[] | undefined> => {
    const { job } = await api.jobs.get({ jobId });
    const watched = jobs ? await jobs(api, jobId) : [job];
    if (FINAL_JOB_STATES.has(job.state) || watched.some(({ state }) => state === "needsDecision")) return undefined;
    return watched.flatMap(({ state, currentStep }) => (UNDER_WAY.has(state) && currentStep ? [currentStep] : []));
  };
  /** False when the step ended before that time: then there is nothing left of it to be struck. */
  const lasts = async (step: string, afterMs: number): Promise<boolean> => {
    const until = performance.now() + afterMs;
    while (until - performance.now() > LOOK_MS) {
      await wait(LOOK_MS / 2);
      if (!(await stepsNow())?.includes(step)) return false;
    }
    await wait(Math.max(0, until - performance.now()));
    return true;
  };
  for (;;) {
    const steps = await stepsNow();
    if (!steps) return undefined;
    for (const step of steps) {
      const delays = strikes[step] ?? each ?? [AFTER_MS[tried.size % AFTER_MS.length]!];
      const afterMs = delays[tried.get(step) ?? 0];
      if (afterMs === undefined) continue;
      tried.set(step, (tried.get(step) ?? 0) + 1);
      if (await lasts(step, afterMs)) return step;
      break;
    }
    await wait(2);
  }
}
