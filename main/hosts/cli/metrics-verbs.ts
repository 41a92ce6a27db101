import { AppError } from "../../../shared/errors.ts";
import {
  FAMILIES,
  type Family,
  seriesFacts,
  type SeriesId,
  SeriesId as SeriesName,
} from "../../../shared/metrics/catalogue.ts";
import type { MetricsNow } from "../../../shared/metrics/model.ts";
import { ENVIRONMENT_KINDS, type EnvironmentKind } from "../../../shared/tenant/model.ts";
import { HOUR_MS } from "../../../shared/time.ts";
import { table, type Terminal } from "./terminal.ts";
import { oneName, oneOf, usageError } from "./usage.ts";
import { onConsole, type Verbs, wholeNumber } from "./verbs.ts";

interface TenantOption {
  readonly tenant?: string;
}
interface PlaceOptions extends TenantOption {
  readonly environment?: EnvironmentKind;
}
interface QueryOptions extends PlaceOptions {
  readonly family?: Family;
  readonly series?: string;
  readonly from?: string;
  readonly to?: string;
  readonly points: number;
}
interface WatchOptions extends PlaceOptions {
  readonly count?: number;
}

/** Figures of hosts, databases and applications: now, as they come, and over time. */
export function addMetricsVerbs({ noun, verb }: Verbs): void {
  const metrics = noun("metrics", "figures of hosts, databases and applications");

  verb<TenantOption>(
    metrics,
    "now [tenant]",
    "the newest figures, of one tenant or of all",
    async (cli, options, name) => {
      const tenant = name ?? options.tenant;
      const shown = await onConsole(cli, ({ client }) => client.metrics.now(tenant === undefined ? {} : { tenant }));
      cli.terminal.answer(shown, () => nowText(cli.terminal, shown));
    },
  ).option("--tenant <tenant>", "slug or id");

  verb<QueryOptions>(metrics, "query [tenant]", "stored figures over a range of time", async (cli, options, name) => {
    const tenant = oneName("tenant", name, options.tenant);
    const to = instant(options.to, "to") ?? new Date();
    const from = instant(options.from, "from") ?? new Date(to.getTime() - HOUR_MS);
    const input = {
      ...{ tenant, from, to, points: options.points, environment: options.environment ?? "production" },
      ...(options.series === undefined ? {} : { series: seriesNamed(options.series) }),
      ...(options.family === undefined ? {} : { family: options.family }),
    };
    const shown = await onConsole(cli, ({ client }) => client.metrics.query(input));
    cli.terminal.answer(shown, () =>
      table(
        cli.terminal,
        ["TIME", "SERIES", "LOW", "AVERAGE", "HIGH"],
        shown.series.flatMap((one) =>
          one.at.map((at, index) => [
            ...[new Date(at).toISOString(), one.id],
            ...[one.low[index], one.average[index], one.high[index]].map((value) =>
              value === null || value === undefined ? "-" : String(Math.round(value * 1_000) / 1_000),
            ),
          ]),
        ),
      ),
    );
  })
    .option("--tenant <tenant>", "slug or id")
    .option("--environment <kind>", ENVIRONMENT_KINDS.join(", "), oneOf(ENVIRONMENT_KINDS))
    .option("--family <family>", FAMILIES.join(", "), oneOf(FAMILIES))
    .option("--series <names>", "names with commas between, such as cpu.busy,memory.used")
    .option("--from <time>", "RFC 3339 with offset (default: an hour before --to)")
    .option("--to <time>", "RFC 3339 with offset (default: now)")
    .option("--points <count>", "most points of a series", wholeNumber(2, 5_000), 300);

  verb<WatchOptions>(
    metrics,
    "watch [tenant]",
    "each reading as it comes, one line each",
    async (cli, options, name) => {
      const tenant = name ?? options.tenant;
      await onConsole(cli, async ({ client, closed }) => {
        const stream = await client.metrics.watch({
          ...(tenant === undefined ? {} : { tenant }),
          ...(options.environment === undefined ? {} : { environment: options.environment }),
        });
        const gone = closed.then((): never => {
          throw new AppError("ConsoleUnreachable", "The console went away.", {
            retryable: true,
            next: "Watch again; the figures are read on by whichever console runs.",
          });
        });
        gone.catch(() => undefined);
        const stopped = new Promise<null>((resolve) => cli.interrupted.addEventListener("abort", () => resolve(null)));
        let left = options.count ?? Number.POSITIVE_INFINITY;
        try {
          while (left > 0) {
            const next = await Promise.race([stream.next(), gone, stopped]);
            if (next === null || next.done) return;
            for (const reading of next.value.readings) {
              if (left-- <= 0) return;
              cli.terminal.line(reading, () => {
                const words = reading.values.map(({ series, value }) => `${series}=${Math.round(value * 100) / 100}`);
                return `${reading.at.toISOString()} ${reading.tenantSlug} ${reading.kind} ${words.join(" ")}`;
              });
            }
          }
        } finally {
          stream.return?.().catch(() => undefined);
        }
      });
    },
  )
    .option("--tenant <tenant>", "slug or id")
    .option(
      "--environment <kind>",
      "also reads a test environment for as long as it is watched",
      oneOf(ENVIRONMENT_KINDS),
    )
    .option("--count <readings>", "end after this many", wholeNumber(1, 1_000_000));
}

function instant(text: string | undefined, option: string): Date | undefined {
  if (text === undefined) return undefined;
  const date = new Date(text);
  if (/(?:Z|[+-]\d\d:?\d\d)$/i.test(text) && !Number.isNaN(date.getTime())) return date;
  throw usageError(`--${option} "${text}" is no time.`, "Give RFC 3339 with an offset: 2026-03-02T21:00:00Z.");
}

function seriesNamed(text: string): SeriesId[] {
  return text.split(",").map((word) => {
    const parsed = SeriesName.safeParse(word.trim());
    if (parsed.success) return parsed.data;
    throw usageError(`There is no series ${word}.`, `Name some of ${seriesFacts.map(({ id }) => id).join(", ")}.`);
  });
}

function nowText(terminal: Terminal, shown: readonly MetricsNow[]): string {
  const value = (one: MetricsNow, id: SeriesId) => {
    const found = one.values.find(({ series }) => series === id);
    return found ? String(Math.round(found.value * 10) / 10) : "-";
  };
  return table(
    terminal,
    ["TENANT", "KIND", "CONTACT", "CPU %", "MEMORY %", "DISK %", "ORDERS/MIN", "ANSWER MS", "BEYOND LIMIT"],
    shown.map((one) => [
      ...[one.tenantSlug, one.kind, one.contact, value(one, "cpu.busy"), value(one, "memory.used")],
      ...[value(one, "disk.used"), value(one, "application.orders"), value(one, "outside.latency")],
      one.breaches.map(({ series }) => series).join(" "),
    ]),
  );
}
