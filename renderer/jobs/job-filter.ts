import type { JobState } from "../../shared/jobs/model.ts";
import { ACTIVE_STATES } from "../app/job-words.ts";

/** Job states by what one looks for; null is every state. */
export const JOB_FILTERS = {
  all: null,
  active: ACTIVE_STATES,
  attention: ["paused", "lostContact", "needsDecision"],
  failed: ["failed"],
  done: ["done", "cancelled"],
} as const satisfies Record<string, readonly JobState[] | null>;
export type JobFilter = keyof typeof JOB_FILTERS;

export const parseJobFilter = (kept: unknown): JobFilter | undefined =>
  typeof kept === "string" && Object.hasOwn(JOB_FILTERS, kept) ? (kept as JobFilter) : undefined;
