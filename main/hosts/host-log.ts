/** Where a host writes what only its keeper reads: one line an event, never a secret. */
export interface HostLog {
  info(message: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void;
  error(message: string, facts?: Readonly<Record<string, unknown>>): void;
}

/** Drops everything: for tests and for hosts whose console keeps its own log. */
export const silentLog: HostLog = { info: () => {}, warn: () => {}, error: () => {} };

/** Writes to standard error, so that standard output stays free for answers. */
export const standardErrorLog: HostLog = {
  info: (message) => void process.stderr.write(`${message}\n`),
  warn: (message) => void process.stderr.write(`${message}\n`),
  error: (message, facts) => void process.stderr.write(`${message}${facts ? ` ${JSON.stringify(facts)}` : ""}\n`),
};
