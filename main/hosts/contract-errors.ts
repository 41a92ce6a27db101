import { randomUUID } from "node:crypto";
import { ORPCError } from "@orpc/server";
import { AppError, errorFacts } from "../../shared/errors.ts";
import type { HostLog } from "./host-log.ts";

type Issue = { readonly message: string; readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] };

const SHOWN_ISSUES = 5;

/**
 * Turns whatever a call threw into what its caller may see: the same code, message and details.
 *
 * Input that does not fit the contract becomes InvalidInput naming the fields. Everything that is not an AppError is a
 * bug: it is logged under an id, and the caller sees only that id.
 */
export function asContractError(error: unknown, call: string, log: HostLog): ORPCError<string, unknown> {
  const facts = errorFacts(isInputFailure(error) ? invalidInput(call, error.data.issues) : error);
  if (facts.code !== "Unexpected") {
    return new ORPCError(facts.code, { status: 400, message: facts.message, data: facts.details, cause: error });
  }

  const id = randomUUID().slice(0, 8);
  const raw = error as { stack?: unknown; cause?: { issues?: unknown } } | null;
  log.error(`${call} failed unexpectedly (${id})`, {
    id,
    call,
    stack: raw?.stack ?? String(error),
    issues: raw?.cause?.issues,
  });
  return new ORPCError("Unexpected", {
    status: 500,
    message: `${call} failed in a way that was not foreseen (${id}). Nothing more was done.`,
    data: { retryable: false, id, next: `Look for ${id} in the console's log, and report it.` },
  });
}

/** The error for input that does not fit; names the first fields that are wrong. */
export function invalidInput(call: string, issues: readonly Issue[]): AppError {
  const fields = issues.map((issue) => {
    const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
    return { field: path || "input", message: issue.message };
  });
  const shown = fields.slice(0, SHOWN_ISSUES).map(({ field, message }) => `${field}: ${message}`);
  const more = fields.length > SHOWN_ISSUES ? `; and ${fields.length - SHOWN_ISSUES} more` : "";
  return new AppError("InvalidInput", `${call} was not started: ${shown.join("; ")}${more}`, {
    retryable: false,
    fields: fields.slice(0, 50),
    next: "Correct the named fields and send it again.",
  });
}

function isInputFailure(error: unknown): error is { data: { issues: readonly Issue[] } } {
  const raw = error as { code?: unknown; data?: { issues?: unknown } } | null;
  return error instanceof ORPCError && raw?.code === "BAD_REQUEST" && Array.isArray(raw.data?.issues);
}
