import { eventIterator, oc } from "@orpc/contract";
import { z } from "zod";
import { Job, JobDecision, JobLogLine, JobState, JobStep, LiveEvent } from "./model.ts";

const JobId = z.object({ jobId: z.string().min(1).max(100) });

export const jobsContract = {
  /** Newest first. `tenant` takes a slug or an id. */
  list: oc
    .input(
      z.object({
        states: z.array(JobState).max(20).optional(),
        tenant: z.string().max(100).optional(),
        limit: z.number().int().min(1).max(1000).default(200),
      }),
    )
    .output(z.array(Job)),
  /** With every question that the job put so far, oldest first. */
  get: oc.input(JobId).output(z.object({ job: Job, steps: z.array(JobStep), decisions: z.array(JobDecision) })),
  /** Log lines with `seq` above `after`, oldest first, 1,000 at most. */
  logs: oc.input(JobId.extend({ after: z.number().int().min(0).default(0) })).output(z.array(JobLogLine)),
  /** Stops before the next step; what was made stays and is listed. Repeating is harmless. */
  cancel: oc.input(JobId).output(Job),
  /** Goes on from the step that failed, with everything before it kept. */
  retry: oc.input(JobId).output(Job),
  /**
   * Answers a job's question; the job goes on with it. Repeating the same answer is harmless, another one is refused
   * (Conflict), as is one to a question that nobody waits on any more. An option marked as dangerous takes `confirm`:
   * the tenant's slug, or the job's id where there is no tenant.
   */
  decide: oc
    .input(
      JobId.extend({
        decisionId: z.string().min(1).max(100),
        option: z.string().min(1).max(100),
        reason: z.string().trim().min(1).max(1000),
        confirm: z.string().max(100).optional(),
      }),
    )
    .output(Job),
  /**
   * Takes over a job whose console has been silent for a minute; the other one loses it, should it come back. Refused
   * (Conflict) while that console is seen. Repeating is harmless.
   */
  adopt: oc.input(JobId).output(Job),
  /** Changes of all jobs and areas from now on; never ends by itself. */
  watch: oc.input(z.object({ jobId: z.string().max(100).optional() })).output(eventIterator(LiveEvent)),
};
