import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../../shared/time.ts";
import { type JobRun, type StepContext, stableId } from "../jobs/index.ts";
import { commandFailed } from "./erpctl.ts";
import type { HostAddress, RunOnHost } from "./ports.ts";

/** The built console has the text in here: scripts/inline-shell.ts. */
const script = readFileSync(new URL("./detached-step.sh", import.meta.url), "utf8");
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const SCRIPT_SHA256 = sha256(script);
/** Names the folder on the host; a changed script gets another one, so that nothing that runs is overwritten. */
export const TOOLKIT_VERSION = `1-${SCRIPT_SHA256.slice(0, 12)}`;

/** Exit code of the caller below when the host does not have this very script. */
const NOT_THERE = 97;
const SCRIPT_ON_HOST = `$HOME/.fleetwright/toolkit/${TOOLKIT_VERSION}/detached-step.sh`;
const CALL = `f="${SCRIPT_ON_HOST}"; [ "$(sha256sum <"$f" 2>/dev/null | cut -c1-64)" = ${SCRIPT_SHA256} ] || exit ${NOT_THERE}; exec sh "$f" "$@"`;
const UPLOAD = `umask 077; f="${SCRIPT_ON_HOST}"; mkdir -p "\${f%/*}" && cat >"$f.$$" && [ "$(sha256sum <"$f.$$" | cut -c1-64)" = ${SCRIPT_SHA256} ] && mv -f "$f.$$" "$f"`;

/** Of each stream so much comes back once the command ended, from its end. */
export const OUTPUT_BYTES = 256 * 1024;
const GLANCE_BYTES = 400;

const Hex = z.string().transform((digits) => Buffer.from(digits, "hex"));
const Seconds = z.number().nullable();
export const DetachedRun = z.object({
  /**
   * `gone`: no process and no exit code; `rebooted`: the host started anew meanwhile. Of both nobody knows whether the
   * command did its work. `starting`: ordered, and not yet said that it runs.
   */
  state: z.enum(["absent", "starting", "running", "finished", "stopped", "rebooted", "gone"]),
  run: z.number().int(),
  exit: z.number().int().nullable(),
  /** Seconds since 1970 by the host's clock. */
  begun: Seconds,
  ended: Seconds,
  heartbeatAge: Seconds,
  stdoutBytes: z.number(),
  stderrBytes: z.number(),
  /** More came than the host keeps: only the end is there. */
  cut: z.boolean(),
  command: Hex,
  /** The end of the stream. */
  stdout: Hex,
  stderr: Hex,
});
export type DetachedRun = z.infer<typeof DetachedRun>;

/** The toolkit on one host. Every call may be repeated; it brings the script where the host does not have it. */
export function toolkitOn(run: RunOnHost, host: HostAddress, signal: AbortSignal) {
  async function call(words: readonly string[], stdin?: string): Promise<string> {
    const command = ["sh", "-c", CALL, "detached-step", ...words];
    const options = { signal, ...(stdin === undefined ? {} : { stdin }) };
    let result = await run(host, command, options);
    if (result.exitCode === NOT_THERE) {
      const upload = ["sh", "-c", UPLOAD];
      const uploaded = await run(host, upload, { signal, stdin: script });
      if (uploaded.exitCode !== 0) throw commandFailed(host.name, ["bring", "detached-step.sh"], uploaded);
      result = await run(host, command, options);
    }
    if (result.exitCode !== 0) throw commandFailed(host.name, ["detached-step", ...words], result);
    return result.stdout;
  }
  const ask = async (words: readonly string[], stdin?: string): Promise<DetachedRun> =>
    DetachedRun.parse(JSON.parse(await call(words, stdin)));

  return {
    /**
     * Finds the run of this id, or begins it: an earlier run that goes on, ended well, or of which nobody knows what
     * became is given back instead, the last unless `despiteUnknown`.
     */
    start: (
      id: string,
      runNumber: number,
      words: readonly string[],
      { stdin = "", despiteUnknown = false }: { stdin?: string | undefined; despiteUnknown?: boolean } = {},
    ) => ask(["start", id, `${runNumber}`, ...(despiteUnknown ? ["despite-unknown"] : []), "--", ...words], stdin),
    status: (id: string, runNumber: number, tailBytes = GLANCE_BYTES) =>
      ask(["status", id, `${runNumber}`, `${tailBytes}`]),
    /** Ends the command with its whole process group. */
    stop: (id: string, runNumber: number) => ask(["stop", id, `${runNumber}`]),
    /** What it gave was of no use: the next run begins anew. */
    reject: (id: string, runNumber: number) => call(["reject", id, `${runNumber}`]),
    /** Takes the toolkit and the folders of ended steps off the host. */
    remove: () => call(["remove"]),
  };
}

