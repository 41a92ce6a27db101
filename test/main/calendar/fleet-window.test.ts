import { expect, test } from "vitest";
import type { StoredEnvironment, StoredTenant } from "../../../main/tenant/store.ts";
import { viewTenant } from "../../../main/tenant/view.ts";

const NOW = new Date("2026-01-12T09:00:00Z");
const tenant: StoredTenant = {
  ...{
    id: "t-1",
    slug: "albatros",
    customer: "Albatros",
    service: "openbravo",
    edition: "commerce",
    prefix: "albatros",
  },
  ...{ owner: "Partner", users: 10, posTerminals: 20, invoiceDate: "2026-01-01", zone: "Europe/Paris", accountId: "a" },
  ...{ orderedAt: NOW, handedOverAt: NOW },
};
const environment: StoredEnvironment = {
  ...{ id: "e-1", tenantId: "t-1", kind: "production", accountId: "a", region: "eu-west-1", domain: "a.example.org" },
  ...{ version: "26Q1", facts: {}, hostKey: null, readAt: null },
  health: { state: "unknown", checkedAt: null, detail: null },
};

test.each([
  ["no planned window", undefined, "2026-02-02T22:00:00Z"],
  ["a planned window before the standard one", "2026-01-20T22:00:00Z", "2026-01-20T22:00:00Z"],
  ["a planned window after the standard one", "2026-02-20T22:00:00Z", "2026-02-02T22:00:00Z"],
])("the next window in the fleet with %s", (_, planned, shown) => {
  const windows = new Map(planned ? [["t-1/production", new Date(planned)]] : []);
  const catalogue = { releases: { openbravo: [], acumatica: [] }, sizes: new Map() };
  const view = viewTenant(tenant, [environment], {
    accounts: [],
    catalogue,
    jobs: [],
    windows,
    lockouts: new Map(),
    now: NOW,
  });
  expect(view.environments[0]!.nextWindowAt).toEqual(new Date(shown));
});
