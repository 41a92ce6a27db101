import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { openDatabase } from "../../main/database/index.ts";
import { openHome } from "../../main/home/index.ts";
import { silentLog } from "../../main/log.ts";
import { bucketOf, LEVELS, RAW } from "../../main/metrics/levels.ts";
import { metricsStore } from "../../main/metrics/store.ts";
import { SERIES, seriesFacts } from "../../shared/metrics/catalogue.ts";
import { thinned, withGaps } from "../../shared/metrics/points.ts";
import { DAY_MS } from "../../shared/time.ts";
import { processesOf } from "../../test/support/processes.ts";
import { type Figure, rounded, times } from "./figure.ts";
import { withConsole, withHome } from "./scratch-console.ts";

const HOSTS = 1_000;
const MINUTE_S = 60;
/** Hundredths of a second, as the kernel counts processor time. */
const TICKS = 100;

/** What reading a host costs it, what keeping the readings of a thousand costs here, and how long a chart waits. */
export async function measureMetrics(): Promise<Figure[]> {
  return [...(await withHome((folder) => store(path.join(folder, "home")))), ...(await sampler())];
}

/** Processor time of the samplers on the lab's hosts over a minute, with everything they started, for one host. */
async function sampler(): Promise<Figure[]> {
  return withConsole("demo", async (running, client) => {
    await client.fleet.refresh();
    const deadline = Date.now() + 120_000;
    for (let live = 0; live === 0 && Date.now() < deadline; await wait(500))
      live = (await client.metrics.now({})).filter((one) => one.contact === "live").length;
    await wait(20_000);
    const pids = (await processesOf(running.home))
      .filter(
        ({ command }) => /\/bin\/sh -c|fleetwright-sampler/.test(command) && command.includes("fleetwright-sampler"),
      )
      .map(({ pid }) => pid);
    const before = await processorSeconds(pids);
    await wait(MINUTE_S * 1_000);
    const after = await processorSeconds(pids);
    if (before.size === 0) throw new Error("no sampler was found on the lab's hosts");
    const shares = [...before].flatMap(([pid, spent]) => {
      const now = after.get(pid);
      return now === undefined ? [] : [(100 * (now - spent)) / MINUTE_S];
    });
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    return [{ name: "sampler-processor-share-of-one-core", value: rounded(mean), unit: "%", aim: 1 }];
  });
}

async function processorSeconds(pids: readonly number[]): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Own time and that of the children that ended: user and system each.
    if (fields.length > 15) found.set(pid, fields.slice(11, 15).reduce((sum, one) => sum + Number(one), 0) / TICKS);
  }
  return found;
}

async function store(folder: string): Promise<Figure[]> {
  const home = await openHome(folder);
  const database = await openDatabase({ home, url: undefined, log: silentLog });
  try {
    const metrics = metricsStore(database.pool);
    const ids = Array.from({ length: HOSTS }, (_, index) => `environment-${index}`);
    const values = Object.fromEntries(seriesFacts.map(({ id }, index) => [id, index * 1.5]));
    let bucket = bucketOf(RAW, Date.UTC(2026, 2, 2));
    const round = () => {
      bucket += 1;
      return metrics.write(ids.map((environmentId) => ({ environmentId, bucket, values })));
    };
    const written = await times(30, round);
    const minute = LEVELS[1]!;
    const rolled = await times(5, () => {
      const last = Math.floor((bucket * RAW.seconds) / minute.seconds);
      return metrics.rollUp(minute, last - 1, last - 1);
    });

    // One host with every ring full.
    const end = Date.UTC(2026, 2, 2);
    for (const level of LEVELS) {
      await database.pool.query(
        `insert into metric_bucket (environment_no, level, readings, slot, bucket, average, low, high)
         select no, $2::int, 1, bucket % $3, bucket, $4::int[], case when $2::int > 0 then $4::int[] end, case when $2::int > 0 then $4::int[] end
         from metric_environment, generate_series($5::int, $5::int + $3 - 1) as bucket where environment_id = $1
         on conflict (level, slot, environment_no) do update set bucket = excluded.bucket, average = excluded.average`,
        [ids[0], level.level, level.slots, SERIES.map((_, index) => index * 100), bucketOf(level, end) - level.slots],
      );
    }
    const month = LEVELS[2]!;
    const all = SERIES.map(({ id }) => id);
    const asked = await times(5, async () => {
      const points = await metrics.points(ids[0]!, month, all, end - 30 * DAY_MS, end);
      for (const one of points.values()) withGaps(thinned(one, end - 30 * DAY_MS, end, 360), month.seconds * 1_000);
    });
    const size = await database.pool.query<{ bytes: string }>(
      `select sum(pg_column_size(metric_bucket.*) + 4) as bytes from metric_bucket
       where environment_no = (select no from metric_environment where environment_id = $1)`,
      [ids[0]],
    );
    return [
      { name: "metrics-ingest-1000-hosts", value: rounded(median(written)), unit: "ms", aim: 500 },
      { name: "metrics-rollup-minute-1000-hosts", value: rounded(median(rolled)), unit: "ms" },
      { name: "metrics-query-30-days", value: rounded(median(asked)), unit: "ms", aim: 300 },
      { name: "metrics-rings-of-one-host", value: rounded(Number(size.rows[0]!.bytes) / 1e6), unit: "MB" },
    ];
  } finally {
    await database.stop();
    await home.release();
  }
}

const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
