import { type FileHandle, open, readFile, rename, rm } from "node:fs/promises";

interface Waiting<Entry> {
  readonly entry: Entry;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * An append-only file of JSON lines. A record is acknowledged once it is on the disk; records that arrive meanwhile
 * share the next write and its fsync. A line torn by a crash was never acknowledged and is cut off at the next opening.
 */
export class Journal<Entry> {
  readonly #path: string;
  readonly #apply: (entry: Entry) => void;
  #file: FileHandle;
  #size: number;
  #entries: number;
  #waiting: Waiting<Entry>[] = [];
  #writing: Promise<void> | undefined;

  private constructor(path: string, apply: (entry: Entry) => void, file: FileHandle, size: number, entries: number) {
    this.#path = path;
    this.#apply = apply;
    this.#file = file;
    this.#size = size;
    this.#entries = entries;
  }

  /**
   * Opens or makes the file. `apply` gets every whole record of it, oldest first, and later each appended one as soon
   * as it is on the disk: the state that it builds is always what a new opening would build.
   */
  static async open<Entry>(path: string, apply: (entry: Entry) => void): Promise<Journal<Entry>> {
    await rm(`${path}.new`, { force: true });
    const file = await open(path, "a+", 0o600);
    try {
      const content = await readFile(file);
      let start = 0;
      let entries = 0;
      for (let end = content.indexOf(10); end >= 0; end = content.indexOf(10, start)) {
        apply(JSON.parse(content.toString("utf8", start, end)) as Entry);
        start = end + 1;
        entries += 1;
      }
      if (start < content.length) await file.truncate(start);
      return new Journal<Entry>(path, apply, file, start, entries);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Records in the file, live and superseded. */
  get entries(): number {
    return this.#entries;
  }

  /** Resolves when the record is on the disk and applied. On failure (a full disk) nothing of it stays. */
  append(entry: Entry): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ entry, done, failed });
      this.#writing ??= this.#write();
    });
  }

  async #write(): Promise<void> {
    // Gives all requests that are ready in this turn the chance to share the write.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const bytes = asLines(batch.map((one) => one.entry));
      try {
        await this.#file.appendFile(bytes);
        await this.#file.datasync();
      } catch (error) {
        await this.#file.truncate(this.#size).catch(() => undefined);
        for (const one of batch) one.failed(error);
        continue;
      }
      this.#size += bytes.length;
      this.#entries += batch.length;
      for (const one of batch) {
        this.#apply(one.entry);
        one.done();
      }
    }
    this.#writing = undefined;
  }

  /**
   * Replaces the content by these records, in one step that a crash cannot split.
   *
   * `live` is read when no record is under way; records appended meanwhile follow in the new file.
   */
  async rewrite(live: () => Iterable<Entry>): Promise<void> {
    while (this.#writing) await this.#writing;
    // From here to the end appends queue up behind this promise.
    const rewriting = this.#replace([...live()]);
    this.#writing = rewriting.then(
      () => this.#write(),
      () => this.#write(),
    );
    await rewriting;
  }

  async #replace(entries: readonly Entry[]): Promise<void> {
    const bytes = asLines(entries);
    const file = await open(`${this.#path}.new`, "a+", 0o600);
    try {
      await file.appendFile(bytes);
      await file.sync();
      await rename(`${this.#path}.new`, this.#path);
    } catch (error) {
      await file.close();
      throw error;
    }
    const old = this.#file;
    this.#file = file;
    this.#size = bytes.length;
    this.#entries = entries.length;
    await old.close();
  }

  async close(): Promise<void> {
    while (this.#writing) await this.#writing;
    await this.#file.close();
  }
}

function asLines(entries: readonly unknown[]): Buffer {
  return Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
}
