import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** What is signed of an HTTP request. Node's `IncomingMessage` fits. */
export interface SignedRequest {
  readonly method?: string | undefined;
  /** Raw path and query, as on the wire. */
  readonly url?: string | undefined;
  /** Names and values by turns, as on the wire. */
  readonly rawHeaders: readonly string[];
}

export interface Credential {
  readonly secretAccessKey: string;
  /** Set for temporary credentials; the request must carry the very same token. */
  readonly sessionToken?: string;
  readonly expiresAt?: Date;
}

export type CredentialLookup = (accessKeyId: string) => Credential | undefined;

export interface SigV4Options {
  readonly now: Date;
  /** The service that the credential scope must name: "s3", "ec2", "sts". */
  readonly service: string;
  readonly lookup: CredentialLookup;
  /** SHA-256 of the body in hex. Not used for S3, which signs the hash that the client declares. */
  readonly bodyHash?: string;
}

/** A proven request. `scope`, `date`, `seedSignature` and `signingKey` are what signed chunks go on from. */
export interface SigV4Success {
  readonly ok: true;
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  /** Hex SHA-256, "UNSIGNED-PAYLOAD" or one of S3's "STREAMING-…" words. */
  readonly payloadHash: string;
  readonly presigned: boolean;
  readonly date: string;
  readonly scope: string;
  readonly seedSignature: string;
  readonly signingKey: Buffer;
}

/**
 * Why a request was not believed; each service maps it to its own AWS code.
 *
 * `missing`: no authentication at all. `malformed`: cannot be read, or lacks a part. `unknown-key`: nobody has the
 * access key. `wrong-token`: session token absent, superfluous or another. `expired-token`: the session is over.
 * `skewed`: clock too far off. `expired`: presigned for an earlier time. `unsigned-headers`: S3 wants every x-amz-
 * header signed. `bad-signature`: the secret is another, or the request was altered.
 */
export type SigV4FailureKind =
  | "missing"
  | "malformed"
  | "unknown-key"
  | "wrong-token"
  | "expired-token"
  | "skewed"
  | "expired"
  | "unsigned-headers"
  | "bad-signature";

export interface SigV4Failure {
  readonly ok: false;
  readonly kind: SigV4FailureKind;
  /** AWS's own sentence where it has one; holds no secret. */
  readonly message: string;
  readonly accessKeyId?: string;
  /** With `bad-signature`: what was signed here, so that a client's author can compare. */
  readonly canonicalRequest?: string;
  readonly stringToSign?: string;
}

const ALGORITHM = "AWS4-HMAC-SHA256";
const EMPTY_HASH = createHash("sha256").digest("hex");
const MINUTE_MS = 60_000;
const MAX_SKEW_MS = { s3: 15 * MINUTE_MS, other: 5 * MINUTE_MS };
const MAX_EXPIRES_SECONDS = 604_800;
const NO_MATCH =
  "The request signature we calculated does not match the signature you provided. Check your key and signing method.";

/**
 * Checks AWS Signature Version 4, in the Authorization header or in a presigned query. Pure; never throws.
 *
 * Clock skew of 15 minutes is accepted for S3, 5 for the other services. The region of the scope is returned, not
 * judged. Source: AWS, "Signature Version 4 signing process" and "Authenticating Requests" of the S3 API reference.
 */
