import os from "node:os";

/** One measured value. `aim` is the most (or, for rates, the least) that is hoped for; no test asserts it. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: "s" | "ms" | "MB" | "MiB/s" | "1/s" | "%";
  readonly aim?: number;
  /** The same on something to compare with, and how many times it `value` is. */
  readonly peer?: { readonly name: string; readonly value: number };
  readonly ratio?: number;
}

export const MACHINE = {
  processor: os.cpus()[0]?.model.trim() ?? "unknown",
  processors: os.availableParallelism(),
  memoryGiB: Math.round(os.totalmem() / 1024 ** 3),
  system: `${os.type()} ${os.release()} ${os.arch()}`,
  node: process.versions.node,
  /** Others' work on it when the measuring began, in processes that want to run: above a few tenths figures suffer. */
  loadBefore: Math.round((os.loadavg()[0] ?? 0) * 10) / 10,
} as const;

/** Three significant digits: more would be noise. */
export const rounded = (value: number): number => Number(value.toPrecision(3));

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Milliseconds of each of `count` runs, sorted, after some runs that do not count. */
export async function times(count: number, act: () => Promise<unknown>): Promise<number[]> {
  for (let run = 0; run < count / 10; run += 1) await act();
  const found: number[] = [];
  for (let run = 0; run < count; run += 1) {
    const startedAt = performance.now();
    await act();
    found.push(performance.now() - startedAt);
  }
  return found.sort((one, other) => one - other);
}
