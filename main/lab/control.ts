import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { z } from "zod";
import { AppError, errorFacts } from "../../shared/errors.ts";
import { FaultInput } from "../../shared/lab/model.ts";
import type { RunningLab } from "./index.ts";
import { sameText } from "./sigv4.ts";

type Controlled = Pick<RunningLab, "status" | "injectFault" | "clearFault" | "clearFaults" | "reset" | "stop">;

export interface Control {
  readonly server: Server;
  leases(): { count: number; noneSince: number };
}

const BODY_LIMIT = 64 * 1024;
const LEASE_BEAT_MS = 5_000;
const ResetInput = z.object({ seed: z.enum(["demo", "empty"]) });

/**
 * The lab's own controls over HTTP: JSON in and out, with the access key's secret as the bearer token.
 *
 * `GET /lease` stays open for as long as its client lives; that is how a lab knows that somebody still uses it.
 */
export function createControl(lab: Controlled, secret: string): Control {
  const leases = new Set<ServerResponse>();
  let noneSince = Date.now();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const [pathname = ""] = (request.url ?? "").split("?");
    const route = `${request.method} ${pathname}`;
    if (route === "GET /status") return lab.status();
    if (route === "POST /faults") return lab.injectFault(FaultInput.parse(await readJson(request)));
    if (route === "DELETE /faults") return { cleared: lab.clearFaults() };
    if (request.method === "DELETE" && pathname.startsWith("/faults/"))
      return { cleared: lab.clearFault(decodeURIComponent(pathname.slice("/faults/".length))) };
    if (route === "POST /reset") return lab.reset(ResetInput.parse(await readJson(request)).seed);
    if (route === "POST /stop") {
      response.once("finish", () => void lab.stop());
      return { stopping: true };
    }
    return undefined;
  }

  function hold(response: ServerResponse): void {
    leases.add(response);
    response.writeHead(200, { "content-type": "text/plain" });
    response.write("\n");
    const beat = setInterval(() => response.write("\n"), LEASE_BEAT_MS).unref();
    response.once("close", () => {
      clearInterval(beat);
      leases.delete(response);
      if (leases.size === 0) noneSince = Date.now();
    });
  }

  const server = createServer((request, response) => {
    if (!sameText(request.headers.authorization ?? "", `Bearer ${secret}`)) {
      response.writeHead(401, { "www-authenticate": "Bearer" }).end();
      return;
    }
    if (request.method === "GET" && request.url === "/lease") {
      hold(response);
      return;
    }
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    answer(request, response).then(
      (body) => (body === undefined ? send(404, { message: "no such control" }) : send(200, body)),
      (error: unknown) => {
        const facts = errorFacts(asInputError(error));
        send(facts.code === "InvalidInput" ? 400 : 500, facts);
      },
    );
  });
  server.requestTimeout = 0;
  return { server, leases: () => ({ count: leases.size, noneSince }) };
}

function asInputError(error: unknown): unknown {
  const isForm = error instanceof z.ZodError;
  if (!isForm && !(error instanceof SyntaxError) && !(error instanceof URIError)) return error;
  const why = isForm ? z.prettifyError(error) : error.message;
  return new AppError("InvalidInput", `The lab was told something that it cannot read: ${why}`, {
    retryable: false,
    next: "Nothing was changed. Correct the call.",
  });
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request as AsyncIterable<Buffer>) {
    text += chunk.toString("utf8");
    if (text.length > BODY_LIMIT) throw new SyntaxError("The body is too long.");
  }
  return JSON.parse(text);
}
