import type { ByteWire } from "../../../shared/byte-line.ts";
import { AppError, type ErrorCode } from "../../../shared/errors.ts";
import { findConsole } from "../../home/index.ts";
import { type Client, type Connected, connectConsole } from "../connect.ts";
import type { EnvironmentOptions } from "../environment-options.ts";
import type { HostedConsole, StartConsole } from "../host-console.ts";
import type { Streams, Terminal } from "./terminal.ts";

/** What every command gets. */
export interface Cli {
  readonly terminal: Terminal;
  readonly streams: Streams;
  readonly home: string;
  readonly version: string;
  readonly environment: EnvironmentOptions;
  readonly startConsole: StartConsole;
  /** Ends when the operator wants to stop (Ctrl-C, or a scheduler's SIGTERM). */
  readonly interrupted: AbortSignal;
}

export interface Session {
  readonly client: Client;
  /** A line to the console's binary channel. */
  openBytes(): Promise<ByteWire>;
  /** The console runs in this very process, and ends with the command. */
  readonly own: boolean;
  /** Settles when the console has gone away. */
  readonly closed: Promise<void>;
}

const POLL_MS = 50;
const OTHERS_PATIENCE_MS = 15_000;

/**
 * Runs `act` against the console of this home: the one that runs, or else one of its own in this process, which ends
 * afterwards. Of commands that start at the same moment one gets to start the console, and the others use it.
 */
export async function withConsole<Result>(cli: Cli, act: (session: Session) => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    const running = await findConsole(cli.home);
    if (running !== undefined) {
      const connected = await connectConsole(running).catch((error: unknown) => retried(error, attempt));
      if (connected) return await actOn(cli, connected, false, act);
    } else {
      const own = await startOwn(cli).catch((error: unknown) => retried(error, attempt));
      if (!own) continue;
      try {
        return await actOn(cli, await connectConsole(own.control.path), true, act);
      } finally {
        await othersLeave(own.control);
        await own.stop();
      }
    }
  }
}

async function actOn<Result>(
  cli: Cli,
  connected: Connected,
  own: boolean,
  act: (session: Session) => Promise<Result>,
): Promise<Result> {
  try {
    const { client, openBytes, closed } = connected;
    const acting = whenReady(cli, client).then(() => act({ client, openBytes, own, closed }));
    return await Promise.race([acting, interruption(cli.interrupted)]);
  } finally {
    connected.close();
    if (own) await connected.closed;
  }
}

/** Another command took the home, or gave it up, between the look and the act: look again, a few times. */
function retried(error: unknown, attempt: number): undefined {
  const code = (error as { code?: unknown }).code;
  if ((code === "HomeInUse" || code === "ConsoleUnreachable") && attempt < 5) return undefined;
  throw error;
}

async function startOwn(cli: Cli): Promise<HostedConsole> {
  const [{ hostConsole }, { rememberedLab }] = await Promise.all([
    import("../host-console.ts"),
    import("../lab-choice.ts"),
  ]);
  const lab = (await rememberedLab(cli.home)) ?? "none";
  cli.terminal.progress("Starting the console...");
  const options = { home: cli.home, host: "cli", version: cli.version, lab, ...cli.environment } as const;
  const hosted = await hostConsole(cli.startConsole, options);
  // What was mended on the way up (a broken settings file) is told by the command that met it.
  for (const { message } of hosted.console.status().notices) cli.terminal.note(message);
  return hosted;
}

/** Waits until the console's parts have come up, telling which; throws what kept one of them down. */
async function whenReady(cli: Cli, client: Client): Promise<void> {
  while (!cli.interrupted.aborted) {
    const { state, stage, error, home } = await client.settings.status();
    if (state === "ready") return;
    if (state === "failed") {
      const { code = "Unexpected", message = "", next } = error ?? {};
      const details = { retryable: false, ...(next && { next }) };
      throw new AppError(code as ErrorCode, `The console on ${home} could not start: ${message}`, details);
    }
    cli.terminal.progress(`The console starts: ${stage ?? "settings"}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Rejects once the operator wants to stop. An act that ends by itself then (a stream) gets a moment to do so. */
function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => {
      const next = "A job that was started goes on; see: fleetwright job list";
      setTimeout(
        () => reject(new AppError("Cancelled", "The command was interrupted.", { retryable: true, next })),
        200,
      );
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

/** Other commands that found this console get a moment to finish; they start their own after that. */
async function othersLeave(control: { readonly connections: number }): Promise<void> {
  const deadline = performance.now() + OTHERS_PATIENCE_MS;
  while (control.connections > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
