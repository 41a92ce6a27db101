import { oc } from "@orpc/contract";
import { z } from "zod";
import { ContractTerms, Day, ProfileView, Solution, SolveAct, TermsBoard, TermsEntry } from "./model.ts";

/** Slug or id. */
const TenantRef = z.string().min(1).max(100);

export const termsContract = {
  /** Every clock, entitlement and exception of one tenant as of now, and what people recorded. */
  get: oc.input(z.object({ tenant: TenantRef })).output(ContractTerms),
  /**
   * Records one fact that only people know. Safe to repeat with one `requestId`, which becomes the record's id; the
   * same one with another entry is a Conflict. A fact that contradicts the others is InvalidInput and changes nothing.
   */
  record: oc
    .input(
      z.object({
        requestId: z.uuid(),
        tenant: TenantRef,
        entry: TermsEntry,
        reason: z.string().trim().min(1).max(500),
      }),
    )
    .output(ContractTerms),
  /** Version support per environment and the next date per tenant, most urgent first. */
  board: oc.output(TermsBoard),
  /** Earliest day of a change. `announcedOn` is the recorded notice of the end or today when absent. */
  solve: oc
    .input(z.object({ tenant: TenantRef, act: SolveAct, announcedOn: Day.optional(), wantedOn: Day.optional() }))
    .output(Solution),
  /**
   * A company's own profile, checked whole: InvalidInput names every fault and nothing is taken over; Conflict for a
   * version that is kept with other numbers. It binds a tenant once that is recorded in the tenant's contract.
   */
  addProfile: oc.input(z.object({ profile: z.record(z.string().max(100), z.unknown()) })).output(ProfileView),
  /** The profile as JSON: what one's own is made from. */
  profileDocument: oc
    .input(z.object({ profileId: z.string().min(1).max(42) }))
    .output(z.object({ fileName: z.string(), text: z.string() })),
  /** The numbers of each profile, with rule, source and the tenants that they bind. */
  profiles: oc.output(z.array(ProfileView)),
};
