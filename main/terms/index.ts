import { implement } from "@orpc/server";
import { AppError } from "../../shared/errors.ts";
import type { PolicyProfile } from "../../shared/policy/profile.ts";
import { type ProfileFinder, PROFILES } from "../../shared/policy/profiles.ts";
import { trainDays } from "../../shared/policy/update-train.ts";
import { solve } from "../../shared/terms/clocks.ts";
import { termsContract } from "../../shared/terms/contract.ts";
import {
  bindingProfile,
  checkEntry,
  factsOf,
  runsNewest,
  type TermsTenant,
  trainFactsOf,
} from "../../shared/terms/facts.ts";
import { type ContractTerms, TermsEntry, type TermsFacts, type TermsRecord } from "../../shared/terms/model.ts";
import { boardsOf } from "./boards.ts";
import type { TermsPorts } from "./ports.ts";
import { checkedProfile, ProfileBook, profileFinder } from "./profiles.ts";
import { type StoredRecord, termsStore } from "./store.ts";
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
    const [records, releases, profiles] = await Promise.all([store.records(tenant.id), ports.releases(), book()]);
    const profile = profiles.of(tenant.service, factsOf(records).profileId);
    return viewTerms(tenant, profile, records, releases[tenant.service], ports.now());
  }

  const book = async (): Promise<ProfileBook> => new ProfileBook(await store.profiles());

  /** What binds every tenant, from one look at the database. */
  async function profiles(): Promise<ProfileFinder> {
    const [tenants, records, known] = await Promise.all([ports.tenants(), store.bindingRecords(), book()]);
    return profileFinder(known, tenants, byTenant(records));
  }

  /** The records of each tenant, all read at once. */
  async function allRecords(): Promise<(tenantId: string) => readonly TermsRecord[]> {
    return byTenant(await store.records());
  }

  async function shownProfiles() {
    const [tenants, recordsOf, known] = await Promise.all([ports.tenants(), allRecords(), book()]);
    return viewProfiles(tenants, known, recordsOf, ports.now());
  }

  async function profileById(id: string): Promise<PolicyProfile> {
    const known = [...Object.values(PROFILES), ...(await store.profiles()).map(({ profile }) => profile)];
    const found = known.find((one) => one.id === id);
    if (found) return found;
    throw new AppError("NotFound", `There is no profile ${id}.`, {
      retryable: false,
      next: `Name one of ${known.map((one) => one.id).join(", ")}.`,
    });
  }

  const router = {
    get: os.get.handler(async ({ input }) => termsOf(await tenantOf(input.tenant))),

    record: os.record.handler(async ({ input }) => {
      const tenant = await tenantOf(input.tenant);
      const { requestId, entry, reason } = input;
      const known = await book();
      if (entry.kind === "profile") known.check(entry.profileId, tenant);
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
        const records = await db.records(tenant.id);
        const profile = known.of(tenant.service, factsOf(records).profileId);
        checkEntry(tenant, profile, records, entry, at);
        const { id, version } = bindingProfile(profile, tenant, records, at);
        await db.insert({
          ...{ id: requestId, tenantId: tenant.id, slug: tenant.slug },
          ...{ entry, reason, by: ports.operator(), at, profile: { id, version } },
        });
      });
      ports.changed();
      return termsOf(tenant);
    }),

    board: os.board.handler(async () => {
      const [tenants, recordsOf, releases, profileFor] = await Promise.all([
        ports.tenants(),
        allRecords(),
        ports.releases(),
        profiles(),
      ]);
      return boardsOf({ tenants, recordsOf, releases, profileFor, now: ports.now() });
    }),

    solve: os.solve.handler(async ({ input }) => {
      const tenant = await tenantOf(input.tenant);
      const records = await store.records(tenant.id);
      const facts = factsOf(records);
      const profile = bindingProfile((await book()).of(tenant.service, facts.profileId), tenant, records, ports.now());
      return solve(tenant, facts, profile, input, ports.now());
    }),

    addProfile: os.addProfile.handler(async ({ input }) => {
      const profile = checkedProfile(input.profile, await store.profiles("all"));
      await store.addProfile({ profile, by: ports.operator(), at: ports.now() });
      ports.changed();
      return (await shownProfiles()).find(({ id }) => id === profile.id)!;
    }),

    profileDocument: os.profileDocument.handler(async ({ input }) => {
      const found = await profileById(input.profileId);
      return { fileName: `${found.id}-${found.version}.json`, text: `${JSON.stringify(found, null, 2)}\n` };
    }),

    profiles: os.profiles.handler(() => shownProfiles()),
  };

  return {
    router,
    profiles,

    /** Days within [from, to) on which updates and upgrades come by themselves, of every contract that goes on (R46). */
    async trains(from: string, to: string) {
      const [tenants, recordsOf, releases, profileFor] = await Promise.all([
        ports.tenants(),
        allRecords(),
        ports.releases(),
        profiles(),
      ]);
      const now = ports.now();
      return tenants.flatMap((tenant) => {
        const profile = profileFor(tenant, now);
        const facts = factsOf(recordsOf(tenant.id));
        if (!profile.versions.train || facts.endOn !== null) return [];
        const known = trainFactsOf(tenant, facts, runsNewest(tenant, releases[tenant.service], profile));
        return trainDays(profile, known, from, to).map((day) => ({ ...day, tenantId: tenant.id }));
      });
    },

    /** What people recorded of every tenant, from one look at the database. */
    allFacts: async (): Promise<(tenantId: string) => TermsFacts> => {
      const recordsOf = await allRecords();
      return (tenantId) => factsOf(recordsOf(tenantId));
    },

    /** What people recorded of a tenant, by id: target percentage, retention, legal hold and the dates of its end. */
    facts: async (tenantId: string): Promise<TermsFacts> => factsOf(await store.records(tenantId)),
  };
}

function byTenant(records: readonly StoredRecord[]): (tenantId: string) => readonly TermsRecord[] {
  const known = new Map<string, TermsRecord[]>();
  for (const record of records) {
    const own = known.get(record.tenantId);
    if (own) own.push(record);
    else known.set(record.tenantId, [record]);
  }
  return (tenantId) => known.get(tenantId) ?? [];
}

/** Both as the schema reads them, whatever the order of keys in the database. */
function isSame(left: TermsEntry, right: TermsEntry): boolean {
  return JSON.stringify(TermsEntry.parse(left)) === JSON.stringify(TermsEntry.parse(right));
}
