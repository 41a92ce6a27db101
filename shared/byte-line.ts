import { ByteFlow } from "./byte-flow.ts";
import { decodeCount, decodeFrame, encodeCount, encodeFrame, FRAME, FRESH } from "./frames.ts";

/** One open connection to the console's binary channel. */
export interface ByteWire {
  send(frame: Uint8Array<ArrayBuffer>): void;
  onMessage(listener: (message: unknown) => void): void;
  onEnd(listener: () => void): void;
  close(): void;
}

/** What the client does with a stream. */
export interface StreamReader {
  /** Calls `consumed` when it is done with the bytes; the console sends on only then. */
  onData(bytes: Uint8Array, consumed: () => void): void;
  /** Standard error, where it is apart. Without it, it is taken for data. */
  onErrorData?(bytes: Uint8Array, consumed: () => void): void;
  onEvent(payload: Uint8Array): void;
  /** There is room again after `write` answered false. */
  onDrain?(): void;
  /** The stream has ended: in order, because there is none of that number, or because the line is lost for good. */
  onEnd(why: "ended" | "refused" | "lost"): void;
}

/** The client's end of a stream. */
export interface ClientStream {
  /** Sends input. False asks to hold back until `onDrain`. */
  write(bytes: Uint8Array): boolean;
  /** No more input. */
  end(): void;
  /** Stops looking; the stream goes on in the console. */
  detach(): void;
}

interface Attached {
  readonly reader: StreamReader;
  readonly flow: ByteFlow;
  /** Frames received of it; unknown before the first answer. */
  received: number | undefined;
  paused: boolean;
}

/**
 * A client's line to the binary channel, opened when the first stream is wanted and again when it was lost.
 *
 * `open` may wait and try as long as it likes; when it rejects, the streams are lost.
 */
export class ByteLine {
  readonly #open: () => Promise<ByteWire>;
  readonly #streams = new Map<number, Attached>();
  #wire: ByteWire | undefined;
  #opening = false;

  constructor(open: () => Promise<ByteWire>) {
    this.#open = open;
  }

  attach(id: number, reader: StreamReader): ClientStream {
    const stream: Attached = { reader, flow: new ByteFlow(), received: undefined, paused: false };
    this.#streams.set(id, stream);
    if (this.#wire) this.#ask(this.#wire, id, stream);
    else void this.#connect();
    return {
      write: (bytes) => {
        if (bytes.length > 0) stream.flow.push(FRAME.data, bytes);
        this.#pump(id, stream);
        stream.paused ||= stream.flow.full;
        return !stream.paused;
      },
      end: () => {
        stream.flow.push(FRAME.end, new Uint8Array(0));
        this.#pump(id, stream);
      },
      detach: () => void this.#streams.delete(id),
    };
  }

  close(): void {
    this.#streams.clear();
    this.#wire?.close();
  }

  async #connect(): Promise<void> {
    if (this.#opening) return;
    this.#opening = true;
    try {
      const wire = await this.#open();
      this.#wire = wire;
      wire.onMessage((message) => this.#receive(wire, message));
      wire.onEnd(() => this.#lost(wire));
      for (const [id, stream] of this.#streams) this.#ask(wire, id, stream);
    } catch {
      for (const id of [...this.#streams.keys()]) this.#finish(id, "lost");
    } finally {
      this.#opening = false;
    }
  }

  #lost(wire: ByteWire): void {
    if (this.#wire !== wire) return;
    this.#wire = undefined;
    if (this.#streams.size > 0) void this.#connect();
  }

  #ask(wire: ByteWire, id: number, stream: Attached): void {
    // Input that was under way when the line went is not sent twice: a command must not run twice.
    stream.flow.credit(Number.MAX_SAFE_INTEGER);
    wire.send(encodeFrame(id, FRAME.attach, encodeCount(stream.received ?? FRESH)));
  }

  #receive(wire: ByteWire, message: unknown): void {
    const frame = decodeFrame(message);
    const stream = frame && this.#streams.get(frame.stream);
    if (!frame || !stream) return;
    const { stream: id, kind, payload } = frame;
    if (kind === FRAME.attach) {
      stream.received = decodeCount(payload);
      this.#pump(id, stream);
    } else if (kind === FRAME.refused) {
      this.#finish(id, "refused");
    } else if (kind === FRAME.credit) {
      stream.flow.credit(decodeCount(payload));
      this.#pump(id, stream);
      if (!stream.paused || !stream.flow.roomy) return;
      stream.paused = false;
      stream.reader.onDrain?.();
    } else {
      this.#deliver(wire, id, stream, kind, payload);
    }
  }

  #deliver(wire: ByteWire, id: number, stream: Attached, kind: number, payload: Uint8Array): void {
    stream.received = (stream.received ?? 0) + 1;
    const consumed = () => {
      const line = this.#wire;
      // After a reconnection the credit still counts: the console keeps a frame until it was consumed.
      if (line && this.#streams.get(id) === stream) line.send(encodeFrame(id, FRAME.credit, encodeCount(1)));
    };
    if (kind === FRAME.data) stream.reader.onData(payload, consumed);
    else if (kind === FRAME.errorData) (stream.reader.onErrorData ?? stream.reader.onData)(payload, consumed);
    else if (kind === FRAME.event) {
      stream.reader.onEvent(payload);
      consumed();
    } else {
      // The last frame: everything before it is here.
      wire.send(encodeFrame(id, FRAME.credit, encodeCount(FRESH)));
      this.#finish(id, "ended");
    }
  }

  #finish(id: number, why: "ended" | "refused" | "lost"): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    stream?.reader.onEnd(why);
  }

  /** Before the console has answered `attach`, input waits. */
  #pump(id: number, stream: Attached): void {
    const wire = this.#wire;
    if (!wire || stream.received === undefined) return;
    stream.flow.pump((kind, payload) => wire.send(encodeFrame(id, kind, payload)));
  }
}
