import { DAY_MS, HOUR_MS, SECOND_MS } from "../../shared/time.ts";

/** One fineness of what is stored, with the length of its ring. */
export interface Level {
  readonly level: number;
  /** Seconds that one row stands for. */
  readonly seconds: number;
  /** Rows of one environment; the newest overwrites the oldest. */
  readonly slots: number;
}

const keeps = (level: number, seconds: number, ms: number): Level => ({
  level,
  seconds,
  slots: Math.ceil(ms / (seconds * SECOND_MS)),
});

/** Finest first. Stored: add at the end only. Each level's seconds are a multiple of the one before. */
export const LEVELS: readonly Level[] = [
  keeps(0, 10, 6 * HOUR_MS),
  keeps(1, 60, 2 * DAY_MS),
  keeps(2, 900, 35 * DAY_MS),
  keeps(3, 10_800, 400 * DAY_MS),
];
export const RAW = LEVELS[0]!;

export const bucketOf = (level: Level, atMs: number): number => Math.floor(atMs / (level.seconds * SECOND_MS));
export const startOf = (level: Level, bucket: number): number => bucket * level.seconds * SECOND_MS;
export const slotOf = (level: Level, bucket: number): number => bucket % level.slots;

/** Slots of the buckets first to last, each once, however long the range. */
export function slotsOf(level: Level, first: number, last: number): number[] {
  const count = Math.max(0, Math.min(level.slots, last - first + 1));
  return Array.from({ length: count }, (_, index) => slotOf(level, last - index));
}

/**
 * The finest level that still holds `from` and needs no more rows than are worth reading for `points`; the coarsest
 * where none holds it. Pure.
 */
export function levelFor(from: number, to: number, now: number, points: number): Level {
  const mostRows = Math.max(points * 4, 400);
  const fitting = LEVELS.find(
    (level) =>
      from >= now - level.slots * level.seconds * SECOND_MS && (to - from) / (level.seconds * SECOND_MS) <= mostRows,
  );
  return fitting ?? LEVELS.at(-1)!;
}
