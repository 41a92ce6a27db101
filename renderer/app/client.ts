import { createORPCClient } from "@orpc/client";
import type { ClientContext, ClientLink } from "@orpc/client";
import type { ContractRouterClient } from "@orpc/contract";
import type { Contract } from "../../shared/contract.ts";
import { AppError } from "../../shared/errors.ts";
import { SECOND_MS } from "../../shared/time.ts";
import type { OpenWire, Wire } from "./wire.ts";

export type Client = ContractRouterClient<Contract>;

/** `lost` only after it was open, or could not be opened at the first try. */
export type ConnectionPhase = "connecting" | "open" | "lost";

/** The window's line to the console: a client whose calls survive reconnecting, and what to show about the line. */
export interface Connection {
  readonly client: Client;
  readonly phase: ConnectionPhase;
  /** Calls back after each change of `phase`; the answer ends it. */
  subscribe(listener: () => void): () => void;
  /** Something came over the line: it is alive. */
  heard(): void;
  /** Tries again at once instead of at the end of the pause. */
  retryNow(): void;
  close(): void;
}

const OPEN_TIMEOUT_MS = 10 * SECOND_MS;
const FIRST_PAUSE_MS = 0.25 * SECOND_MS;
const LONGEST_PAUSE_MS = 8 * SECOND_MS;
/** Silence after which the line is asked whether it lives, and how long it may take to say so. */
const SILENCE_MS = 15 * SECOND_MS;
const ANSWER_MS = 10 * SECOND_MS;

const unreachable = () =>
  new AppError("ConsoleUnreachable", "The console did not answer; whether the call took effect is not known.", {
    retryable: true,
    next: "Wait for the connection to come back, then look before repeating; repeating one intent is harmless.",
  });

/**
 * Keeps a line to the console open for as long as the window lives.
 *
 * A call made while the line is down waits for it, ten seconds at most; a call in flight when the line ends rejects
 * with ConsoleUnreachable at once instead of hanging. A silent line is probed with `settings.status`, which answers in
 * every state of the console.
 */
export function connect(open: OpenWire): Connection {
  let wire: Wire | undefined;
  let phase: ConnectionPhase = "connecting";
  let pauseMs = FIRST_PAUSE_MS;
  let heardAt = Date.now();
  let closed = false;
  let wake: (() => void) | undefined;
  const listeners = new Set<() => void>();
  const inFlight = new Set<(error: unknown) => void>();

  function become(next: ConnectionPhase) {
    if (next === phase) return;
    phase = next;
    for (const listener of listeners) listener();
  }

  function end(ended: Wire) {
    if (wire !== ended) return;
    wire = undefined;
    ended.close();
    for (const reject of inFlight) reject(unreachable());
    inFlight.clear();
    if (closed) return;
    become("lost");
    void keepOpening();
  }

  async function keepOpening() {
    while (!closed && !wire) {
      try {
        const opened = await open(OPEN_TIMEOUT_MS);
        if (closed) return opened.close();
        wire = opened;
        heardAt = Date.now();
        pauseMs = FIRST_PAUSE_MS;
        opened.onEnd(() => end(opened));
        become("open");
      } catch {
        become("lost");
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, pauseMs);
        });
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
  }

  /** The open line, waiting for it a little. */
  function lineUp(): Promise<Wire> {
    if (wire) return Promise.resolve(wire);
    return new Promise((resolve, reject) => {
      const stop = subscribe(() => {
        if (wire) settle(() => resolve(wire as Wire));
      });
      const timer = setTimeout(() => settle(() => reject(unreachable())), OPEN_TIMEOUT_MS);
      function settle(act: () => void) {
        stop();
        clearTimeout(timer);
        act();
      }
    });
  }

  function subscribe(listener: () => void) {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  const link: ClientLink<ClientContext> = {
    async call(path, input, options) {
      const line = await lineUp();
      let lost: (error: unknown) => void = () => {};
      const ended = new Promise<never>((_, reject) => {
        lost = reject;
        inFlight.add(reject);
      });
      try {
        const answer = await Promise.race([line.link.call(path, input, options), ended]);
        heardAt = Date.now();
        return answer;
      } finally {
        inFlight.delete(lost);
      }
    },
  };
  const client: Client = createORPCClient(link);

  const heartbeat = setInterval(() => {
    const asked = wire;
    if (!asked || Date.now() - heardAt < SILENCE_MS) return;
    heardAt = Date.now();
    const timer = setTimeout(() => end(asked), ANSWER_MS);
    client.settings.status().then(
      () => clearTimeout(timer),
      // An error is an answer too: the line lives. A lost line has been ended already.
      () => clearTimeout(timer),
    );
  }, 5 * SECOND_MS);

  void keepOpening();

  return {
    client,
    get phase() {
      return phase;
    },
    subscribe,
    heard: () => {
      heardAt = Date.now();
    },
    retryNow: () => wake?.(),
    close: () => {
      closed = true;
      clearInterval(heartbeat);
      wake?.();
      if (wire) end(wire);
    },
  };
}
