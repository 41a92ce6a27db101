import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { z } from "zod";
import { HOUR_MS } from "../../../../shared/time.ts";
import { type ErpInstance, type HealthReport, NoSpace } from "./instance.ts";
import { loginPage, noticePage, ordersPage } from "./pages.ts";
import { PASS_HEADER } from "./smoke.ts";
import { UnknownReference } from "./store.ts";

const BODY_LIMIT = 64 * 1024;
const SESSION_MS = 8 * HOUR_MS;
const SESSIONS_MAX = 200;
const LIST_MAX = 500;
const COOKIE = "erp_session";

const NewOrderInput = z.object({
  customerId: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  lines: z
    .array(
      z.object({
        productId: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
        quantity: z.number().int().min(1).max(100_000),
      }),
    )
    .min(1)
    .max(100),
});

class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

/**
 * The ERP's web application. `passToken` in the request's own header passes a lock-out: the host's smoke test uses it
 * before the doors open again.
 */
export function createSite(instance: ErpInstance, passToken: string): RequestListener {
  const sessions = new Map<string, number>();

  async function handle(exchange: Exchange): Promise<void> {
    const { request, response, url } = exchange;
    const route = `${request.method === "HEAD" ? "GET" : request.method} ${url.pathname}`;
    if (route === "GET /health") {
      const health = await instance.health();
      return json(response, health.status === "down" ? 503 : 200, health);
    }
    const lockout = instance.lockout();
    if (lockout && !passes(request)) {
      const seconds = lockout.until ? Math.max(1, Math.ceil((Date.parse(lockout.until) - Date.now()) / 1000)) : 300;
      response.setHeader("retry-after", String(seconds));
      return notice(
        exchange,
        503,
        "Maintenance",
        "This system is closed for maintenance. It opens again when the work is done.",
      );
    }
    if (instance.processes() !== "awake") {
      response.setHeader("retry-after", "5");
      return notice(exchange, 503, "Not available", "The database does not answer.");
    }

    switch (route) {
      case "GET /":
        return signedIn(request) ? redirect(response, "/orders") : html(response, 200, loginPage(await facts(), null));
      case "POST /login":
        return logIn(exchange);
      case "POST /logout":
        sessions.delete(sessionOf(request) ?? "");
        response.setHeader("set-cookie", `${COOKIE}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict`);
        return redirect(response, "/");
    }
    if (!signedIn(request)) {
      if (wantsHtml(exchange)) return redirect(response, "/");
      throw new HttpError(401, "Log in first.");
    }
    switch (route) {
      case "GET /orders":
      case "GET /api/orders": {
        const asked = Number(url.searchParams.get("limit") ?? 50);
        const orders = await instance
          .store()
          .recentOrders(Number.isInteger(asked) ? Math.min(Math.max(asked, 1), LIST_MAX) : 50);
        return wantsHtml(exchange)
          ? html(response, 200, ordersPage(await facts(), orders))
          : json(response, 200, { orders });
      }
      case "POST /api/orders":
        return json(response, 201, await instance.placeOrder(NewOrderInput.parse(await jsonBody(request))));
    }
    const one = /^(GET|POST) \/api\/orders\/(SO-\d{8,19})(\/cancel)?$/.exec(route);
    if (one?.[2]) return oneOrder(exchange, one[2], `${one[1]}${one[3] ?? ""}`);
    throw new HttpError(404, "There is nothing here.");
  }

  async function oneOrder({ request, response }: Exchange, number: string, verb: string): Promise<void> {
    if (verb === "POST/cancel") {
      await jsonBody(request);
      if (instance.diskFull()) throw new NoSpace("No space left on device");
      if (!(await instance.cancelOrder(number))) throw new HttpError(409, `The order ${number} cannot be cancelled.`);
    } else if (verb !== "GET") throw new HttpError(405, "This cannot be done here.");
    const order = await instance.store().order(number);
    if (!order) throw new HttpError(404, `There is no order ${number}.`);
    json(response, 200, order);
  }

  async function logIn({ request, response }: Exchange): Promise<void> {
    const form = new URLSearchParams(await body(request));
    if (!(await instance.store().passwordMatches(form.get("user") ?? "", form.get("password") ?? "")))
      return html(response, 401, loginPage(await facts(), "User or password is wrong."));
    const now = Date.now();
    for (const [token, endsAt] of sessions) if (endsAt < now || sessions.size >= SESSIONS_MAX) sessions.delete(token);
    const token = randomBytes(24).toString("base64url");
    sessions.set(token, now + SESSION_MS);
    response.setHeader("set-cookie", `${COOKIE}=${token}; Path=/; HttpOnly; Secure; SameSite=Strict`);
    redirect(response, "/orders");
  }

  function signedIn(request: IncomingMessage): boolean {
    return (sessions.get(sessionOf(request) ?? "") ?? 0) > Date.now();
  }

  function passes(request: IncomingMessage): boolean {
    const given = Buffer.from(String(request.headers[PASS_HEADER] ?? ""));
    const wanted = Buffer.from(passToken);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  const facts = (): Promise<HealthReport> => instance.health();

  async function notice(exchange: Exchange, status: number, title: string, text: string): Promise<void> {
    if (wantsHtml(exchange)) html(exchange.response, status, noticePage(await facts(), title, text));
    else json(exchange.response, status, { error: title, message: text });
  }

  return (request, response) => {
    const url = safeUrl(request.url);
    response.setHeader("cache-control", "no-store");
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("strict-transport-security", "max-age=31536000");
    response.setHeader(
      "content-security-policy",
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    );
    handle({ request, response, url }).catch((error: unknown) => {
      const [status, message] = failure(error);
      if (response.headersSent) response.destroy();
      else json(response, status, { error: message });
    });
  };
}

function failure(error: unknown): readonly [number, string] {
  if (error instanceof HttpError) return [error.status, error.message];
  if (error instanceof z.ZodError) return [400, z.prettifyError(error)];
  if (error instanceof UnknownReference) return [422, error.message];
  // PostgreSQL: disk_full, read_only_sql_transaction (how a full disk is played on its side)
  const code = (error as { code?: string }).code;
  if (error instanceof NoSpace || code === "53100" || code === "25006") return [507, "No space left on device"];
  return [503, "The database does not answer."];
}

function wantsHtml({ request, url }: Exchange): boolean {
  return !url.pathname.startsWith("/api/") && /text\/html/.test(request.headers.accept ?? "");
}

function sessionOf(request: IncomingMessage): string | undefined {
  return new RegExp(`(?:^|;\\s*)${COOKIE}=([\\w-]+)`).exec(request.headers.cookie ?? "")?.[1];
}

async function jsonBody(request: IncomingMessage): Promise<unknown> {
  // A form of another site cannot send this type: together with the cookie's SameSite that keeps strangers out.
  if (!/^application\/json\b/.test(request.headers["content-type"] ?? ""))
    throw new HttpError(415, "Send application/json.");
  try {
    return JSON.parse(await body(request)) as unknown;
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError(400, "The body is not JSON.");
  }
}

async function body(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new HttpError(413, "The body is too long.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function safeUrl(text: string | undefined): URL {
  try {
    return new URL(text ?? "/", "https://erp.invalid");
  } catch {
    return new URL("https://erp.invalid/-");
  }
}

function redirect(response: ServerResponse, to: string): void {
  response.writeHead(303, { location: to });
  response.end();
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(`${JSON.stringify(value)}\n`);
}

function html(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/html; charset=utf-8" });
  response.end(text);
}
