import { randomBytes } from "node:crypto";
import { mkdir, open, rename } from "node:fs/promises";
import path from "node:path";
import { DataFiles } from "./data-files.ts";
import { S3Error } from "./errors.ts";
import { Journal } from "./journal.ts";
import { SortedKeys } from "./keys.ts";
import type { BucketSettings, ObjectVersion, Part, Upload } from "./model.ts";

type Amendable = Partial<Pick<ObjectVersion, "tags" | "retention" | "legalHold" | "storageClass">>;

/** The journal's records. Stored: only add. */
type Entry =
  | { readonly t: "put"; readonly version: ObjectVersion }
  | { readonly t: "remove"; readonly key: string; readonly versionId: string }
  | { readonly t: "amend"; readonly key: string; readonly versionId: string; readonly changes: Amendable }
  | { readonly t: "upload"; readonly upload: Upload }
  | { readonly t: "part"; readonly uploadId: string; readonly part: Part }
  | { readonly t: "abort"; readonly uploadId: string };

/** What a write says of a new version; the bucket adds the rest when it becomes visible. */
export type NewVersion = Omit<ObjectVersion, "versionId" | "modifiedAt">;

type PutCheck = (current: ObjectVersion | undefined) => void;

export interface OpenUpload {
  readonly upload: Upload;
  readonly parts: Map<number, Part>;
}

export const NULL_VERSION = "null";
/** No key can be empty. */
const SETTINGS_TURN = "";
const COMPACT_FROM = 2_000;

/**
 * One bucket: its settings, and the index of its versions and uploads.
 *
 * The index lives in memory and is the fold of the journal beside the data, so nothing is visible that would be gone
 * after a crash, and nothing acknowledged is ever lost. Writes to one key take turns.
 */
export class Bucket {
  readonly files: DataFiles;
  readonly keys = new SortedKeys();
  readonly uploads = new Map<string, OpenUpload>();
  readonly #folder: string;
  readonly #now: () => Date;
  readonly #versions = new Map<string, ObjectVersion[]>();
  readonly #turns = new Map<string, Promise<unknown>>();
  #settings: BucketSettings;
  #journal!: Journal<Entry>;
  #live = 0;
  #replaying = true;
  #writers = 0;
  #gone = false;
  #compacting = false;

  private constructor(folder: string, settings: BucketSettings, now: () => Date) {
    this.#folder = folder;
    this.#settings = settings;
    this.#now = now;
    this.files = new DataFiles(path.join(folder, "data"));
  }

