import { type Command, CommanderError } from "commander";
import { AppError } from "../../shared/errors.ts";
import { SECOND_MS } from "../../shared/time.ts";
import { appVersion } from "./app-info.ts";
import { EXIT, exitStatusOf } from "./cli/exit-status.ts";
import { createProgram } from "./cli/program.ts";
import type { Cli } from "./cli/session.ts";
import { createTerminal, type Streams } from "./cli/terminal.ts";
import type { GlobalOptions } from "./cli/verbs.ts";
import { takeEnvironmentOptions } from "./environment-options.ts";
import type { StartConsole } from "./host-console.ts";

export interface CliRun {
  readonly streams: Streams;
  readonly interrupted: AbortSignal;
  /** Tests give a console of their own. */
  readonly startConsole?: StartConsole;
}

const INTERRUPTED = 130;

/** Runs one command line and gives its exit status. Never throws. */
export async function runCli(argv: readonly string[], run: CliRun): Promise<number> {
  const { streams } = run;
  const environment = takeEnvironmentOptions(streams.env);
  let status: number = EXIT.done;

  const execute = async (global: GlobalOptions, act: (cli: Cli) => Promise<number | void>): Promise<void> => {
    const { defaultHome } = await import("../home/index.ts");
    const terminal = createTerminal(streams, global.json === true);
    const cli: Cli = {
      terminal,
      streams,
      environment,
      interrupted: run.interrupted,
      home: defaultHome(global.home ? { FLEETWRIGHT_HOME: global.home } : streams.env),
      version: appVersion(),
      startConsole: run.startConsole ?? startConsole,
    };
    try {
      status = (await act(cli)) ?? EXIT.done;
    } catch (error) {
      if (error instanceof CommanderError) throw error;
      terminal.failure(error);
      status = run.interrupted.aborted ? INTERRUPTED : exitStatusOf(error);
    }
  };

  const json = argv.includes("--json");
  const program = createProgram(execute);
  const complaints: string[] = [];
  forEachCommand(program, (command) =>
    command.exitOverride().configureOutput({
      writeOut: (text) => void streams.out.write(text),
      writeErr: (text) => {
        complaints.push(text);
        if (!json) streams.err.write(text);
      },
      getOutHelpWidth: () => streams.out.columns ?? 100,
      getErrHelpWidth: () => streams.err.columns ?? 100,
    }),
  );
  try {
    await program.parseAsync([...argv], { from: "user" });
    return status;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.done;
    // Commander tells its own complaints; one that a verb made while it ran is told here.
    if (json || complaints.length === 0) createTerminal(streams, json).failure(asUsageError(error, complaints));
    return EXIT.usage;
  }
}

/** The entry of `fleetwright`: this process's own streams and signals. Ends the process. */
export async function main(argv: readonly string[]): Promise<void> {
  const interruption = new AbortController();
  let first = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      // A second Ctrl-C means: at once. One that comes together with the first is the same one, which npm and
      // timeout(1) pass on although it reached this process by itself.
      if (interruption.signal.aborted && performance.now() - first > SECOND_MS) process.exit(INTERRUPTED);
      if (interruption.signal.aborted) return;
      first = performance.now();
      interruption.abort();
    });
  }
  // Whoever reads our answers may leave in the middle of them (`| head`); that is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.done);
  });
  const streams = { out: process.stdout, err: process.stderr, in: process.stdin, env: process.env };
  const status = await runCli(argv, { streams, interrupted: interruption.signal });
  await new Promise<void>((flushed) => process.stdout.write("", () => flushed()));
  process.exit(status);
}

/** Loaded only by the commands that need a console in this process. */
const startConsole: StartConsole = async (options) => {
  const { start } = await import("../console.ts");
  return start(options);
};

function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEachCommand(child, visit);
}

/** What commander wrote for people, as the one document that `--json` promises. */
function asUsageError(error: CommanderError, complaints: readonly string[]): AppError {
  const text = complaints.join("").trim() || error.message;
  const [first = "", ...more] = text.split("\n").map((line) => line.trim());
  const message = first.startsWith("Usage:") ? "No verb is given." : first.replace(/^error: /, "");
  const hint = more.find((line) => line.includes("Did you mean"));
  return new AppError("InvalidInput", message, { retryable: false, ...(hint && { hint }), next: "See --help." });
}
