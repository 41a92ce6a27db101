import { randomBytes } from "node:crypto";
import { copyFile, type FileHandle, link, mkdir, open, readdir, unlink } from "node:fs/promises";
import path from "node:path";

/**
 * The bytes of one bucket's objects, in files that are written once and then never changed.
 *
 * A file counts from the moment that the journal names it; files that no record names are left-overs of uploads that
 * were cut off, and go at the next opening. Names are random, so no key can reach outside the folder.
 */
export class DataFiles {
  readonly #folder: string;
  readonly #shards = new Set<string>();
  readonly #held = new Map<string, number>();
  readonly #doomed = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A new empty file, open for writing; the caller closes it. */
  async create(): Promise<{ readonly file: string; readonly handle: FileHandle }> {
    const file = await this.#newName();
    return { file, handle: await open(this.#pathOf(file), "wx", 0o600) };
  }

  openForReading(file: string): Promise<FileHandle> {
    return open(this.#pathOf(file), "r");
  }

  /** Another bucket's bytes, or its own, under a second name: without copying where there are hard links. */
  async duplicate(from: DataFiles, file: string): Promise<string> {
    const copy = await this.#newName();
    try {
      await link(from.#pathOf(file), this.#pathOf(copy));
    } catch {
      await copyFile(from.#pathOf(file), this.#pathOf(copy));
    }
    return copy;
  }

  /** Keeps files that are being read from vanishing before `release`, even when their object is deleted. */
  hold(files: readonly string[]): void {
    for (const file of files) this.#held.set(file, (this.#held.get(file) ?? 0) + 1);
  }

  release(files: readonly string[]): void {
    for (const file of files) {
      const left = (this.#held.get(file) ?? 1) - 1;
      if (left > 0) this.#held.set(file, left);
      else this.#held.delete(file);
      if (left <= 0 && this.#doomed.delete(file)) this.discard(file);
    }
  }

  /** Removes the file once nobody reads it. In the background: a left-over is harmless. */
  discard(file: string): void {
    if (this.#held.has(file)) this.#doomed.add(file);
    else unlink(this.#pathOf(file)).catch(() => undefined);
  }

  /** Removes every file but these. Only before the bucket is in use. */
  async keepOnly(files: ReadonlySet<string>): Promise<void> {
    const shards = await readdir(this.#folder).catch(() => []);
    for (const shard of shards) {
      for (const file of await readdir(path.join(this.#folder, shard)))
        if (!files.has(file)) await unlink(path.join(this.#folder, shard, file));
    }
  }

  async #newName(): Promise<string> {
    const file = randomBytes(16).toString("hex");
    const shard = file.slice(0, 2);
    if (!this.#shards.has(shard)) {
      await mkdir(path.join(this.#folder, shard), { recursive: true, mode: 0o700 });
      this.#shards.add(shard);
    }
    return file;
  }

  #pathOf(file: string): string {
    return path.join(this.#folder, file.slice(0, 2), file);
  }
}
