import { oc } from "@orpc/contract";
import { z } from "zod";
import { RefreshOrder, RestoreCase, RestoreOrder, RestorePlan, RestoreSource } from "./model.ts";

const RequestId = z.uuid();
const CaseRef = z.object({ caseId: z.string().min(1).max(100) });
/** `confirm` is the tenant's slug, typed in full. */
const Typed = CaseRef.extend({ requestId: RequestId, confirm: z.string().max(100) });
const Started = z.object({ jobId: z.string(), caseId: z.string() });

export const restoreContract = {
  /** Restores and refreshes, newest first. `tenant` takes a slug or an id. */
  list: oc.input(z.object({ tenant: z.string().max(100).optional() })).output(z.array(RestoreCase)),
  get: oc.input(CaseRef).output(RestoreCase),
  /** What this tenant has that can be restored, newest first, volumes that swaps left included. */
  sources: oc.input(z.object({ tenant: z.string().min(1).max(100) })).output(z.array(RestoreSource)),
  /** Every rule's verdict, the proof of identity and what will be lost; reads hosts, makes nothing. */
  plan: oc.input(RestoreOrder).output(RestorePlan),
  /** Restores beside the target. Refused by a rule: RefusedByRule. Safe to repeat with one `requestId`. */
  run: oc.input(RestoreOrder.extend({ requestId: RequestId })).output(Started),
  /** Puts the copy in the target's place; the old volume is kept. */
  swap: oc
    .input(Typed.extend({ overrides: z.record(z.string().max(10), z.string().trim().max(500)).default({}) }))
    .output(Started),
  /** Removes what stands beside. After a swap: removes the kept old volume, for good. */
  discard: oc.input(Typed).output(Started),
  refreshPlan: oc.input(RefreshOrder).output(RestorePlan),
  /** First phase of a refresh: production's data beside the test environment, neutralised and checked. */
  refresh: oc.input(RefreshOrder.extend({ requestId: RequestId })).output(Started),
  /** Second phase: the test environment's data gives way to it (R28). */
  activate: oc
    .input(Typed.extend({ overrides: z.record(z.string().max(10), z.string().trim().max(500)).default({}) }))
    .output(Started),
};
