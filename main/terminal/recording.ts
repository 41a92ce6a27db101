import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, type WriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { AppError } from "../../shared/errors.ts";
import { asFileError, makeFolder } from "../home/files.ts";

const MIB = 1024 * 1024;
/** A recording stops here: a flood must not fill the operator's disk. */
const LONGEST_BYTES = 64 * MIB;
/** Above this the shell waits for the disk. */
const BUFFER_BYTES = MIB;

export interface RecordingFacts {
  readonly sha256: string;
  readonly bytes: number;
  /** False when the file stops before the session did. */
  readonly complete: boolean;
}

/** What was shown, as asciicast v2. Input is not in it: passwords are typed there. */
export interface Recording {
  /** False asks to hold the output back until `onDrain`. */
  output(bytes: Uint8Array): boolean;
  resized(columns: number, rows: number): void;
  /** Something that happened to the session, in words. */
  mark(text: string): void;
  /** Closes the file; undefined when nothing of it could be written. Never rejects. */
  finish(): Promise<RecordingFacts | undefined>;
}

export const recordingFile = (folder: string, sessionId: string): string => join(folder, `${sessionId}.cast`);

/** Starts a recording, readable for this user only. Throws HomeNotWritable or DiskFull. */
export async function startRecording(options: {
  readonly folder: string;
  readonly sessionId: string;
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
  readonly startedAt: Date;
  readonly longestBytes?: number;
  readonly onDrain: () => void;
  /** It stops here, once; the session goes on. */
  readonly onStopped: (why: string) => void;
}): Promise<Recording> {
  const { folder, sessionId } = options;
  const longest = options.longestBytes ?? LONGEST_BYTES;
  let file: WriteStream;
  try {
    await makeFolder(folder, 0o700);
    const handle = await open(recordingFile(folder, sessionId), "wx", 0o600);
    file = createWriteStream("", { fd: handle, highWaterMark: BUFFER_BYTES });
  } catch (error) {
    throw asFileError(error, folder);
  }

  const started = performance.now();
  const hash = createHash("sha256");
  const decoder = new StringDecoder("utf8");
  let bytes = 0;
  let stopped = false;
  let broken = false;

  const stop = (why: string) => {
    if (stopped) return;
    stopped = true;
    options.onStopped(why);
    options.onDrain();
  };
  file.on("error", (error) => {
    broken = true;
    const facts = asFileError(error, folder) as Error;
    stop(facts.message);
  });
  file.on("drain", options.onDrain);

  const line = (value: unknown): boolean => {
    if (broken) return true;
    const text = Buffer.from(`${JSON.stringify(value)}\n`);
    hash.update(text);
    bytes += text.length;
    return file.write(text);
  };
  const entry = (type: "o" | "r" | "m", text: string): boolean => {
    if (stopped) return true;
    const at = Math.round((performance.now() - started) * 1000) / 1e6;
    const roomy = line([at, type, text]);
    if (bytes >= longest) {
      line([at, "m", "the recording stops here: it has reached its longest size"]);
      stop(`The recording has reached ${Math.round(longest / MIB)} MiB and stops; the session goes on.`);
    }
    return roomy || stopped;
  };

  line({
    version: 2,
    width: options.columns,
    height: options.rows,
    timestamp: Math.floor(options.startedAt.getTime() / 1000),
    title: options.title,
    env: { TERM: "xterm-256color" },
  });

  return {
    output(data) {
      const text = decoder.write(Buffer.from(data.buffer, data.byteOffset, data.length));
      return text === "" || entry("o", text);
    },
    resized: (columns, rows) => void entry("r", `${columns}x${rows}`),
    mark: (text) => void entry("m", text),
    async finish() {
      const complete = !stopped;
      stopped = true;
      await new Promise<void>((resolve) => {
        file.once("close", () => resolve());
        if (broken) file.destroy();
        else file.end();
        if (file.closed) resolve();
      });
      return broken ? undefined : { sha256: hash.digest("hex"), bytes, complete };
    },
  };
}

const PART_BYTES = 256 * 1024;

/**
 * Whole lines of a recording from a byte on, about 256 KiB; `next` is null at its end.
 *
 * Throws NotFound when this machine does not have the file.
 */
export async function readRecording(
  folder: string,
  sessionId: string,
  from: number,
): Promise<{ text: string; next: number | null }> {
  const file = await open(recordingFile(folder, sessionId)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw asFileError(error, folder);
    throw new AppError("NotFound", `The recording of session ${sessionId} is not on this machine.`, {
      retryable: false,
      next: "Look for it on the machine where the session ran; its name and hash are in the history.",
    });
  });
  try {
    const { size } = await file.stat();
    const parts: Buffer[] = [];
    let at = from;
    for (;;) {
      const part = Buffer.alloc(Math.min(PART_BYTES, Math.max(0, size - at)));
      const { bytesRead } = await file.read(part, 0, part.length, at);
      parts.push(part.subarray(0, bytesRead));
      at += bytesRead;
      const end = parts.at(-1)!.lastIndexOf(10);
      if (at >= size || bytesRead === 0) return { text: Buffer.concat(parts).toString("utf8"), next: null };
      if (end < 0) continue; // one line longer than a part
      const cut = at - (bytesRead - end - 1);
      return {
        text: Buffer.concat(parts)
          .subarray(0, cut - from)
          .toString("utf8"),
        next: cut,
      };
    }
  } finally {
    await file.close();
  }
}

/** The SHA-256 of a recording as it is on disk now, to compare with what was stored at its end. */
export async function hashOfRecording(folder: string, sessionId: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(recordingFile(folder, sessionId))) hash.update(part as Buffer);
  return hash.digest("hex");
}
