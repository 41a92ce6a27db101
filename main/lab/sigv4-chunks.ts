import { createHash, createHmac } from "node:crypto";
import { type SigV4Success, sameText } from "./sigv4.ts";

const EMPTY_HASH = createHash("sha256").digest("hex");

/** The part of a proven request that signed chunks go on from. */
export type ChunkSeed = Pick<SigV4Success, "date" | "scope" | "seedSignature" | "signingKey">;

/**
 * Checks the signatures of one aws-chunked body in order: each covers the one before it.
 *
 * Source: AWS, "Signature calculations: transferring payload in multiple chunks" and "… including trailing headers".
 */
export class ChunkSignatures {
  readonly #seed: ChunkSeed;
  #previous: string;

  constructor(seed: ChunkSeed) {
    this.#seed = seed;
    this.#previous = seed.seedSignature;
  }

  /** Says whether `signature` signs the chunk whose bytes have this hex SHA-256. */
  chunk(dataHash: string, signature: string): boolean {
    return this.#next("AWS4-HMAC-SHA256-PAYLOAD", [EMPTY_HASH, dataHash], signature);
  }

  /** Says whether `signature` signs the trailing headers, given as "name:value\n" lines. */
  trailer(lines: string, signature: string): boolean {
    const hash = createHash("sha256").update(lines, "latin1").digest("hex");
    return this.#next("AWS4-HMAC-SHA256-TRAILER", [hash], signature);
  }

  #next(algorithm: string, hashes: readonly string[], signature: string): boolean {
    const text = [algorithm, this.#seed.date, this.#seed.scope, this.#previous, ...hashes].join("\n");
    this.#previous = createHmac("sha256", this.#seed.signingKey).update(text).digest("hex");
    return sameText(this.#previous, signature);
  }
}
