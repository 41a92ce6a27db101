import { createRouterClient } from "@orpc/server";
import { type CalendarTenant, calendarArea } from "../../main/calendar/index.ts";
import { openDatabase } from "../../main/database/index.ts";
import { openHome } from "../../main/home/index.ts";
import { silentLog } from "../../main/log.ts";
import { shippedProfiles } from "../../shared/policy/profiles.ts";
import { type Figure, percentile, rounded, times } from "./figure.ts";
import { withHome } from "./scratch-console.ts";

const TENANTS = 10_000;
const MONTHS = 60;
const CALLS = 20;

const REGIONS = ["eu-west-1", "us-east-1", "ca-central-1", "ap-southeast-2"];
const ZONES = ["Europe/Paris", "Europe/Madrid", "America/Denver", "America/Toronto", "Asia/Tokyo"];

const tenants: readonly CalendarTenant[] = Array.from({ length: TENANTS }, (_, index) => ({
  ...{ id: `t-${index}`, slug: `tenant-${index}`, customer: `Customer ${index}` },
  service: index % 2 === 0 ? "openbravo" : "acumatica",
  zone: ZONES[index % ZONES.length]!,
  environments: [{ kind: "production", region: REGIONS[index % REGIONS.length]! }],
}));

/** A month of the calendar of 10,000 tenants with a window a month each for five years, a sent notice to every one. */
export async function measureCalendarMonth(): Promise<Figure[]> {
  return withHome(async (folder) => {
    const home = await openHome(folder);
    const database = await openDatabase({ home, log: silentLog });
    try {
      await fill(database.pool);
      const { router } = calendarArea({
        pool: database.pool,
        now: () => new Date("2028-06-15T12:00:00Z"),
        tenants: async () => tenants,
        profiles: async () => shippedProfiles,
        trains: async () => [],
        contacts: async () => [],
        mail: { isReady: () => false, sender: unused, send: unused },
        messages: folder,
        machine: "bench",
        operator: () => "bench",
        changed: () => undefined,
      });
      const client = createRouterClient(router);
      const month = { from: new Date("2028-06-01T00:00:00Z"), to: new Date("2028-07-01T00:00:00Z") };
      const { windows } = await client.list(month);
      if (windows.length !== TENANTS) throw new Error(`a month holds ${windows.length} windows`);
      const sorted = await times(CALLS, () => client.list(month));
      return [{ name: "calendar-month-p50", value: rounded(percentile(sorted, 0.5)), unit: "ms", aim: 300 }];
    } finally {
      await database.stop();
      await home.release();
    }
  });
}

function unused(): never {
  throw new Error("the bench sends nothing");
}

type Pool = Awaited<ReturnType<typeof openDatabase>>["pool"];

async function fill(pool: Pool): Promise<void> {
  await pool.query(
    `insert into maintenance_window (id, kind, tenant_id, slug, customer, service, environment, region, zone,
       customer_zone, starts_at, ends_at, title, interrupts, impact, state, created_by, created_at, profile, verdicts)
     select 'w-' || t || '-' || m, 'standard', 't-' || t, 'tenant-' || t, 'Customer ' || t, 'openbravo', 'production',
       'eu-west-1', 'Europe/Dublin', 'Europe/Paris', at, at + interval '1 hour', 'Kernel', true, 'Off line.', 'planned',
       'bench', at - interval '60 days', '{"id": "openbravo", "version": "1"}', '[]'
     from generate_series(0, $1::int - 1) t, generate_series(0, $2::int - 1) m,
       lateral (select timestamptz '2026-01-15 22:00Z' + m * interval '1 month' + (t % 14) * interval '1 day' as at) x`,
    [TENANTS, MONTHS],
  );
  await pool.query(
    `insert into maintenance_notice (id, window_id, tenant_id, language, subject, body, starts_at, ends_at, state,
       created_at, created_by, sent_at, sent_by, recorded_at, proof)
     select 'n-' || id, id, tenant_id, 'en', 'Notice', 'Text', starts_at, ends_at, 'sent', created_at, 'bench',
       created_at, 'bench', created_at, '{"fileName": "a.eml", "sha256": "", "bytes": 1}'
     from maintenance_window`,
  );
  await pool.query("analyze maintenance_window");
  await pool.query("analyze maintenance_notice");
}
