import { z } from "zod";

/** The seven families that the contract has watched (R95), and the view from outside (R97). */
export const FAMILIES = [
  "cpu",
  "memory",
  "diskSpace",
  "diskActivity",
  "network",
  "database",
  "application",
  "outside",
] as const;
export const Family = z.enum(FAMILIES);
export type Family = z.infer<typeof Family>;

export type Unit =
  | "percent"
  | "bytes"
  | "bytesPerSecond"
  | "perSecond"
  | "perMinute"
  | "count"
  | "seconds"
  | "milliseconds"
  | "days";

export interface SeriesFacts {
  readonly id: string;
  readonly family: Family;
  readonly unit: Unit;
  /** Whole numbers kept of one unit: 100 keeps hundredths, 1/65536 keeps 64 KiB of bytes. */
  readonly scale: number;
  /** Usual seconds between two values; longer silence is a gap. */
  readonly everySeconds: number;
  /** Default limit: beyond it the value is told as a breach. A tenant may have another one. */
  readonly above?: number;
  readonly below?: number;
}

const SAMPLE = 10;
/** The database's and the application's figures cost the host a process: every third reading has them. */
const INDICATORS = 30;
const SPACE = 60;
const PROBE = 30;
const MIB = 1024 * 1024;
/** Sizes up to 128 TiB in four bytes. */
const SIZE = 1 / 65_536;
/** Rates up to 32 GiB/s in four bytes. */
const RATE = 1 / 16;

/** Every series. The position is stored: add at the end, never remove, reorder or change a scale. */
export const SERIES = [
  { id: "cpu.busy", family: "cpu", unit: "percent", scale: 100, everySeconds: SAMPLE, above: 90 },
  { id: "cpu.iowait", family: "cpu", unit: "percent", scale: 100, everySeconds: SAMPLE, above: 40 },
  { id: "cpu.steal", family: "cpu", unit: "percent", scale: 100, everySeconds: SAMPLE, above: 20 },
  { id: "cpu.load", family: "cpu", unit: "count", scale: 100, everySeconds: SAMPLE },
  { id: "memory.used", family: "memory", unit: "percent", scale: 100, everySeconds: SAMPLE, above: 92 },
  { id: "memory.swap", family: "memory", unit: "percent", scale: 100, everySeconds: SAMPLE, above: 50 },
  { id: "memory.usedBytes", family: "memory", unit: "bytes", scale: SIZE, everySeconds: SAMPLE },
  { id: "disk.used", family: "diskSpace", unit: "percent", scale: 100, everySeconds: SPACE, above: 85 },
  { id: "disk.freeBytes", family: "diskSpace", unit: "bytes", scale: SIZE, everySeconds: SPACE },
  { id: "disk.read", family: "diskActivity", unit: "bytesPerSecond", scale: RATE, everySeconds: SAMPLE },
  { id: "disk.write", family: "diskActivity", unit: "bytesPerSecond", scale: RATE, everySeconds: SAMPLE },
  { id: "disk.operations", family: "diskActivity", unit: "perSecond", scale: 10, everySeconds: SAMPLE },
  { id: "disk.busy", family: "diskActivity", unit: "percent", scale: 100, everySeconds: SAMPLE, above: 90 },
  { id: "network.in", family: "network", unit: "bytesPerSecond", scale: RATE, everySeconds: SAMPLE },
  { id: "network.out", family: "network", unit: "bytesPerSecond", scale: RATE, everySeconds: SAMPLE },
  { id: "network.errors", family: "network", unit: "perSecond", scale: 100, everySeconds: SAMPLE, above: 1 },
  { id: "database.connections", family: "database", unit: "count", scale: 1, everySeconds: INDICATORS },
  {
    id: "database.connectionsUsed",
    family: "database",
    unit: "percent",
    scale: 100,
    everySeconds: INDICATORS,
    above: 85,
  },
  { id: "database.transactions", family: "database", unit: "perSecond", scale: 100, everySeconds: INDICATORS },
  { id: "database.cacheHit", family: "database", unit: "percent", scale: 100, everySeconds: INDICATORS, below: 90 },
  { id: "database.waitingLocks", family: "database", unit: "count", scale: 1, everySeconds: INDICATORS, above: 10 },
  {
    id: "database.longestTransaction",
    family: "database",
    unit: "seconds",
    scale: 10,
    everySeconds: INDICATORS,
    above: 600,
  },
  { id: "database.walRate", family: "database", unit: "bytesPerSecond", scale: RATE, everySeconds: INDICATORS },
  {
    id: "database.replicationLag",
    family: "database",
    unit: "bytes",
    scale: SIZE,
    everySeconds: INDICATORS,
    above: 256 * MIB,
  },
  {
    id: "database.archiveLag",
    family: "database",
    unit: "seconds",
    scale: 10,
    everySeconds: INDICATORS,
    above: 1_800,
  },
  { id: "database.size", family: "database", unit: "bytes", scale: SIZE, everySeconds: INDICATORS },
  {
    id: "application.response",
    family: "application",
    unit: "milliseconds",
    scale: 10,
    everySeconds: INDICATORS,
    above: 2_000,
  },
  { id: "application.orders", family: "application", unit: "perMinute", scale: 100, everySeconds: INDICATORS },
  /** 100 works, 50 works with something wrong, 0 does not work. */
  { id: "application.health", family: "application", unit: "percent", scale: 1, everySeconds: INDICATORS, below: 100 },
  { id: "outside.available", family: "outside", unit: "percent", scale: 100, everySeconds: PROBE, below: 100 },
  { id: "outside.latency", family: "outside", unit: "milliseconds", scale: 10, everySeconds: PROBE, above: 2_000 },
  { id: "outside.certificate", family: "outside", unit: "days", scale: 100, everySeconds: PROBE, below: 30 },
] as const satisfies readonly SeriesFacts[];

export type SeriesId = (typeof SERIES)[number]["id"];
export const SeriesId = z.enum(SERIES.map(({ id }) => id) as [SeriesId, ...SeriesId[]]);

export const seriesFacts: readonly (SeriesFacts & { readonly id: SeriesId })[] = SERIES;
const byId = new Map(seriesFacts.map((facts, position) => [facts.id, { ...facts, position }]));
/** With its place in what is stored. */
export const seriesOf = (id: SeriesId) => byId.get(id)!;
export const seriesOfFamily = (family: Family): readonly SeriesId[] =>
  seriesFacts.filter((one) => one.family === family).map(({ id }) => id);

/** The eight monthly volumes whose highest decides the size of an Acumatica contract (R26). */
export const VOLUMES = [
  "salesOrders",
  "invoices",
  "shipments",
  "payments",
  "purchaseOrders",
  "purchaseReceipts",
  "bills",
  "vendorPayments",
] as const;
export const Volume = z.enum(VOLUMES);
export type Volume = z.infer<typeof Volume>;
