import type { Pool } from "pg";
import { seriesFacts, type SeriesId, seriesOf, type Volume } from "../../shared/metrics/catalogue.ts";
import type { AvailabilityEvent, KnownAvailability, NewEvent } from "../../shared/metrics/availability.ts";
import type { MonthlyVolume } from "../../shared/metrics/model.ts";
import type { Point } from "../../shared/metrics/points.ts";
import { inTransaction } from "../database/transaction.ts";
import { bucketOf, type Level, LEVELS, RAW, slotOf, slotsOf, startOf } from "./levels.ts";
import type { Values } from "./readings.ts";

/** One row of the finest level, to be written. */
export interface Cell {
  readonly environmentId: string;
  readonly bucket: number;
  readonly values: Values;
}

const LARGEST = 2 ** 31 - 1;

/** As PostgreSQL writes an array. What does not fit stays at the edge instead of failing the reading. */
function scaled(values: Values): string {
  const words = seriesFacts.map(({ id, scale }) => {
    const value = values[id];
    if (value === undefined) return "NULL";
    return String(Math.max(-LARGEST, Math.min(LARGEST, Math.round(value * scale))));
  });
  return `{${words.join(",")}}`;
}

const EVENT = `seq::int as seq, tenant_id as "tenantId", tenant_slug as "tenantSlug", environment_id as "environmentId",
  at, state, after, source, detail, recorded_at as "recordedAt"`;

