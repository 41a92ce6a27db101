import { availabilityIntervals } from "../../shared/metrics/availability.ts";
import { profileOf } from "../../shared/policy/profiles.ts";
import { monthOf } from "../../shared/policy/sla.ts";
import type { SlaReport } from "../../shared/sla/model.ts";
import { slaReport, slaRow } from "../../shared/sla/report.ts";
import type { Tenant } from "../../shared/tenant/model.ts";

const HOUR_MS = 3_600_000;

/** The months of the demonstration under the real rules: an outage of an hour and a blind hour, each tenant's alike. */
export function createFakeSla(tenants: readonly Tenant[], now: Date) {
  const factsOf = (tenant: Tenant, month: string) => {
    const whole = monthOf(month, tenant.zone);
    const production = tenant.environments.find(({ kind }) => kind === "production");
    const after = (hours: number) => new Date(whole.startsAt.getTime() + hours * HOUR_MS);
    const seen = [
      { at: after(-24), state: "up", source: "probe", detail: null },
      { at: after(3), state: "down", source: "probe", detail: "connection refused" },
      { at: after(4), state: "up", source: "probe", detail: null },
      { at: after(5), state: "unknown", source: "console", detail: "nobody looked" },
      { at: after(6), state: "up", source: "probe", detail: null },
    ] as const;
    const { id: tenantId, slug, customer, service, owner, isLab, zone } = tenant;
    return {
      tenant: {
        ...{ tenantId, slug, customer, service, owner, isLab, zone },
        ...{ environmentId: production?.id ?? "", region: production?.region ?? "" },
      },
      ...{ month, whole, served: { startsAt: after(-240), endsAt: now }, windows: [] },
      intervals: availabilityIntervals(
        seen.map((one, seq) => ({ ...one, seq })),
        now,
        { from: after(-24), to: now },
      ),
      profileAt: () => profileOf(service),
    };
  };
  return {
    month: (month: string) => ({ month, rows: tenants.map((tenant) => slaRow(factsOf(tenant, month))) }),
    report: (ref: string, month: string): SlaReport =>
      slaReport(factsOf(tenants.find(({ id, slug }) => id === ref || slug === ref) ?? tenants[0]!, month)),
  };
}
