import { readFile } from "node:fs/promises";
import { usageError } from "./usage.ts";
import type { Streams } from "./terminal.ts";

const MAX_INPUT_BYTES = 1024 * 1024;

/** Content of a file, or of standard input for "-". At most 1 MiB. */
export async function readInput(name: string, streams: Streams): Promise<string> {
  if (name === "-") return readStream(streams.in);
  try {
    const text = await readFile(name, "utf8");
    if (text.length > MAX_INPUT_BYTES) throw tooLong(name);
    return text;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "InvalidInput" || code === undefined) throw error;
    throw usageError(
      `The file ${name} cannot be read (${code}).`,
      "Name a file that this user can read, or - for standard input.",
    );
  }
}

export async function readJson(name: string, streams: Streams): Promise<unknown> {
  const text = await readInput(name, streams);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw usageError(
      `${name === "-" ? "Standard input" : name} is not JSON: ${(cause as Error).message}`,
      "Correct it.",
    );
  }
}

async function readStream(stream: NodeJS.ReadableStream): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of stream) {
    const bytes = Buffer.from(part as Buffer);
    length += bytes.length;
    if (length > MAX_INPUT_BYTES) throw tooLong("standard input");
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString("utf8");
}

function tooLong(name: string) {
  return usageError(`${name} is longer than 1 MiB.`, "Give a shorter one.");
}

/**
 * A secret: the first line of standard input, asked for without echo on a terminal. Never an option, which every user
 * of the machine could read in the list of processes.
 */
export async function readSecret(prompt: string, streams: Streams): Promise<string> {
  const input = streams.in as NodeJS.ReadStream;
  if (!input.isTTY) return (await readStream(input)).split(/\r?\n/)[0] ?? "";

  streams.err.write(`${prompt}: `);
  input.setRawMode(true);
  input.setEncoding("utf8");
  let secret = "";
  try {
    for await (const part of input) {
      for (const key of part as string) {
        if (key === "\r" || key === "\n" || key === "\u0004") return secret;
        if (key === "\u0003") throw usageError("Nothing was entered.", "Run the command again.");
        secret = key === "\u007f" || key === "\b" ? secret.slice(0, -1) : secret + key;
      }
    }
    return secret;
  } finally {
    input.setRawMode(false);
    input.pause();
    streams.err.write("\n");
  }
}
