import type { IncomingMessage } from "node:http";
import type { SigV4Success } from "../sigv4.ts";
import { S3Error } from "./errors.ts";
import type { Store } from "./store.ts";

/** Where a request points, before it is believed. */
export interface Address {
  /** Empty for the service itself. */
  readonly bucket: string;
  /** Empty for the bucket itself. */
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
}

/** One proven request. */
export interface S3Call extends Address {
  readonly request: IncomingMessage;
  readonly method: string;
  readonly auth: SigV4Success;
  readonly now: Date;
  readonly store: Store;
  /** Regions that this S3 has. */
  readonly regions: readonly string[];
}

/** What to answer; the server adds what every answer has. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** XML, JSON or text. */
  readonly body?: string;
  /** Bytes of an object; `end` is called once, however the sending ended. */
  readonly stream?: { readonly size: number; readonly chunks: AsyncIterable<Buffer>; readonly end: () => void };
}

export type Operation = (call: S3Call) => Promise<Reply>;

const MAX_KEY_BYTES = 1024;
const PATH_STYLE_HOST = /^(\d+\.\d+\.\d+\.\d+|\[.*\]|localhost|s3[.-].*|[^.]+)$/;
const VIRTUAL_HOST = /^(.+?)\.(?:s3(?:[.-].*)?|localhost|s3[.-].*\.localhost)$/;

/**
 * Reads bucket, key and query from a request: path style, and virtual-host style for hosts such as "bucket.s3.…" and
 * "bucket.localhost". Throws S3Error InvalidURI for what is no UTF-8.
 */
export function addressOf(request: Pick<IncomingMessage, "url" | "headers">): Address {
  const target = (request.url ?? "/").replace(/^https?:\/\/[^/?]*/i, "");
  const mark = target.indexOf("?");
  const path = decode(mark < 0 ? target : target.slice(0, mark)).replace(/^\//, "");
  const query = new Map<string, string>();
  for (const pair of mark < 0 ? [] : target.slice(mark + 1).split("&")) {
    const [name = "", ...value] = pair.replaceAll("+", " ").split("=");
    if (name !== "" && !query.has(decode(name))) query.set(decode(name), decode(value.join("=")));
  }

  const host = (request.headers.host ?? "").toLowerCase().replace(/:\d+$/, "");
  const virtual = PATH_STYLE_HOST.test(host) ? undefined : VIRTUAL_HOST.exec(host)?.[1];
  const slash = path.indexOf("/");
  const bucket = virtual ?? (slash < 0 ? path : path.slice(0, slash));
  const key = virtual !== undefined ? path : slash < 0 ? "" : path.slice(slash + 1);
  if (Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw new S3Error("KeyTooLongError", undefined, { fields: { MaxSizeAllowed: String(MAX_KEY_BYTES) } });
  return { bucket, key, query };
}

function decode(text: string): string {
  // Node reads raw bytes as Latin-1; who sends UTF-8 unescaped means UTF-8.
  const raw = /[\u0080-\u00ff]/.test(text)
    ? text.replace(/[\u0080-\u00ff]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)
    : text;
  try {
    return decodeURIComponent(raw);
  } catch {
    throw new S3Error("InvalidURI");
  }
}

/** First value of a header; undefined when it is absent. */
export function headerOf(call: Pick<S3Call, "request">, name: string): string | undefined {
  const value = call.request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** A query parameter that must be a whole number from `least` up. */
export function numberOf(call: Address, name: string, fallback: number, least = 0): number {
  const text = call.query.get(name);
  if (text === undefined || text === "") return fallback;
  const value = Number(text);
  if (!/^\d{1,10}$/.test(text) || value < least || value > 0x7fffffff)
    throw new S3Error("InvalidArgument", `Provided ${name} not an integer or within integer range`, {
      fields: { ArgumentName: name, ArgumentValue: text },
    });
  return value;
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}

/** A time in the form of HTTP headers. */
export function httpDate(time: string): string {
  return new Date(time).toUTCString();
}

export function xmlReply(body: string, status = 200, headers: Record<string, string> = {}): Reply {
  return { status, headers: { "content-type": "application/xml", ...headers }, body };
}
