import { createRouterClient } from "@orpc/server";
import type { Database } from "../../../main/database/index.ts";
import { termsArea } from "../../../main/terms/index.ts";
import type { TermsTenant } from "../../../shared/terms/facts.ts";

const environment = (id: string, kind: "production" | "test" | "sandbox", region: string, version: string | null) => ({
  ...{ id, kind, region, version, state: "running" as const, unprotected: kind !== "production" },
});

/** Openbravo for a customer in Paris, ordered here; Acumatica for one in Denver, found in AWS. */
export const TENANTS: readonly TermsTenant[] = [
  {
    ...{ id: "t-ob", slug: "albatros", customer: "Albatros & Fils", service: "openbravo", owner: "Atelier Conseil" },
    ...{ zone: "Europe/Paris", isLab: false, invoiceDate: "2025-03-15" },
    handOver: {
      orderedAt: new Date("2025-03-14T09:00:00Z"),
      targetAt: new Date("2025-03-17T09:00:00Z"),
      limitAt: new Date("2025-03-21T09:00:00Z"),
      handedOverAt: new Date("2025-03-14T15:00:00Z"),
      rule: "R84",
    },
    environments: [
      environment("e-ob-p", "production", "eu-west-1", "25Q3"),
      environment("e-ob-t", "test", "eu-west-1", "26Q2"),
    ],
  },
  {
    ...{ id: "t-ac", slug: "kestrel", customer: "Kestrel <Motors>", service: "acumatica", owner: "Harbor IT" },
    ...{ zone: "America/Denver", isLab: false, invoiceDate: "2025-02-10", handOver: null },
    environments: [environment("e-ac-p", "production", "us-east-1", "2026 R1")],
  },
];

export const RELEASES = {
  openbravo: ["25Q2", "25Q3", "25Q4", "26Q1", "26Q2"],
  acumatica: ["2025 R1", "2025 R2", "2026 R1"],
} as const;

/** The contracts on a database, with a clock that stands where the test puts it. */
export function termsOn(database: Database, startsAt: string, tenants: readonly TermsTenant[] = TENANTS) {
  const clock = { now: new Date(startsAt) };
  const area = termsArea({
    pool: database.pool,
    now: () => clock.now,
    tenants: async () => tenants,
    releases: async () => RELEASES,
    operator: () => "Camille",
    changed: () => undefined,
  });
  const { facts, allFacts, profiles, trains } = area;
  return { api: createRouterClient(area.router), facts, allFacts, profiles, trains, clock };
}
