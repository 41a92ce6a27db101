import { FINAL_JOB_STATES, type LiveEvent } from "../../shared/jobs/model.ts";
import { SECOND_MS } from "../../shared/time.ts";
import { type JobStore, shownOf } from "./store.ts";

/** How many events a window may be behind before its stream is cut; it then reconnects and reads everything again. */
const MAX_BEHIND = 5_000;
const ALIVE_EVERY_MS = 10 * SECOND_MS;

/** Turns announcements of the database into events and hands them to every open stream. */
export class LiveFeed {
  readonly #streams = new Set<LiveStream>();
  readonly #store: JobStore;
  /** Announcements are read one after the other, so that an older reading never overtakes a newer one. */
  #reading: Promise<void> = Promise.resolve();

  constructor(store: JobStore) {
    this.#store = store;
  }

  /** An announcement of the jobs channel: reads what it names once, for all streams, in order. */
  announced(payload: string): Promise<void> {
    const read = this.#reading.then(() => this.#read(payload));
    this.#reading = read.catch(() => undefined);
    return read;
  }

  async #read(payload: string): Promise<void> {
    if (this.#streams.size === 0) return;
    const [what, id, number] = payload.split(":");
    if (!id) return;
    if (what === "job") {
      const job = await this.#store.get(id);
      if (job) {
        this.publish({ type: "job", job: shownOf(job) });
        // What a job leaves behind, a failed provisioning not least, is shown by the fleet and the tenant.
        if (job.tenantId && FINAL_JOB_STATES.has(job.state)) {
          this.publish({ type: "stale", area: "fleet" });
          this.publish({ type: "stale", area: "tenant", id: job.tenantId });
        }
      }
    } else if (what === "step") {
      const step = await this.#store.step(id, Number(number));
      if (step) this.publish({ type: "step", step });
    } else if (what === "log") {
      const [line] = await this.#store.logs(id, Number(number) - 1, 1);
      if (line) this.publish({ type: "log", line });
    }
  }

  publish(event: LiveEvent): void {
    for (const stream of this.#streams) stream.push(event);
  }

  /** Events from now on, until `signal` aborts. `jobId` narrows them to one job. */
  async *watch(signal: AbortSignal | undefined, jobId?: string): AsyncGenerator<LiveEvent, void, void> {
    const stream = new LiveStream();
    const alive = setInterval(() => stream.push({ type: "alive", at: new Date() }), ALIVE_EVERY_MS);
    const end = () => stream.end();
    signal?.addEventListener("abort", end);
    this.#streams.add(stream);
    try {
      yield { type: "alive", at: new Date() };
      for await (const event of stream.events()) {
        if (!jobId || concerns(event, jobId)) yield event;
      }
    } finally {
      clearInterval(alive);
      signal?.removeEventListener("abort", end);
      this.#streams.delete(stream);
    }
  }

  /** Ends every stream; whoever watches reconnects and reads everything again. */
  cut(): void {
    for (const stream of this.#streams) stream.end();
  }
}

function concerns(event: LiveEvent, jobId: string): boolean {
  switch (event.type) {
    case "job":
      return event.job.id === jobId;
    case "step":
      return event.step.jobId === jobId;
    case "log":
      return event.line.jobId === jobId;
    case "alive":
      return true;
    case "stale":
    case "standstill":
      return false;
  }
}

class LiveStream {
  #queue: LiveEvent[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  push(event: LiveEvent): void {
    if (this.#queue.length >= MAX_BEHIND) this.end();
    else this.#queue.push(event);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *events(): AsyncGenerator<LiveEvent, void, void> {
    while (!this.#ended) {
      const batch = this.#queue;
      this.#queue = [];
      yield* batch;
      if (this.#queue.length === 0 && !this.#ended) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
