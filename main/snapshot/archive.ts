import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { AppError } from "../../shared/errors.ts";
import { SnapshotData } from "../../shared/snapshot/model.ts";

const BLOCK = 512;
const SMALL_BYTES = 4 * 1024 ** 2;

export interface ArchiveContent {
  readonly data: SnapshotData;
  readonly bytes: number;
  /** Of the whole file. */
  readonly sha256: string;
}

/**
 * Reads an archive (a gzipped tar, docs/image-contract.md) from end to end: every part must have the SHA-256 that
 * SHA256SUMS names, and nothing else may be in it. Throws InvalidInput and says what is wrong.
 */
export async function readArchive(file: string): Promise<ArchiveContent> {
  const whole = createHash("sha256");
  let bytes = 0;
  const source = createReadStream(file);
  source.on("data", (chunk) => {
    whole.update(chunk);
    bytes += chunk.length;
  });
  const sums = new Map<string, string>();
  let manifest: Buffer | undefined;
  let named: Buffer | undefined;
  try {
    for await (const { name, sha256, small } of entriesOf(source.pipe(createGunzip()))) {
      if (name === "SHA256SUMS") named = small;
      else sums.set(name, sha256);
      if (name === "manifest.json") manifest = small;
    }
  } catch (error) {
    throw error instanceof AppError ? error : notWhole(file, (error as Error).message, error);
  }
  if (!named || !manifest) throw notWhole(file, "it has no manifest.json or no SHA256SUMS");
  const promised = new Map(
    named
      .toString("utf8")
      .split("\n")
      .flatMap((line) => {
        const [, sum, name] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
        return sum && name ? [[name, sum] as const] : [];
      }),
  );
  for (const name of new Set([...promised.keys(), ...sums.keys()]))
    if (promised.get(name) !== sums.get(name)) throw notWhole(file, `the sum of ${name} is not the one it names`);
  const data = SnapshotData.safeParse(parsed(manifest));
  if (!data.success) throw notWhole(file, "its manifest is not one that this console knows");
  return { data: data.data, bytes, sha256: whole.digest("hex") };
}

function parsed(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString("utf8"));
  } catch {
    return undefined;
  }
}

interface Entry {
  readonly name: string;
  readonly sha256: string;
  /** Its content, of small ones. */
  readonly small: Buffer | undefined;
}

/** Plain files of a ustar stream, one after the other, in the memory of a few blocks. */
async function* entriesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Entry> {
  let rest: Buffer = Buffer.alloc(0);
  let entry:
    | {
        name: string;
        left: number;
        padding: number;
        hash: ReturnType<typeof createHash>;
        parts: Buffer[];
        size: number;
      }
    | undefined;
  for await (const chunk of stream) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      if (!entry) {
        if (rest.length < BLOCK) break;
        const header = rest.subarray(0, BLOCK);
        rest = rest.subarray(BLOCK);
        if (header.every((byte) => byte === 0)) continue;
        const size = Number.parseInt(header.toString("latin1", 124, 136).replace(/[\0 ]/g, ""), 8);
        if (!Number.isSafeInteger(size)) throw new Error("not a tar archive");
        const name = header.toString("utf8", 0, 100).replace(/\0.*$/s, "").replace(/^\.\//, "");
        entry = {
          name,
          left: size,
          padding: (BLOCK - (size % BLOCK)) % BLOCK,
          hash: createHash("sha256"),
          parts: [],
          size,
        };
      }
      const taken = rest.subarray(0, Math.min(entry.left, rest.length));
      entry.hash.update(taken);
      if (entry.size <= SMALL_BYTES && taken.length > 0) entry.parts.push(Buffer.from(taken));
      entry.left -= taken.length;
      rest = rest.subarray(taken.length);
      if (entry.left > 0 || rest.length < entry.padding) break;
      rest = rest.subarray(entry.padding);
      const { name, hash, parts, size } = entry;
      entry = undefined;
      yield { name, sha256: hash.digest("hex"), small: size <= SMALL_BYTES ? Buffer.concat(parts) : undefined };
    }
  }
  if (entry) throw new Error("it ends too soon");
}

function notWhole(file: string, why: string, cause?: unknown): AppError {
  return new AppError(
    "InvalidInput",
    `${file} is no whole archive: ${why}.`,
    { retryable: false, next: "Fetch the archive again; nothing was changed." },
    { cause },
  );
}
