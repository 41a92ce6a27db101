import { appendFile } from "node:fs/promises";
import { MINUTE_MS } from "../../../../shared/time.ts";
import type { ErpStore } from "./store.ts";

export interface Outbox {
  /** There may be something to send. */
  nudge(): void;
  stop(): Promise<void>;
}

const GATHER_MS = 200;

/**
 * The ERP's scheduler: "sends" the mail and the payment capture of each new order, as lines of a log outside of the
 * database. A line may come twice after a crash, as with any such sender.
 */
export function startOutbox(logFile: string, mayAct: () => boolean, send: ErpStore["sendOutbox"]): Outbox {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> = Promise.resolve();

  const later = (ms: number) => {
    clearTimeout(timer);
    if (stopped) return;
    timer = setTimeout(() => {
      working = run();
    }, ms);
    timer.unref();
  };
  const run = async () => {
    try {
      const sent = mayAct() ? await send((lines) => appendFile(logFile, lines.map((line) => `${line}\n`).join(""))) : 0;
      later(sent > 0 ? GATHER_MS : MINUTE_MS / 2);
    } catch {
      // The database is down or held still: what is due stays due.
      later(MINUTE_MS / 2);
    }
  };
  later(GATHER_MS);
  return {
    nudge: () => later(GATHER_MS),
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await working;
    },
  };
}
