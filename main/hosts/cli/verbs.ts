import { type Command, InvalidArgumentError } from "commander";
import type { Cli, Session } from "./session.ts";

/** What a verb does with its options and arguments; the number is the exit status, nothing means done. */
export type Run<Options> = (cli: Cli, options: Options, ...values: string[]) => Promise<number | void>;

export interface GlobalOptions {
  readonly home?: string;
  readonly json?: boolean;
}

/** Executes one run with what the global options say; given by the entry, so that verbs know no process. */
export type Execute = (global: GlobalOptions, run: (cli: Cli) => Promise<number | void>) => Promise<void>;

export interface Verbs {
  /** A noun under which verbs hang. */
  noun(name: string, summary: string): Command;
  /** A verb: `usage` is its name with its arguments, "get [tenant]". */
  verb<Options = object>(parent: Command, usage: string, summary: string, run: Run<Options & GlobalOptions>): Command;
}

export function createVerbs(program: Command, execute: Execute): Verbs {
  return {
    noun: (name, summary) =>
      withGlobals(program.command(name).description(summary)).enablePositionalOptions().helpCommand(false),
    verb: (parent, usage, summary, run) => {
      const command = withGlobals(parent.command(usage).description(summary));
      command.action(async (...passed: unknown[]) => {
        const values = passed.slice(0, -2) as string[];
        const options = command.optsWithGlobals();
        await execute(options, (cli) => run(cli, options as never, ...values));
      });
      return command;
    },
  };
}

export function withGlobals(command: Command): Command {
  return command
    .option("--home <folder>", "folder with all state of the console (default: $FLEETWRIGHT_HOME, or the platform's)")
    .option("--json", "print one JSON document (watch and logs: one a line)");
}

/** Acts on the console of the home; loads what talks to it only now, so that other verbs start fast. */
export async function onConsole<Result>(cli: Cli, act: (session: Session) => Promise<Result>): Promise<Result> {
  const { withConsole } = await import("./session.ts");
  return withConsole(cli, act);
}

/** Reads a whole number within bounds; commander turns the refusal into a usage error that names the option. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`It takes a whole number from ${minimum} to ${maximum}.`);
    }
    return value;
  };
}

/** Collects an option that may be repeated. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** Splits "name=value" at its first equals sign. */
export function nameAndValue(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It takes NAME=VALUE.");
  return [text.slice(0, at), text.slice(at + 1)];
}