/** SQL of the tables metric_* and availability_*. */
export function metricsStore(pool: Pool) {
  const numbers = new Map<string, number>();

  /** Numbers stand for ids in the rows; one that was deleted meanwhile is made again. */
  async function numbersOf(environmentIds: readonly string[]): Promise<void> {
    const missing = [...new Set(environmentIds)].filter((id) => !numbers.has(id));
    if (missing.length === 0) return;
    const { rows } = await pool.query<{ no: number; environment_id: string }>(
      `insert into metric_environment (environment_id) select unnest($1::text[])
       on conflict (environment_id) do update set last_at = now() returning no, environment_id`,
      [missing],
    );
    for (const row of rows) numbers.set(row.environment_id, row.no);
  }

  return {
    /** Writes rows of the finest level. Writing one again replaces it: a reading is never there twice. */
    async write(cells: readonly Cell[]): Promise<void> {
      if (cells.length === 0) return;
      await numbersOf(cells.map((cell) => cell.environmentId));
      // One row a statement may touch once: of two cells the later one counts.
      const last = new Map(cells.map((cell) => [`${cell.environmentId} ${slotOf(RAW, cell.bucket)}`, cell]));
      const once = [...last.values()];
      try {
        await pool.query(
          `insert into metric_bucket (environment_no, level, readings, slot, bucket, average)
           select no, 0, 1, slot, bucket, cells::int[]
           from unnest($1::int[], $2::int[], $3::int[], $4::text[]) as given (no, slot, bucket, cells)
           on conflict (level, slot, environment_no) do update set bucket = excluded.bucket, readings = 1,
             average = excluded.average`,
          [
            once.map((cell) => numbers.get(cell.environmentId)),
            once.map((cell) => slotOf(RAW, cell.bucket)),
            once.map((cell) => cell.bucket),
            once.map((cell) => scaled(cell.values)),
          ],
        );
      } catch (error) {
        // Another console forgot an environment that this one still reads.
        if ((error as { code?: unknown }).code === "23503") numbers.clear();
        throw error;
      }
    },

    /**
     * Makes the rows of `level` for the buckets first to last from the level below; a row that is there is made anew, so
     * that a bucket may be rolled up while it still grows, and again after a kill. Averages weigh each reading once.
     */
    async rollUp(level: Level, first: number, last: number): Promise<void> {
      const source = LEVELS[level.level - 1]!;
      const factor = level.seconds / source.seconds;
      const [from, to] = [first * factor, (last + 1) * factor - 1];
      await pool.query(
        `with source as (
           select environment_no, readings, average, low, high, bucket / $1::int as big from metric_bucket
           where level = $2 and slot = any ($3::int[]) and bucket between $4 and $5
         ), cells as (
           select environment_no, big, i,
             round(sum(a::float8 * readings) / sum(readings) filter (where a is not null))::int as average,
             min(l) as low, max(h) as high
           from source, unnest(average, coalesce(low, average), coalesce(high, average)) with ordinality as u (a, l, h, i)
           group by environment_no, big, i
         ), counted as (
           select environment_no, big, sum(readings) as readings from source group by environment_no, big
         )
         insert into metric_bucket (environment_no, level, readings, slot, bucket, average, low, high)
         select environment_no, $6, max(counted.readings), big % $7::int, big, array_agg(average order by i),
           array_agg(low order by i), array_agg(high order by i)
         from cells join counted using (environment_no, big) group by environment_no, big
         on conflict (level, slot, environment_no) do update set bucket = excluded.bucket,
           readings = excluded.readings, average = excluded.average, low = excluded.low, high = excluded.high
           where excluded.bucket >= metric_bucket.bucket`,
        [factor, source.level, slotsOf(source, from, to), from, to, level.level, level.slots],
      );
    },

    /** Newest bucket of each level that has any. */
    async newest(): Promise<Map<number, number>> {
      const { rows } = await pool.query<{ level: number; bucket: number }>(
        "select level, max(bucket) as bucket from metric_bucket group by level",
      );
      return new Map(rows.map(({ level, bucket }) => [level, bucket]));
    },

    /** Points of one environment over [from, to) at one level, each series in order of time. */
    async points(
      environmentId: string,
      level: Level,
      series: readonly SeriesId[],
      from: number,
      to: number,
    ): Promise<Map<SeriesId, Point[]>> {
      const [first, last] = [bucketOf(level, from), bucketOf(level, to - 1)];
      // Places in the array come from the catalogue, counted from 1 as PostgreSQL does.
      const columns = series.map((id) => {
        const place = seriesOf(id).position + 1;
        return `average[${place}], coalesce(low[${place}], average[${place}]), coalesce(high[${place}], average[${place}])`;
      });
      const { rows } = await pool.query({
        text: `select bucket, readings${columns.map((one) => `, ${one}`).join("")} from metric_bucket
               where environment_no = (select no from metric_environment where environment_id = $1)
                 and level = $2 and slot = any ($3::int[]) and bucket between $4 and $5 order by bucket`,
        values: [environmentId, level.level, slotsOf(level, first, last), first, last],
        rowMode: "array",
      });
      const found = new Map<SeriesId, Point[]>(series.map((id) => [id, []]));
      for (const row of rows as (number | null)[][]) {
        const at = startOf(level, row[0]!);
        for (const [index, id] of series.entries()) {
          const [average, low, high] = row.slice(2 + index * 3, 5 + index * 3);
          if (average === null || average === undefined) continue;
          const { scale } = seriesOf(id);
          found.get(id)!.push({
            ...{ at, readings: row[1]!, average: average / scale },
            ...{ low: (low ?? average) / scale, high: (high ?? average) / scale },
          });
        }
      }
      return found;
    },

    /** Environments that nobody read for longer than the longest ring reaches take their rows with them. */
    async forgetOld(before: Date): Promise<void> {
      await pool.query("delete from metric_environment where last_at < $1", [before]);
    },

    async touch(environmentIds: readonly string[]): Promise<void> {
      await pool.query("update metric_environment set last_at = now() where environment_id = any ($1)", [
        environmentIds,
      ]);
    },

    async limits(): Promise<Map<string, Map<SeriesId, number | null>>> {
      const { rows } = await pool.query<{ tenant_id: string; series: SeriesId; value: number | null }>(
        "select tenant_id, series, value from metric_limit",
      );
      const byTenant = new Map<string, Map<SeriesId, number | null>>();
      for (const { tenant_id: tenantId, series, value } of rows) {
        const known = byTenant.get(tenantId) ?? new Map<SeriesId, number | null>();
        known.set(series, value);
        byTenant.set(tenantId, known);
      }
      return byTenant;
    },

    /** `value` undefined goes back to the default. */
    async setLimit(tenantId: string, series: SeriesId, value: number | null | undefined, by: string, at: Date) {
      if (value === undefined) {
        await pool.query("delete from metric_limit where tenant_id = $1 and series = $2", [tenantId, series]);
        return;
      }
      await pool.query(
        `insert into metric_limit (tenant_id, series, value, by, at) values ($1, $2, $3, $4, $5)
         on conflict (tenant_id, series) do update set value = excluded.value, by = excluded.by, at = excluded.at`,
        [tenantId, series, value, by, at],
      );
    },

    /** A month's counts only grow while it lasts: a reading that came late does not lower them. */
    async setVolumes(environmentId: string, month: string, volumes: readonly (readonly [Volume, number])[], at: Date) {
      await pool.query(
        `insert into metric_monthly (environment_id, month, volume, count, at)
         select $1, $2, volume, count, $5 from unnest($3::text[], $4::bigint[]) as given (volume, count)
         on conflict (environment_id, month, volume) do update set count = excluded.count, at = excluded.at
           where metric_monthly.at <= excluded.at`,
        [environmentId, month, volumes.map(([volume]) => volume), volumes.map(([, count]) => count), at],
      );
    },

    async monthly(environmentId: string, from: string): Promise<MonthlyVolume[]> {
      const { rows } = await pool.query<{ month: string; volume: Volume; count: string }>(
        "select month, volume, count from metric_monthly where environment_id = $1 and month >= $2 order by month, volume",
        [environmentId, from],
      );
      return rows.map((row) => ({ ...row, count: Number(row.count) }));
    },

    async confirmed(environmentId?: string): Promise<Map<string, KnownAvailability>> {
      const { rows } = await pool.query(
        `select environment_id, state, source, detail, confirmed_at as "confirmedAt" from availability_confirmed
         where $1::text is null or environment_id = $1`,
        [environmentId ?? null],
      );
      return new Map(
        rows.map(({ environment_id: id, ...known }: { environment_id: string } & KnownAvailability) => [id, known]),
      );
    },

    /** Adds changes and moves the end of what is known, together; the same change is recorded once. */
    record: (
      place: { tenantId: string; tenantSlug: string; environmentId: string },
      look: KnownAvailability,
      events: readonly NewEvent[],
    ): Promise<void> =>
      inTransaction(pool, async (db) => {
        for (const event of events) {
          await db.query(
            `insert into availability_event (tenant_id, tenant_slug, environment_id, at, state, after, source, detail)
             values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (environment_id, at, state) do nothing`,
            [
              ...[place.tenantId, place.tenantSlug, place.environmentId],
              ...[event.at, event.state, event.after, event.source, event.detail],
            ],
          );
        }
        await db.query(
          `insert into availability_confirmed (environment_id, state, source, detail, confirmed_at)
           values ($1, $2, $3, $4, $5) on conflict (environment_id) do update set state = excluded.state,
             source = excluded.source, detail = excluded.detail, confirmed_at = excluded.confirmed_at
             where availability_confirmed.confirmed_at <= excluded.confirmed_at`,
          [place.environmentId, look.state, look.source, look.detail, look.confirmedAt],
        );
      }),

    /** Within [from, to), and the one that held when it began. */
    async events(environmentId: string, from: Date, to: Date): Promise<AvailabilityEvent[]> {
      const { rows } = await pool.query(
        `select ${EVENT} from availability_event where environment_id = $1 and at < $3 and at >= coalesce(
           (select max(at) from availability_event where environment_id = $1 and at <= $2), $2) order by at, seq`,
        [environmentId, from, to],
      );
      return rows;
    },

    /** The same for many environments, by id and in order of time, with only what a replay needs. */
    async eventsOf(environmentIds: readonly string[], from: Date, to: Date): Promise<Map<string, ToldEvent[]>> {
      const { rows } = await pool.query<ToldEvent & { environmentId: string }>(
        `select e.environment_id as "environmentId", e.seq::int as seq, e.at, e.state, e.source, e.detail
         from unnest($1::text[]) as given (id) left join lateral (
           select at from availability_event where environment_id = given.id and at <= $2 order by at desc limit 1
         ) held on true join availability_event e
           on e.environment_id = given.id and e.at < $3 and e.at >= coalesce(held.at, $2)
         order by e.environment_id, e.at, e.seq`,
        [environmentIds, from, to],
      );
      const found = new Map<string, ToldEvent[]>();
      for (const { environmentId, ...event } of rows) {
        const own = found.get(environmentId);
        if (own) own.push(event);
        else found.set(environmentId, [event]);
      }
      return found;
    },
  };
}

export type ToldEvent = Pick<AvailabilityEvent, "seq" | "at" | "state" | "source" | "detail">;
export type MetricsStore = ReturnType<typeof metricsStore>;
