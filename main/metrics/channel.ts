import { AppError, type ErrorFacts, errorFacts } from "../../shared/errors.ts";
import type { Contact } from "../../shared/metrics/model.ts";
import { MINUTE_MS, SECOND_MS } from "../../shared/time.ts";
import { SAMPLER_VERSION, samplerWords } from "../toolkit/sampler.ts";
import type { MeteredEnvironment, MetricsPorts, SamplerChannel } from "./ports.ts";
import {
  figuresOf,
  indicatorFigures,
  type Indicators,
  readLine,
  type Sample,
  spaceOf,
  type Values,
  volumesOf,
} from "./readings.ts";

/** Database and application are asked every third time. */
const ROUNDS = 3;
const FIRST_PAUSE_MS = 2 * SECOND_MS;
const LONGEST_PAUSE_MS = 2 * MINUTE_MS;
/** A refused log-in may be mended on the host at any time, and asking often looks like an attack. */
const REFUSED_PAUSE_MS = 5 * MINUTE_MS;
/** Questions without an answer until the connection is taken for dead: after the laptop's sleep, not least. */
const UNANSWERED = 3;
/** The sampler's lines are some hundred bytes, an answer of erpctl two thousand. */
const LONGEST_LINE = 16 * 1024;

/** Lets a bounded number of log-ins run at once; the others wait their turn. */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#free = most;
  }

  async through<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

export interface ChannelEvents {
  onValues(environment: MeteredEnvironment, at: Date, values: Values): void;
  onVolumes(environment: MeteredEnvironment, at: Date, volumes: ReturnType<typeof volumesOf>): void;
  onContact(environment: MeteredEnvironment): void;
}

/**
 * The pause before try number `attempt` (from 0): doubles up to two minutes, and each console and host takes another
 * part of it, so that a network that comes back is not met by everybody at once. `chance` is in [0, 1).
 */
export function pauseMs(attempt: number, chance: number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 16));
  return longest / 2 + (longest / 2) * chance;
}

/** Instant of the next question: every environment has its own moment within the pace, the same in each round. */
export function nextTick(nowMs: number, paceMs: number, phaseMs: number): number {
  return Math.floor((nowMs - phaseMs) / paceMs) * paceMs + paceMs + phaseMs;
}

/** A kept SSH channel to one host with the sampler at its end, opened again for as long as it is wanted. */
export class Channel {
  contact: Contact = "connecting";
  contactSince: Date;
  lastReadingAt: Date | null = null;
  sampler: number | null = null;
  error: ErrorFacts | null = null;

  readonly environment: MeteredEnvironment;
  readonly #ports: MetricsPorts;
  readonly #events: ChannelEvents;
  readonly #gate: Gate;
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;
  #sample: Sample | undefined;
  #indicators: { readonly at: number; readonly said: Indicators } | undefined;
  #wake: (() => void) | undefined;

  constructor(environment: MeteredEnvironment, ports: MetricsPorts, gate: Gate, events: ChannelEvents) {
    this.environment = environment;
    this.#ports = ports;
    this.#gate = gate;
    this.#events = events;
    this.contactSince = ports.now();
    this.#done = this.#keepOpen();
  }

