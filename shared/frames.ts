/**
 * Frames of the binary channel beside the contract: `u32 stream | u8 kind | payload`.
 *
 * Terminal bytes, log tails and files go here, because the contract's calls have no back-pressure.
 */
export const FRAME = {
  /** Bytes of the stream: output from the console, input from the client. */
  data: 0,
  /** Bytes of the stream's second output (standard error). */
  errorData: 1,
  /** `u32`: so many frames more were consumed; the sender may go on. */
  credit: 2,
  /** JSON, in order with the bytes around it: what happened to the source. */
  event: 3,
  /** No more bytes in this direction. From the console it is the last frame of the stream. */
  end: 4,
  /** Client only. `u32`: frames of this stream received so far, FRESH for a client that has seen none of it. */
  attach: 5,
  /** Console only: there is no such stream (any more), or another client has taken it. */
  refused: 6,
} as const;
export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

/** In `attach`: send what is still kept, from wherever that starts. */
export const FRESH = 0xff_ff_ff_ff;

/** Longest payload of one frame. */
export const CHUNK_BYTES = 64 * 1024;
/** Bytes that may be under way unconsumed in one direction of a stream; the source is paused above it. */
export const WINDOW_BYTES = 512 * 1024;

const HEADER_BYTES = 5;
const KINDS: ReadonlySet<number> = new Set(Object.values(FRAME));
const NOTHING = new Uint8Array(0);

export interface Frame {
  readonly stream: number;
  readonly kind: FrameKind;
  readonly payload: Uint8Array;
}

export function encodeFrame(stream: number, kind: FrameKind, payload: Uint8Array = NOTHING): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, stream);
  view.setUint8(4, kind);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/** The frame in these bytes (its payload shares them); undefined for anything that is not one. */
export function decodeFrame(bytes: unknown): Frame | undefined {
  if (!(bytes instanceof Uint8Array)) return undefined;
  if (bytes.length < HEADER_BYTES || bytes.length > HEADER_BYTES + CHUNK_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const kind = view.getUint8(4);
  if (!KINDS.has(kind)) return undefined;
  return { stream: view.getUint32(0), kind: kind as FrameKind, payload: bytes.subarray(HEADER_BYTES) };
}

export function encodeCount(count: number): Uint8Array {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, count);
  return payload;
}

/** The count of a `credit` or `attach` frame; 0 for a malformed one. */
export function decodeCount(payload: Uint8Array): number {
  if (payload.length !== 4) return 0;
  return new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0);
}
