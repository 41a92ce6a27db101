import { z } from "zod";
import { type SeriesId, VOLUMES, type Volume } from "../../shared/metrics/catalogue.ts";

/** Counters and figures of one line of the sampler, as the host has them; undefined is what the host does not have. */
export interface Sample {
  /** Seconds since the host started. */
  readonly uptime: number;
  /** Hundredths of a second over all cores: user nice system idle iowait irq softirq steal. */
  readonly cpu: readonly (number | undefined)[];
  readonly load: number | undefined;
  /** KiB: total, available, swap total, swap free. */
  readonly memory: readonly (number | undefined)[];
  /** Sectors of 512 bytes read and written, operations, milliseconds busy. */
  readonly disk: readonly (number | undefined)[];
  /** Bytes in, bytes out, errors and drops. */
  readonly network: readonly (number | undefined)[];
}

export const Indicators = z.object({
  database: z
    .object({
      connections: z.number().nullish(),
      maxConnections: z.number().nullish(),
      committed: z.number().nullish(),
      rolledBack: z.number().nullish(),
      blocksHit: z.number().nullish(),
      blocksRead: z.number().nullish(),
      waitingLocks: z.number().nullish(),
      longestTransactionSeconds: z.number().nullish(),
      walBytes: z.number().nullish(),
      databaseBytes: z.number().nullish(),
      replicationLagBytes: z.number().nullish(),
      archiveLagSeconds: z.number().nullish(),
    })
    .nullish(),
  application: z
    .object({
      status: z.string().nullish(),
      responseMilliseconds: z.number().nullish(),
      orders: z.number().nullish(),
      ordersPerMinute: z.number().nullish(),
      monthly: z.partialRecord(z.enum(VOLUMES), z.number().int().min(0).nullable()).nullish(),
    })
    .nullish(),
});
export type Indicators = z.infer<typeof Indicators>;

export type SamplerLine =
  | { readonly kind: "version"; readonly version: number }
  | { readonly kind: "sample"; readonly sample: Sample }
  /** KiB of the data volume. */
  | { readonly kind: "space"; readonly total: number; readonly used: number; readonly available: number }
  | { readonly kind: "indicators"; readonly indicators: Indicators };

const figure = (word: string | undefined): number | undefined => {
  if (word === undefined || !/^-?\d+(\.\d+)?$/.test(word)) return undefined;
  return Number(word);
};

/** Words after `name`, `count` of them. */
function after(words: readonly string[], name: string, count: number): readonly (number | undefined)[] {
  const start = words.indexOf(name);
  return Array.from({ length: count }, (_, index) => (start < 0 ? undefined : figure(words[start + 1 + index])));
}

/** Reads one line of the sampler; undefined for what this console does not understand. Never throws. */
export function readLine(line: string): SamplerLine | undefined {
  const kind = line.slice(0, 2);
  if (kind === "i ") {
    try {
      const parsed = z.object({ indicators: Indicators }).safeParse(JSON.parse(line.slice(2)));
      return parsed.success ? { kind: "indicators", indicators: parsed.data.indicators } : undefined;
    } catch {
      return undefined;
    }
  }
  const words = line.trim().split(/\s+/);
  if (kind === "v ") {
    const version = figure(words[1]);
    return version === undefined ? undefined : { kind: "version", version };
  }
  if (kind === "d ") {
    const [total, used, available] = words.slice(1).map(figure);
    if (total === undefined || used === undefined || available === undefined) return undefined;
    return { kind: "space", total, used, available };
  }
  const uptime = kind === "s " ? figure(words[1]) : undefined;
  if (uptime === undefined) return undefined;
  return {
    kind: "sample",
    sample: {
      uptime,
      cpu: after(words, "cpu", 8),
      load: after(words, "load", 1)[0],
      memory: after(words, "mem", 4),
      disk: after(words, "disk", 4),
      network: after(words, "net", 3),
    },
  };
}

export type Values = Partial<Record<SeriesId, number>>;

/** Two samples further apart than this say nothing of any moment between them: their rate is left out. */
export const LONGEST_SECONDS = 90;

/** Growth of a counter; undefined after a restart, which begins at nought, and where a side is missing. */
function growth(before: number | undefined, now: number | undefined): number | undefined {
  if (before === undefined || now === undefined || now < before) return undefined;
  return now - before;
}

function put(values: Values, series: SeriesId, value: number | undefined): void {
  if (value !== undefined && Number.isFinite(value)) values[series] = value;
}

const share = (part: number | undefined, whole: number | undefined): number | undefined =>
  part === undefined || whole === undefined || whole <= 0
    ? undefined
    : Math.min(100, Math.max(0, (100 * part) / whole));

/**
 * Figures of one sample; rates need the sample before it.
 *
 * After a restart of the host, and when readings were missed for more than 90 s, there are no rates: what happened in
 * between is not known. Pure.
 */
