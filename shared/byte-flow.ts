import { CHUNK_BYTES, type FrameKind, WINDOW_BYTES } from "./frames.ts";

/** A source of many tiny frames is paused too, long before their bytes fill the window. */
const MOST_FRAMES = 4096;

interface Kept {
  readonly kind: FrameKind;
  readonly payload: Uint8Array;
}

/**
 * One direction of a stream: keeps frames until the other end has consumed them, and never has more than the window
 * under way.
 */
export class ByteFlow {
  /** Not consumed yet, oldest first; the first `#sent` of them are under way. */
  #kept: Kept[] = [];
  #sent = 0;
  #bytesUnderWay = 0;
  #bytesKept = 0;
  /** Frames consumed before the oldest kept one. */
  #consumed = 0;

  /** Takes bytes (cut into chunks) or a frame without any. The caller pauses its source while `full`. */
  push(kind: FrameKind, payload: Uint8Array): void {
    let start = 0;
    do {
      const part = payload.length <= CHUNK_BYTES ? payload : payload.subarray(start, start + CHUNK_BYTES);
      this.#kept.push({ kind, payload: part });
      this.#bytesKept += part.length;
      start += CHUNK_BYTES;
    } while (start < payload.length);
  }

  /** More than a window waits to be consumed: the source pauses until `roomy`. */
  get full(): boolean {
    return this.#bytesKept >= WINDOW_BYTES || this.#kept.length >= MOST_FRAMES;
  }

  /** Half of the window is free again. */
  get roomy(): boolean {
    return this.#bytesKept <= WINDOW_BYTES / 2 && this.#kept.length <= MOST_FRAMES / 2;
  }

  get empty(): boolean {
    return this.#kept.length === 0;
  }

  /** Sends what the window allows. */
  pump(send: (kind: FrameKind, payload: Uint8Array) => void): void {
    for (let next = this.#kept[this.#sent]; next && this.#bytesUnderWay < WINDOW_BYTES; next = this.#kept[this.#sent]) {
      this.#sent++;
      this.#bytesUnderWay += next.payload.length;
      send(next.kind, next.payload);
    }
  }

  /** The other end has consumed so many frames more. More than were sent counts as all that were. */
  credit(frames: number): void {
    const consumed = this.#kept.splice(0, Math.min(frames, this.#sent));
    this.#sent -= consumed.length;
    this.#consumed += consumed.length;
    const bytes = consumed.reduce((sum, { payload }) => sum + payload.length, 0);
    this.#bytesUnderWay -= bytes;
    this.#bytesKept -= bytes;
  }

  /**
   * A new connection of a client that had received `received` frames of this stream in all: what it has not received is
   * sent again (0: all that is kept). Gives the number of the first frame that follows.
   */
  rewind(received: number): number {
    const known = Math.min(Math.max(received - this.#consumed, 0), this.#sent);
    this.#sent = known;
    this.#bytesUnderWay = this.#kept.slice(0, known).reduce((sum, { payload }) => sum + payload.length, 0);
    return this.#consumed + known;
  }
}
