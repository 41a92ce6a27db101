import type pg from "pg";
import { SECOND_MS } from "../../shared/time.ts";
import type { Log } from "../log.ts";

export type StopListening = () => Promise<void>;

interface Subscription {
  readonly channel: string;
  readonly onPayload: (payload: string) => void;
  readonly onMissed: () => void;
}

/** LISTEN for all channels on one connection of its own, which reconnects for ever. */
export class Listener {
  readonly #connect: () => Promise<pg.Client>;
  readonly #log: Log;
  readonly #subscriptions = new Set<Subscription>();
  #client: pg.Client | undefined;
  #connecting: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #delayMs = 0;
  #stopped = false;

  constructor(connect: () => Promise<pg.Client>, log: Log) {
    this.#connect = connect;
    this.#log = log;
  }

  /** Resolves once notifications arrive; the first connection's failure is the caller's. */
  async listen(channel: string, onPayload: (payload: string) => void, onMissed: () => void): Promise<StopListening> {
    const subscription = { channel, onPayload, onMissed };
    this.#subscriptions.add(subscription);
    try {
      if (this.#client) await this.#client.query(listenTo(this.#client, channel));
      else await this.#open();
    } catch (error) {
      this.#subscriptions.delete(subscription);
      throw error;
    }
    return async () => {
      this.#subscriptions.delete(subscription);
      if ([...this.#subscriptions].some((other) => other.channel === channel)) return;
      const client = this.#client;
      await client?.query(`UNLISTEN ${client.escapeIdentifier(channel)}`).catch(() => {});
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#connecting?.catch(() => {});
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  #open(): Promise<void> {
    this.#connecting ??= this.#openOnce().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #openOnce(): Promise<void> {
    const client = await this.#connect();
    client.on("notification", ({ channel, payload = "" }) => this.#deliver(channel, payload));
    let ended = false;
    client.once("end", () => {
      ended = true;
      this.#lost(client);
    });
    try {
      // Channels that are asked for meanwhile share this attempt: repeat until none is left.
      const done = new Set<string>();
      for (let todo = this.#missing(done); todo.length > 0; todo = this.#missing(done)) {
        for (const channel of todo) await client.query(listenTo(client, channel));
        for (const channel of todo) done.add(channel);
      }
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    if (ended) throw new Error("Connection terminated unexpectedly");
    this.#client = client;
    this.#delayMs = 0;
  }

  #missing(done: ReadonlySet<string>): readonly string[] {
    return [...new Set([...this.#subscriptions].map(({ channel }) => channel))].filter((name) => !done.has(name));
  }

  #lost(client: pg.Client): void {
    if (this.#stopped || this.#client !== client) return;
    this.#client = undefined;
    this.#log.warn("lost the database connection that listens; reconnecting");
    this.#reopenLater();
  }

  #reopenLater(): void {
    this.#timer = setTimeout(() => {
      // Somebody who began to listen meanwhile may have reconnected already.
      const open = this.#client ? Promise.resolve() : this.#open();
      open.then(
        () => {
          for (const { onMissed } of this.#subscriptions) this.#call(onMissed);
        },
        () => {
          this.#delayMs = Math.min(5 * SECOND_MS, this.#delayMs * 2 || 100);
          if (!this.#stopped) this.#reopenLater();
        },
      );
    }, this.#delayMs);
    this.#timer.unref();
  }

  #deliver(channel: string, payload: string): void {
    for (const subscription of this.#subscriptions) {
      if (subscription.channel === channel) this.#call(() => subscription.onPayload(payload));
    }
  }

  #call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#log.error("a listener failed", { error });
    }
  }
}

function listenTo(client: pg.Client, channel: string): string {
  return `LISTEN ${client.escapeIdentifier(channel)}`;
}