export function verifySigV4(request: SignedRequest, options: SigV4Options): SigV4Success | SigV4Failure {
  const { path, query } = splitTarget(request.url ?? "/");
  const headers = collectHeaders(request.rawHeaders);
  const parts = readAuthentication(headers, query);
  if ("kind" in parts) return parts;

  const { accessKeyId, scopeDate, region, service, signedHeaders, date, signature, presigned, token, expires } = parts;
  const fail = (kind: SigV4FailureKind, message: string): SigV4Failure => ({ ok: false, kind, message, accessKeyId });
  const isS3 = options.service === "s3";

  if (service !== options.service)
    return fail("malformed", `Credential should be scoped to correct service: '${options.service}'.`);
  const signedAt = parseAmzDate(date);
  if (signedAt === undefined) return fail("malformed", "The date of the request is missing or not in ISO 8601 form.");
  if (!date.startsWith(scopeDate))
    return fail("malformed", `Credential date '${scopeDate}' does not match the date of the request.`);

  const credential = options.lookup(accessKeyId);
  if (!credential) return fail("unknown-key", "The AWS access key Id you provided does not exist in our records.");

  const unsigned = firstUnsigned(headers, signedHeaders, isS3);
  if (unsigned)
    return fail("unsigned-headers", `There were headers present in the request which were not signed: ${unsigned}`);

  const payloadHash = declaredPayloadHash(headers, query, presigned, isS3, options.bodyHash);
  if (payloadHash === undefined)
    return fail("malformed", "Missing required header for this request: x-amz-content-sha256");

  const canonicalRequest = [
    request.method ?? "GET",
    isS3 ? canonicalS3Path(path) : canonicalPath(path),
    canonicalQuery(query, presigned),
    ...signedHeaders.map((name) => `${name}:${canonicalHeader(headers.get(name))}`),
    "",
    signedHeaders.join(";"),
    payloadHash,
  ].join("\n");
  const scope = `${scopeDate}/${region}/${service}/aws4_request`;
  const stringToSign = [ALGORITHM, date, scope, sha256(canonicalRequest)].join("\n");
  const signingKey = deriveSigningKey(credential.secretAccessKey, scopeDate, region, service);
  if (!sameText(hmac(signingKey, stringToSign).toString("hex"), signature))
    return { ...fail("bad-signature", NO_MATCH), canonicalRequest, stringToSign };

  // Only who holds the secret learns more than that the signature is wrong.
  if (!sameText(credential.sessionToken ?? "", token ?? ""))
    return fail("wrong-token", "The provided token is malformed or otherwise invalid.");
  const now = options.now.getTime();
  if (credential.expiresAt && credential.expiresAt.getTime() <= now)
    return fail("expired-token", "The provided token has expired.");
  const skew = isS3 ? MAX_SKEW_MS.s3 : MAX_SKEW_MS.other;
  if (presigned) {
    if (signedAt > now + skew) return fail("skewed", "Request is not valid yet");
    if (signedAt + expires * 1000 < now) return fail("expired", "Request has expired");
  } else if (Math.abs(now - signedAt) > skew) {
    return fail("skewed", "The difference between the request time and the current time is too large.");
  }

  return {
    ok: true,
    accessKeyId,
    region,
    service,
    signedHeaders,
    payloadHash,
    presigned,
    date,
    scope,
    seedSignature: signature,
    signingKey,
  };
}

/** The key that signs one day's requests of one region and service. */
export function deriveSigningKey(secretAccessKey: string, day: string, region: string, service: string): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, day), region), service), "aws4_request");
}

type QueryPairs = readonly (readonly [name: string, value: string])[];
type HeaderValues = ReadonlyMap<string, readonly string[]>;

interface Authentication {
  readonly accessKeyId: string;
  readonly scopeDate: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly date: string;
  readonly signature: string;
  readonly presigned: boolean;
  readonly token: string | undefined;
  readonly expires: number;
}

