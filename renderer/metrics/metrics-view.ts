import { type Family, type SeriesId, seriesOf, type Unit } from "../../shared/metrics/catalogue.ts";
import type { MetricSeries, MetricsPush } from "../../shared/metrics/model.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../shared/time.ts";

/** From five minutes to thirty days. */
export const RANGES = ["5m", "1h", "6h", "24h", "7d", "30d"] as const;
export type RangeName = (typeof RANGES)[number];
export const RANGE_MS: Readonly<Record<RangeName, number>> = {
  "5m": 5 * MINUTE_MS,
  "1h": HOUR_MS,
  "6h": 6 * HOUR_MS,
  "24h": DAY_MS,
  "7d": 7 * DAY_MS,
  "30d": 30 * DAY_MS,
};
/** Shortest stretch that a zoom may show: three readings. */
const SHORTEST_MS = 30_000;

/** Series that one chart draws together: they have one unit and come at the same pace. */
export interface Plot {
  readonly id: string;
  readonly series: readonly SeriesId[];
}

/** The charts of each family; the first is shown until another is chosen. */
export const PLOTS: Readonly<Record<Family, readonly [Plot, ...Plot[]]>> = {
  cpu: [
    { id: "cpu", series: ["cpu.busy", "cpu.iowait", "cpu.steal"] },
    { id: "load", series: ["cpu.load"] },
  ],
  memory: [
    { id: "memory", series: ["memory.used", "memory.swap"] },
    { id: "memoryBytes", series: ["memory.usedBytes"] },
  ],
  diskSpace: [
    { id: "space", series: ["disk.used"] },
    { id: "free", series: ["disk.freeBytes"] },
  ],
  diskActivity: [
    { id: "throughput", series: ["disk.read", "disk.write"] },
    { id: "busy", series: ["disk.busy"] },
    { id: "operations", series: ["disk.operations"] },
  ],
  network: [
    { id: "traffic", series: ["network.in", "network.out"] },
    { id: "errors", series: ["network.errors"] },
  ],
  database: [
    { id: "transactions", series: ["database.transactions"] },
    { id: "shares", series: ["database.connectionsUsed", "database.cacheHit"] },
    { id: "counts", series: ["database.connections", "database.waitingLocks"] },
    { id: "age", series: ["database.longestTransaction", "database.archiveLag"] },
    { id: "wal", series: ["database.walRate"] },
    { id: "size", series: ["database.size", "database.replicationLag"] },
  ],
  application: [
    { id: "response", series: ["application.response"] },
    { id: "orders", series: ["application.orders"] },
    { id: "health", series: ["application.health"] },
  ],
  outside: [
    { id: "latency", series: ["outside.latency"] },
    { id: "available", series: ["outside.available"] },
    { id: "certificate", series: ["outside.certificate"] },
  ],
};

export const unitOf = (plot: Plot): Unit => seriesOf(plot.series[0]!).unit;

/** Inclusive start, exclusive end, milliseconds since 1970. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The part of a range between two instants, whichever came first; null where it would show nothing. */
export function zoomed(range: Range, one: number, other: number): Range | null {
  const from = Math.max(range.from, Math.min(one, other));
  const to = Math.min(range.to, Math.max(one, other));
  return to - from >= SHORTEST_MS ? { from, to } : null;
}

/** Half, or twice, around the middle; never past `now` and never shorter than three readings. */
export function scaledRange(range: Range, factor: number, now: number): Range {
  const middle = (range.from + range.to) / 2;
  const length = Math.min(RANGE_MS["30d"], Math.max(SHORTEST_MS, (range.to - range.from) * factor));
  const to = Math.min(now, middle + length / 2);
  return { from: to - length, to };
}

/** Moved by a part of its length; never past `now`. */
export function movedRange(range: Range, part: number, now: number): Range {
  const length = range.to - range.from;
  const to = Math.min(now, range.to + length * part);
  return { from: to - length, to };
}

export type Row = { readonly at: number } & Partial<Record<SeriesId, number | null>> & {
    /** Lowest and highest of the plot's first series. */
    readonly band?: readonly [number, number];
  };

/**
 * One row for each instant at which any of the series has a value or a gap.
 *
 * Where only other series have an instant, a series gets the value that its own line has there anyway, so that what is
 * drawn stays the line between its own neighbours; within its gaps it stays empty.
 */
export function rowsOf(series: readonly MetricSeries[]): Row[] {
  const instants = [...new Set(series.flatMap((one) => one.at))].sort((a, b) => a - b);
  const rows: Record<string, unknown>[] = instants.map((at) => ({ at }));
  for (const [order, one] of series.entries()) {
    let next = 0;
    for (const row of rows) {
      const at = row["at"] as number;
      while (next < one.at.length && one.at[next]! < at) next++;
      if (one.at[next] === at) {
        row[one.id] = one.average[next];
        const [low, high] = [one.low[next], one.high[next]];
        if (order === 0 && typeof low === "number" && typeof high === "number" && high > low) row["band"] = [low, high];
        continue;
      }
      const [before, after] = [one.average[next - 1], one.average[next]];
      if (typeof before !== "number" || typeof after !== "number") {
        row[one.id] = null;
        continue;
      }
      const [start, end] = [one.at[next - 1]!, one.at[next]!];
      row[one.id] = before + ((after - before) * (at - start)) / (end - start);
    }
  }
  return rows as Row[];
}

