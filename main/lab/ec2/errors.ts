/** An error as AWS answers it. `status` is the HTTP status that goes with the code. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status: number = STATUS[code] ?? 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const STATUS: Readonly<Record<string, number>> = {
  AuthFailure: 401,
  MissingAuthenticationToken: 403,
  UnauthorizedOperation: 403,
  AccessDenied: 403,
  InvalidClientTokenId: 403,
  SignatureDoesNotMatch: 403,
  ExpiredToken: 403,
  OptInRequired: 401,
  DryRunOperation: 412,
  RequestLimitExceeded: 503,
  Throttling: 400,
  InternalError: 500,
  InternalFailure: 500,
  InsufficientInstanceCapacity: 500,
  Unavailable: 503,
};

export const invalidValue = (parameter: string, value: string, why = ""): AwsError =>
  new AwsError("InvalidParameterValue", `Invalid value '${value}' for ${parameter}.${why ? ` ${why}` : ""}`);

export const missing = (parameter: string): AwsError =>
  new AwsError("MissingParameter", `The request must contain the parameter ${parameter}`);
