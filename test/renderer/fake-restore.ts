import { AppError } from "../../shared/errors.ts";
import type { RestoreCase, RestoreSource } from "../../shared/restore/model.ts";
import type { Tenant } from "../../shared/tenant/model.ts";
import { DAY_MS, HOUR_MS } from "../../shared/time.ts";

const ROWS = [
  { name: "orders", rows: 4210 },
  { name: "partners", rows: 318 },
];

/** Copies and one restore that stands ready, for the screens; decided by the real rules in the plan's own tests. */
export function createFakeRestores(tenants: readonly Tenant[], now: Date) {
  const tenantOf = (ref: string): Tenant => {
    const tenant = tenants.find(({ id, slug }) => id === ref || slug === ref);
    if (!tenant) throw new AppError("NotFound", `There is no tenant ${ref}.`, { retryable: false });
    return tenant;
  };
  const sources = (ref: string): RestoreSource[] => {
    const tenant = tenantOf(ref);
    return [1, 2].map((day) => ({
      ...{ id: `snap-0${day}`, kind: day === 1 ? "snapshot" : "backup", region: "eu-west-1", tenantId: tenant.id },
      ...{ environment: "production", version: "26Q2", systemIdentifier: "7710", label: `night ${day}` },
      ...{ takenAt: new Date(now.getTime() - day * DAY_MS), sizeGiB: 100, grade: "quiesced", isComplete: true },
      manifest: {
        ...{ tenantId: tenant.id, environment: "production", version: "26Q2", licenceFingerprint: "9f2c" },
        ...{ systemIdentifier: "7710", relations: ROWS, newestTransactionAt: now, databaseBytes: 1e9 },
      },
      ...{ isAtRest: true, keptUntil: null },
    }));
  };
  const list = (ref?: string): RestoreCase[] =>
    (ref === undefined ? tenants.slice(0, 1) : [tenantOf(ref)]).map((tenant) => ({
      ...{ id: `case-${tenant.slug}`, tenantId: tenant.id, slug: tenant.slug, customer: tenant.customer },
      ...{ purpose: "restore", state: "ready", source: sources(tenant.slug)[0]!, target: "production" },
      ...{ targetName: `${tenant.slug} production`, reason: "vendor", verdicts: [], losses: null },
      papers: { approval: null, fee: null, evaluation: null, bestEffortAcceptedBy: null },
      checks: [{ name: "rows of orders", expected: "4210", found: "4210", ok: true }],
      compared: ROWS.map(({ name, rows }) => ({ name, target: rows + 12, source: rows, restored: rows })),
      beside: { instanceId: "i-0beside", address: "127.0.8.8", volumeId: "vol-0new" },
      ...{ jobs: [], kept: null, swap: null, region: "eu-west-1" },
      ...{ keptUntil: new Date(now.getTime() + 6 * DAY_MS), isOverdue: false, requestedBy: "Camille" },
      createdAt: new Date(now.getTime() - HOUR_MS),
    }));
  const get = (id: string): RestoreCase => {
    const found = tenants.flatMap(({ slug }) => list(slug)).find((one) => one.id === id);
    if (!found) throw new AppError("NotFound", `There is no restore ${id}.`, { retryable: false });
    return found;
  };
  return { list, get, sources };
}
