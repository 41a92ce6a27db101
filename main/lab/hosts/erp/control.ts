import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { z } from "zod";
import type { Access } from "../ssh/authorized-keys.ts";
import { SetupInput } from "./identity.ts";
import type { ErpInstance } from "./instance.ts";
import { EXIT, Refusal } from "./refusal.ts";
import type { SmokeReport } from "./smoke.ts";

export interface ControlParts {
  readonly instance: ErpInstance;
  readonly access: Access;
  readonly smoke: () => Promise<SmokeReport>;
  /** Milliseconds that the application takes to answer over HTTPS; null when it does not. */
  readonly response: () => Promise<number | null>;
}

/** Certificates come with their chains. */
const BODY_LIMIT = 256 * 1024;
const Minutes = z.coerce.number().int().min(1).max(10_080);
const Seconds = z.coerce.number().int().min(1).max(600);
const Id = z.string().regex(/^[A-Za-z0-9][\w.:/-]{0,199}$/, "is no id");
const Until = z.iso.datetime({ offset: true });

interface Answer {
  readonly json: unknown;
  readonly ok?: boolean;
}
type Verb = (form: URLSearchParams, parts: ControlParts) => Promise<Answer>;

const done = (json: unknown): Answer => ({ json });

/** Facts and health tell what is; that nothing is set up, or that it does not start, is such a fact. */
const wakeIfSetUp = (instance: ErpInstance): Promise<void> => instance.wake().catch(() => undefined);

const VERBS: Readonly<Record<string, Verb>> = {
  async facts(_, { instance }) {
    await wakeIfSetUp(instance);
    return done(await instance.facts());
  },
  async setup(form, { instance }) {
    const input = {
      tenant: form.get("tenant"),
      tenantId: form.get("tenant-id"),
      environment: form.get("environment"),
      domain: form.get("domain"),
      ...(form.get("zone") ? { zone: form.get("zone") } : {}),
    };
    const flags = { neutralise: form.has("neutralise"), lockedOut: form.has("locked-out") };
    return done(await instance.setup(SetupInput.parse(input), flags));
  },
  async "licence-install"(form, { instance }) {
    await wakeIfSetUp(instance);
    return done(await instance.installLicence(form.get("key") ?? ""));
  },
  async "licence-show"(_, { instance }) {
    await wakeIfSetUp(instance);
    return done(await instance.licence());
  },
  async "lockout-on"(form, { instance }) {
    const minutes = form.get("minutes");
    return done({ lockout: await instance.setLockout(minutes === null ? "until-off" : Minutes.parse(minutes)) });
  },
  "lockout-off": async (_, { instance }) => done({ lockout: await instance.setLockout("off") }),
  space: async (_, { instance }) => done({ space: await instance.space() }),
  async manifest(_, { instance }) {
    await instance.wake();
    return done({ manifest: await instance.manifest() });
  },
  async indicators(_, { instance, response }) {
    await instance.wake();
    return done({ indicators: await instance.indicators(await response()) });
  },
  async quiesce(form, { instance }) {
    const [id, seconds] = [Id.parse(form.get("id")), Seconds.parse(form.get("seconds"))];
    await wakeIfSetUp(instance);
    return done({ quiesce: await instance.quiesce(id, seconds) });
  },
  thaw: async (form, { instance }) => done({ thaw: await instance.thaw(Id.parse(form.get("id"))) }),
  async neutralise(_, { instance }) {
    await instance.wake();
    return done({ neutralised: await instance.neutralise() });
  },
  async release(_, { instance }) {
    await instance.release();
    return done({ released: true });
  },
  async export(form, { instance }) {
    const id = Id.parse(form.get("id"));
    await instance.wake();
    return done(await instance.export(id, form.get("to") ?? ""));
  },
  async import(form, { instance }) {
    await instance.wake();
    return done({ manifest: await instance.import(form.get("from") ?? "") });
  },
  "update-stack": async (_, { instance }) => done(await instance.updateStack()),
  async "update-application"(form, { instance }) {
    await instance.wake();
    return done(await instance.updateApplication(form.get("to") ?? ""));
  },
  async "certificate-show"(_, { instance }) {
    await instance.wake();
    return done({ certificate: await instance.certificateFacts() });
  },
  async "certificate-renew"(_, { instance }) {
    await instance.wake();
    return done({ certificate: await instance.renewCertificate() });
  },
  async "certificate-install"(form, { instance }) {
    await instance.wake();
    return done({ certificate: await instance.installCertificate(form.get("pem") ?? "") });
  },
  "access-list": async (_, { access }) => done({ keys: await access.list() }),
  async "access-grant"(form, { access }) {
    const until = form.get("until");
    const ends = until === null ? null : new Date(Until.parse(until));
    return done({ keys: await access.grant(form.get("id") ?? "", form.get("key") ?? "", ends) });
  },
  "access-revoke": async (form, { access }) => done({ keys: await access.revoke(form.get("id") ?? "") }),
  async health(_, { instance }) {
    await wakeIfSetUp(instance);
    const health = await instance.health();
    return { json: health, ok: health.status !== "down" };
  },
  async smoke(_, { instance, smoke }) {
    await instance.wake();
    instance.refuseWhileHeld();
    const report = await smoke();
    return { json: report, ok: report.ok };
  },
};

/** Answers `erpctl` on the host's private socket: first line exit status and stream, then what is printed. */
export function controlHandler(parts: ControlParts): RequestListener {
  return (request, response) => {
    answer(request, parts)
      .then(({ json, ok = true }) => send(response, `${ok ? EXIT.done : EXIT.failed} out\n${JSON.stringify(json)}\n`))
      .catch((error: unknown) => {
        const kind = error instanceof Refusal ? error.kind : error instanceof z.ZodError ? "malformed" : "failed";
        const message =
          error instanceof z.ZodError ? z.prettifyError(error) : String((error as Error).message ?? error);
        send(response, `${EXIT[kind]} err\n${message}\n`);
      });
  };
}

async function answer(request: IncomingMessage, parts: ControlParts): Promise<Answer> {
  const form = new URLSearchParams();
  // Of an option given twice the last one counts.
  for (const [field, value] of new URLSearchParams(await body(request))) form.set(field, value);
  const name = (request.url ?? "").slice(1);
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (!verb) throw new Refusal("malformed", `There is no command ${name}.`);
  return verb(form, parts);
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
