import type { QueryService } from "../query-protocol.ts";
import { EC2_ACTIONS } from "./actions.ts";
import { AwsError } from "./errors.ts";
import { toXml } from "./xml.ts";

const NOT_VALIDATED = "AWS was not able to validate the provided access credentials";

/** Amazon EC2, API version 2016-11-15. */
export const EC2: QueryService = {
  name: "ec2",
  namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
  actions: EC2_ACTIONS,
  answer: (_, tree, requestId) => ({ requestId, ...tree }),
  errorDocument: (error, requestId) =>
    toXml("Response", null, {
      Errors: { Error: { Code: error.code, Message: error.message } },
      RequestID: requestId,
    }),
  refusal({ kind, message }) {
    switch (kind) {
      case "missing":
        return new AwsError("MissingAuthenticationToken", message);
      case "malformed":
        return new AwsError("IncompleteSignature", message);
      case "expired-token":
      case "expired":
        return new AwsError("RequestExpired", "Request has expired.");
      case "skewed":
      case "unknown-key":
      case "wrong-token":
      case "unsigned-headers":
      case "bad-signature":
        return new AwsError("AuthFailure", NOT_VALIDATED);
    }
  },
  fault(kind) {
    switch (kind) {
      case "throttle":
        return new AwsError("RequestLimitExceeded", "Request limit exceeded.");
      case "server-error":
        return new AwsError("InternalError", "An internal error has occurred");
      case "expired-credentials":
        return new AwsError("RequestExpired", "Request has expired.");
      case "no-capacity":
        return new AwsError(
          "InsufficientInstanceCapacity",
          "We currently do not have sufficient capacity in the Availability Zone you requested. Our system will be working on provisioning additional capacity.",
        );
    }
  },
};