function readAuthentication(headers: HeaderValues, query: QueryPairs): Authentication | SigV4Failure {
  const malformed = (message: string): SigV4Failure => ({ ok: false, kind: "malformed", message });
  const parameter = (name: string): string | undefined => query.find(([key]) => key === name)?.[1];
  const header = (name: string): string | undefined => headers.get(name)?.[0]?.trim();

  const authorization = header("authorization");
  const algorithm = parameter("X-Amz-Algorithm");
  if (authorization === undefined && algorithm === undefined && parameter("X-Amz-Signature") === undefined)
    return { ok: false, kind: "missing", message: "Request is missing Authentication Token" };
  if (authorization !== undefined && algorithm !== undefined)
    return malformed("Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the header");

  const presigned = authorization === undefined;
  let fields: ReadonlyMap<string, string>;
  if (presigned) {
    if (algorithm !== ALGORITHM) return malformed(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
    const own = query.filter(([name]) => name.startsWith("X-Amz-"));
    fields = new Map(own.map(([name, value]) => [name.slice("X-Amz-".length), value]));
  } else {
    if (!authorization.startsWith(`${ALGORITHM} `))
      return malformed(`The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}.`);
    fields = new Map(
      authorization
        .slice(ALGORITHM.length)
        .split(",")
        .map((part): [string, string] => {
          const [name, ...value] = part.trim().split("=");
          return [name ?? "", value.join("=")];
        }),
    );
  }

  const scope = (fields.get("Credential") ?? "").split("/");
  const [scopeDate, region, service, terminator] = scope.slice(-4);
  const accessKeyId = scope.slice(0, -4).join("/");
  if (!accessKeyId || !scopeDate || !region || !service || terminator !== "aws4_request")
    return malformed('The credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".');
  const signedHeaders = (fields.get("SignedHeaders") ?? "").toLowerCase().split(";");
  if (!signedHeaders.includes("host")) return malformed("'Host' must be a 'SignedHeader' in the authorization.");
  const signature = fields.get("Signature") ?? "";
  if (!/^[0-9a-f]{64}$/.test(signature)) return malformed("The signature is missing or not 64 hexadecimal digits.");

  const seconds = fields.get("Expires") ?? "";
  if (presigned && !/^\d{1,9}$/.test(seconds)) return malformed("X-Amz-Expires should be a number");
  if (presigned && Number(seconds) > MAX_EXPIRES_SECONDS)
    return malformed(
      "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires is too big",
    );

  return {
    accessKeyId,
    scopeDate,
    region,
    service,
    signedHeaders,
    signature,
    presigned,
    date: presigned ? (fields.get("Date") ?? "") : (header("x-amz-date") ?? amzDateOf(header("date"))),
    token: presigned ? fields.get("Security-Token") : header("x-amz-security-token"),
    expires: presigned ? Number(seconds) : 0,
  };
}

function firstUnsigned(headers: HeaderValues, signedHeaders: readonly string[], isS3: boolean): string | undefined {
  if (!isS3) return undefined;
  return [...headers.keys()].find((name) => name.startsWith("x-amz-") && !signedHeaders.includes(name));
}

function declaredPayloadHash(
  headers: HeaderValues,
  query: QueryPairs,
  presigned: boolean,
  isS3: boolean,
  bodyHash: string | undefined,
): string | undefined {
  if (!isS3) return bodyHash ?? EMPTY_HASH;
  const declared = headers.get("x-amz-content-sha256")?.[0]?.trim();
  if (!presigned || declared !== undefined) return declared;
  return query.find(([name]) => name === "X-Amz-Content-Sha256")?.[1] ?? "UNSIGNED-PAYLOAD";
}

function splitTarget(target: string): { path: string; query: QueryPairs } {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const text = mark < 0 ? "" : target.slice(mark + 1);
  const query = text
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair): [string, string] => {
      const equals = pair.indexOf("=");
      const decode = (part: string): string => percentDecode(part.replaceAll("+", " "));
      return equals < 0 ? [decode(pair), ""] : [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))];
    });
  return { path, query };
}

function collectHeaders(rawHeaders: readonly string[]): HeaderValues {
  const headers = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? "").toLowerCase();
    const values = headers.get(name);
    if (values) values.push(rawHeaders[index + 1] ?? "");
    else headers.set(name, [rawHeaders[index + 1] ?? ""]);
  }
  return headers;
}

function canonicalHeader(values: readonly string[] | undefined): string {
  return (values ?? []).map((value) => value.trim().replace(/[ \t]+/g, " ")).join(",");
}

function canonicalQuery(query: QueryPairs, presigned: boolean): string {
  return query
    .filter(([name]) => !(presigned && name === "X-Amz-Signature"))
    .map(([name, value]) => [percentEncode(name), percentEncode(value)] as const)
    .sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** S3 signs the key as it is: encoded once, with empty and dot segments kept. */
function canonicalS3Path(path: string): string {
  return percentEncode(percentDecode(path), true);
}

/** The other services sign the normalised path, encoded once more. */
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  const slash = segments.length > 0 && path.endsWith("/") ? "/" : "";
  return percentEncode(`/${segments.join("/")}${slash}`, true);
}

/** To bytes, one character each, so that no encoding of the client's can fail here. */
function percentDecode(text: string): string {
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function percentEncode(bytes: string, keepSlash = false): string {
  return bytes.replace(/[^A-Za-z0-9\-._~]/g, (character) =>
    keepSlash && character === "/" ? "/" : `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

function parseAmzDate(date: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** "Sun, 30 Aug 2015 12:36:00 GMT" in AWS's form; empty when it is no date. */
function amzDateOf(date: string | undefined): string {
  if (date === undefined || parseAmzDate(date) !== undefined) return date ?? "";
  const time = Date.parse(date);
  return Number.isNaN(time) ? "" : `${new Date(time).toISOString().replace(/[-:]|\.\d+/g, "")}`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text, "latin1").digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text, "latin1").digest();
}

/** Constant time in the content; only the length may be learned. */
export function sameText(left: string, right: string): boolean {
  const a = Buffer.from(left);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
