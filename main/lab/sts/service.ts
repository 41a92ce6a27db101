import { randomBytes } from "node:crypto";
import type { Action, Call } from "../ec2/call.ts";
import { AwsError, invalidValue } from "../ec2/errors.ts";
import { ACCOUNT_ID, type AccessKey } from "../ec2/model.ts";
import { toXml, type XmlTree } from "../ec2/xml.ts";
import type { QueryService } from "../query-protocol.ts";

const LIMITS = { AssumeRole: [900, 43_200, 3_600], GetSessionToken: [900, 129_600, 43_200] } as const;

const getCallerIdentity: Action = ({ caller }) => ({
  Arn: caller.arn,
  UserId: caller.userId,
  Account: ACCOUNT_ID,
});

/** Makes temporary keys. `createdAt` to `expiresAt` may be shorter than AWS allows only through a fault. */
function issue(call: Call, seconds: number, identity: Pick<AccessKey, "arn" | "userId" | "readOnly">): AccessKey {
  const key: AccessKey = {
    id: `ASIA${randomBytes(10).toString("hex").toUpperCase().slice(0, 16)}`,
    region: call.region,
    createdAt: call.now,
    secret: randomBytes(30).toString("base64"),
    sessionToken: randomBytes(96).toString("base64"),
    expiresAt: call.now + seconds * 1_000,
    ...identity,
  };
  for (const old of call.rows.all("accessKeys"))
    if (old.expiresAt !== null && old.expiresAt < call.now - 86_400_000) call.rows.delete("accessKeys", old.id);
  call.rows.put("accessKeys", key);
  return key;
}

const credentialsXml = (key: AccessKey): XmlTree => ({
  AccessKeyId: key.id,
  SecretAccessKey: key.secret,
  SessionToken: key.sessionToken,
  Expiration: key.expiresAt === null ? null : new Date(key.expiresAt),
});

function readDuration(call: Call, action: keyof typeof LIMITS): number {
  const [min, max, usual] = LIMITS[action];
  const seconds = call.parameters.integer("DurationSeconds") ?? usual;
  if (seconds < min || seconds > max)
    throw new AwsError(
      "ValidationError",
      `1 validation error detected: Value '${seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value between ${min} and ${max}`,
    );
  return seconds;
}

/** Every role of the lab's account may be assumed; one whose name ends in "ReadOnly" may only read. */
const assumeRole: Action = (call) => {
  const { parameters } = call;
  const roleArn = parameters.required("RoleArn");
  const session = parameters.required("RoleSessionName");
  parameters.ignore("ExternalId", "Policy", "PolicyArns", "Tags", "TransitiveTagKeys", "SourceIdentity");
  const role = /^arn:aws:iam::(\d{12}):role\/(?:[\w+=,.@/-]*\/)?([\w+=,.@-]{1,64})$/.exec(roleArn);
  if (!role) throw invalidValue("roleArn", roleArn);
  if (!/^[\w+=,.@-]{2,64}$/.test(session)) throw invalidValue("roleSessionName", session);
  const [, account, name = ""] = role;
  if (account !== ACCOUNT_ID)
    throw new AwsError(
      "AccessDenied",
      `User: ${call.caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
    );
  const userId = `AROA${Buffer.from(name).toString("hex").toUpperCase().padEnd(16, "0").slice(0, 16)}:${session}`;
  const arn = `arn:aws:sts::${ACCOUNT_ID}:assumed-role/${name}/${session}`;
  const key = issue(call, readDuration(call, "AssumeRole"), { arn, userId, readOnly: name.endsWith("ReadOnly") });
  return {
    Credentials: credentialsXml(key),
    AssumedRoleUser: { AssumedRoleId: userId, Arn: arn },
    PackedPolicySize: 0,
  };
};

const getSessionToken: Action = (call) => {
  call.parameters.ignore("SerialNumber", "TokenCode");
  if (call.caller.sessionToken !== null)
    throw new AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials");
  const { arn, userId, readOnly } = call.caller;
  return { Credentials: credentialsXml(issue(call, readDuration(call, "GetSessionToken"), { arn, userId, readOnly })) };
};

/** AWS Security Token Service, API version 2011-06-15. */
export const STS: QueryService = {
  name: "sts",
  namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
  actions: { GetCallerIdentity: getCallerIdentity, AssumeRole: assumeRole, GetSessionToken: getSessionToken },
  answer: (action, tree, requestId) => ({ [`${action}Result`]: tree, ResponseMetadata: { RequestId: requestId } }),
  errorDocument: (error, requestId) =>
    toXml("ErrorResponse", "https://sts.amazonaws.com/doc/2011-06-15/", {
      Error: { Type: error.status >= 500 ? "Receiver" : "Sender", Code: error.code, Message: error.message },
      RequestId: requestId,
    }),
  refusal({ kind, message }) {
    switch (kind) {
      case "missing":
        return new AwsError("MissingAuthenticationToken", message);
      case "malformed":
        return new AwsError("IncompleteSignature", message);
      case "unknown-key":
      case "wrong-token":
        return new AwsError("InvalidClientTokenId", "The security token included in the request is invalid.");
      case "expired-token":
        return new AwsError("ExpiredToken", "The security token included in the request is expired");
      case "expired":
      case "skewed":
        return new AwsError("SignatureDoesNotMatch", "Signature expired or not yet current.");
      case "unsigned-headers":
      case "bad-signature":
        return new AwsError("SignatureDoesNotMatch", message);
    }
  },
  fault(kind) {
    switch (kind) {
      case "throttle":
        return new AwsError("Throttling", "Rate exceeded");
      case "expired-credentials":
        return new AwsError("ExpiredToken", "The security token included in the request is expired");
      case "server-error":
      case "no-capacity":
        return new AwsError("InternalFailure", "The request processing has failed because of an unknown error.");
    }
  },
};
