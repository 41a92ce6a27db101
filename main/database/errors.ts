import { AppError, errorCode } from "../../shared/errors.ts";
import { diskFull } from "../home/files.ts";

const CONNECTION_LOST = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
]);

/** Refusals that stay until somebody changes something at the server. */
const REFUSALS: Readonly<Record<string, string>> = {
  "28P01": "Check user and password in FLEETWRIGHT_DATABASE_URL.",
  "28000": "Allow this user and machine in the server's pg_hba.conf, or correct FLEETWRIGHT_DATABASE_URL.",
  "3D000": "Create the database, or correct its name in FLEETWRIGHT_DATABASE_URL.",
  "42501": "Make the user of FLEETWRIGHT_DATABASE_URL the owner of the database.",
};

/**
 * What the operator can act on, for an error of a query or a connection; undefined for all others, which are bugs.
 * `place` names the database without any secret: its folder, or server and database name.
 */
export function explainDatabaseError(error: unknown, place: string): AppError | undefined {
  if (error instanceof AppError && errorCode(error) !== "Unexpected") return error;
  const { code = "", message = "" } = (error ?? {}) as { code?: string; message?: string };
  if (code === "53100") return diskFull(place, error);
  const refusal = REFUSALS[code];
  if (refusal) return unavailable(`The database ${place} refuses: ${message}.`, refusal, false, error);
  if (!isConnectionLoss(code, message)) return undefined;
  return unavailable(`The database ${place} does not answer.`, "Work goes on by itself once it is back.", true, error);
}

export function unavailable(message: string, next: string, retryable: boolean, cause?: unknown): AppError {
  return new AppError("DatabaseUnavailable", message, { retryable, next }, { cause });
}

export function newer(message: string): AppError {
  return new AppError("DatabaseNewer", message, {
    retryable: false,
    next: "Update the app, or choose another home folder or database. Nothing was changed.",
  });
}

/** SQLSTATE classes 08 (connection) and 57P (shut down, starting up, too long idle) and 53300 (too many connections). */
function isConnectionLoss(code: string, message: string): boolean {
  if (CONNECTION_LOST.has(code) || code.startsWith("08") || code.startsWith("57P") || code === "53300") return true;
  return /connection terminated|connection timeout|timeout exceeded when trying to connect|connection error/i.test(
    message,
  );
}
