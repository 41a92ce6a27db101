import { request as httpsRequest } from "node:https";

export interface SmokeCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly milliseconds: number;
}

export interface SmokeReport {
  readonly ok: boolean;
  readonly checks: readonly SmokeCheck[];
}

export interface SmokeTarget {
  readonly address: string;
  readonly port: number;
  readonly domain: string;
  /** PEM of the authorities of which one must have signed the certificate. */
  readonly authorities: readonly string[];
  readonly password: string;
  /** Lets the check pass a lock-out, as an operator's unlock depends on it. */
  readonly passToken: string;
}

export const PASS_HEADER = "x-erp-pass";
const TIMEOUT_MS = 20_000;

/** Uses the ERP as a customer does, over HTTPS: logs in, places an order, reads it back, cancels it. Never rejects. */
export async function smokeTest(target: SmokeTarget): Promise<SmokeReport> {
  const checks: SmokeCheck[] = [];
  const check = async <Result>(name: string, work: () => Promise<{ detail: string; result: Result }>) => {
    const startedAt = performance.now();
    const elapsed = () => Math.round(performance.now() - startedAt);
    try {
      const { detail, result } = await work();
      checks.push({ name, ok: true, detail, milliseconds: elapsed() });
      return result;
    } catch (error) {
      checks.push({ name, ok: false, detail: (error as Error).message, milliseconds: elapsed() });
      throw error;
    }
  };

  try {
    await check("certificate and health", async () => {
      const answer = await call(target, "GET", "/health");
      expect(answer, 200);
      return { detail: `signed for ${target.domain}`, result: undefined };
    });
    const cookie = await check("log-in", async () => {
      const answer = await call(target, "POST", "/login", {
        type: "application/x-www-form-urlencoded",
        body: new URLSearchParams({ user: "admin", password: target.password }).toString(),
      });
      expect(answer, 303);
      if (!answer.cookie) throw new Error("no session was given");
      return { detail: "admin", result: answer.cookie };
    });
    const number = await check("create an order", async () => {
      const order = { customerId: 1, lines: [{ productId: 1, quantity: 1 }] };
      const answer = await call(target, "POST", "/api/orders", {
        type: "application/json",
        body: JSON.stringify(order),
        cookie,
      });
      expect(answer, 201);
      const { number } = JSON.parse(answer.body) as { number: string };
      return { detail: number, result: number };
    });
    await check("read it back", async () => {
      const answer = await call(target, "GET", `/api/orders/${number}`, { cookie });
      expect(answer, 200);
      if ((JSON.parse(answer.body) as { number: string }).number !== number) throw new Error("another order came back");
      return { detail: number, result: undefined };
    });
    await check("cancel it", async () => {
      const answer = await call(target, "POST", `/api/orders/${number}/cancel`, {
        type: "application/json",
        body: "{}",
        cookie,
      });
      expect(answer, 200);
      return { detail: number, result: undefined };
    });
    return { ok: true, checks };
  } catch {
    return { ok: false, checks };
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly cookie: string | undefined;
}

/** Milliseconds until the application tells its health over HTTPS; null when it does not. Never rejects. */
export async function responseTime(target: SmokeTarget): Promise<number | null> {
  const startedAt = performance.now();
  return call(target, "GET", "/health").then(
    () => Math.round((performance.now() - startedAt) * 10) / 10,
    () => null,
  );
}

function expect(answer: Answer, status: number): void {
  if (answer.status !== status) throw new Error(`answered ${answer.status}: ${answer.body.slice(0, 200)}`);
}

function call(
  target: SmokeTarget,
  method: string,
  path: string,
  content: { readonly type?: string; readonly body?: string; readonly cookie?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: target.address,
        port: target.port,
        // The host itself is asking: no security group stands between.
        localAddress: target.address,
        servername: target.domain,
        ca: [...target.authorities],
        method,
        path,
        agent: false,
        timeout: TIMEOUT_MS,
        headers: {
          host: target.domain,
          [PASS_HEADER]: target.passToken,
          ...(content.type ? { "content-type": content.type } : {}),
          ...(content.cookie ? { cookie: content.cookie } : {}),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString("utf8"),
            cookie: response.headers["set-cookie"]?.[0]?.split(";")[0],
          }),
        );
      },
    );
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.on("error", reject);
    request.end(content.body);
  });
}
