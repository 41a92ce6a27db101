import { readFile } from "node:fs/promises";

/** A process and its children, the parent first; empty when it is gone or the system has no /proc. */
export async function processTree(pid: number): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => undefined);
  if (children === undefined) return isAlive(pid) ? [pid] : [];
  const below = await Promise.all(children.trim().split(" ").filter(Boolean).map(Number).map(processTree));
  return [pid, ...below.flat()];
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Sends a signal and says whether there was anybody to take it. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/**
 * Stops a process and its children in the middle of what they do, and comes back when all of them stand still, so that
 * none writes any more. The parent goes first: it can then make no further child.
 */
export async function freezeTree(pid: number): Promise<void> {
  if (!signal(pid, "SIGSTOP")) return;
  await untilStopped(pid);
  for (const child of (await processTree(pid)).slice(1)) signal(child, "SIGSTOP");
  await Promise.all((await processTree(pid)).map(untilStopped));
}

export async function thawTree(pid: number): Promise<void> {
  for (const each of [...(await processTree(pid))].reverse()) signal(each, "SIGCONT");
}

/** Stands still, or is gone. */
export async function isStopped(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The state follows the program's name, which may hold anything, in brackets.
  const state = stat?.charAt(stat.lastIndexOf(")") + 2);
  return state === undefined || state === "T" || state === "t" || state === "Z";
}

/** A process stops only when it leaves the system call that it is in. */
async function untilStopped(pid: number): Promise<void> {
  while (!(await isStopped(pid))) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Proportional memory of a process and its children; null where the system does not tell. Shared pages count once. */
export async function memoryOfTree(pid: number): Promise<number | null> {
  const shares = await Promise.all(
    (await processTree(pid)).map(async (each) => {
      const rollup = await readFile(`/proc/${each}/smaps_rollup`, "utf8").catch(() => "");
      return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? Number.NaN) * 1024;
    }),
  );
  const known = shares.filter(Number.isFinite);
  return known.length === 0 ? null : known.reduce((sum, share) => sum + share, 0);
}
