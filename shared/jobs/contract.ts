import { eventIterator, oc } from "@orpc/contract";
import { z } from "zod";
import { Job, JobLogLine, JobState, JobStep, LiveEvent } from "./model.ts";

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
  get: oc.input(JobId).output(z.object({ job: Job, steps: z.array(JobStep) })),
  /** Log lines with `seq` above `after`, oldest first, 1,000 at most. */
  logs: oc.input(JobId.extend({ after: z.number().int().min(0).default(0) })).output(z.array(JobLogLine)),
  /** Stops before the next step; what was made stays and is listed. Repeating is harmless. */
  cancel: oc.input(JobId).output(Job),
  /** Goes on from the step that failed, with everything before it kept. */
  retry: oc.input(JobId).output(Job),
  /** Changes of all jobs and areas from now on; never ends by itself. */
  watch: oc.input(z.object({ jobId: z.string().max(100).optional() })).output(eventIterator(LiveEvent)),
};
