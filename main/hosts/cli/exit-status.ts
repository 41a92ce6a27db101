import { type ErrorCode, type ErrorFacts, errorFacts } from "../../../shared/errors.ts";

/** What the command line's exit status tells a script. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, waitsForPerson: 4, nothingAnswered: 5 } as const;

const STATUS: Partial<Record<ErrorCode, number>> = {
  InvalidInput: EXIT.usage,
  RefusedByRule: EXIT.refused,
  DecisionNeeded: EXIT.waitsForPerson,
  ConfirmationNeeded: EXIT.waitsForPerson,
  VaultLocked: EXIT.waitsForPerson,
  ConsoleUnreachable: EXIT.nothingAnswered,
  DatabaseUnavailable: EXIT.nothingAnswered,
  ConsoleStarting: EXIT.nothingAnswered,
  AwsUnreachable: EXIT.nothingAnswered,
  HostUnreachable: EXIT.nothingAnswered,
  MailUnreachable: EXIT.nothingAnswered,
  LabUnavailable: EXIT.nothingAnswered,
};

export function exitStatusOf(error: unknown): number {
  return STATUS[errorFacts(error).code] ?? EXIT.failed;
}

/** The one document that a failed command prints with `--json`. */
export function errorDocument(error: unknown): { readonly error: object } {
  const { code, message, details } = errorFacts(error);
  return {
    error: {
      code,
      message,
      ...(details.rule !== undefined && { rule: details.rule }),
      ...(details.earliest !== undefined && { earliest: details.earliest }),
      details,
    },
  };
}

/** The same for people: what happened, which rule, what next. */
export function errorText({ code, message, details }: ErrorFacts): string {
  const lines = [message];
  if (details.rule) lines.push(`Rule: ${details.rule}`);
  if (details.earliest) lines.push(`Earliest: ${details.earliest}`);
  if (details.next) lines.push(`Next: ${details.next}`);
  lines.push(`(${code})`);
  return lines.join("\n");
}
