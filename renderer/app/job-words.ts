import type { Job, JobState } from "../../shared/jobs/model.ts";
import { hasWords, type Translate, useWords } from "./i18n/index.ts";

export const ACTIVE_STATES: readonly JobState[] = [
  "queued",
  "running",
  "waiting",
  "paused",
  "lostContact",
  "needsDecision",
];

/** The act of a job in words: "Provision" for "tenant.provision". A kind of a newer console shows as it is. */
export function kindWords(t: Translate, kind: string): string {
  const key = `jobs.kind.${kind}`;
  return hasWords(key) ? t(key) : kind;
}

/** "production: run instance" in words; a step of a newer console shows as it is named. */
export function stepWords(t: Translate, name: string): string {
  const [, environment, step] = /^(production|test|sandbox): (.+)$/.exec(name) ?? [null, null, name];
  const key = `step.${step}`;
  const words = hasWords(key) ? t(key) : String(step);
  const kind = `kind.${environment}`;
  return hasWords(kind) ? t("step.ofEnvironment", { environment: t(kind), step: words }) : words;
}

export function useJobWords(): { jobWords: (job: Pick<Job, "kind" | "subject">) => string } {
  const { t } = useWords();
  return { jobWords: (job) => t("jobs.title", { job: kindWords(t, job.kind), subject: job.subject }) };
}
