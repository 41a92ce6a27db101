export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}
export function countVitest(report: unknown): Counts;
export function countPlaywright(report: unknown): Counts;
export function countCheck(exitCode: number): Counts;
export function withExitCode(counts: Counts, exitCode: number): Counts;
export function total(all: readonly Counts[]): Counts;
export function inWords(counts: Counts): string;
