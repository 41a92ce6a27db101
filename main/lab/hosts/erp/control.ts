import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { z } from "zod";
import { SetupInput } from "./identity.ts";
import type { ErpInstance } from "./instance.ts";
import { EXIT, Refusal } from "./refusal.ts";
import type { SmokeReport } from "./smoke.ts";

const BODY_LIMIT = 16 * 1024;
const Minutes = z.coerce.number().int().min(1).max(10_080);

/** Answers `erpctl` on the host's private socket: first line exit status and stream, then what is printed. */
export function controlHandler(instance: ErpInstance, smoke: () => Promise<SmokeReport>): RequestListener {
  return (request, response) => {
    answer(request, instance, smoke)
      .then(({ exit, json }) => send(response, `${exit} out\n${JSON.stringify(json)}\n`))
      .catch((error: unknown) => {
        const kind = error instanceof Refusal ? error.kind : error instanceof z.ZodError ? "malformed" : "failed";
        const message =
          error instanceof z.ZodError ? z.prettifyError(error) : String((error as Error).message ?? error);
        send(response, `${EXIT[kind]} err\n${message}\n`);
      });
  };
}

async function answer(
  request: IncomingMessage,
  instance: ErpInstance,
  smoke: () => Promise<SmokeReport>,
): Promise<{ exit: number; json: unknown }> {
  const form = new URLSearchParams(await body(request));
  const done = (json: unknown) => ({ exit: EXIT.done, json });
  switch (request.url) {
    case "/facts":
      await wakeIfSetUp(instance);
      return done(await instance.facts());
    case "/setup": {
      const { zone, ...rest } = Object.fromEntries(form);
      return done(await instance.setup(SetupInput.parse(zone ? { ...rest, zone } : rest)));
    }
    case "/licence-install":
      await wakeIfSetUp(instance);
      return done(await instance.installLicence(form.get("key") ?? ""));
    case "/licence-show":
      await wakeIfSetUp(instance);
      return done(await instance.licence());
    case "/lockout": {
      const minutes = form.get("minutes");
      const wanted = form.get("state") === "off" ? "off" : minutes ? Minutes.parse(minutes) : "until-off";
      return done({ lockout: await instance.setLockout(wanted) });
    }
    case "/health": {
      await wakeIfSetUp(instance);
      const health = await instance.health();
      return { exit: health.status === "down" ? EXIT.failed : EXIT.done, json: health };
    }
    case "/smoke": {
      await instance.wake();
      const report = await smoke();
      return { exit: report.ok ? EXIT.done : EXIT.failed, json: report };
    }
    default:
      throw new Refusal("malformed", `There is no command ${request.url}.`);
  }
}

/** Facts and health tell what is; that nothing is set up, or that it does not start, is such a fact. */
async function wakeIfSetUp(instance: ErpInstance): Promise<void> {
  await instance.wake().catch(() => undefined);
}

async function body(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new Refusal("malformed", "The request is too long.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8", connection: "close" });
  response.end(text);
}
