import { InvalidArgumentError } from "commander";
import { AppError } from "../../../shared/errors.ts";

/** A mistake in how a command was called: exit status 2. */
export function usageError(message: string, next: string): AppError {
  return new AppError("InvalidInput", message, { retryable: false, next });
}

/** The one name that a verb acts on, given either as its argument or as an option. */
export function oneName(what: string, value: string | undefined, option: string | undefined): string {
  if (value !== undefined && option !== undefined && value !== option) {
    throw usageError(`Two different ${what}s are named: ${value} and ${option}.`, `Name one ${what}.`);
  }
  const name = value ?? option;
  if (!name) throw usageError(`No ${what} is named.`, `Name the ${what}: see --help.`);
  return name;
}

export function oneOf<Choice extends string>(choices: readonly Choice[]): (text: string) => Choice {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw new InvalidArgumentError(`It takes one of: ${choices.join(", ")}.`);
    return found;
  };
}