export interface DetachedOrder<T> {
  readonly run: RunOnHost;
  /** Asked again for each contact: an address may change. */
  readonly host: () => Promise<HostAddress> | HostAddress;
  readonly words: readonly string[];
  /** A function is asked at each beginning, within the step: for what is not to be kept, or ends. */
  readonly stdin?: string | (() => Promise<string>);
  /** Reads the last 256 KiB of standard output; what it gives must survive JSON. */
  parse(stdout: string): T;
  readonly everyMs?: number;
  /** How long the job looks on; the command itself goes on. Default: one day. */
  readonly withinMs?: number;
  /** What to do when nobody knows what became of the command. `again` is for verbs that may be repeated. */
  readonly onUnknown?: "decide" | "again";
}

const FIRST_LOOK_MS = 200;
const EVERY_MS = 5 * SECOND_MS;
/** A command that was ordered and has not begun by then never will. */
const BEGIN_WITHIN_MS = MINUTE_MS;
const STOP_WITHIN_MS = 30 * SECOND_MS;
const STALE_HEARTBEAT_SECONDS = 60;
/** A host that cannot be reached is waited for this long: the laptop may be without a network, the command is not. */
const SILENCE_MS = 7 * DAY_MS;
const RUNS_PER_TRY = 100;
const AGAIN_BY_ITSELF = 3;

type Outcome<T> =
  | { readonly state: "finished"; readonly value: T }
  | { readonly state: "unknown"; readonly why: "rebooted" | "gone"; readonly facts: Readonly<Record<string, string>> };

/**
 * Runs one long command on a host as a step of the job, detached: it outlives the connection, the console and the
 * workstation, and is found again by all of them. Cancelling the job ends it on the host too.
 *
 * Throws HostCommandFailed when it ends with another code than 0. Where the host restarted, or the command vanished
 * without an exit code, people decide.
 */
export async function detachedStep<T>(job: JobRun, name: string, order: DetachedOrder<T>): Promise<T> {
  for (let again = 0; ; again++) {
    const outcome = await job.step(name, (step) => follow(step, name, again, order), { silenceMs: SILENCE_MS });
    if (outcome.state === "finished") return outcome.value;
    if (order.onUnknown === "again" && again < AGAIN_BY_ITSELF) continue;
    const { option } = await job.decide(`${name}, what became of it`, {
      question:
        outcome.why === "rebooted"
          ? "The host restarted while the command ran. What became of it?"
          : "The command vanished from the host without an exit code. What became of it?",
      facts: outcome.facts,
      options: [
        { id: "again", label: "Run it again" },
        { id: "done", label: "It did its work: go on with what it wrote" },
        { id: "stop", label: "Stop the job" },
      ],
    });
    if (option === "stop") throw stoppedByDecision(name);
    if (option === "done") return job.step(name, (step) => takeAsDone(step, name, order));
  }
}

