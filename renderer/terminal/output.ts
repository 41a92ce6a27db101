/** What draws: a terminal, which calls `drawn` when it is done with the data. */
export interface Drawing {
  write(data: string | Uint8Array, drawn: () => void): void;
}

const KIB = 1024;
/** Bytes that are handed over to be drawn at a time. */
const UNDER_WAY = 128 * KIB;
/** From here on an interrupt waits behind a flood. */
const FLOOD = 64 * KIB;
/** What is drawn of the end of a flood: some screens of it, and what the host answered. */
const TAIL = 16 * KIB;
/** Silence after which the answer to an interrupt is complete. */
const QUIET_MS = 40;
/** A program that does not mind interrupts is drawn again after this. */
const LONGEST_SKIP_MS = 3_000;
const LINE_FEED = 10;

interface Piece {
  readonly data: string | Uint8Array;
  readonly done: () => void;
}

/**
 * The way of a session's bytes to the screen, in order and at the screen's pace.
 *
 * An interrupt during a flood is answered at once: what is on the way already is taken as fast as it comes and not
 * drawn, up to its last 16 KiB. The recording has all of it.
 */
export class Output {
  readonly #drawing: Drawing;
  /** The line that stands for so many bytes that were not drawn, with its colours and line ends. */
  readonly #skippedLine: (bytes: number) => string;
  readonly #queue: Piece[] = [];
  #underWay = 0;
  #waiting = 0;
  #skipping: { tail: Uint8Array; bytes: number; quiet: ReturnType<typeof setTimeout>; readonly since: number } | null =
    null;

  constructor(drawing: Drawing, skippedLine: (bytes: number) => string) {
    this.#drawing = drawing;
    this.#skippedLine = skippedLine;
  }

  /** `done` is called when the host may send more. */
  data(bytes: Uint8Array, done: () => void): void {
    if (this.#skipping) {
      this.#skip(bytes);
      done();
    } else this.#push({ data: bytes, done });
  }

  /** A line of ours, after all that came before it. */
  say(text: string): void {
    this.#endSkip();
    this.#push({ data: text, done: () => undefined });
  }

  /** The operator has interrupted what runs. */
  interrupted(): void {
    if (this.#skipping || this.#underWay + this.#waiting < FLOOD) return;
    this.#skipping = { tail: new Uint8Array(0), bytes: 0, quiet: this.#whenQuiet(), since: performance.now() };
    for (const { data, done } of this.#queue.splice(0)) {
      if (typeof data !== "string") this.#skip(data);
      done();
    }
    this.#waiting = 0;
  }

  dispose(): void {
    if (this.#skipping) clearTimeout(this.#skipping.quiet);
    this.#skipping = null;
    this.#queue.length = 0;
  }

  #push(piece: Piece): void {
    this.#queue.push(piece);
    this.#waiting += piece.data.length;
    this.#pump();
  }

  #pump(): void {
    while (this.#underWay < UNDER_WAY) {
      const piece = this.#queue.shift();
      if (!piece) return;
      const size = piece.data.length;
      this.#waiting -= size;
      this.#underWay += size;
      this.#drawing.write(piece.data, () => {
        this.#underWay -= size;
        piece.done();
        this.#pump();
      });
    }
  }

  #whenQuiet(): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#endSkip(), QUIET_MS);
  }

  #skip(bytes: Uint8Array): void {
    const skipping = this.#skipping!;
    clearTimeout(skipping.quiet);
    skipping.quiet = this.#whenQuiet();
    skipping.bytes += bytes.length;
    const joined = new Uint8Array(skipping.tail.length + bytes.length);
    joined.set(skipping.tail);
    joined.set(bytes, skipping.tail.length);
    skipping.tail = joined.slice(-TAIL);
    if (performance.now() - skipping.since > LONGEST_SKIP_MS) this.#endSkip();
  }

  #endSkip(): void {
    const skipping = this.#skipping;
    if (!skipping) return;
    clearTimeout(skipping.quiet);
    this.#skipping = null;
    const { tail, bytes } = skipping;
    const isWhole = bytes <= tail.length;
    // From a line's start on, so that no character and no escape sequence is cut in two.
    const shown = isWhole ? tail : tail.subarray(tail.indexOf(LINE_FEED) + 1);
    if (!isWhole) this.#push({ data: this.#skippedLine(bytes - shown.length), done: () => undefined });
    if (shown.length > 0) this.#push({ data: shown, done: () => undefined });
  }
}
