import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { HOUR_MS } from "../../../shared/time.ts";
import type { FaultEngine, FaultError } from "../faults.ts";
import { type CredentialLookup, type SigV4Failure, type SigV4Success, verifySigV4 } from "../sigv4.ts";
import { type Address, addressOf, headerOf, type Reply, type S3Call } from "./call.ts";
import { S3Error } from "./errors.ts";
import { sweepBucket } from "./lifecycle.ts";
import { type Route, routeOf } from "./routes.ts";
import { createS3Server } from "./server.ts";
import { Store } from "./store.ts";
import { toErrorXml } from "./xml.ts";

export interface S3Options {
  /** Where buckets and objects are kept; made if missing. */
  readonly folder: string;
  readonly lookupCredentials: CredentialLookup;
  readonly regions: readonly string[];
  readonly faults?: Pick<FaultEngine, "before">;
  readonly now?: () => Date;
  /** One line for what an operator should see; holds no secret. */
  readonly log: (line: string) => void;
}

export interface S3 {
  /** Answers one request; never rejects. */
  handler(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** A server, not yet listening, with this handler. */
  createServer(tls?: { readonly key: string; readonly cert: string }): Server;
  bucketCount(): number;
  requestCount(): number;
  /** Applies all lifecycle rules as of now, as it happens by itself every hour; returns what it ended or moved. */
  sweep(): Promise<number>;
  /** Waits for the writes under way and closes all files. Close the servers first. */
  stop(): Promise<void>;
}

/** The lab's S3: one endpoint for all regions, each bucket in one of them; objects on the disk of this machine. */
export function createS3(options: S3Options): S3 {
  const now = options.now ?? (() => new Date());
  const store = new Store(options.folder, now);
  let requests = 0;

  async function sweep(): Promise<number> {
    let done = 0;
    for (const name of store.names()) done += await sweepBucket(await store.bucket(name), now());
    return done;
  }
  const sweeper = setInterval(() => {
    sweep().catch((error: unknown) => options.log(`S3 lifecycle sweep failed: ${String(error)}`));
  }, HOUR_MS);
  sweeper.unref();

  async function handler(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests += 1;
    const requestId = randomBytes(8).toString("hex").toUpperCase();
    response.setHeader("x-amz-request-id", requestId);
    response.setHeader("x-amz-id-2", randomBytes(32).toString("base64"));
    response.setHeader("server", "AmazonS3");
    // Clients set their clocks by it.
    response.setHeader("date", now().toUTCString());
    // A client that goes away ends its own request only.
    response.on("error", () => undefined);
    try {
      const reply = await answer(request);
      if (reply === "reset") request.socket.destroy();
      else await send(request, response, reply);
    } catch (error) {
      if (!response.headersSent && request.socket.writable) {
        await send(request, response, errorReply(error, request, requestId, options.log)).catch(() => undefined);
      } else {
        response.destroy();
      }
    }
    // What is left of a refused body would stand in the way of the connection's next request.
    if (!request.complete) request.resume();
  }

  async function answer(request: IncomingMessage): Promise<Reply | "reset"> {
    const method = request.method ?? "GET";
    const address = addressOf(request);
    const route = routeOf(method, address, request.headers["x-amz-copy-source"] !== undefined);
    const auth = verifySigV4(request, { now: now(), service: "s3", lookup: options.lookupCredentials });
    if (!auth.ok) throw authError(auth, request);
    const dropReply = await meetFaults(route, auth);
    if (dropReply === "reset") return "reset";
    const bucket = address.bucket === "" ? undefined : store.identityOf(address.bucket);
    assertRegion(route, auth, address, bucket?.region);
    const call: S3Call = { ...address, request, method, auth, now: now(), store, regions: options.regions };
    const reply = await route.run(call);
    if (!dropReply) return reply;
    reply.stream?.end();
    return "reset";
  }

  async function meetFaults(route: Route, auth: SigV4Success): Promise<boolean | "reset"> {
    const verdict = options.faults?.before({ service: "s3", action: route.action, region: auth.region });
    if (!verdict) return false;
    if (verdict.delayMs > 0) await sleep(verdict.delayMs);
    if (verdict.kind === "reset") return "reset";
    if (verdict.kind === "error") throw faultError(verdict.error);
    return verdict.dropReply;
  }

  /** The region that a request is signed for stands for the endpoint that it was sent to. */
  function assertRegion(route: Route, auth: SigV4Success, address: Address, home: string | undefined): void {
    if (!options.regions.includes(auth.region)) {
      const expected = home ?? options.regions[0] ?? "us-east-1";
      throw new S3Error(
        "AuthorizationHeaderMalformed",
        `The authorization header is malformed; the region '${auth.region}' is wrong; expecting '${expected}'`,
        { fields: { Region: expected }, headers: { "x-amz-bucket-region": expected } },
      );
    }
    if (home === undefined || home === auth.region || route.action === "CreateBucket") return;
    // A client that does not know a bucket's region asks anywhere.
    if (route.action === "GetBucketLocation") return;
    throw new S3Error("PermanentRedirect", undefined, {
      fields: { Bucket: address.bucket, Endpoint: `s3.${home}.amazonaws.com`, Region: home },
      headers: { "x-amz-bucket-region": home },
    });
  }

  return {
    handler,
    createServer(tls) {
      return createS3Server(tls).on("request", (request, response) => void handler(request, response));
    },
    bucketCount: () => store.count,
    requestCount: () => requests,
    sweep,
    async stop() {
      clearInterval(sweeper);
      await store.stop();
    },
  };
}

async function send(request: IncomingMessage, response: ServerResponse, reply: Reply): Promise<void> {
  const { status, headers, body, stream } = reply;
  try {
    response.statusCode = status;
    for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, headerValue(value));
    if (request.method === "HEAD" || status === 204 || status === 304) {
      response.end();
      return;
    }
    response.setHeader("content-length", stream ? stream.size : Buffer.byteLength(body ?? ""));
    if (!stream) {
      response.end(body ?? "");
      return;
    }
    const closed = once(response, "close").then(() => undefined);
    closed.catch(() => undefined);
    for await (const chunk of stream.chunks) {
      if (response.destroyed) return;
      if (!response.write(chunk)) await Promise.race([once(response, "drain"), closed]);
    }
    response.end();
  } finally {
    stream?.end();
  }
}

