import { implement } from "@orpc/server";
import { AppError } from "../../shared/errors.ts";
import { profileOf } from "../../shared/policy/profiles.ts";
import { solve } from "../../shared/terms/clocks.ts";
import { termsContract } from "../../shared/terms/contract.ts";
import { checkEntry, factsOf, type TermsTenant } from "../../shared/terms/facts.ts";
import { type ContractTerms, TermsEntry, type TermsFacts, type TermsRecord } from "../../shared/terms/model.ts";
import { boardsOf } from "./boards.ts";
import type { TermsPorts } from "./ports.ts";
import { termsStore } from "./store.ts";
import { viewProfiles, viewTerms } from "./view.ts";

export type { TermsPorts } from "./ports.ts";

/** Each tenant's contract: what people recorded of it, and every date and promise that follows from that. */
export function termsArea(ports: TermsPorts) {
  const store = termsStore(ports.pool);
  const os = implement(termsContract);

  async function tenantOf(ref: string): Promise<TermsTenant> {
    const tenant = (await ports.tenants()).find((one) => one.slug === ref || one.id === ref);
    if (tenant) return tenant;
    throw new AppError("NotFound", `There is no tenant ${ref}.`, {
      retryable: false,
      next: "Look at the fleet; reading AWS again may show it.",
    });
  }

  async function termsOf(tenant: TermsTenant): Promise<ContractTerms> {
    const [records, releases] = await Promise.all([store.records(tenant.id), ports.releases()]);
    return viewTerms(tenant, records, releases[tenant.service], ports.now());
  }

  /** The records of each tenant, all read at once. */
  async function allRecords(): Promise<(tenantId: string) => readonly TermsRecord[]> {
    const byTenant = new Map<string, TermsRecord[]>();
    for (const record of await store.records()) {
      const known = byTenant.get(record.tenantId);
      if (known) known.push(record);
      else byTenant.set(record.tenantId, [record]);
    }
    return (tenantId) => byTenant.get(tenantId) ?? [];
  }

  const router = {
    get: os.get.handler(async ({ input }) => termsOf(await tenantOf(input.tenant))),

    record: os.record.handler(async ({ input }) => {
      const tenant = await tenantOf(input.tenant);
      const { requestId, entry, reason } = input;
      const { id, version } = profileOf(tenant.service);
      await store.recording(tenant.id, async (db) => {
        const before = await db.record(requestId);
        if (before) {
          if (before.tenantId === tenant.id && isSame(before.entry, entry)) return;
          throw new AppError("Conflict", `The request ${requestId} recorded something else before.`, {
            ...{ retryable: false, tenant: tenant.slug },
            next: "Nothing was recorded now. Repeat it with a new request.",
          });
        }
        const at = ports.now();
        checkEntry(tenant, await db.records(tenant.id), entry, at);
        await db.insert({
          ...{ id: requestId, tenantId: tenant.id, slug: tenant.slug },
          ...{ entry, reason, by: ports.operator(), at, profile: { id, version } },
        });
      });
      ports.changed();
      return termsOf(tenant);
    }),

    board: os.board.handler(async () => {
      const [tenants, recordsOf, releases] = await Promise.all([ports.tenants(), allRecords(), ports.releases()]);
      return boardsOf({ tenants, recordsOf, releases, now: ports.now() });
    }),

    solve: os.solve.handler(async ({ input }) => {
      const tenant = await tenantOf(input.tenant);
      const facts = factsOf(await store.records(tenant.id));
      return solve(tenant, facts, profileOf(tenant.service), input, ports.now());
    }),

    profiles: os.profiles.handler(async () => {
      const [tenants, recordsOf] = await Promise.all([ports.tenants(), allRecords()]);
      return viewProfiles(tenants, recordsOf, ports.now());
    }),
  };

  return {
    router,

    /** What people recorded of a tenant, by id: target percentage, retention, legal hold and the dates of its end. */
    facts: async (tenantId: string): Promise<TermsFacts> => factsOf(await store.records(tenantId)),
  };
}

/** Both as the schema reads them, whatever the order of keys in the database. */
function isSame(left: TermsEntry, right: TermsEntry): boolean {
  return JSON.stringify(TermsEntry.parse(left)) === JSON.stringify(TermsEntry.parse(right));
}
