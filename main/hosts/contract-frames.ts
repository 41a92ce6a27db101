/** The longest call that is read; everything an operator can type or paste in earnest is far below. */
export const MAX_CALL_LENGTH = 1024 * 1024;

/**
 * What to do with one frame that a client sent: hand it to the contract, answer it with a refusal, or give up on the
 * connection, because it does not speak the protocol and a refusal could not be addressed.
 */
export type FrameVerdict =
  | { readonly kind: "pass" }
  | { readonly kind: "refuse"; readonly id: string; readonly reason: string }
  | { readonly kind: "close"; readonly reason: string };

const CALL = 1;
const ABORT = 4;
const ID_AT_START = /^\{"i":"([\w-]{1,64})"/;

/**
 * Judges a frame before the contract's own decoder sees it, which trusts its peer.
 *
 * The contract carries JSON text only: calls (with `last-event-id` as their only header) and their cancellation.
 */
export function judgeFrame(frame: unknown): FrameVerdict {
  if (typeof frame !== "string") return { kind: "close", reason: "only text frames are understood" };
  if (frame.length > MAX_CALL_LENGTH) {
    const id = ID_AT_START.exec(frame)?.[1];
    const reason = `the call is longer than ${MAX_CALL_LENGTH} characters`;
    return id === undefined ? { kind: "close", reason } : { kind: "refuse", id, reason };
  }

  let message: unknown;
  try {
    message = JSON.parse(frame);
  } catch {
    return { kind: "close", reason: "the frame is not JSON" };
  }
  if (!isRecord(message)) return { kind: "close", reason: "the frame is not an object" };
  const { i: id, t: type = CALL, p: call } = message;
  if (typeof id !== "string" || id.length === 0 || id.length > 64) {
    return { kind: "close", reason: "the frame has no usable id" };
  }
  if (type === ABORT) return { kind: "pass" };
  if (type !== CALL) return { kind: "refuse", id, reason: "the frame is neither a call nor its cancellation" };
  if (!isRecord(call)) return { kind: "refuse", id, reason: "the call has no content" };
  if (typeof call.u !== "string" || !/^\/[\w/-]{1,200}$/.test(call.u)) {
    return { kind: "refuse", id, reason: "the call names no path of the contract" };
  }
  if (call.m !== undefined) return { kind: "refuse", id, reason: "the call has a method" };
  if (call.h !== undefined && !isEventHeader(call.h)) {
    return { kind: "refuse", id, reason: "the call has headers other than last-event-id" };
  }
  if (call.b !== undefined && !isSerialized(call.b))
    return { kind: "refuse", id, reason: "the call's input is malformed" };
  return { kind: "pass" };
}

/** The frame that answers call `id` with an error, as the contract's own encoder writes it. */
export function errorFrame(id: string, code: string, message: string, data: object): string {
  return JSON.stringify({ i: id, p: { s: 400, b: { json: { defined: false, code, status: 400, message, data } } } });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON with, beside it, the places of values that JSON does not know (dates, maps). Files (`maps`) are not carried. */
function isSerialized(body: unknown): boolean {
  if (!isRecord(body) || body.maps !== undefined) return false;
  const { meta = [] } = body;
  return Array.isArray(meta) && meta.every((item) => Array.isArray(item) && item.every(isPathPart));
}

function isPathPart(part: unknown): boolean {
  return typeof part === "string" || typeof part === "number";
}

function isEventHeader(headers: unknown): boolean {
  return (
    isRecord(headers) &&
    Object.entries(headers).every(([name, value]) => name === "last-event-id" && typeof value === "string")
  );
}
