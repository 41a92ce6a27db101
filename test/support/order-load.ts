import { Agent, request } from "node:https";

export interface OrderLoadTarget {
  readonly address: string;
  readonly port: number;
  readonly domain: string;
  /** PEM of the authority that signed the host's certificate. */
  readonly authority: string;
  /** Of the account `admin`, from /etc/erp/admin-password below the host's root folder. */
  readonly password: string;
}

export interface OrderLoad {
  /** Numbers of the orders that the ERP confirmed, in that order, with when. Grows until it is stopped. */
  readonly acknowledged: readonly { readonly number: string; readonly at: Date }[];
  /** Answers that were no confirmation (503 in a lock-out, cut connections). */
  readonly refused: () => number;
  /** Comes back when nothing is under way any more. */
  stop(): Promise<void>;
}

const PAUSE_MS = 100;

/** Places orders over HTTPS as a customer does, `writers` at a time and as fast as they are confirmed. */
export function startOrderLoad(target: OrderLoadTarget, writers = 2): OrderLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: writers });
  const acknowledged: { number: string; at: Date }[] = [];
  let refused = 0;
  let stopped = false;
  let cookie: string | undefined;

  async function write(): Promise<void> {
    while (!stopped) {
      const placed = await placeOne().catch(() => false);
      if (placed) continue;
      refused += 1;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
  async function placeOne(): Promise<boolean> {
    cookie ??= await logIn();
    const order = { customerId: 3, lines: [{ productId: 5, quantity: 2 }] };
    const answer = await call("/api/orders", "application/json", JSON.stringify(order), cookie);
    if (answer.status === 401) cookie = undefined;
    if (answer.status !== 201) return false;
    acknowledged.push({ number: (JSON.parse(answer.body) as { number: string }).number, at: new Date() });
    return true;
  }
  async function logIn(): Promise<string | undefined> {
    const form = new URLSearchParams({ user: "admin", password: target.password }).toString();
    return (await call("/login", "application/x-www-form-urlencoded", form)).cookie;
  }
  function call(path: string, type: string, body: string, session?: string) {
    return new Promise<{ status: number; body: string; cookie: string | undefined }>((resolve, reject) => {
      const { address: host, port, domain: servername, authority: ca } = target;
      const headers = { host: servername, "content-type": type, ...(session ? { cookie: session } : {}) };
      const sent = request({ host, port, servername, ca, agent, path, method: "POST", headers }, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        answer.on("error", reject).on("end", () =>
          resolve({
            status: answer.statusCode ?? 0,
            body: text,
            cookie: answer.headers["set-cookie"]?.[0]?.split(";")[0],
          }),
        );
      });
      sent.on("error", reject).end(body);
    });
  }

  const working = Promise.all(Array.from({ length: writers }, write));
  return {
    acknowledged,
    refused: () => refused,
    async stop() {
      stopped = true;
      await working;
      agent.destroy();
    },
  };
}
