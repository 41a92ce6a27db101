import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ErrorFacts } from "../../shared/errors.ts";

const PROGRAM = join(import.meta.dirname, "hold-home.ts");

/** A process that tried to take a home: it holds it until killed, or says why it may not. */
export interface Holder {
  readonly pid: number;
  readonly answer: { readonly holds: string } | ErrorFacts;
  kill(): Promise<void>;
}

export async function holdHome(
  folder: string,
  what: "home" | "database" = "home",
  account: { readonly uid?: number; readonly gid?: number } = {},
): Promise<Holder> {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, folder, what], {
    stdio: ["ignore", "pipe", "inherit"],
    ...account,
  });
  const ended = once(child, "exit");
  const [line] = await once(createInterface({ input: child.stdout! }), "line");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  return { pid: child.pid!, answer: JSON.parse(line as string), kill };
}
