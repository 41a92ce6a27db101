import { type SeriesId, seriesFacts } from "../../shared/metrics/catalogue.ts";
import type { MetricBreach, MetricsPush, MetricValue } from "../../shared/metrics/model.ts";
import { isBeyond, type Limit } from "../../shared/metrics/thresholds.ts";
import { bucketOf, RAW } from "./levels.ts";
import type { MeteredEnvironment } from "./ports.ts";
import type { Values } from "./readings.ts";
import type { Cell } from "./store.ts";

/** Readings beyond a limit until it is told: one spike is none. */
const READINGS_UNTIL_BREACH = 3;
/** A value that got no successor for this many of its usual distances is no present value. */
const STALE_DISTANCES = 6;
/** Readings that wait for a database that is away: some minutes of a large fleet. What is more is dropped. */
const MOST_WAITING = 50_000;
/** A view may get a push every tenth of a second. */
const PUSH_EVERY_MS = 100;
/** Readings that a view may be behind; of more it gets the newest. */
const MOST_BEHIND = 5_000;

type Reading = MetricsPush["readings"][number];

interface Shelf {
  readonly values: Map<SeriesId, { readonly value: number; readonly at: Date }>;
  /** Readings beyond the limit in a row, and when that began. */
  readonly beyond: Map<SeriesId, { count: number; readonly since: Date }>;
  /** What came for the stretch that still lasts. */
  cell: Cell | undefined;
}

/** The newest figures of each environment, what waits to be written, and the views that follow. No clock, no database. */
export class Board {
  readonly #shelves = new Map<string, Shelf>();
  readonly #views = new Set<View>();
  #waiting: Cell[] = [];
  /** Rows lost while the database was away. */
  dropped = 0;

