import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import path from "node:path";
import { Bucket, writeSettings } from "./bucket.ts";
import { S3Error } from "./errors.ts";
import type { BucketSettings } from "./model.ts";

const NAME = /^(?!\d+\.\d+\.\d+\.\d+$)(?!xn--|sthree-)[a-z0-9](?:[a-z0-9-]|\.(?![.-])){1,61}[a-z0-9]$/;

/** No bucket's name begins so; a deletion that a crash cuts off is finished at the next start. */
const TRASH = ".deleted-";

export function assertBucketName(name: string): void {
  if (!NAME.test(name)) throw new S3Error("InvalidBucketName", undefined, { fields: { BucketName: name } });
}

/** The buckets of one lab: a folder each. The index of a bucket is loaded at its first use. */
export class Store {
  readonly #folder: string;
  readonly #now: () => Date;
  readonly #settings = new Map<string, BucketSettings>();
  readonly #open = new Map<string, Promise<Bucket>>();

  constructor(folder: string, now: () => Date) {
    this.#folder = path.join(folder, "buckets");
    this.#now = now;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    for (const entry of readdirSync(this.#folder)) {
      const settings = NAME.test(entry) ? readSettings(this.#folderOf(entry)) : undefined;
      if (settings) this.#settings.set(entry, settings);
      // A creation or deletion that was cut off.
      else if (NAME.test(entry) || entry.startsWith(TRASH))
        rmSync(this.#folderOf(entry), { recursive: true, force: true });
    }
  }

  get count(): number {
    return this.#settings.size;
  }

  names(): readonly string[] {
    return [...this.#settings.keys()].sort();
  }

  /** What never changes of a bucket; for the rest open it. */
  identityOf(name: string): Pick<BucketSettings, "name" | "region" | "createdAt"> | undefined {
    return this.#settings.get(name);
  }

  /** Throws NoSuchBucket. */
  bucket(name: string): Promise<Bucket> {
    const settings = this.#settings.get(name);
    if (!settings) return Promise.reject(new S3Error("NoSuchBucket", undefined, { fields: { BucketName: name } }));
    const known = this.#open.get(name);
    if (known) return known;
    const opening = Bucket.open(this.#folderOf(name), settings, this.#now);
    this.#open.set(name, opening);
    opening.catch(() => this.#open.delete(name));
    return opening;
  }

  async create(settings: BucketSettings): Promise<void> {
    const { name } = settings;
    assertBucketName(name);
    if (this.#settings.has(name))
      throw new S3Error("BucketAlreadyOwnedByYou", undefined, { fields: { BucketName: name } });
    this.#settings.set(name, settings);
    try {
      await writeSettings(this.#folderOf(name), settings);
    } catch (error) {
      this.#settings.delete(name);
      throw error;
    }
  }

  async delete(name: string): Promise<void> {
    const bucket = await this.bucket(name);
    if (!bucket.isEmpty) throw new S3Error("BucketNotEmpty", undefined, { fields: { BucketName: name } });
    this.#settings.delete(name);
    this.#open.delete(name);
    await bucket.close();
    const trash = path.join(this.#folder, `${TRASH}${randomBytes(8).toString("hex")}`);
    await rename(this.#folderOf(name), trash);
    await rm(trash, { recursive: true, force: true });
  }

  async stop(): Promise<void> {
    const buckets = await Promise.allSettled(this.#open.values());
    for (const bucket of buckets) if (bucket.status === "fulfilled") await bucket.value.close();
  }

  #folderOf(name: string): string {
    return path.join(this.#folder, name);
  }
}

function readSettings(folder: string): BucketSettings | undefined {
  try {
    return JSON.parse(readFileSync(path.join(folder, "bucket.json"), "utf8")) as BucketSettings;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