export function figuresOf(before: Sample | undefined, now: Sample): Values {
  const values: Values = {};
  put(values, "cpu.load", now.load);
  const [total, available, swapTotal, swapFree] = now.memory;
  if (total !== undefined && available !== undefined) {
    put(values, "memory.used", share(total - available, total));
    put(values, "memory.usedBytes", Math.max(0, total - available) * 1024);
  }
  if (swapTotal !== undefined && swapFree !== undefined)
    put(values, "memory.swap", swapTotal === 0 ? 0 : share(swapTotal - swapFree, swapTotal));

  const seconds = before ? now.uptime - before.uptime : 0;
  if (!before || seconds <= 0 || seconds > LONGEST_SECONDS) return values;
  const perSecond = (grown: number | undefined) => (grown === undefined ? undefined : grown / seconds);

  const grown = now.cpu.map((value, index) => growth(before.cpu[index], value));
  const [user, nice, system, idle, iowait, irq, softirq, steal] = grown;
  if (user !== undefined && nice !== undefined && system !== undefined && idle !== undefined) {
    const all = [user, nice, system, idle, iowait, irq, softirq, steal].reduce<number>(
      (sum, one) => sum + (one ?? 0),
      0,
    );
    if (all > 0) {
      put(values, "cpu.busy", share(all - idle - (iowait ?? 0), all));
      put(values, "cpu.iowait", share(iowait, all));
      put(values, "cpu.steal", share(steal, all));
    }
  }
  const disk = now.disk.map((value, index) => growth(before.disk[index], value));
  const bytesOf = (sectors: number | undefined) => (sectors === undefined ? undefined : sectors * 512);
  put(values, "disk.read", perSecond(bytesOf(disk[0])));
  put(values, "disk.write", perSecond(bytesOf(disk[1])));
  put(values, "disk.operations", perSecond(disk[2]));
  put(values, "disk.busy", share(disk[3], seconds * 1_000));
  const network = now.network.map((value, index) => growth(before.network[index], value));
  put(values, "network.in", perSecond(network[0]));
  put(values, "network.out", perSecond(network[1]));
  put(values, "network.errors", perSecond(network[2]));
  return values;
}

/** Room on the data volume. As `df` counts: what is kept for root is neither used nor free. */
export function spaceOf(space: { readonly used: number; readonly available: number }): Values {
  const values: Values = {};
  put(values, "disk.used", share(space.used, space.used + space.available));
  put(values, "disk.freeBytes", space.available * 1024);
  return values;
}

const HEALTH: Readonly<Record<string, number>> = { up: 100, degraded: 50, down: 0 };

/**
 * Figures of database and application; rates need the reading before it, `seconds` earlier by our own clock.
 *
 * A counter that fell (the database restarted) gives no rate. Pure.
 */
export function indicatorFigures(before: Indicators | undefined, now: Indicators, seconds: number): Values {
  const values: Values = {};
  const { database, application } = now;
  if (database) {
    const { connections, maxConnections } = database;
    put(values, "database.connections", connections ?? undefined);
    put(values, "database.connectionsUsed", share(connections ?? undefined, maxConnections ?? undefined));
    put(values, "database.waitingLocks", database.waitingLocks ?? undefined);
    put(values, "database.longestTransaction", database.longestTransactionSeconds ?? undefined);
    put(values, "database.size", database.databaseBytes ?? undefined);
    put(values, "database.replicationLag", database.replicationLagBytes ?? undefined);
    put(values, "database.archiveLag", database.archiveLagSeconds ?? undefined);
    const last = before?.database;
    if (last && seconds > 0 && seconds <= LONGEST_SECONDS * 2) {
      const since = (name: "committed" | "rolledBack" | "blocksHit" | "blocksRead" | "walBytes") =>
        growth(last[name] ?? undefined, database[name] ?? undefined);
      const [committed, rolledBack] = [since("committed"), since("rolledBack")];
      if (committed !== undefined && rolledBack !== undefined)
        put(values, "database.transactions", (committed + rolledBack) / seconds);
      const [hit, read] = [since("blocksHit"), since("blocksRead")];
      // A database that was asked for nothing has no share of hits.
      if (hit !== undefined && read !== undefined) put(values, "database.cacheHit", share(hit, hit + read));
      const wal = since("walBytes");
      put(values, "database.walRate", wal === undefined ? undefined : wal / seconds);
    }
  }
  if (application) {
    put(values, "application.response", application.responseMilliseconds ?? undefined);
    put(values, "application.orders", application.ordersPerMinute ?? undefined);
    put(values, "application.health", HEALTH[application.status ?? ""]);
  }
  return values;
}

/** The present month's volumes that the application counts (R26). */
export function volumesOf({ application }: Indicators): [Volume, number][] {
  return VOLUMES.flatMap((volume): [Volume, number][] => {
    const counted = application?.monthly?.[volume];
    return counted === undefined || counted === null ? [] : [[volume, counted]];
  });
}