async function follow<T>(step: StepContext, name: string, again: number, order: DetachedOrder<T>): Promise<Outcome<T>> {
  const id = idOf(step, name);
  const wanted = step.retries * RUNS_PER_TRY + again + 1;
  const { everyMs = EVERY_MS, withinMs = DAY_MS, words } = order;
  const stdin = typeof order.stdin === "function" ? await order.stdin() : order.stdin;
  const kit = async (signal = step.signal) => toolkitOn(order.run, await order.host(), signal);

  let seen = await (await kit()).start(id, wanted, words, { stdin, despiteUnknown: again > 0 });
  step.answered();
  const { run } = seen;
  if (seen.state === "finished") await step.log("It ended on the host while nobody looked on.");
  try {
    const began = performance.now();
    for (let pause = FIRST_LOOK_MS; seen.state === "running" || seen.state === "starting"; pause *= 2) {
      const waited = performance.now() - began;
      if (seen.state === "starting" && waited > BEGIN_WITHIN_MS) return unknown(step, "gone", seen);
      if (waited > withinMs) throw tooLong(name, withinMs);
      await step.detail(glance(seen));
      await sleep(Math.min(pause, everyMs), undefined, { signal: step.signal });
      seen = await (await kit()).status(id, run);
      step.answered();
    }
  } catch (error) {
    if (step.isCancelled()) await stopOnHost(step, () => kit(AbortSignal.timeout(STOP_WITHIN_MS)), id, run);
    throw error;
  }

  const host = await order.host();
  if (seen.state !== "finished") return unknown(step, seen.state === "rebooted" ? "rebooted" : "gone", seen);
  const ended = await (await kit()).status(id, run, OUTPUT_BYTES);
  if (ended.exit !== 0) {
    throw commandFailed(host.name, words, {
      exitCode: ended.exit ?? 255,
      stdout: ended.stdout.toString(),
      stderr: ended.stderr.toString().slice(-2000),
    });
  }
  try {
    const value = order.parse(ended.stdout.toString());
    await step.detail(lastLine(ended.stdout) || "done");
    return { state: "finished", value };
  } catch (error) {
    await (await kit()).reject(id, run);
    throw error;
  }
}

const idOf = (step: StepContext, name: string) => stableId(`detached step ${step.jobId} ${name}`);

async function unknown(step: StepContext, why: "rebooted" | "gone", seen: DetachedRun): Promise<Outcome<never>> {
  await step.log(
    why === "rebooted" ? "The host restarted while the command ran." : "The command vanished without an exit code.",
    "warning",
  );
  const at = (seconds: number | null) => (seconds === null ? "unknown" : new Date(seconds * SECOND_MS).toISOString());
  return {
    state: "unknown",
    why,
    facts: {
      command: seen.command.toString().trim(),
      started: at(seen.begun),
      "last line": lastLine(seen.stdout) || lastLine(seen.stderr) || "none",
    },
  };
}

async function takeAsDone<T>(step: StepContext, name: string, order: DetachedOrder<T>): Promise<T> {
  const kit = toolkitOn(order.run, await order.host(), step.signal);
  const id = idOf(step, name);
  // The newest run; nothing begins, since what became of it is unknown.
  const { run } = await kit.start(id, (step.retries + 1) * RUNS_PER_TRY, order.words);
  const left = await kit.status(id, run, OUTPUT_BYTES);
  return order.parse(left.stdout.toString());
}

async function stopOnHost(
  step: StepContext,
  kit: () => Promise<ReturnType<typeof toolkitOn>>,
  id: string,
  run: number,
): Promise<void> {
  try {
    const { state } = await (await kit()).stop(id, run);
    const still = state === "running" ? "It could not be ended on the host." : "Ended on the host.";
    await step.log(state === "finished" ? "It had ended on the host." : still, "warning");
  } catch {
    await step.log("The host did not answer: the command goes on there, and a retry finds it.", "warning");
  }
}

const lastLine = (output: Buffer): string =>
  output
    .toString()
    .trimEnd()
    .split(/[\r\n]/)
    .at(-1)
    ?.slice(0, 200) ?? "";

function glance(seen: DetachedRun): string {
  const line = lastLine(seen.stdout) || lastLine(seen.stderr);
  const silent = seen.heartbeatAge !== null && seen.heartbeatAge > STALE_HEARTBEAT_SECONDS;
  if (silent) return `no sign of life for ${seen.heartbeatAge} s`;
  return line || "runs on the host";
}

function stoppedByDecision(name: string): AppError {
  return new AppError("Cancelled", `Stopped at "${name}" by decision.`, {
    retryable: false,
    next: "Retry the job: it asks again.",
  });
}

function tooLong(name: string, withinMs: number): AppError {
  return new AppError("Timeout", `"${name}" did not end within ${Math.round(withinMs / MINUTE_MS)} min.`, {
    retryable: false,
    next: "It goes on on the host. Retry the job to look on further.",
  });
}
