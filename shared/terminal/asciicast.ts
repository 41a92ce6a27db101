import { z } from "zod";

const Header = z.looseObject({ version: z.literal(2), width: z.number(), height: z.number() });
const Entry = z.tuple([z.number(), z.string(), z.string()]);

export interface CastEntry {
  /** Seconds since the start. */
  readonly at: number;
  /** "o" output, "r" resize ("80x24"), "m" a mark with words. */
  readonly type: string;
  readonly text: string;
}

export interface Cast {
  readonly columns: number;
  readonly rows: number;
  readonly entries: readonly CastEntry[];
}

/** Reads an asciicast v2 file. A last line that a crash cut short, and lines that are no entry, are left out. */
export function readCast(text: string): Cast {
  const [first = "", ...lines] = text.split("\n");
  const header = Header.safeParse(parsed(first));
  const entries = lines.flatMap((line): CastEntry[] => {
    const entry = Entry.safeParse(parsed(line));
    return entry.success ? [{ at: entry.data[0], type: entry.data[1], text: entry.data[2] }] : [];
  });
  return { columns: header.data?.width ?? 80, rows: header.data?.height ?? 24, entries };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/* oxlint-disable no-control-regex */
const SEQUENCES =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[PX^_][^\u001b]*\u001b\\|[ -/]*[0-~])/g;
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/**
 * What was shown, as plain text: escape sequences out, each line as it stood at its end (a carriage return starts it
 * anew, a backspace takes one character back). Full-screen programs come out as the bare words they drew.
 */
export function transcriptOf(cast: Cast): string {
  const shown = cast.entries
    .map(({ type, text }) => (type === "o" ? text : type === "m" ? `\n[${text}]\n` : ""))
    .join("")
    .replace(SEQUENCES, "");
  return shown
    .split("\n")
    .map((line) => overwritten(line.replace(/\r+$/, "")).replace(CONTROLS, ""))
    .join("\n");
}

function overwritten(line: string): string {
  if (!/[\r\u0008]/.test(line)) return line;
  const cells: string[] = [];
  let column = 0;
  for (const character of line) {
    if (character === "\r") column = 0;
    else if (character === "\u0008") column = Math.max(0, column - 1);
    else cells[column++] = character;
  }
  return Array.from(cells, (cell) => cell ?? " ").join("");
}