/** The series with readings that came since; they are finer than what is stored, and a long silence stays one. */
export function withReadings(
  one: MetricSeries,
  readings: readonly MetricsPush["readings"][number][],
  usualMs: number,
): MetricSeries {
  const last = one.at.at(-1) ?? Number.NEGATIVE_INFINITY;
  const at = [...one.at];
  const average = [...one.average];
  const low = [...one.low];
  const high = [...one.high];
  for (const reading of readings) {
    const value = reading.values.find(({ series }) => series === one.id)?.value;
    const instant = reading.at.getTime();
    const newest = at.at(-1) ?? Number.NEGATIVE_INFINITY;
    if (value === undefined || instant <= last || instant <= newest) continue;
    if (Number.isFinite(newest) && instant - newest > 2.5 * usualMs) {
      at.push(newest + (instant - newest) / 2);
      for (const column of [low, average, high]) column.push(null);
    }
    at.push(instant);
    for (const column of [low, average, high]) column.push(value);
  }
  return at.length === one.at.length ? one : { id: one.id, at, low, average, high };
}

export interface Summary {
  readonly low: number;
  readonly average: number;
  readonly high: number;
  readonly last: number;
}

/** Figures of a whole series in the range; undefined without any value. */
export function summaryOf(one: MetricSeries): Summary | undefined {
  const present = one.average.filter((value) => value !== null);
  const lows = one.low.filter((value) => value !== null);
  const highs = one.high.filter((value) => value !== null);
  if (present.length === 0) return undefined;
  return {
    low: lows.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
    high: highs.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
    average: present.reduce((sum, value) => sum + value, 0) / present.length,
    last: present.at(-1)!,
  };
}

const quoted = (text: string): string => (/[",\n;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Local time with its offset, as RFC 3339 has it: 2026-03-02T22:00:10+01:00. */
export function zonedInstant(at: number, zone: string): string {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-GB", {
      ...{ timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" },
      ...{ second: "2-digit", hourCycle: "h23", timeZoneName: "longOffset" },
    })
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const offset = (parts["timeZoneName"] ?? "GMT").replace("GMT", "") || "+00:00";
  return `${parts["year"]}-${parts["month"]}-${parts["day"]}T${parts["hour"]}:${parts["minute"]}:${parts["second"]}${offset}`;
}

/** Every value that is charted, one line each, in UTC and in the data centre's time. Gaps have no line. */
export function csvOf(series: readonly MetricSeries[], zone: string): string {
  const lines = series.flatMap((one) =>
    one.at.flatMap((at, index) => {
      const values = [one.low[index], one.average[index], one.high[index]];
      if (typeof values[1] !== "number") return [];
      const words = values.map((value) => String(Math.round((value ?? 0) * 1_000) / 1_000));
      return [[new Date(at).toISOString(), zonedInstant(at, zone), one.id, seriesOf(one.id).unit, ...words]];
    }),
  );
  const heading = ["time_utc", `time_data_centre (${zone})`, "series", "unit", "low", "average", "high"];
  return `${[heading, ...lines].map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`;
}

const BINARY_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500].map((one) => one * 1024);
const DECIMAL_STEPS = [1, 2, 5];

/**
 * Values to write on the axis of values, from nought to the first round step above `highest`; at most five, so that a
 * small chart can be read. Sizes are round in KiB, MiB and so on.
 */
export function valueTicksOf(highest: number, unit: Unit): number[] {
  if (unit === "percent") return [0, 25, 50, 75, 100];
  const isSize = unit === "bytes" || unit === "bytesPerSecond";
  // Smallest steps: no axis shows less than a KiB or a tenth.
  let scale = isSize ? 1 : 0.1;
  for (;;) {
    for (const one of isSize ? BINARY_STEPS : DECIMAL_STEPS) {
      const step = one * scale;
      if (step * 4 >= highest) {
        const count = Math.max(1, Math.ceil(highest / step));
        // Without rounding a tick would read 0.30000000000000004.
        return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
      }
    }
    scale *= isSize ? 1024 : 10;
  }
}

/** Instants to write on the time axis: whole steps of the clock in `zone`, six to ten of them. */
export function ticksOf({ from, to }: Range, zone: string): number[] {
  const steps = [10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS];
  const step = [...steps, DAY_MS, 2 * DAY_MS, 5 * DAY_MS].find((one) => (to - from) / one <= 8) ?? 7 * DAY_MS;
  // The zone's distance from UTC at the start; a change of the clocks within shifts the later ones, which is right.
  const local = Date.parse(`${zonedInstant(from, zone).slice(0, 19)}Z`);
  const offset = local - Math.floor(from / 1_000) * 1_000;
  const ticks: number[] = [];
  for (let at = Math.ceil((from + offset) / step) * step - offset; at < to; at += step) ticks.push(at);
  return ticks;
}
