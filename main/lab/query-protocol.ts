import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Action, Call } from "./ec2/call.ts";
import { AwsError } from "./ec2/errors.ts";
import type { AccessKey, LabSchema } from "./ec2/model.ts";
import { Parameters } from "./ec2/parameters.ts";
import { REGION_NAMES } from "./ec2/regions.ts";
import type { World } from "./ec2/world.ts";
import { toXml, type XmlTree } from "./ec2/xml.ts";
import type { FaultError } from "./faults.ts";
import { type SigV4Failure, verifySigV4 } from "./sigv4.ts";
import type { Reader, Transaction } from "./state.ts";

/** What differs between AWS's services that speak the Query protocol. */
export interface QueryService {
  readonly name: "ec2" | "sts";
  readonly namespace: string;
  readonly actions: Readonly<Record<string, Action>>;
  answer(action: string, tree: XmlTree, requestId: string): XmlTree;
  errorDocument(error: AwsError, requestId: string): string;
  refusal(failure: SigV4Failure): AwsError;
  fault(kind: FaultError): AwsError;
}

export interface QueryHandler {
  (request: IncomingMessage, response: ServerResponse): void;
  /** Calls that were answered or refused. */
  readonly count: () => number;
}

const BODY_LIMIT = 1024 * 1024;
const READS = /^(Describe|Get|AssumeRole|Decode)/;
/** Parameters of the protocol itself. */
const COMMON = ["Action", "Version", "DryRun", "AWSAccessKeyId", "Timestamp", "Expires"];

/** Answers one service's calls over HTTP: who is it, what goes wrong on request, the action, commit, answer. */
export function createQueryHandler(service: QueryService, world: World): QueryHandler {
  let count = 0;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    response.setHeader("x-amzn-requestid", requestId);
    response.setHeader("content-type", "text/xml;charset=UTF-8");
    response.setHeader("cache-control", "no-cache, no-store");
    try {
      const body = await readBody(request);
      const parameters = readParameters(request, body);
      const caller = authenticate(request, body);
      const action = parameters.required("Action");
      const instances = [...parameters.list("InstanceId"), ...[parameters.text("InstanceId") ?? []].flat()];
      const verdict = world.faults.before({ service: service.name, action, region: caller.region, instances });
      if (verdict.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, verdict.delayMs));
      if (verdict.kind === "reset") {
        request.socket.destroy();
        return;
      }
      if (verdict.kind === "error") throw service.fault(verdict.error);
      const tree = await perform(action, parameters, caller.key, caller.region, verdict.staleMs);
      if (verdict.dropReply) {
        request.socket.destroy();
        return;
      }
      const document = toXml(`${action}Response`, service.namespace, service.answer(action, tree, requestId));
      response.writeHead(200).end(document);
    } catch (error) {
      const known = error instanceof AwsError ? error : new AwsError("InternalError", "An internal error has occurred");
      if (known !== error) world.log("error", `${service.name}: ${String(error)}`, { requestId });
      if (response.headersSent || response.destroyed) return;
      response.writeHead(known.status).end(service.errorDocument(known, requestId));
    }
  }

  function authenticate(request: IncomingMessage, body: Buffer): { key: AccessKey; region: string } {
    const proof = verifySigV4(request, {
      now: new Date(world.now()),
      service: service.name,
      bodyHash: createHash("sha256").update(body).digest("hex"),
      lookup: (id) => lookupCredential(world.store, id),
    });
    if (!proof.ok) throw service.refusal(proof);
    const key = world.store.get("accessKeys", proof.accessKeyId);
    if (!key) throw new Error("a proven access key is unknown");
    if (!REGION_NAMES.includes(proof.region))
      throw new AwsError(
        "OptInRequired",
        `The region '${proof.region}' is not enabled for this account. Regions: ${REGION_NAMES.join(", ")}.`,
      );
    return { key, region: proof.region };
  }

  async function perform(
    name: string,
    parameters: Parameters,
    caller: AccessKey,
    region: string,
    staleMs: number,
  ): Promise<XmlTree> {
    const action = Object.hasOwn(service.actions, name) ? service.actions[name] : undefined;
    if (!action) throw new AwsError("InvalidAction", `The action ${name} is not valid for this web service.`);
    if (caller.readOnly && !READS.test(name))
      throw new AwsError(
        "UnauthorizedOperation",
        `You are not authorized to perform this operation. User: ${caller.arn} is not authorized to perform: ${service.name}:${name}`,
      );
    const rows = world.store.begin();
    const now = world.now();
    const effects: (() => void | Promise<void>)[] = [];
    const call: Call = {
      action: name,
      region,
      parameters,
      caller,
      now,
      world,
      seen: staleMs > 0 ? withOwnChanges(rows, world.store.asOf(now - staleMs)) : rows,
      rows,
      after: (effect) => effects.push(effect),
    };
    for (const common of COMMON) parameters.text(common);
    const tree = await action(call);
    parameters.refuseUnknown();
    if (parameters.flag("DryRun"))
      throw new AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
    rows.commit();
    for (const effect of effects) await effect();
    return tree;
  }

  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    count += 1;
    void handle(request, response);
  };
  return Object.assign(handler, { count: () => count });
}

/** For every service of the lab: what SigV4 must be checked with. */
export function lookupCredential(rows: Reader<LabSchema>, accessKeyId: string) {
  const key = rows.get("accessKeys", accessKeyId);
  if (!key) return undefined;
  return {
    secretAccessKey: key.secret,
    ...(key.sessionToken === null ? {} : { sessionToken: key.sessionToken }),
    ...(key.expiresAt === null ? {} : { expiresAt: new Date(key.expiresAt) }),
  };
}

function withOwnChanges(rows: Transaction<LabSchema>, older: Reader<LabSchema>): Reader<LabSchema> {
  return {
    get: (table, id) => (rows.changed(table, id) ? rows.get(table, id) : older.get(table, id)),
    all: (table, region) => [
      ...older.all(table, region).filter((row) => !rows.changed(table, row.id)),
      ...rows.all(table, region).filter((row) => rows.changed(table, row.id)),
    ],
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_LIMIT)
      throw new AwsError("RequestEntityTooLarge", `The request is longer than ${BODY_LIMIT} bytes.`, 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function readParameters(request: IncomingMessage, body: Buffer): Parameters {
  if (request.method !== "POST" && request.method !== "GET")
    throw new AwsError("InvalidAction", `The HTTP method ${request.method} is not allowed.`, 405);
  const query = (request.url ?? "").split("?").slice(1).join("?");
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) if (!name.startsWith("X-Amz-")) values.set(name, value);
  for (const [name, value] of new URLSearchParams(body.toString("utf8"))) values.set(name, value);
  return new Parameters(values);
}
