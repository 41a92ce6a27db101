import type { Command } from "commander";
import type { TerminalEvent, TerminalSession } from "../../../shared/terminal/model.ts";
import { ENVIRONMENT_KINDS, type EnvironmentKind } from "../../../shared/tenant/model.ts";
import { EXIT } from "./exit-status.ts";
import type { Cli, Session } from "./session.ts";
import { plain } from "./terminal.ts";
import { oneOf, usageError } from "./usage.ts";
import { onConsole, type Verbs } from "./verbs.ts";

interface SshOptions {
  readonly environment?: EnvironmentKind;
  readonly reason: string;
  readonly reference?: string;
  readonly tty?: boolean;
}

type Exit = Extract<TerminalEvent, { type: "exit" }>;

export function addSshVerb(program: Command, { verb }: Verbs): void {
  verb<SshOptions>(
    program,
    "ssh <tenant> [command...]",
    "log in to a tenant's host, or run one command there: pinned, never as root, recorded",
    async (cli, options, tenant, words) =>
      onConsole(cli, (session) => runSsh(cli, session, options, tenant ?? "", words as unknown as string[])),
  )
    .option("--environment <kind>", "production, test or sandbox (default: production)", oneOf(ENVIRONMENT_KINDS))
    .requiredOption("--reason <text>", "why somebody logs in; kept with the session")
    .option("--reference <text>", "contract or ticket that it is done under")
    .option("--tty", "give the command a terminal")
    .addHelpText(
      "after",
      "\nThe words after -- are one command and reach the host unchanged; for pipes and variables: -- sh -c 'ls | wc'",
    );
}

async function runSsh(
  cli: Cli,
  session: Session,
  options: SshOptions,
  tenantRef: string,
  words: readonly string[],
): Promise<number> {
  const { client } = session;
  // A console that was started just now has read nothing yet.
  if (session.own) await client.fleet.refresh();
  const kind = options.environment ?? "production";
  const tenant = await client.tenant.get({ tenant: tenantRef });
  const environment = tenant.environments.find((one) => one.kind === kind);
  if (!environment) {
    const kinds = tenant.environments.map((one) => one.kind).join(", ") || "none";
    throw usageError(`${tenant.slug} has no ${kind} environment.`, `Name one with --environment; it has: ${kinds}.`);
  }

  const input = cli.streams.in as Cli["streams"]["in"] & { setRawMode?(raw: boolean): void };
  const output = cli.streams.out as Cli["streams"]["out"] & { readonly rows?: number };
  const interactive = words.length === 0 || options.tty === true;
  const withTerminal = interactive && input.isTTY === true && output.isTTY === true && !cli.terminal.json;
  const opened = await client.terminal.open({
    environmentId: environment.id,
    reason: options.reason,
    ...(options.reference && { contractReference: options.reference }),
    ...(words.length > 0 && { command: [...words] }),
    terminal: withTerminal,
    columns: output.columns ?? 80,
    rows: output.rows ?? 24,
    holdSeconds: 5,
  });
  const resize = () =>
    void client.terminal
      .resize({ sessionId: opened.id, columns: output.columns ?? 80, rows: output.rows ?? 24 })
      .catch(() => undefined);
  if (withTerminal) {
    cli.terminal.note(`${plain(tenant.customer)}, ${kind}: ${opened.host} (recorded)`);
    input.setRawMode?.(true);
    output.on("resize", resize);
  }
  try {
    const { exit, collected } = await carry(cli, session, opened);
    if (cli.terminal.json) {
      const stored = await client.terminal.close({ sessionId: opened.id });
      cli.terminal.answer({ session: stored, exitCode: exit.code, signal: exit.signal, ...collected }, () => "");
    }
    if (exit.error) {
      cli.terminal.note(plain(exit.error.message));
      return EXIT.nothingAnswered;
    }
    return exit.code ?? EXIT.failed;
  } finally {
    if (withTerminal) input.setRawMode?.(false);
    output.off("resize", resize);
    await client.terminal.close({ sessionId: opened.id }).catch(() => undefined);
  }
}

const MOST_COLLECTED = 1 << 20;

/** Carries bytes between this process's streams and the session until that ends. */
async function carry(
  cli: Cli,
  session: Session,
  opened: TerminalSession & { readonly streamId: number },
): Promise<{ exit: Exit; collected: { stdout: string; stderr: string } }> {
  const { ByteLine } = await import("../../../shared/byte-line.ts");
  const { TerminalEvent } = await import("../../../shared/terminal/model.ts");
  const { in: input, out, err } = cli.streams;
  const line = new ByteLine(session.openBytes);
  const collected: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
  const to = (stream: NodeJS.WritableStream, name: "stdout" | "stderr") => {
    let bytes = 0;
    return (part: Uint8Array, consumed: () => void) => {
      if (!cli.terminal.json) return void stream.write(part, () => consumed());
      if (bytes < MOST_COLLECTED) collected[name].push(Buffer.from(part));
      bytes += part.length;
      consumed();
    };
  };

  const exit = await new Promise<Exit>((resolve) => {
    let told: Exit | undefined;
    const stream = line.attach(opened.streamId, {
      onData: to(out, "stdout"),
      onErrorData: to(err, "stderr"),
      onEvent(payload) {
        const event = TerminalEvent.parse(JSON.parse(Buffer.from(payload).toString("utf8")));
        if (event.type === "exit") told = event;
        else if (event.type === "lost") cli.terminal.note(plain(`${event.message} Trying again...`));
        else if (event.type === "unrecorded") cli.terminal.note(plain(event.message));
        else {
          const [from, to_] = [event.lostAt, event.at].map((at) => at.toISOString());
          cli.terminal.note(`Connected again. What was shown between ${from} and ${to_} is lost; this is a new shell.`);
        }
      },
      onDrain: () => void input.resume(),
      onEnd: (why) => {
        input.pause();
        const message = "The console went away; it ends the session by itself.";
        const lost = why === "ended" ? null : { code: "ConsoleUnreachable", message };
        resolve(told ?? { type: "exit", code: null, signal: null, error: lost });
      },
    });
    input.on("data", (part: Buffer | string) => {
      if (!stream.write(Buffer.from(part))) input.pause();
    });
    input.once("end", () => stream.end());
    input.resume();
  });
  line.close();
  await Promise.all([out, err].map((stream) => new Promise<void>((done) => void stream.write("", () => done()))));
  const text = (name: "stdout" | "stderr") =>
    Buffer.concat(collected[name]).subarray(0, MOST_COLLECTED).toString("utf8");
  return { exit, collected: { stdout: text("stdout"), stderr: text("stderr") } };
}
