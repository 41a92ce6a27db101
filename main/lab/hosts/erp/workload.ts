import type { ErpStore } from "./store.ts";

export interface Pace {
  /** By day; night has a twentieth of it. */
  readonly ordersPerMinute: number;
  readonly zone: string;
}

export interface Workload {
  stop(): Promise<void>;
}

const FIRST_HOUR = 7;
const LAST_HOUR = 21;
const NIGHT_SHARE = 0.05;

/** Orders a minute at an instant: the customer's shops are open from 07:00 to 22:00 of their own clock. */
export function paceAt(pace: Pace, now: Date): number {
  const text = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", hourCycle: "h23", timeZone: pace.zone }).format(now);
  const hour = Number.parseInt(text, 10);
  return pace.ordersPerMinute * (hour >= FIRST_HOUR && hour <= LAST_HOUR ? 1 : NIGHT_SHARE);
}

/** Places orders as customers would, at random moments around the pace, until stopped. One at a time. */
export function startWorkload(
  pace: Pace,
  counts: { readonly customers: number; readonly products: number },
  place: (order: Parameters<ErpStore["placeOrder"]>[0]) => Promise<unknown>,
  fulfil: () => Promise<unknown>,
): Workload {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> = Promise.resolve();

  const next = () => {
    if (stopped) return;
    const meanMs = 60_000 / Math.max(paceAt(pace, new Date()), 0.01);
    const waitMs = Math.min(-Math.log(1 - Math.random()) * meanMs, 10 * 60_000);
    timer = setTimeout(() => {
      // A customer who meets a lock-out, a full disk or a database that is down comes back later.
      working = placeOne().then(next, next);
    }, waitMs);
    timer.unref();
  };
  const placeOne = async () => {
    await place({
      customerId: pick(counts.customers),
      lines: Array.from({ length: pick(3) }, () => ({ productId: pick(counts.products), quantity: pick(4) })),
    });
    if (Math.random() < 0.5) await fulfil();
  };
  if (counts.customers > 0 && counts.products > 0) next();

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await working;
    },
  };
}

function pick(count: number): number {
  return 1 + Math.floor(Math.random() * count);
}
