import { createRouterClient } from "@orpc/server";
import { calendarArea } from "../../main/calendar/index.ts";
import { openDatabase } from "../../main/database/index.ts";
import { openHome } from "../../main/home/index.ts";
import { silentLog } from "../../main/log.ts";
import { metricsArea } from "../../main/metrics/index.ts";
import { slaArea } from "../../main/sla/index.ts";
import { termsArea } from "../../main/terms/index.ts";
import type { TermsTenant } from "../../shared/terms/facts.ts";
import { type Figure, rounded } from "./figure.ts";
import { withHome } from "./scratch-console.ts";

const TENANTS = 10_000;
const MONTHS = 12;
const ZONES = ["Europe/Paris", "Europe/Madrid", "America/Denver", "America/Toronto", "Asia/Tokyo"];
const NOW = new Date("2027-01-02T00:00:00Z");

const tenants: readonly TermsTenant[] = Array.from({ length: TENANTS }, (_, index) => ({
  ...{ id: `t-${index}`, slug: `tenant-${index}`, customer: `Customer ${index}`, owner: "Partner", isLab: false },
  service: index % 2 === 0 ? "openbravo" : "acumatica",
  zone: ZONES[index % ZONES.length]!,
  ...{ invoiceDate: "2025-01-01", handOver: null },
  environments: [
    {
      ...{ id: `e-${index}`, kind: "production", region: "eu-west-1", version: null, state: "running" },
      unprotected: false,
    },
  ],
}));

/**
 * The SLA of a year of 10,000 tenants, month by month: each has a noticed window a month with its lock-out, an outage
 * and a time in which nobody looked, and a target of its own contract.
 */
export async function measureSlaYear(): Promise<Figure[]> {
  return withHome(async (folder) => {
    const home = await openHome(folder);
    const database = await openDatabase({ home, log: silentLog });
    try {
      await fill(database.pool);
      const common = { pool: database.pool, now: () => NOW, operator: () => "bench", changed: () => undefined };
      const terms = termsArea({
        ...common,
        tenants: async () => tenants,
        releases: async () => ({ openbravo: [], acumatica: [] }),
      });
      const calendar = calendarArea({
        ...common,
        tenants: async () => [],
        profiles: () => terms.profiles(),
        trains: async () => [],
        contacts: async () => [],
        mail: { isReady: () => false, sender: unused, send: unused },
        messages: folder,
        machine: "bench",
      });
      const metrics = metricsArea({
        ...common,
        shared: false,
        environments: async () => [],
        openChannel: unused,
        intervals: () => ({ metricsSeconds: 10, healthSeconds: 60 }),
        log: () => undefined,
      });
      const sla = slaArea({
        now: () => NOW,
        tenants: async () => tenants,
        facts: () => terms.allFacts(),
        profiles: () => terms.profiles(),
        availability: metrics.availabilityOf,
        windows: calendar.noticed,
      });
      const client = createRouterClient(sla.router);
      const startedAt = performance.now();
      for (let month = 1; month <= MONTHS; month += 1) {
        const { rows } = await client.month({ month: `2026-${String(month).padStart(2, "0")}` });
        const excluded = rows.filter((row) => row.excludedMinutes === 30 && row.downMinutes === 50).length;
        if (excluded !== TENANTS) throw new Error(`${excluded} tenants have their window excluded in month ${month}`);
      }
      return [{ name: "sla-year", value: rounded((performance.now() - startedAt) / 1_000), unit: "s", aim: 10 }];
    } finally {
      await database.stop();
      await home.release();
    }
  });
}

function unused(): never {
  throw new Error("the bench asks no host and sends nothing");
}

type Pool = Awaited<ReturnType<typeof openDatabase>>["pool"];

async function fill(pool: Pool): Promise<void> {
  const months = `generate_series(0, $1::int - 1) t, generate_series(0, $2::int - 1) m,
    lateral (select timestamptz '2026-01-10 02:00Z' + m * interval '1 month' + (t % 14) * interval '1 day' as at) x`;
  await pool.query(
    `insert into maintenance_window (id, kind, tenant_id, slug, customer, service, environment, region, zone,
       customer_zone, starts_at, ends_at, title, interrupts, impact, state, created_by, created_at, profile, verdicts)
     select 'w-' || t || '-' || m, 'standard', 't-' || t, 'tenant-' || t, 'Customer ' || t, 'openbravo', 'production',
       'eu-west-1', 'Europe/Dublin', 'Europe/Paris', at, at + interval '1 hour', 'Kernel', true, 'Off line.', 'planned',
       'bench', at - interval '60 days', '{"id": "openbravo", "version": "1"}', '[]' from ${months}`,
    [TENANTS, MONTHS],
  );
  await pool.query(
    `insert into maintenance_notice (id, window_id, tenant_id, language, subject, body, starts_at, ends_at, state,
       created_at, created_by, sent_at, sent_by, recorded_at, proof)
     select 'n-' || id, id, tenant_id, 'en', 'Notice', 'Text', starts_at, ends_at, 'sent', created_at, 'bench',
       created_at, 'bench', created_at, '{"fileName": "a.eml", "sha256": "", "bytes": 1}' from maintenance_window`,
  );
  await pool.query(
    `insert into availability_event (tenant_id, tenant_slug, environment_id, at, state, source, detail)
     select 't-' || t, 'tenant-' || t, 'e-' || t, at + (after || ' minutes')::interval, state, source, detail
     from ${months}, (values (0, 'degraded', 'probe', 'lockout'), (30, 'up', 'probe', null),
       (300, 'down', 'probe', 'connection refused'), (350, 'up', 'probe', null),
       (900, 'unknown', 'console', 'nobody looked'), (960, 'up', 'probe', null)) v (after, state, source, detail)`,
    [TENANTS, MONTHS],
  );
  await pool.query(
    `insert into terms_record (id, tenant_id, slug, entry, reason, by, at, profile)
     select gen_random_uuid()::text, 't-' || t, 'tenant-' || t, '{"kind": "uptime", "percent": 99.9}', 'Contract', 'bench',
       timestamptz '2025-01-01', '{"id": "openbravo", "version": "1"}' from generate_series(0, $1::int - 1) t`,
    [TENANTS],
  );
  for (const table of ["maintenance_window", "maintenance_notice", "availability_event", "terms_record"])
    await pool.query(`analyze ${table}`);
}
