import { oc } from "@orpc/contract";
import { z } from "zod";
import { Run, RunPlan, RunRequest, RunSummary } from "./model.ts";
import { Runbook, RunbookText } from "./runbook.ts";

const RequestId = z.uuid();
const RunRef = z.object({ runId: z.string().min(1).max(100) });

export const maintenanceContract = {
  runbooks: {
    /** Every version, newest first; those that ship with the console stand last. */
    list: oc.output(z.array(Runbook)),
    /** Keeps a text as the next version of its name. The same text again gives the version that exists. */
    save: oc.input(RunbookText).output(Runbook),
    /** The operator has read exactly this text and vouches for it. Authors do not review their own. */
    review: oc
      .input(z.object({ name: z.string().max(60), version: z.number().int().min(1), sha256: z.string().length(64) }))
      .output(Runbook),
  },
  /** Dry run: each tenant's wave, window and verdicts. Nothing is kept. */
  plan: oc.input(RunRequest).output(RunPlan),
  /** Starts a run; its id is the request's. Refused by a rule for any tenant: RefusedByRule, before any job exists. */
  run: oc.input(RunRequest.extend({ requestId: RequestId })).output(z.object({ jobId: z.string() })),
  /** Newest first. */
  list: oc
    .input(z.object({ windowId: z.string().max(100).optional(), limit: z.number().int().min(1).max(500).default(100) }))
    .output(z.array(RunSummary)),
  get: oc.input(RunRef).output(Run),
  /** Nothing more starts; tenants under way leave at their next safe point, open. Repeating is harmless. */
  stop: oc.input(RunRef.extend({ reason: z.string().trim().min(3).max(500) })).output(Run),
};