  /** Takes figures of one moment. Figures of one stretch of ten seconds become one row, wherever they came from. */
  take(environment: MeteredEnvironment, at: Date, values: Values, limits: readonly Limit[]): void {
    const { environmentId, tenantSlug, kind } = environment;
    const known = Object.entries(values) as [SeriesId, number][];
    if (known.length === 0) return;
    const shelf = this.#shelf(environmentId);
    for (const [series, value] of known) shelf.values.set(series, { value, at });

    // A figure that was asked for just before the stretch began goes along with it: its row may be written already.
    const own = bucketOf(RAW, at.getTime());
    const bucket = shelf.cell?.bucket === own + 1 ? own + 1 : own;
    if (shelf.cell && shelf.cell.bucket !== bucket) this.#put(shelf.cell);
    const before = shelf.cell?.bucket === bucket ? shelf.cell.values : {};
    shelf.cell = { environmentId, bucket, values: { ...before, ...values } };

    const changed = limits
      .filter(({ series }) => series in values)
      .map((limit) => this.#weigh(shelf, limit, values, at));
    const reading = {
      environmentId,
      tenantSlug,
      kind,
      at,
      values: known.map(([series, value]) => ({ series, value })),
    };
    for (const view of this.#views) if (view.wants(environmentId)) view.push(reading, changed.includes(true));
  }

  #weigh(shelf: Shelf, limit: Limit, values: Values, at: Date): boolean {
    const { series } = limit;
    const beyond = shelf.beyond.get(series);
    if (!isBeyond(limit, values[series]!)) {
      shelf.beyond.delete(series);
      return (beyond?.count ?? 0) >= READINGS_UNTIL_BREACH;
    }
    const counted = beyond ?? { count: 0, since: at };
    counted.count++;
    shelf.beyond.set(series, counted);
    return counted.count === READINGS_UNTIL_BREACH;
  }

  #put(cell: Cell): void {
    this.#waiting.push(cell);
    if (this.#waiting.length <= MOST_WAITING) return;
    this.#waiting.shift();
    this.dropped++;
  }

  /** Rows whose stretch is over at `now`, or as they stand all of them; they are the caller's to write. */
  due(now: Date, all = false): Cell[] {
    const bucket = bucketOf(RAW, now.getTime());
    for (const shelf of this.#shelves.values()) {
      const isOver = shelf.cell && shelf.cell.bucket < bucket;
      if (shelf.cell && (all || isOver)) this.#put(shelf.cell);
      // One that still grows is written again, whole, at its end.
      if (isOver) shelf.cell = undefined;
    }
    const due = this.#waiting;
    this.#waiting = [];
    return due;
  }

  /** Rows that could not be written wait again. */
  giveBack(cells: readonly Cell[]): void {
    const newer = this.#waiting;
    this.#waiting = [];
    for (const cell of [...cells, ...newer]) this.#put(cell);
  }

  values(environmentId: string, now: Date): MetricValue[] {
    const shelf = this.#shelves.get(environmentId);
    return seriesFacts.flatMap(({ id, everySeconds }) => {
      const known = shelf?.values.get(id);
      if (!known || now.getTime() - known.at.getTime() > everySeconds * STALE_DISTANCES * 1_000) return [];
      return [{ series: id, ...known }];
    });
  }

  breaches(environmentId: string, limits: readonly Limit[], now: Date): MetricBreach[] {
    const shelf = this.#shelves.get(environmentId);
    const present = new Map(this.values(environmentId, now).map((one) => [one.series, one.value]));
    return limits.flatMap((limit) => {
      const value = present.get(limit.series);
      const beyond = shelf?.beyond.get(limit.series);
      if (value === undefined || !beyond || beyond.count < READINGS_UNTIL_BREACH || !isBeyond(limit, value)) return [];
      return [{ series: limit.series, value, limit: limit.value, since: beyond.since }];
    });
  }

  /** Something else than its figures changed: contact, limits, availability. */
  announce(environmentId: string): void {
    for (const view of this.#views) if (view.wants(environmentId)) view.pushChanged(environmentId);
  }

  forget(environmentId: string): void {
    const cell = this.#shelves.get(environmentId)?.cell;
    if (cell) this.#put(cell);
    this.#shelves.delete(environmentId);
  }

  /** Pushes from now on, until `signal` aborts; `undefined` follows every environment. */
  async *watch(environmentIds: ReadonlySet<string> | undefined, signal: AbortSignal | undefined) {
    const view = new View(environmentIds);
    const end = () => view.end();
    signal?.addEventListener("abort", end);
    this.#views.add(view);
    try {
      yield* view.pushes();
    } finally {
      signal?.removeEventListener("abort", end);
      this.#views.delete(view);
    }
  }

  /** Ends every view. */
  stop(): void {
    for (const view of this.#views) view.end();
  }

  #shelf(environmentId: string): Shelf {
    const known = this.#shelves.get(environmentId);
    if (known) return known;
    const shelf: Shelf = { values: new Map(), beyond: new Map(), cell: undefined };
    this.#shelves.set(environmentId, shelf);
    return shelf;
  }
}

class View {
  readonly #environmentIds: ReadonlySet<string> | undefined;
  #readings: Reading[] = [];
  readonly #changed = new Set<string>();
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(environmentIds: ReadonlySet<string> | undefined) {
    this.#environmentIds = environmentIds;
  }

  wants(environmentId: string): boolean {
    return this.#environmentIds === undefined || this.#environmentIds.has(environmentId);
  }

  push(reading: Reading, changed: boolean): void {
    this.#readings.push(reading);
    if (this.#readings.length > MOST_BEHIND) this.#readings.shift();
    if (changed) this.#changed.add(reading.environmentId);
    this.#wake?.();
  }

  pushChanged(environmentId: string): void {
    this.#changed.add(environmentId);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *pushes(): AsyncGenerator<MetricsPush, void, void> {
    // At once, so that whoever watches knows that it does.
    yield { readings: [], changed: [] };
    while (!this.#ended) {
      if (this.#readings.length === 0 && this.#changed.size === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
        if (this.#ended) return;
        // What comes within a moment goes along.
        await new Promise((resolve) => setTimeout(resolve, PUSH_EVERY_MS));
        continue;
      }
      const push = { readings: this.#readings, changed: [...this.#changed] };
      this.#readings = [];
      this.#changed.clear();
      yield push;
      await new Promise((resolve) => setTimeout(resolve, PUSH_EVERY_MS));
    }
  }
}
