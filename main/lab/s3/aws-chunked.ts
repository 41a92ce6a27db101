import { createHash, type Hash } from "node:crypto";
import type { ChunkSignatures } from "../sigv4-chunks.ts";
import { S3Error } from "./errors.ts";

export interface ChunkedOptions {
  /** Absent for unsigned chunks. */
  readonly signatures: ChunkSignatures | undefined;
  /** Filled with the trailing headers, in lower case. */
  readonly trailers: Map<string, string>;
  readonly withTrailer: boolean;
}

const MAX_LINE_BYTES = 4096;
const MAX_TRAILERS = 20;
const TRAILER_SIGNATURE = "x-amz-trailer-signature";
const CRLF = Buffer.from("\r\n");

/**
 * Takes the aws-chunked encoding off a body. Bytes are handed on as they come; a signature that does not hold fails
 * the whole body at the end of its chunk, so nothing may be kept before this has ended.
 */
export async function* decodeChunks(source: AsyncIterable<Buffer>, options: ChunkedOptions): AsyncGenerator<Buffer> {
  const input = new Lines(source);
  for (;;) {
    const line = await input.line();
    if (line === "") throw new S3Error("IncompleteBody");
    const header = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
    if (!header?.[1])
      throw new S3Error("InvalidRequest", "The body is not in the aws-chunked form that it is said to have.");
    const size = Number.parseInt(header[1], 16);
    const hash = options.signatures ? createHash("sha256") : undefined;
    yield* input.bytes(size, hash);
    if (options.signatures && !options.signatures.chunk(hash?.digest("hex") ?? "", header[2] ?? ""))
      throw new S3Error("SignatureDoesNotMatch");
    if (size === 0) break;
    if ((await input.line()) !== "") throw new S3Error("IncompleteBody");
  }
  if (options.withTrailer) await readTrailers(input, options);
  await input.drain();
}

async function readTrailers(input: Lines, { signatures, trailers }: ChunkedOptions): Promise<void> {
  let signed = "";
  for (let line = await input.line(); line !== ""; line = await input.line()) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (colon < 1 || trailers.size > MAX_TRAILERS)
      throw new S3Error("InvalidRequest", "The request contained trailing data that was not well-formed.");
    trailers.set(name, value);
    if (name !== TRAILER_SIGNATURE) signed += `${name}:${value}\n`;
  }
  if (signatures && !signatures.trailer(signed, trailers.get(TRAILER_SIGNATURE) ?? ""))
    throw new S3Error("SignatureDoesNotMatch");
}

/** Reads lines and counted bytes by turns from a stream of buffers. */
class Lines {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Up to CRLF, without it. The end of the stream counts as the last line's end. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf(CRLF);
      if (end > MAX_LINE_BYTES || (end < 0 && this.#rest.length > MAX_LINE_BYTES))
        throw new S3Error("InvalidRequest", "A line of the aws-chunked body is too long.");
      if (end >= 0 || this.#ended) {
        const line = this.#rest.toString("latin1", 0, end < 0 ? undefined : end);
        this.#rest = end < 0 ? Buffer.alloc(0) : this.#rest.subarray(end + CRLF.length);
        return line;
      }
      const more = await this.#next();
      if (more) this.#rest = this.#rest.length === 0 ? more : Buffer.concat([this.#rest, more]);
    }
  }

  async *bytes(size: number, hash: Hash | undefined): AsyncGenerator<Buffer> {
    for (let left = size; left > 0; ) {
      if (this.#rest.length === 0) {
        const more = await this.#next();
        if (!more) throw new S3Error("IncompleteBody");
        this.#rest = more;
      }
      const part = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
      hash?.update(part);
      if (part.length > 0) yield part;
    }
  }

  async drain(): Promise<void> {
    while (await this.#next());
  }

  async #next(): Promise<Buffer | undefined> {
    if (this.#ended) return undefined;
    const { done, value } = await this.#source.next();
    if (done) this.#ended = true;
    return done ? undefined : value;
  }
}
