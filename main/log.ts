import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { redact } from "./vault/redact.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFacts = Readonly<Record<string, unknown>>;

/** One JSON object per line: `time`, `level`, `message`, then the facts. Never throws, never holds a known secret. */
export interface Log {
  debug(message: string, facts?: LogFacts): void;
  info(message: string, facts?: LogFacts): void;
  warn(message: string, facts?: LogFacts): void;
  error(message: string, facts?: LogFacts): void;
  /** The same log with facts that every line carries: `log.child({ area: "database" })`. */
  child(facts: LogFacts): Log;
  close(): void;
}

export interface LogOptions {
  /** Least level that is written. */
  readonly level?: LogLevel;
  readonly fileBytes?: number;
  /** Full files that are kept: console.log.1 is the youngest. */
  readonly keep?: number;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];
const LONGEST_LINE = 20_000;
const MIB = 1024 * 1024;

/**
 * Opens `console.log` in the folder.
 *
 * Each line is written before the call returns, so that the last words before a crash are there. When the disk is full
 * lines are lost and nothing else.
 */
export function openLog(folder: string, options: LogOptions = {}): Log {
  const file = new RotatingFile(join(folder, "console.log"), options.fileBytes ?? 5 * MIB, options.keep ?? 4);
  const least = LEVELS.indexOf(options.level ?? "info");
  return makeLog(
    (level, line) => LEVELS.indexOf(level) >= least && file.write(line),
    {},
    () => file.close(),
  );
}

/** A log that goes nowhere, for parts that run without a home. */
export const silentLog: Log = makeLog(
  () => {},
  {},
  () => {},
);

function makeLog(write: (level: LogLevel, line: string) => void, always: LogFacts, close: () => void): Log {
  const at =
    (level: LogLevel) =>
    (message: string, facts: LogFacts = {}) => {
      write(level, `${redact(asLine({ time: new Date().toISOString(), level, message, ...always, ...facts }))}\n`);
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (facts) => makeLog(write, { ...always, ...facts }, close),
    close,
  };
}

function asLine(entry: LogFacts): string {
  try {
    const line = JSON.stringify(entry, (_key, value: unknown) => plain(value));
    if (line.length <= LONGEST_LINE) return line;
    const { time, level, message } = entry;
    return JSON.stringify({ time, level, message: String(message).slice(0, 2_000), cut: line.slice(0, LONGEST_LINE) });
  } catch (error) {
    return JSON.stringify({
      time: entry["time"],
      level: entry["level"],
      message: String(entry["message"]),
      unloggable: String(error),
    });
  }
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (!(value instanceof Error)) return value;
  const { name, message, stack, cause } = value;
  return { ...value, name, message, stack, ...(cause === undefined ? {} : { cause }) };
}

class RotatingFile {
  #descriptor: number | undefined;
  #size = 0;
  readonly #path: string;
  readonly #fileBytes: number;
  readonly #keep: number;

  constructor(path: string, fileBytes: number, keep: number) {
    this.#path = path;
    this.#fileBytes = fileBytes;
    this.#keep = keep;
  }

  write(line: string): void {
    try {
      if (this.#descriptor !== undefined && this.#size > this.#fileBytes) this.#rotate();
      this.#descriptor ??= this.#open();
      this.#size += writeSync(this.#descriptor, line);
    } catch {
      this.close();
    }
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    closeSync(descriptor);
  }

  #open(): number {
    mkdirSync(join(this.#path, ".."), { recursive: true, mode: 0o700 });
    const descriptor = openSync(this.#path, "a", 0o600);
    this.#size = fstatSync(descriptor).size;
    return descriptor;
  }

  #rotate(): void {
    this.close();
    for (let age = this.#keep - 1; age >= 0; age -= 1) {
      const from = age === 0 ? this.#path : `${this.#path}.${age}`;
      if (existsSync(from)) renameSync(from, `${this.#path}.${age + 1}`);
    }
  }
}
