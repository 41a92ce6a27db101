import { ByteFlow } from "./byte-flow.ts";
import { decodeCount, decodeFrame, encodeCount, encodeFrame, FRAME, FRESH, WINDOW_BYTES } from "./frames.ts";

/** One client's connection to the binary channel. */
export interface BytePeer {
  send(frame: Uint8Array<ArrayBuffer>): void;
}

/** What a source of bytes does about its client. */
export interface StreamOwner {
  /** Calls `consumed` when the bytes have gone where they belong; the client holds back until then. */
  onInput(bytes: Uint8Array, consumed: () => void): void;
  /** The client has no more input. */
  onInputEnd?(): void;
  /** There is room again after `write` answered false. */
  onDrain?(): void;
  /** A client looks at the stream, or the last one has gone away. */
  onAttached?(attached: boolean): void;
}

/** The console's end of a stream. It outlives its clients: one that comes back goes on where it was. */
export interface ConsoleStream {
  readonly id: number;
  readonly attached: boolean;
  /** False asks to pause the source until `onDrain`. */
  write(bytes: Uint8Array): boolean;
  writeError(bytes: Uint8Array): boolean;
  /** Tells the client something in order with the bytes; the payload is JSON. */
  event(payload: Uint8Array): void;
  /** The last frame; the stream goes once a client has it. */
  end(): void;
  /** Forgets the stream and what was not consumed of it. */
  drop(): void;
}

/** The connection's side of the hub. */
export interface ServedPeer {
  /** Takes one message. The answer names what is wrong with it: then close the connection. */
  receive(message: unknown): string | undefined;
  gone(): void;
}

interface Stream {
  readonly flow: ByteFlow;
  readonly owner: StreamOwner;
  peer: BytePeer | undefined;
  paused: boolean;
  ended: boolean;
  inputBytes: number;
}

/**
 * All streams of bytes of one console, over any number of client connections. A stream has one client at a time; the
 * latest to attach has it.
 */
export class ByteHub {
  readonly #streams = new Map<number, Stream>();
  #lastId = 0;

  /** Streams that are kept now. */
  get size(): number {
    return this.#streams.size;
  }

  open(owner: StreamOwner): ConsoleStream {
    const id = ++this.#lastId;
    const stream: Stream = {
      flow: new ByteFlow(),
      owner,
      peer: undefined,
      paused: false,
      ended: false,
      inputBytes: 0,
    };
    this.#streams.set(id, stream);
    const write = (kind: typeof FRAME.data | typeof FRAME.errorData, bytes: Uint8Array): boolean => {
      if (stream.ended || bytes.length === 0) return true;
      stream.flow.push(kind, bytes);
      this.#pump(id, stream);
      stream.paused ||= stream.flow.full;
      return !stream.paused;
    };
    return {
      id,
      get attached() {
        return stream.peer !== undefined;
      },
      write: (bytes) => write(FRAME.data, bytes),
      writeError: (bytes) => write(FRAME.errorData, bytes),
      event: (payload) => {
        if (stream.ended) return;
        stream.flow.push(FRAME.event, payload);
        this.#pump(id, stream);
      },
      end: () => {
        if (stream.ended) return;
        stream.ended = true;
        stream.flow.push(FRAME.end, new Uint8Array(0));
        this.#pump(id, stream);
      },
      drop: () => {
        this.#streams.delete(id);
        stream.peer?.send(encodeFrame(id, FRAME.refused));
        stream.peer = undefined;
      },
    };
  }

  serve(peer: BytePeer): ServedPeer {
    return {
      receive: (message) => this.#receive(peer, message),
      gone: () => {
        for (const stream of this.#streams.values()) {
          if (stream.peer !== peer) continue;
          stream.peer = undefined;
          stream.owner.onAttached?.(false);
        }
      },
    };
  }

  #receive(peer: BytePeer, message: unknown): string | undefined {
    const frame = decodeFrame(message);
    if (!frame) return "the message is no frame";
    const { stream: id, kind, payload } = frame;
    const stream = this.#streams.get(id);
    if (kind === FRAME.attach) {
      if (!stream) peer.send(encodeFrame(id, FRAME.refused));
      else this.#attach(id, stream, peer, decodeCount(payload));
      return undefined;
    }
    // What is still under way to a stream that has ended, or that another client has taken, is nobody's fault.
    if (!stream || stream.peer !== peer) return undefined;
    if (kind === FRAME.credit) this.#credited(id, stream, decodeCount(payload));
    else if (kind === FRAME.end) stream.owner.onInputEnd?.();
    else if (kind === FRAME.data) return this.#input(id, stream, payload);
    else return "a client does not send such frames";
    return undefined;
  }

  #attach(id: number, stream: Stream, peer: BytePeer, received: number): void {
    const before = stream.peer;
    if (before && before !== peer) before.send(encodeFrame(id, FRAME.refused));
    stream.peer = peer;
    stream.inputBytes = 0;
    const first = stream.flow.rewind(received === FRESH ? 0 : received);
    peer.send(encodeFrame(id, FRAME.attach, encodeCount(first)));
    this.#pump(id, stream);
    if (!before) stream.owner.onAttached?.(true);
  }

  #credited(id: number, stream: Stream, frames: number): void {
    stream.flow.credit(frames);
    if (stream.ended && stream.flow.empty) {
      this.#streams.delete(id);
      return;
    }
    this.#pump(id, stream);
    if (!stream.paused || !stream.flow.roomy) return;
    stream.paused = false;
    stream.owner.onDrain?.();
  }

  #input(id: number, stream: Stream, bytes: Uint8Array): string | undefined {
    stream.inputBytes += bytes.length;
    if (stream.inputBytes > 2 * WINDOW_BYTES) return "the client sends more than it may";
    const { peer } = stream;
    stream.owner.onInput(bytes, () => {
      if (stream.peer !== peer) return;
      stream.inputBytes -= bytes.length;
      peer?.send(encodeFrame(id, FRAME.credit, encodeCount(1)));
    });
    return undefined;
  }

  #pump(id: number, stream: Stream): void {
    const { peer } = stream;
    if (peer) stream.flow.pump((kind, payload) => peer.send(encodeFrame(id, kind, payload)));
  }
}
