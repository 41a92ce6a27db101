import type { Log } from "../log.ts";

/** Where a host writes what only its keeper reads: one line an event, never a secret. */
export type HostLog = Pick<Log, "info" | "warn" | "error">;
