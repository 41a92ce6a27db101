import type pg from "pg";
import { SECOND_MS } from "../../shared/time.ts";
import { registerSecret } from "../vault/redact.ts";
import { unavailable } from "./errors.ts";

const OLDEST_MAJOR = 15;

export interface TeamServer {
  readonly clientConfig: pg.ClientConfig;
  /** Server and database name, without user and password. */
  readonly place: string;
}

/** Reads the URL of a team's PostgreSQL. Its password is kept out of every message and log line. */
export function readTeamUrl(url: string): TeamServer {
  // "user:password@/database?host=/folder" is good PostgreSQL, but no URL for WHATWG.
  const complete = url.replace(/^(postgres(?:ql)?:\/\/[^/?]*@)\//, "$1localhost/");
  const parsed = URL.canParse(complete) ? new URL(complete) : undefined;
  if (!parsed || !["postgres:", "postgresql:"].includes(parsed.protocol)) {
    throw unavailable(
      "FLEETWRIGHT_DATABASE_URL is not the URL of a PostgreSQL server.",
      "Write it as postgresql://user:password@host:5432/database.",
      false,
    );
  }
  if (parsed.password) {
    registerSecret(url);
    registerSecret(parsed.password);
    registerSecret(safeDecode(parsed.password));
  }
  const host = parsed.searchParams.get("host") || parsed.host || "local socket";
  return {
    place: `${safeDecode(parsed.pathname.slice(1)) || "(default)"} on ${host}`,
    clientConfig: { connectionString: url, keepAlive: true, keepAliveInitialDelayMillis: 10 * SECOND_MS },
  };
}

export function checkTeamVersion(serverVersion: string, place: string): void {
  if (Number.parseInt(serverVersion, 10) >= OLDEST_MAJOR) return;
  throw unavailable(
    `The server of ${place} is PostgreSQL ${serverVersion}; Fleetwright needs ${OLDEST_MAJOR} or newer.`,
    "Upgrade the server, or use another one.",
    false,
  );
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
