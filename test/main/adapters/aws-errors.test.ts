import { expect, test } from "vitest";
import { asAppError } from "../../../main/adapters/aws/errors.ts";

const aws = (name: string, status: number, more: object = {}) =>
  Object.assign(new Error(`${name} happened`), {
    name,
    $metadata: { httpStatusCode: status, requestId: "req-1" },
    ...more,
  });

test.each([
  ["throttled", aws("RequestLimitExceeded", 503), "AwsThrottled", true],
  ["session over", aws("RequestExpired", 400), "AwsCredentialsExpired", false],
  ["wrong keys", aws("AuthFailure", 401), "AwsCredentialsInvalid", false],
  ["not allowed", aws("UnauthorizedOperation", 403), "AwsAccessDenied", false],
  ["no machine left", aws("InsufficientInstanceCapacity", 500), "AwsCapacity", false],
  ["over quota", aws("VcpuLimitExceeded", 400), "AwsQuota", false],
  ["gone", aws("InvalidInstanceID.NotFound", 400), "AwsNotFound", false],
  ["AWS's own trouble", aws("InternalError", 500), "AwsFailed", true],
  ["a wrong parameter", aws("InvalidParameterValue", 400), "AwsFailed", false],
  [
    "nobody listens",
    Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" }),
    "AwsUnreachable",
    true,
  ],
  ["the reply was lost", Object.assign(new Error("socket hang up"), { code: "ECONNRESET" }), "AwsUnreachable", true],
])("%s becomes our error", (_, error, code, retryable) => {
  const ours = asAppError(error, "RunInstances", "eu-west-1");
  expect({ code: ours.code, retryable: ours.details.retryable }).toEqual({ code, retryable });
  expect(ours.message).toContain("RunInstances in eu-west-1");
});
