/** Every failure an operator can meet, by name. Stored in the database and sent over the contract: never rename. */
export const ERROR_CODES = [
  "Unexpected",
  "InvalidInput",
  "NotFound",
  "Conflict",
  "RefusedByRule",
  "DecisionNeeded",
  "ConfirmationNeeded",
  "Cancelled",
  "Timeout",
  "AwsUnreachable",
  "AwsThrottled",
  "AwsAccessDenied",
  "AwsCredentialsInvalid",
  "AwsCredentialsExpired",
  "AwsCapacity",
  "AwsQuota",
  "AwsNotFound",
  "AwsFailed",
  "HostUnreachable",
  "HostKeyChanged",
  "HostLoginRefused",
  "HostCommandFailed",
  "CertificateInvalid",
  "PlainHttpAnswered",
  "ApplicationUnhealthy",
  "ConsoleUnreachable",
  "ConsoleStarting",
  "DatabaseUnavailable",
  "DatabaseNewer",
  "HomeInUse",
  "HomeNotWritable",
  "DiskFull",
  "PortInUse",
  "MailUnreachable",
  "MailRefused",
  "VaultLocked",
  "VaultPassphraseWrong",
  "VaultBackendRefused",
  "VaultDamaged",
  "LabUnavailable",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What an error carries beside its message; everything in it may be shown, logged and stored: never a secret. */
export interface ErrorDetails {
  /** The same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  readonly tenant?: string;
  /** Contract rule that refused, as in docs/policy.md: "R8". */
  readonly rule?: string;
  /** Earliest instant at which the refused act would be allowed, RFC 3339 UTC. */
  readonly earliest?: string;
  /** What the operator does next, one sentence. */
  readonly next?: string;
  readonly awsRequestId?: string;
  readonly [more: string]: unknown;
}

/** The same failure as plain data: what the database stores, the contract sends and the command line prints. */
export interface ErrorFacts {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** A failure the operator can act on. Everything else is a bug and shows as "Unexpected". */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

const codes: ReadonlySet<unknown> = new Set(ERROR_CODES);

/**
 * Reads any thrown value as plain data.
 *
 * Classes do not survive the database and the contract, so this decides by `code`; a value without one of ours is
 * "Unexpected" and not retryable. Never throws.
 */
export function errorFacts(error: unknown): ErrorFacts {
  const raw = (error ?? {}) as { code?: unknown; message?: unknown; details?: unknown; data?: unknown };
  const message = typeof raw.message === "string" && raw.message ? raw.message : String(error);
  if (!codes.has(raw.code)) return { code: "Unexpected", message, details: { retryable: false } };
  const details = (raw.details ?? raw.data ?? {}) as Partial<ErrorDetails>;
  return { code: raw.code as ErrorCode, message, details: { ...details, retryable: details.retryable === true } };
}

/** The code of any thrown value; "Unexpected" for everything that is not ours. */
export function errorCode(error: unknown): ErrorCode {
  return errorFacts(error).code;
}
