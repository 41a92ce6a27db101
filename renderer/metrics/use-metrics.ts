import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { seriesOf } from "../../shared/metrics/catalogue.ts";
import type { MetricsPush, MetricsRange } from "../../shared/metrics/model.ts";
import type { EnvironmentKind } from "../../shared/tenant/model.ts";
import { MINUTE_MS, SECOND_MS } from "../../shared/time.ts";
import { useApi, useConnection } from "../app/api.ts";
import { type Range, withReadings } from "./metrics-view.ts";

type Reading = MetricsPush["readings"][number];

const NOTHING: { readonly of: string; readonly readings: readonly Reading[] } = { of: "", readings: [] };
/** Two hours of one host in ten-second readings; older ones are stored by then. */
const MOST_READINGS = 1_500;
const TRY_AGAIN_MS = 2 * SECOND_MS;

/** Readings of one environment since the screen opened, newest last; asking for them also has a test environment read. */
export function useReadings(tenant: string, environment: EnvironmentKind): readonly Reading[] {
  const api = useApi();
  const cache = useQueryClient();
  const { connection, phase } = useConnection();
  const [known, setKnown] = useState<{ readonly of: string; readonly readings: readonly Reading[] }>(NOTHING);
  const of = `${tenant}/${environment}`;

  useEffect(() => {
    if (phase !== "open") return;
    const leaving = new AbortController();
    const { signal } = leaving;
    async function follow() {
      while (!signal.aborted) {
        try {
          for await (const push of await connection.client.metrics.watch({ tenant, environment }, { signal })) {
            connection.heard();
            if (push.readings.length > 0)
              setKnown((before) => ({
                of,
                readings: [...(before.of === of ? before.readings : []), ...push.readings].slice(-MOST_READINGS),
              }));
            if (push.readings.length > 0 || push.changed.length > 0)
              void cache.invalidateQueries({ queryKey: api.metrics.now.key() });
          }
        } catch {
          // The line or the stream ended; both are tried again.
        }
        if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
      }
    }
    void follow();
    return () => leaving.abort();
  }, [api, cache, connection, phase, tenant, environment, of]);

  return known.of === of ? known.readings : NOTHING.readings;
}

/** How often what is stored is read again: as often as the range gets a new point, at least once a minute. */
const refreshMs = ({ from, to }: Range, points: number): number =>
  Math.min(MINUTE_MS, Math.max(15 * SECOND_MS, (to - from) / points));

const POINTS = 360;

/** The stored figures of a range, with the readings that came since put at their ends. */
export function useRange(tenant: string, environment: EnvironmentKind, range: Range, readings: readonly Reading[]) {
  const api = useApi();
  const every = refreshMs(range, POINTS);
  // The end moves with the clock; what is asked for moves only as often as there is something new.
  const to = Math.ceil(range.to / every) * every;
  const from = to - (range.to - range.from);
  const shown = useQuery(
    api.metrics.query.queryOptions({
      input: { tenant, environment, from: new Date(from), to: new Date(to), points: POINTS },
      placeholderData: keepPreviousData,
      gcTime: MINUTE_MS,
      staleTime: every,
    }),
  );
  const stored = shown.data;
  const data = useMemo(() => stored && withNew(stored, readings, range), [stored, readings, range]);
  return { data, error: shown.error, refetch: shown.refetch };
}

function withNew(stored: MetricsRange, readings: readonly Reading[], range: Range): MetricsRange {
  const inside = readings.filter(({ at }) => at.getTime() < range.to);
  if (inside.length === 0) return stored;
  return {
    ...stored,
    series: stored.series.map((one) =>
      withReadings(one, inside, Math.max(seriesOf(one.id).everySeconds, stored.levelSeconds) * SECOND_MS),
    ),
  };
}
