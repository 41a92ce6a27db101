import { readFile } from "node:fs/promises";
import { extname, join, normalize, sep } from "node:path";

/** Everything that a page of the window may load or reach; `connect` adds where its live connection goes. */
export function contentSecurityPolicy(connect = ""): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    // The widget library sets styles on elements; no style can run code.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self'${connect && ` ${connect}`}`,
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Headers of every answer that carries a part of the window, whoever serves it. */
export function windowHeaders(connect = ""): Record<string, string> {
  return {
    "content-security-policy": contentSecurityPolicy(connect),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), usb=(), serial=(), payment=()",
  };
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".map": "application/json; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
};

export interface WindowFile {
  readonly body: Buffer;
  readonly type: string;
  /** Named after its content: may be kept for ever. */
  readonly immutable: boolean;
}

/**
 * Reads one file of the built window; `/` is its page. Null when there is none, or when the path is not a plain one:
 * only files of known types inside the folder are ever read, whatever the path's encoding.
 */
export async function readWindowFile(folder: string, urlPath: string): Promise<WindowFile | null> {
  const name = plainName(urlPath);
  const type = name && TYPES[extname(name)];
  if (!name || !type) return null;
  const file = join(folder, normalize(name));
  if (!file.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return null;
  try {
    return { body: await readFile(file), type, immutable: name.startsWith("assets/") };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "EISDIR" || code === "ENOTDIR") return null;
    throw error;
  }
}

/** The path as a relative file name, or null. Names made by the build need no escapes, so none are understood. */
function plainName(urlPath: string): string | null {
  if (urlPath === "/" || urlPath === "") return "index.html";
  const parts = urlPath.slice(1).split("/");
  return parts.every((part) => /^[\w@-][\w.@-]*$/.test(part) && !part.includes("..")) ? parts.join("/") : null;
}
