import { boardsOf } from "../../main/terms/boards.ts";
import { checkedProfile, ProfileBook, profileFinder } from "../../main/terms/profiles.ts";
import { viewProfiles, viewTerms } from "../../main/terms/view.ts";
import { AppError } from "../../shared/errors.ts";
import { PROFILES } from "../../shared/policy/profiles.ts";
import { type Question, solve } from "../../shared/terms/clocks.ts";
import { checkEntry, factsOf } from "../../shared/terms/facts.ts";
import type { TermsEntry, TermsRecord } from "../../shared/terms/model.ts";
import type { Service, Tenant } from "../../shared/tenant/model.ts";

type Releases = Readonly<Record<Service, readonly string[]>>;

/** The contracts of the demonstration, in memory and under the real rules. */
export function createFakeTerms(tenants: readonly Tenant[], releases: Releases, now: Date, changed: () => void) {
  const records = new Map<string, TermsRecord[]>();
  const recordsOf = (tenantId: string): TermsRecord[] => records.get(tenantId) ?? [];
  const tenantOf = (ref: string): Tenant => {
    const tenant = tenants.find(({ id, slug }) => id === ref || slug === ref);
    if (!tenant) throw new AppError("NotFound", `There is no tenant ${ref}.`, { retryable: false });
    return tenant;
  };
  let book = new ProfileBook([]);
  const boundOf = (tenant: Tenant) => book.of(tenant.service, factsOf(recordsOf(tenant.id)).profileId);
  const view = (tenant: Tenant) =>
    viewTerms(tenant, boundOf(tenant), recordsOf(tenant.id), releases[tenant.service], now);
  const profileFor = () => profileFinder(book, tenants, recordsOf);
  const profiles = () => viewProfiles(tenants, book, recordsOf, now);

  return {
    get: (ref: string) => view(tenantOf(ref)),
    record(input: { tenant: string; requestId: string; entry: TermsEntry; reason: string }) {
      const tenant = tenantOf(input.tenant);
      const known = recordsOf(tenant.id);
      if (input.entry.kind === "profile") book.check(input.entry.profileId, tenant);
      checkEntry(tenant, boundOf(tenant), known, input.entry, now);
      const { requestId: id, entry, reason } = input;
      records.set(tenant.id, [...known, { id, entry, reason, by: "Camille", at: now }]);
      changed();
      return view(tenant);
    },
    board: () => boardsOf({ tenants, recordsOf, releases, profileFor: profileFor(), now }),
    solve(input: Question & { tenant: string }) {
      const tenant = tenantOf(input.tenant);
      return solve(tenant, factsOf(recordsOf(tenant.id)), profileFor()(tenant, now), input, now);
    },
    profiles,
    addProfile(json: unknown) {
      const profile = checkedProfile(json, book.added);
      book = new ProfileBook([
        ...book.added.filter((one) => one.profile.id !== profile.id),
        { profile, by: "Camille", at: now },
      ]);
      changed();
      return profiles().find(({ id }) => id === profile.id)!;
    },
    profileDocument(id: string) {
      const found = [...Object.values(PROFILES), ...book.added.map(({ profile }) => profile)].find(
        (one) => one.id === id,
      );
      return { fileName: `${id}.json`, text: JSON.stringify(found ?? null, null, 2) };
    },
  };
}