/** Node refuses what no header may hold; such a value comes back percent-encoded. */
function headerValue(value: string): string {
  return value.replace(/[^\t\u0020-\u007e\u0080-\u00ff]/g, (character) => encodeURIComponent(character));
}

function errorReply(error: unknown, request: IncomingMessage, requestId: string, log: (line: string) => void): Reply {
  const known = error instanceof S3Error ? error : undefined;
  if (!known && !isDisconnect(error)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log(`S3 ${request.method} failed unexpectedly (request ${requestId}): ${text}`);
  }
  const shown = known ?? new S3Error("InternalError");
  const body = toErrorXml({
    Code: shown.code,
    Message: shown.message,
    ...shown.fields,
    Resource: (request.url ?? "/").split("?")[0],
    RequestId: requestId,
    HostId: "lab",
  });
  return { status: shown.status, headers: { ...shown.headers, "content-type": "application/xml" }, body };
}

function isDisconnect(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === "ECONNRESET" || code === "EPIPE" || code === "ERR_STREAM_PREMATURE_CLOSE";
}

function faultError(fault: FaultError): S3Error {
  switch (fault) {
    case "throttle":
      return new S3Error("SlowDown");
    case "server-error":
      return new S3Error("InternalError");
    case "expired-credentials":
      return new S3Error("ExpiredToken");
    case "no-capacity":
      return new S3Error("ServiceUnavailable");
  }
}

function authError(failure: SigV4Failure, request: IncomingMessage): S3Error {
  const { message, accessKeyId } = failure;
  const authorization = headerOf({ request }, "authorization");
  switch (failure.kind) {
    case "missing":
      return new S3Error("AccessDenied");
    case "unsigned-headers":
    case "expired":
      return new S3Error("AccessDenied", message);
    case "malformed":
      if (authorization === undefined) return new S3Error("AuthorizationQueryParametersError", message);
      if (!authorization.startsWith("AWS4-HMAC-SHA256") || message.includes("x-amz-content-sha256"))
        return new S3Error("InvalidRequest", message);
      return new S3Error("AuthorizationHeaderMalformed", message);
    case "unknown-key":
      return new S3Error("InvalidAccessKeyId", undefined, { fields: { AWSAccessKeyId: accessKeyId ?? "" } });
    case "wrong-token":
      return new S3Error("InvalidToken");
    case "expired-token":
      return new S3Error("ExpiredToken");
    case "skewed":
      return authorization === undefined ? new S3Error("AccessDenied", message) : new S3Error("RequestTimeTooSkewed");
    case "bad-signature":
      return new S3Error("SignatureDoesNotMatch", undefined, {
        fields: {
          AWSAccessKeyId: accessKeyId ?? "",
          StringToSign: failure.stringToSign ?? "",
          CanonicalRequest: failure.canonicalRequest ?? "",
        },
      });
  }
}
