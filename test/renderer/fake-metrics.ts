import { seriesFacts } from "../../shared/metrics/catalogue.ts";
import type { MetricsNow, MetricsRange } from "../../shared/metrics/model.ts";
import { limitsOf } from "../../shared/metrics/thresholds.ts";
import type { Tenant } from "../../shared/tenant/model.ts";

/** Figures of the demonstration: a wave for each series, with a silence near the end of the range. */
export function createFakeMetrics(tenants: readonly Tenant[], now: Date) {
  const environmentsOf = (ref?: string) =>
    tenants
      .filter(({ id, slug }) => ref === undefined || id === ref || slug === ref)
      .flatMap((tenant) => tenant.environments.map((environment) => ({ tenant, environment })));
  return {
    now: (ref?: string): MetricsNow[] =>
      environmentsOf(ref).map(({ tenant, environment }) => ({
        ...{ tenantId: tenant.id, tenantSlug: tenant.slug, service: tenant.service, environmentId: environment.id },
        ...{ kind: environment.kind, unprotected: environment.unprotected, error: null, sampler: 1 },
        ...{ contact: environment.unprotected ? "unwatched" : "live", contactSince: now, lastReadingAt: now },
        values: environment.unprotected ? [] : [{ series: "cpu.busy", value: 96, at: now }],
        breaches: environment.unprotected ? [] : [{ series: "cpu.busy", value: 96, limit: 90, since: now }],
      })),
    query(input: { tenant: string; environment: string; from: Date; to: Date }): MetricsRange {
      const found = environmentsOf(input.tenant).find(({ environment }) => environment.kind === input.environment);
      const [from, to] = [input.from.getTime(), input.to.getTime()];
      const at = Array.from({ length: 60 }, (_, index) => from + ((to - from) * index) / 60);
      const wave = at.map((_, index) => (index > 52 && index < 56 ? null : 40 + 30 * Math.sin(index / 6)));
      return {
        ...{ environmentId: found?.environment.id ?? "none", from: input.from, to: input.to, levelSeconds: 60 },
        series: seriesFacts.map(({ id }) => ({ id, at, low: wave, average: wave, high: wave })),
        limits: limitsOf(new Map()),
        certificateWatchDays: [60, 30, 7],
        monthly: [{ month: "2026-03", volume: "salesOrders", count: 1_250 }],
      };
    },
  };
}
