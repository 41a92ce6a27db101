import { AppError, type ErrorCode } from "../../../shared/errors.ts";

interface AwsFailure {
  readonly name?: string;
  readonly Code?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly requestId?: string; readonly httpStatusCode?: number };
}

/** AWS's error codes by what the operator can do about them. Source: EC2 API Reference, "Error codes"; STS; S3. */
const KNOWN: Readonly<Record<string, ErrorCode>> = {
  RequestLimitExceeded: "AwsThrottled",
  Throttling: "AwsThrottled",
  ThrottlingException: "AwsThrottled",
  SlowDown: "AwsThrottled",
  EC2ThrottledException: "AwsThrottled",
  RequestExpired: "AwsCredentialsExpired",
  ExpiredToken: "AwsCredentialsExpired",
  ExpiredTokenException: "AwsCredentialsExpired",
  CredentialsProviderError: "AwsCredentialsInvalid",
  TokenProviderError: "AwsCredentialsExpired",
  AuthFailure: "AwsCredentialsInvalid",
  InvalidClientTokenId: "AwsCredentialsInvalid",
  InvalidAccessKeyId: "AwsCredentialsInvalid",
  UnrecognizedClientException: "AwsCredentialsInvalid",
  SignatureDoesNotMatch: "AwsCredentialsInvalid",
  UnauthorizedOperation: "AwsAccessDenied",
  AccessDenied: "AwsAccessDenied",
  AccessDeniedException: "AwsAccessDenied",
  OptInRequired: "AwsAccessDenied",
  InsufficientInstanceCapacity: "AwsCapacity",
  InsufficientVolumeCapacity: "AwsCapacity",
  InsufficientAddressCapacity: "AwsCapacity",
  InstanceLimitExceeded: "AwsQuota",
  VcpuLimitExceeded: "AwsQuota",
  VolumeLimitExceeded: "AwsQuota",
  SnapshotLimitExceeded: "AwsQuota",
  SecurityGroupLimitExceeded: "AwsQuota",
  MaxSpotInstanceCountExceeded: "AwsQuota",
};

const NEXT: Partial<Record<ErrorCode, string>> = {
  AwsThrottled: "Wait: the console tries again with growing pauses.",
  AwsCredentialsExpired: "Log in to this account again; work that waits goes on by itself.",
  AwsCredentialsInvalid: "Check the account's keys or profile in Settings, Accounts.",
  AwsAccessDenied: "Ask for the missing permission; docs/aws lists what each role needs.",
  AwsCapacity: "Retry later, or choose another size or region; nothing more is made meanwhile.",
  AwsQuota: "Raise the quota in Service Quotas or free resources, then retry.",
  AwsUnreachable: "Check the network and the account's endpoint in Settings, Accounts.",
};

const SILENT =
  /ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|socket hang up|TimeoutError|aborted/i;

/** AWS's own code of a failure, "" when it has none. */
export function awsCode(error: unknown): string {
  const failure = error as AwsFailure | null;
  const name = failure?.Code ?? failure?.name ?? "";
  return name === "Error" ? "" : name;
}

/**
 * Any failure of an AWS call in our words: what was tried (`operation`), in which region, and whether trying again can
 * help. AppErrors pass unchanged.
 */
export function asAppError(error: unknown, operation: string, region: string): AppError {
  if (error instanceof AppError) return error;
  const failure = (error ?? {}) as AwsFailure;
  const awsName = awsCode(error);
  const status = failure.$metadata?.httpStatusCode ?? 0;
  const code = codeOf(awsName, status, `${failure.code ?? ""} ${awsName} ${failure.message ?? ""}`);
  const requestId = failure.$metadata?.requestId;
  const text = failure.message && failure.message !== "UnknownError" ? failure.message : awsName || String(error);
  return new AppError(
    code,
    `${operation} in ${region}: ${text}${awsName && !text.includes(awsName) ? ` (${awsName})` : ""}`,
    {
      retryable: code === "AwsThrottled" || code === "AwsUnreachable" || (code === "AwsFailed" && status >= 500),
      awsCode: awsName,
      region,
      ...(requestId ? { awsRequestId: requestId } : {}),
      ...(NEXT[code] ? { next: NEXT[code] } : {}),
    },
    { cause: error },
  );
}

function codeOf(awsName: string, status: number, everything: string): ErrorCode {
  const known = KNOWN[awsName];
  if (known) return known;
  if (/\.NotFound$|^NoSuch|\.Unknown$/.test(awsName)) return "AwsNotFound";
  if (status === 0 && SILENT.test(everything)) return "AwsUnreachable";
  return "AwsFailed";
}