  static async open(folder: string, settings: BucketSettings, now: () => Date): Promise<Bucket> {
    const bucket = new Bucket(folder, settings, now);
    bucket.#journal = await Journal.open<Entry>(path.join(folder, "index.jsonl"), (entry) => bucket.#apply(entry));
    await bucket.files.keepOnly(bucket.#referencedFiles());
    bucket.#replaying = false;
    await bucket.#compactWhenWorthIt();
    return bucket;
  }

  get settings(): BucketSettings {
    return this.#settings;
  }

  /** `change` sees the settings in its turn, so that two changes at once both hold. */
  async changeSettings(change: (settings: BucketSettings) => Partial<BucketSettings>): Promise<void> {
    await this.#inTurn(SETTINGS_TURN, async () => {
      const settings = { ...this.#settings, ...change(this.#settings) };
      await writeSettings(this.#folder, settings);
      this.#settings = settings;
    });
  }

  /** Versions of a key, newest first. */
  versionsOf(key: string): readonly ObjectVersion[] {
    return this.#versions.get(key) ?? [];
  }

  /** The newest version, even when it is a delete marker. */
  current(key: string): ObjectVersion | undefined {
    return this.#versions.get(key)?.[0];
  }

  get isEmpty(): boolean {
    return this.#versions.size === 0 && this.#writers === 0;
  }

  /**
   * Makes a new version the current one. `check` sees the current version in the same turn and may refuse by throwing;
   * the files of a refused version are removed.
   */
  async put(version: NewVersion, check?: PutCheck): Promise<ObjectVersion> {
    try {
      return await this.#inTurn(version.key, () => this.#putNow(version, check));
    } catch (error) {
      for (const segment of version.segments) this.files.discard(segment.file);
      throw error;
    }
  }

  /**
   * Turns an upload into the current version of its key. `build` chooses from the parts, and no part changes until the
   * version is visible; when it or `check` refuses, the upload stays as it is.
   */
  async completeUpload(
    uploadId: string,
    build: (open: OpenUpload) => NewVersion,
    check: PutCheck,
  ): Promise<ObjectVersion> {
    return this.#inTurn(uploadId, () => {
      const open = this.uploads.get(uploadId);
      if (!open) throw new S3Error("NoSuchUpload");
      const version = { ...build(open), uploadId };
      return this.#inTurn(version.key, () => this.#putNow(version, check));
    });
  }

  async #putNow(version: NewVersion, check: PutCheck | undefined): Promise<ObjectVersion> {
    check?.(this.current(version.key));
    const whole: ObjectVersion = { ...version, versionId: this.#newVersionId(), modifiedAt: this.#timestamp() };
    await this.#append({ t: "put", version: whole });
    return whole;
  }

  /** Removes one version for good. `check` may refuse by throwing. */
  async remove(
    key: string,
    versionId: string,
    check: (version: ObjectVersion) => void,
  ): Promise<ObjectVersion | undefined> {
    return this.#inTurn(key, async () => {
      const version = this.versionsOf(key).find((one) => one.versionId === versionId);
      if (!version) return undefined;
      check(version);
      await this.#append({ t: "remove", key, versionId });
      return version;
    });
  }

  /** Changes what may change of a version: its tags and locks. `change` decides in the key's turn. */
  async amend(key: string, versionId: string, change: (version: ObjectVersion) => Amendable): Promise<void> {
    await this.#inTurn(key, async () => {
      const version = this.versionsOf(key).find((one) => one.versionId === versionId);
      if (!version) throw new S3Error("NoSuchKey");
      await this.#append({ t: "amend", key, versionId, changes: change(version) });
    });
  }

  async startUpload(upload: Omit<Upload, "uploadId" | "startedAt">): Promise<Upload> {
    const whole = { ...upload, uploadId: randomBytes(48).toString("base64url"), startedAt: this.#timestamp() };
    await this.#append({ t: "upload", upload: whole });
    return whole;
  }

  async addPart(uploadId: string, part: Omit<Part, "modifiedAt">): Promise<Part> {
    const whole = { ...part, modifiedAt: this.#timestamp() };
    try {
      await this.#inTurn(uploadId, async () => {
        if (!this.uploads.has(uploadId)) throw new S3Error("NoSuchUpload");
        await this.#append({ t: "part", uploadId, part: whole });
      });
    } catch (error) {
      this.files.discard(part.segment.file);
      throw error;
    }
    return whole;
  }

  async abortUpload(uploadId: string): Promise<void> {
    await this.#inTurn(uploadId, async () => {
      if (!this.uploads.has(uploadId)) throw new S3Error("NoSuchUpload");
      await this.#append({ t: "abort", uploadId });
    });
  }

  /** Lets one after the other work on a key or an upload. */
  async #inTurn<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#turns.get(name);
    const mine = (async () => {
      await before?.catch(() => undefined);
      return work();
    })();
    this.#turns.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(name) === mine) this.#turns.delete(name);
    }
  }

  async #append(entry: Entry): Promise<void> {
    if (this.#gone) throw new S3Error("NoSuchBucket");
    this.#writers += 1;
    try {
      await this.#journal.append(entry);
    } finally {
      this.#writers -= 1;
    }
    await this.#compactWhenWorthIt();
  }

  #apply(entry: Entry): void {
    switch (entry.t) {
      case "put": {
        const { version } = entry;
        const versions = this.#versions.get(version.key) ?? [];
        if (versions.length === 0) {
          this.#versions.set(version.key, versions);
          if (this.#replaying) this.keys.addLater(version.key);
          else this.keys.add(version.key);
        }
        const replaced = versions.findIndex((one) => one.versionId === version.versionId);
        if (replaced >= 0) this.#drop(versions, replaced);
        versions.unshift(version);
        this.#live += 1;
        if (version.uploadId) this.#endUpload(version.uploadId, new Set(version.segments.map((one) => one.file)));
        return;
      }
      case "remove": {
        const versions = this.#versions.get(entry.key) ?? [];
        const index = versions.findIndex((one) => one.versionId === entry.versionId);
        if (index >= 0) this.#drop(versions, index);
        if (versions.length === 0 && this.#versions.delete(entry.key)) this.keys.remove(entry.key);
        return;
      }
      case "amend": {
        const versions = this.#versions.get(entry.key) ?? [];
        const index = versions.findIndex((one) => one.versionId === entry.versionId);
        const version = versions[index];
        if (version) versions[index] = { ...version, ...entry.changes };
        return;
      }
      case "upload":
        this.uploads.set(entry.upload.uploadId, { upload: entry.upload, parts: new Map() });
        this.#live += 1;
        return;
      case "part": {
        const parts = this.uploads.get(entry.uploadId)?.parts;
        const replaced = parts?.get(entry.part.number);
        if (replaced) this.#discard(replaced.segment.file);
        else this.#live += 1;
        parts?.set(entry.part.number, entry.part);
        return;
      }
      case "abort":
        this.#endUpload(entry.uploadId, new Set());
        return;
    }
  }

  #drop(versions: ObjectVersion[], index: number): void {
    for (const segment of versions[index]?.segments ?? []) this.#discard(segment.file);
    versions.splice(index, 1);
    this.#live -= 1;
  }

  #endUpload(uploadId: string, kept: ReadonlySet<string>): void {
    const open = this.uploads.get(uploadId);
    if (!open) return;
    for (const part of open.parts.values()) if (!kept.has(part.segment.file)) this.#discard(part.segment.file);
    this.uploads.delete(uploadId);
    this.#live -= 1 + open.parts.size;
  }

  /** While replaying the whole folder is compared once at the end. */
  #discard(file: string): void {
    if (!this.#replaying) this.files.discard(file);
  }

  #referencedFiles(): Set<string> {
    const files = new Set<string>();
    for (const versions of this.#versions.values())
      for (const version of versions) for (const segment of version.segments) files.add(segment.file);
    for (const { parts } of this.uploads.values()) for (const part of parts.values()) files.add(part.segment.file);
    return files;
  }

  async #compactWhenWorthIt(): Promise<void> {
    if (this.#compacting || this.#journal.entries < COMPACT_FROM + 2 * this.#live) return;
    this.#compacting = true;
    try {
      await this.#journal.rewrite(() => this.#liveEntries());
    } catch {
      // The old file is still whole; the next write tries again.
    } finally {
      this.#compacting = false;
    }
  }

  *#liveEntries(): Generator<Entry> {
    for (const versions of this.#versions.values())
      for (const version of versions.toReversed()) yield { t: "put", version };
    for (const { upload, parts } of this.uploads.values()) {
      yield { t: "upload", upload };
      for (const part of parts.values()) yield { t: "part", uploadId: upload.uploadId, part };
    }
  }

  #newVersionId(): string {
    return this.#settings.versioning === "Enabled" ? randomBytes(24).toString("base64url") : NULL_VERSION;
  }

  #timestamp(): string {
    return `${this.#now().toISOString().slice(0, 19)}.000Z`;
  }

  /** No write is accepted from now on; those under way have ended when this resolves. */
  async close(): Promise<void> {
    this.#gone = true;
    await this.#journal.close();
  }
}

/** Writes bucket.json in one step that a crash cannot split. */
export async function writeSettings(folder: string, settings: BucketSettings): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const target = path.join(folder, "bucket.json");
  const temporary = `${target}.${randomBytes(4).toString("hex")}`;
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(JSON.stringify(settings));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, target);
}
