import { oc } from "@orpc/contract";
import { z } from "zod";
import { ProvisionOptions, ProvisionPlan, ProvisionRequest, Tenant } from "./model.ts";

const RequestId = z.uuid();

export const tenantContract = {
  /** `tenant` takes a slug or an id. */
  get: oc.input(z.object({ tenant: z.string().min(1).max(100) })).output(Tenant),
  /** What can be chosen in one account and region; reads AWS. */
  provisionOptions: oc
    .input(z.object({ accountId: z.string().max(100).optional(), region: z.string().max(40).optional() }))
    .output(ProvisionOptions),
  /** Dry run: every verdict and every resource, nothing is made. */
  plan: oc.input(ProvisionRequest).output(ProvisionPlan),
  /**
   * Starts provisioning and returns at once; follow it on `jobs.watch`. Safe to repeat with one `requestId`.
   * A refusal by a contract rule is the error RefusedByRule, before any job exists.
   */
  provision: oc
    .input(ProvisionRequest.extend({ requestId: RequestId }))
    .output(z.object({ jobId: z.string(), tenantId: z.string(), slug: z.string() })),
  /** Removes everything that a failed or cancelled provisioning made. `confirm` is the tenant's slug typed in full. */
  rollBack: oc
    .input(z.object({ requestId: RequestId, tenant: z.string().min(1).max(100), confirm: z.string().max(100) }))
    .output(z.object({ jobId: z.string() })),
};
