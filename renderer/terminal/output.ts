/** What draws: a terminal, which calls `drawn` when it is done with the data. */
export interface Drawing {
  write(data: string | Uint8Array, drawn: () => void): void;
}

const KIB = 1024;
/** Bytes that are handed over to be drawn at a time. */
const UNDER_WAY = 128 * KIB;
/** So much in a second is a flood: an interrupt would wait behind what is on the way, seen here yet or not. */
const FLOOD = 256 * KIB;
const FLOOD_MS = 1_000;
/** What is drawn of the end of a flood: some screens of it, and what the host answered. */
const TAIL = 16 * KIB;
/** Silence after which the answer to an interrupt is complete: once it was echoed, or where it never is. */
const QUIET_MS = { echoed: 20, silent: 250 } as const;
/** How a terminal echoes Ctrl-C. */
const ECHO = "^C";
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
  /** Bytes of this half of a flood's time, and of the one before. */
  #arrived = { since: 0, bytes: 0, before: 0 };
  #skipping: {
    tail: Uint8Array;
    bytes: number;
    quiet: ReturnType<typeof setTimeout>;
    readonly since: number;
  } | null = null;

  constructor(drawing: Drawing, skippedLine: (bytes: number) => string) {
    this.#drawing = drawing;
    this.#skippedLine = skippedLine;
  }

  /** `done` is called when the host may send more. */
  data(bytes: Uint8Array, done: () => void): void {
    this.#count(bytes.length);
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
    this.#count(0);
    if (this.#skipping || this.#arrived.bytes + this.#arrived.before < FLOOD) return;
    this.#skipping = {
      ...{ tail: new Uint8Array(0), bytes: 0, since: performance.now() },
      quiet: this.#whenQuiet(QUIET_MS.silent),
    };
    for (const { data, done } of this.#queue.splice(0)) {
      if (typeof data !== "string") this.#skip(data);
      done();
    }
  }

  dispose(): void {
    if (this.#skipping) clearTimeout(this.#skipping.quiet);
    this.#skipping = null;
    this.#queue.length = 0;
  }

  #push(piece: Piece): void {
    this.#queue.push(piece);
    this.#pump();
  }

  #pump(): void {
    while (this.#underWay < UNDER_WAY) {
      const piece = this.#queue.shift();
      if (!piece) return;
      const size = piece.data.length;
      this.#underWay += size;
      this.#drawing.write(piece.data, () => {
        this.#underWay -= size;
        piece.done();
        this.#pump();
      });
    }
  }

  #count(bytes: number): void {
    const now = performance.now();
    const { since, bytes: known } = this.#arrived;
    const age = now - since;
    if (age > FLOOD_MS / 2) this.#arrived = { since: now, bytes, before: age > FLOOD_MS ? 0 : known };
    else this.#arrived.bytes += bytes;
  }

  #whenQuiet(afterMs: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#endSkip(), afterMs);
  }

  #skip(bytes: Uint8Array): void {
    const skipping = this.#skipping!;
    clearTimeout(skipping.quiet);
    skipping.bytes += bytes.length;
    const joined = new Uint8Array(skipping.tail.length + bytes.length);
    joined.set(skipping.tail);
    joined.set(bytes, skipping.tail.length);
    skipping.tail = joined.slice(-TAIL);
    const isEchoed = new TextDecoder("latin1").decode(skipping.tail.subarray(-1024)).includes(ECHO);
    skipping.quiet = this.#whenQuiet(isEchoed ? QUIET_MS.echoed : QUIET_MS.silent);
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
