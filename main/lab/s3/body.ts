import { createHash } from "node:crypto";
import { ChunkSignatures } from "../sigv4-chunks.ts";
import { decodeChunks } from "./aws-chunked.ts";
import { headerOf, type S3Call } from "./call.ts";
import {
  CHECKSUM_ALGORITHMS,
  CHECKSUM_BYTES,
  type ChecksumAlgorithm,
  type RunningChecksum,
  startChecksum,
} from "./checksums.ts";
import type { DataFiles } from "./data-files.ts";
import { S3Error } from "./errors.ts";
import type { Checksums } from "./model.ts";
import { parseXml, type XmlElement } from "./xml.ts";

export interface ReceivedFile {
  readonly file: string;
  readonly size: number;
  /** MD5 in hex. */
  readonly etag: string;
  readonly checksums: Checksums;
}

/** Sizes of one PUT, as S3 has them. */
const MAX_PUT_BYTES = 5 * 1024 ** 3;
const MAX_DOCUMENT_BYTES = 8 * 1024 ** 2;

/**
 * Streams the body into a new data file and checks it against everything that the request says of it.
 *
 * `also` is an algorithm to compute even when the client sent no value. The bytes are on the disk when this resolves;
 * on any failure no file is left.
 */
export async function receiveFile(call: S3Call, files: DataFiles, also?: ChecksumAlgorithm): Promise<ReceivedFile> {
  if (declaredSizeOf(call) === undefined) throw new S3Error("MissingContentLength");
  const body = openBody(call, MAX_PUT_BYTES, also);
  const { file, handle } = await files.create();
  let size = 0;
  try {
    for await (const chunk of body.chunks()) {
      // The disk works while the hashes are computed here.
      const writing = writeAll(handle, chunk, size);
      try {
        body.update(chunk);
      } finally {
        await writing;
      }
      size += chunk.length;
    }
    const { md5, checksums } = body.finish(size);
    await handle.sync();
    await handle.close();
    return { file, size, etag: md5.toString("hex"), checksums };
  } catch (error) {
    await handle.close().catch(() => undefined);
    files.discard(file);
    throw error;
  }
}

type FileHandle = Awaited<ReturnType<DataFiles["create"]>>["handle"];

async function writeAll(handle: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, position + done);
    done += bytesWritten;
  }
}

/** A checked body as text; empty when there is none. */
export async function receiveText(call: S3Call): Promise<string> {
  const body = openBody(call, MAX_DOCUMENT_BYTES);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body.chunks()) {
    size += chunk.length;
    if (size > MAX_DOCUMENT_BYTES) throw new S3Error("MaxMessageLengthExceeded");
    body.update(chunk);
    chunks.push(chunk);
  }
  body.finish(size);
  return Buffer.concat(chunks).toString("utf8");
}

/** A checked body as XML with this root element; throws MalformedXML. */
export async function receiveXml(call: S3Call, root: string): Promise<{ text: string; element: XmlElement }> {
  const text = await receiveText(call);
  const element = parseXml(text);
  if (element?.name !== root) throw new S3Error("MalformedXML");
  return { text, element };
}

/** Whether the client sent a digest of the body, as some operations demand. */
export function hasDigest(call: S3Call): boolean {
  return (
    headerOf(call, "content-md5") !== undefined ||
    headerOf(call, "x-amz-trailer") !== undefined ||
    CHECKSUM_ALGORITHMS.some((algorithm) => headerOf(call, headerName(algorithm)) !== undefined)
  );
}

