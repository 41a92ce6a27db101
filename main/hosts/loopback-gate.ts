import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { HOUR_MS } from "../../shared/time.ts";

const TOKEN_LIFE_MS = HOUR_MS;
const MAX_OPEN = 32;

/** Who may come in: one-time tokens for the first address, and the browser sessions that they opened. */
export interface Gate {
  /** A new one-time token of 256 bits, good for one hour. */
  issueToken(): string;
  /** Spends a token; gives the value of the session cookie, or null for a wrong, spent or old token. */
  exchange(token: string): string | null;
  /** Whether a `Cookie` header carries an open session of this console. */
  admits(cookieHeader: string | undefined): boolean;
  /** The `Set-Cookie` line for a session. */
  cookie(session: string): string;
}

/**
 * Cookies are not separated by port, so the cookie's name carries it: two consoles on one machine stay apart.
 * Secrets are kept and compared as hashes, so that no comparison's time tells anything of them.
 */
export function createGate(port: number, now: () => number = Date.now): Gate {
  const name = `fleetwright-${port}`;
  const tokens: { readonly hash: Buffer; readonly until: number }[] = [];
  const sessions: Buffer[] = [];

  return {
    issueToken() {
      const token = secret();
      tokens.push({ hash: hashOf(token), until: now() + TOKEN_LIFE_MS });
      if (tokens.length > MAX_OPEN) tokens.shift();
      return token;
    },
    exchange(token) {
      const hash = hashOf(token);
      const index = tokens.findIndex((known) => timingSafeEqual(known.hash, hash));
      const [found] = index < 0 ? [] : tokens.splice(index, 1);
      if (!found || found.until < now()) return null;
      const session = secret();
      sessions.push(hashOf(session));
      if (sessions.length > MAX_OPEN) sessions.shift();
      return session;
    },
    admits(cookieHeader) {
      const value = cookieHeader
        ?.split(";")
        .map((pair) => pair.trim())
        .find((pair) => pair.startsWith(`${name}=`))
        ?.slice(name.length + 1);
      if (!value) return false;
      const hash = hashOf(value);
      return sessions.some((known) => timingSafeEqual(known, hash));
    },
    cookie: (session) => `${name}=${session}; Path=/; HttpOnly; SameSite=Strict`,
  };
}

/** The names under which this console may be addressed; any other comes from a page that rebinds its own name to us. */
export function isOwnHost(host: string | undefined, port: number): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

/** A page of another origin must not reach the contract, even with the cookie. */
export function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  return origin !== undefined && host !== undefined && origin === `http://${host}`;
}

function secret(): string {
  return randomBytes(32).toString("base64url");
}

function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
