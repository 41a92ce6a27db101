import { implement } from "@orpc/server";
import { AppError, errorFacts } from "../../shared/errors.ts";
import { isZone } from "../../shared/policy/calendar.ts";
import { monthOf } from "../../shared/policy/sla.ts";
import type { Window } from "../../shared/policy/windows.ts";
import { slaContract } from "../../shared/sla/contract.ts";
import type { SlaReport, SlaRow } from "../../shared/sla/model.ts";
import { brokenRow, type MonthFacts, monthCsv, reportCsv, slaReport, slaRow } from "../../shared/sla/report.ts";
import { lifecycleFactsOf, startOfDay, type TermsTenant } from "../../shared/terms/facts.ts";
import type { TermsFacts } from "../../shared/terms/model.ts";
import type { SlaPorts } from "./ports.ts";

export type { SlaPorts } from "./ports.ts";

/** Zones are at most this far from UTC, so a month of any of them lies within. */
const ZONES_MS = 15 * 3_600_000;

interface Fleet {
  readonly rows: readonly { readonly tenant: MonthFacts["tenant"]; readonly facts: () => MonthFacts }[];
}

/**
 * The months of each tenant by contract. Nothing of a month is stored: it is replayed from what was seen from outside,
 * the calendar with the proofs of its notices, and the contract, each time it is asked for.
 */
export function slaArea(ports: SlaPorts) {
  const os = implement(slaContract);

  /** Reads what the month of these tenants follows from, all at once. */
  async function read(month: string, only?: TermsTenant): Promise<Fleet> {
    const utc = monthOf(month, "UTC");
    const now = ports.now();
    const from = new Date(utc.startsAt.getTime() - ZONES_MS);
    const to = new Date(utc.endsAt.getTime() + ZONES_MS);
    if (from >= now) throw notBegun(month);
    const [tenants, factsOf, profileFor] = await Promise.all([
      only ? [only] : ports.tenants(),
      ports.facts(),
      ports.profiles(),
    ]);
    const productions = tenants.flatMap((tenant) => {
      const production = tenant.environments.find(({ kind }) => kind === "production");
      return production ? [{ tenant, production }] : [];
    });
    const weeks = Math.max(
      0,
      ...productions.map(({ tenant }) => profileFor(tenant, utc.endsAt).counters.weekly?.weeks ?? 0),
    );
    const [seen, planned] = await Promise.all([
      ports.availability(
        productions.map(({ production }) => production.id),
        from,
        to,
      ),
      ports.windows(from, to, weeks, only ? [only.id] : null),
    ]);
    const windows = new Map<string, (typeof planned)[number][]>();
    for (const window of planned) {
      const own = windows.get(window.tenantId);
      if (own) own.push(window);
      else windows.set(window.tenantId, [window]);
    }
    const months = new Map<string, Window>();
    const wholeIn = (zone: string): Window => {
      const whole = months.get(zone) ?? monthOf(month, zone);
      months.set(zone, whole);
      return whole;
    };
    const days = new Map<string, Date>();
    const dayStart: typeof startOfDay = (day, zone) => {
      const start = days.get(`${day} ${zone}`) ?? startOfDay(day, zone);
      days.set(`${day} ${zone}`, start);
      return start;
    };
    return {
      rows: productions.map(({ tenant, production }) => {
        const { id: tenantId, slug, customer, service, owner, isLab } = tenant;
        const zone = isZone(tenant.zone) ? tenant.zone : "UTC";
        const shown = { ...{ tenantId, slug, customer, service, owner, isLab, zone }, region: production.region };
        const own = { ...shown, environmentId: production.id };
        const facts = (): MonthFacts => ({
          ...{ tenant: own, month, whole: wholeIn(zone) },
          served: servedOf({ ...tenant, zone }, factsOf(tenantId), now, dayStart),
          intervals: seen.get(production.id) ?? [],
          windows: windows.get(tenantId) ?? [],
          profileAt: (at) => profileFor(tenant, at),
        });
        return { tenant: own, facts };
      }),
    };
  }

  async function monthRows(month: string): Promise<SlaRow[]> {
    const { rows } = await read(month);
    return rows
      .map(({ tenant, facts }) => {
        try {
          return slaRow(facts());
        } catch (error) {
          // One tenant with bad data must not hide the others.
          return brokenRow(tenant, errorFacts(error).message);
        }
      })
      .toSorted((a, b) => urgencyOf(a) - urgencyOf(b) || (a.customer < b.customer ? -1 : 1));
  }

  async function reportOf(ref: string, month: string): Promise<SlaReport> {
    const tenant = (await ports.tenants()).find((one) => one.slug === ref || one.id === ref);
    if (!tenant)
      throw new AppError("NotFound", `There is no tenant ${ref}.`, {
        retryable: false,
        next: "Look at the fleet; reading AWS again may show it.",
      });
    const { rows } = await read(month, tenant);
    const row = rows[0];
    if (row) return slaReport(row.facts());
    throw new AppError("NotFound", `${tenant.slug} has no production, so there is no SLA.`, {
      ...{ retryable: false, tenant: tenant.slug, rule: "R9" },
      next: "Only production has an SLA; look at the tenant's environments.",
    });
  }

  const router = {
    month: os.month.handler(async ({ input }) => ({ month: input.month, rows: await monthRows(input.month) })),

    report: os.report.handler(({ input }) => reportOf(input.tenant, input.month)),

    export: os.export.handler(async ({ input }) => {
      const { month, tenant, format } = input;
      const name = (what: string) => `sla-${what}-${month}.${format}`;
      const isCsv = format === "csv";
      const mediaType = isCsv ? "text/csv" : "application/json";
      const document = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
      if (tenant === undefined) {
        const rows = await monthRows(month);
        return { fileName: name("fleet"), mediaType, text: isCsv ? monthCsv(month, rows) : document({ month, rows }) };
      }
      const report = await reportOf(tenant, month);
      return { fileName: name(report.slug), mediaType, text: isCsv ? reportCsv(report) : document(report) };
    }),
  };

  return { router };
}

/** Missed targets first, then what cannot be told, then the least available. */
const urgencyOf = ({ problem, met, availabilityPercent }: SlaRow): number => {
  if (problem !== null) return -2;
  return met === false ? -1 : (availabilityPercent ?? 101);
};

/** From the hand-over until the contract ends, and never beyond now. Empty before the hand-over. */
function servedOf(tenant: TermsTenant, facts: TermsFacts, now: Date, dayStart: typeof startOfDay): Window {
  const { activeAt, endsAt } = lifecycleFactsOf(tenant, facts, dayStart);
  const until = endsAt && endsAt < now ? endsAt : now;
  return { startsAt: activeAt ?? until, endsAt: until };
}

const notBegun = (month: string): AppError =>
  new AppError("InvalidInput", `The month ${month} has not begun.`, {
    ...{ retryable: false, field: "month" },
    next: "Ask for this month or an earlier one.",
  });
