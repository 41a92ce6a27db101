import { styleText } from "node:util";
import { errorFacts } from "../../../shared/errors.ts";
import { errorDocument, errorText } from "./exit-status.ts";

/** The streams and the environment of one run; tests give their own. */
export interface Streams {
  readonly out: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly in: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly env: NodeJS.ProcessEnv;
}

/** Everything that a command says. Answers go to standard output, everything else to standard error. */
export interface Terminal {
  readonly json: boolean;
  /** Prints the command's one answer: the document with `--json`, the text otherwise. */
  answer(document: unknown, text: () => string): void;
  /** Prints one of many answers, at once: a line of JSON, or the text. */
  line(document: unknown, text: () => string): void;
  /** A remark for people on standard error. */
  note(text: string): void;
  /** Replaces the last progress line on a terminal; elsewhere prints nothing. */
  progress(text: string): void;
  /** Prints the failure where it belongs. */
  failure(error: unknown): void;
  paint(style: "bold" | "dim" | "red" | "green" | "yellow", text: string): string;
}

export function createTerminal(streams: Streams, json: boolean): Terminal {
  const colours = streams.out.isTTY === true && !streams.env["NO_COLOR"] && streams.env["TERM"] !== "dumb";
  let progressShown = false;
  const clearProgress = () => {
    if (progressShown) streams.err.write("\r\u001b[K");
    progressShown = false;
  };
  const print = (document: unknown, text: () => string, space: number) => {
    clearProgress();
    streams.out.write(json ? `${JSON.stringify(document, null, space)}\n` : `${text()}\n`);
  };

  return {
    json,
    answer: (document, text) => print(document, text, streams.out.isTTY ? 2 : 0),
    line: (document, text) => print(document, text, 0),
    note(text) {
      clearProgress();
      streams.err.write(`${text}\n`);
    },
    progress(text) {
      if (streams.err.isTTY !== true || streams.env["TERM"] === "dumb") return;
      clearProgress();
      streams.err.write(plain(text).slice(0, (streams.err.columns ?? 80) - 1));
      progressShown = true;
    },
    failure(error) {
      clearProgress();
      if (json) streams.out.write(`${JSON.stringify(errorDocument(error))}\n`);
      else streams.err.write(`${multiline(errorText(errorFacts(error)))}\n`);
    },
    paint: (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text),
  };
}

/** Text of others (customer names, AWS's messages) without characters that could steer a terminal. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}

function multiline(text: string): string {
  return text.split("\n").map(plain).join("\n");
}

/** Rows under a heading, columns as wide as their widest cell. */
export function table(terminal: Terminal, heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(plain));
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const align = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [terminal.paint("bold", align(heading)), ...cells.map(align)].join("\n");
}

/** Names with their values, one a line; values that are null are shown as "-". */
export function facts(terminal: Terminal, pairs: readonly (readonly [string, unknown])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs
    .map(([name, value]) => `${terminal.paint("dim", name.padEnd(width))}  ${plain(shown(value))}`)
    .join("\n");
}

/** A value in people's words; instants in UTC to the second. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || value === "") return "-";
  if (value instanceof Date) return value.toISOString().replace(/\.\d+Z$/, "Z");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
