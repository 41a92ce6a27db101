import { readdir, readFile, readlink } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

const text = (file: string) => readFile(file, "utf8").catch(() => "");

async function allProcesses(): Promise<(ProcessFacts & { environment: string; workingFolder: string })[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return Promise.all(
    pids.map(async (pid) => ({
      pid: Number(pid),
      parent: Number(/^PPid:\s+(\d+)/m.exec(await text(`/proc/${pid}/status`))?.[1] ?? 0),
      command: (await text(`/proc/${pid}/cmdline`)).replaceAll("\0", " ").trim(),
      environment: await text(`/proc/${pid}/environ`),
      workingFolder: await readlink(`/proc/${pid}/cwd`).catch(() => ""),
    })),
  );
}

/**
 * Processes that work for one scratch folder: those that carry its path in their command line, environment or working
 * folder, and all that they started. Linux only; this process and its ancestors are never among them.
 */
export async function processesOf(folder: string): Promise<ProcessFacts[]> {
  const all = await allProcesses();
  const mine = new Set<number>([process.pid]);
  for (let pid = process.ppid; pid > 1; pid = all.find((one) => one.pid === pid)?.parent ?? 0) mine.add(pid);

  const found = new Set(
    all
      .filter((one) => [one.command, one.environment, one.workingFolder].some((place) => place.includes(folder)))
      .map((one) => one.pid),
  );
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const one of all) if (found.has(one.parent)) found.add(one.pid);
  }
  return all.filter((one) => found.has(one.pid) && !mine.has(one.pid));
}

/** Ends everything that still works for a scratch folder, at once and without mercy. */
export async function endProcessesOf(folder: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const left = await processesOf(folder);
    if (left.length === 0) return;
    for (const { pid } of left) kill(pid, "SIGKILL");
    await wait(100);
  }
}

/** Sends a signal (0 only looks) to a process, or to the group of -pid; false when it has gone already. */
export function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    return false;
  }
}

/** Proportional share of the memory of these processes, in bytes: shared pages count once over all who share them. */
export async function memoryBytes(pids: readonly number[]): Promise<number> {
  const rollups = await Promise.all(pids.map((pid) => text(`/proc/${pid}/smaps_rollup`)));
  return rollups.reduce((sum, rollup) => sum + 1024 * Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0), 0);
}