  /** Ends the sampler on the host with the channel. Never rejects. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake?.();
    await this.#done;
  }

  async #keepOpen(): Promise<void> {
    const { signal } = this.#stopping;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        this.#become("connecting", this.error);
        const answered = await this.#serve(signal);
        if (answered) attempt = -1;
        if (signal.aborted) return;
        this.#become("waiting", this.#lost());
      } catch (error) {
        if (signal.aborted) return;
        const facts = errorFacts(error);
        // Fails closed: only another pinned key makes a new channel.
        if (facts.code === "HostKeyChanged" || facts.code === "RefusedByRule") return this.#become("refused", facts);
        this.#become(facts.code === "HostLoginRefused" ? "refused" : "waiting", facts);
      }
      const pause = this.contact === "refused" ? REFUSED_PAUSE_MS : pauseMs(Math.max(0, attempt), Math.random());
      await this.#sleep(pause);
    }
  }

  #lost(): ErrorFacts {
    const { tenantSlug, kind } = this.environment;
    return errorFacts(
      new AppError("HostUnreachable", `The sampler on ${tenantSlug} ${kind} ended; it is started again.`, {
        retryable: true,
        tenant: tenantSlug,
        next: "Check the host's state and that port 22 is open to this console.",
      }),
    );
  }

  /** One connection from log-in to its end. True when a reading came over it. */
  async #serve(signal: AbortSignal): Promise<boolean> {
    let answered = false;
    let unanswered = 0;
    let askedAt = this.#ports.now();
    let text = "";
    const decoder = new TextDecoder();
    let ended = () => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const channel: SamplerChannel = await this.#gate.through(() => {
      signal.throwIfAborted();
      const listener = {
        onOutput: (bytes: Uint8Array) => {
          text += decoder.decode(bytes, { stream: true });
          for (let cut = text.indexOf("\n"); cut >= 0; cut = text.indexOf("\n")) {
            const line = text.slice(0, cut);
            text = text.slice(cut + 1);
            if (this.#heard(line, askedAt)) {
              answered = true;
              unanswered = 0;
            }
          }
          if (text.length > LONGEST_LINE) {
            text = "";
            channel.close();
          }
        },
        onErrorOutput: () => undefined,
        onEnd: () => ended(),
      };
      return this.#ports.openChannel(this.environment, samplerWords(ROUNDS), listener, signal);
    });
    const close = () => {
      channel.close();
      ended();
    };
    signal.addEventListener("abort", close, { once: true });

    const phase = phaseOf(this.environment.environmentId);
    let timer: NodeJS.Timeout | undefined;
    const ask = () => {
      if (unanswered++ >= UNANSWERED) return close();
      askedAt = this.#ports.now();
      channel.write(QUESTION, () => undefined);
      const pace = this.#ports.intervals().metricsSeconds * SECOND_MS;
      const now = Date.now();
      timer = setTimeout(ask, nextTick(now, pace, phase * pace) - now);
    };
    // The first at once: a rate needs two, and nobody likes to wait.
    ask();
    try {
      await end;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", close);
      channel.close();
    }
    return answered;
  }

  /** Takes one line of the sampler; true for a reading. */
  #heard(text: string, askedAt: Date): boolean {
    const line = readLine(text);
    switch (line?.kind) {
      case undefined:
        return false;
      case "version":
        this.sampler = line.version;
        if (line.version !== SAMPLER_VERSION)
          this.#ports.log("warning", `metrics: a sampler of version ${line.version} answers on ${this.#name()}`);
        return false;
      case "sample": {
        const values = figuresOf(this.#sample, line.sample);
        this.#sample = line.sample;
        this.lastReadingAt = askedAt;
        this.#become("live", null);
        this.#events.onValues(this.environment, askedAt, values);
        return true;
      }
      case "space":
        this.#events.onValues(this.environment, askedAt, spaceOf(line));
        return false;
      case "indicators": {
        const at = this.#ports.now();
        const before = this.#indicators;
        const seconds = before ? (at.getTime() - before.at) / SECOND_MS : 0;
        this.#indicators = { at: at.getTime(), said: line.indicators };
        this.#events.onValues(this.environment, at, indicatorFigures(before?.said, line.indicators, seconds));
        const volumes = volumesOf(line.indicators);
        if (volumes.length > 0) this.#events.onVolumes(this.environment, at, volumes);
        return false;
      }
    }
  }

  #name(): string {
    return `${this.environment.tenantSlug} ${this.environment.kind}`;
  }

  #become(contact: Contact, error: ErrorFacts | null): void {
    this.error = error;
    if (contact === this.contact) return;
    this.contact = contact;
    this.contactSince = this.#ports.now();
    this.#events.onContact(this.environment);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#stopping.signal.aborted) this.#wake();
    });
  }
}

const QUESTION = new TextEncoder().encode("\n");

/** In [0, 0.8): questions to many hosts are spread over the pace, and answers still fall into the same ten seconds. */
function phaseOf(id: string): number {
  let hash = 0;
  for (const sign of id) hash = (hash * 31 + sign.charCodeAt(0)) >>> 0;
  return (hash % 800) / 1_000;
}