export function headerName(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** The headers that tell of stored checksums. */
export function checksumHeaders(checksums: Checksums): Record<string, string> {
  return Object.fromEntries(
    Object.entries(checksums).map(([algorithm, value]) => [headerName(algorithm as ChecksumAlgorithm), value]),
  );
}

/** Checks that a value can be that algorithm's checksum at all. */
export function assertChecksum(algorithm: ChecksumAlgorithm, value: string): void {
  const bytes = Buffer.from(value, "base64");
  if (bytes.length !== CHECKSUM_BYTES[algorithm] || bytes.toString("base64") !== value)
    throw new S3Error("InvalidRequest", `Value for ${headerName(algorithm)} header is invalid.`);
}

interface OpenBody {
  chunks(): AsyncIterable<Buffer>;
  update(chunk: Buffer): void;
  /** Throws S3Error unless all that was declared of the body holds. */
  finish(size: number): { md5: Buffer; checksums: Checksums };
}

function openBody(call: S3Call, maxBytes: number, also?: ChecksumAlgorithm): OpenBody {
  const { payloadHash } = call.auth;
  const streaming = /^STREAMING-(AWS4-HMAC-SHA256-PAYLOAD|UNSIGNED-PAYLOAD)(-TRAILER)?$/.exec(payloadHash);
  if (!streaming && payloadHash !== "UNSIGNED-PAYLOAD" && !/^[0-9a-f]{64}$/i.test(payloadHash))
    throw new S3Error(
      "InvalidArgument",
      "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
    );
  const declaredSize = declaredSizeOf(call);
  if (declaredSize !== undefined && declaredSize > maxBytes)
    throw new S3Error("EntityTooLarge", undefined, {
      fields: { ProposedSize: String(declaredSize), MaxSizeAllowed: String(maxBytes) },
    });

  const md5 = createHash("md5");
  const declaredMd5 = md5Of(call);
  const sha256 = streaming || payloadHash === "UNSIGNED-PAYLOAD" ? undefined : createHash("sha256");
  const trailers = new Map<string, string>();
  const inTrailer = streaming?.[2] ? (headerOf(call, "x-amz-trailer") ?? "").toLowerCase() : "";
  const declared = new Map<ChecksumAlgorithm, () => string | undefined>();
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const name = headerName(algorithm);
    const value = headerOf(call, name);
    if (value !== undefined) {
      assertChecksum(algorithm, value);
      declared.set(algorithm, () => value);
    } else if (inTrailer.split(",").some((one) => one.trim() === name)) {
      declared.set(algorithm, () => trailers.get(name));
    }
  }
  const running = new Map<ChecksumAlgorithm, RunningChecksum>();
  for (const algorithm of [...declared.keys(), ...(also ? [also] : [])])
    running.set(algorithm, running.get(algorithm) ?? startChecksum(algorithm));

  return {
    chunks: () => {
      // The request must outlive a failure here: its connection carries the answer.
      const source = call.request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
      if (!streaming) return source;
      const signatures = streaming[1] === "UNSIGNED-PAYLOAD" ? undefined : new ChunkSignatures(call.auth);
      return decodeChunks(source, { signatures, trailers, withTrailer: Boolean(streaming[2]) });
    },
    update(chunk) {
      md5.update(chunk);
      sha256?.update(chunk);
      for (const checksum of running.values()) checksum.update(chunk);
    },
    finish(size) {
      if (declaredSize !== undefined && size !== declaredSize) throw new S3Error("IncompleteBody");
      if (sha256 && sha256.digest("hex") !== payloadHash.toLowerCase())
        throw new S3Error("XAmzContentSHA256Mismatch", undefined, {
          fields: { ClientComputedContentSHA256: payloadHash },
        });
      const digest = md5.digest();
      if (declaredMd5 && !declaredMd5.equals(digest))
        throw new S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.");
      const checksums: Partial<Record<ChecksumAlgorithm, string>> = {};
      for (const [algorithm, checksum] of running) {
        const computed = checksum.digest().toString("base64");
        const expected = declared.get(algorithm);
        if (expected && expected() !== computed)
          throw new S3Error("BadDigest", `The ${algorithm} you specified did not match the calculated checksum.`);
        checksums[algorithm] = computed;
      }
      return { md5: digest, checksums };
    },
  };
}

/** Of the body as it will be stored. */
function declaredSizeOf(call: S3Call): number | undefined {
  const chunked = call.auth.payloadHash.startsWith("STREAMING-");
  const text = headerOf(call, chunked ? "x-amz-decoded-content-length" : "content-length");
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new S3Error("InvalidArgument", "The content length is not a number.");
  return Number(text);
}

function md5Of(call: S3Call): Buffer | undefined {
  const text = headerOf(call, "content-md5");
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== 16) throw new S3Error("InvalidDigest");
  return bytes;
}
