import { expect, test } from "vitest";
import type { StoredEnvironment, StoredTenant } from "../../../main/tenant/store.ts";
import { viewTenant } from "../../../main/tenant/view.ts";

const now = new Date("2026-03-02T10:00:00Z");

const tenant: StoredTenant = {
  id: "tenant-1",
  slug: "acme",
  customer: "Acme",
  service: "openbravo",
  edition: "commerce",
  prefix: "acme",
  owner: "Partner SA",
  users: 10,
  posTerminals: 20,
  invoiceDate: "2026-03-01",
  zone: "Europe/Madrid",
  accountId: "lab",
  orderedAt: now,
  handedOverAt: now,
};

const environment = (kind: "production" | "test"): StoredEnvironment => ({
  id: `tenant-1-${kind}`,
  tenantId: "tenant-1",
  kind,
  accountId: "lab",
  region: "eu-west-1",
  domain: "acme.cloud.openbravo.com",
  version: "26Q1",
  facts: { instanceState: "running" },
  health: { state: "up", checkedAt: now, detail: null },
  hostKey: null,
  readAt: now,
});

test("R9: health that nobody asks for any more is not shown as today's", () => {
  const facts = {
    accounts: [],
    catalogue: { releases: { openbravo: ["26Q1"], acumatica: [] }, sizes: new Map() },
    jobs: [],
    windows: new Map(),
    lockouts: new Map(),
    now,
  };
  const shown = viewTenant(tenant, [environment("production"), environment("test")], facts);
  expect(shown.environments.map(({ kind, health, unprotected }) => [kind, health.state, unprotected])).toEqual([
    ["production", "up", false],
    ["test", "unknown", true],
  ]);
});
