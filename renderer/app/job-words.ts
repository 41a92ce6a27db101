import type { Job, JobState } from "../../shared/jobs/model.ts";
import { hasWords, type Language, type Translate, useWords } from "./i18n/index.ts";
import { detailWords, sentenceWords } from "./i18n/sentences.ts";

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
  const [, asked] = /^(.+), what became of it$/.exec(name) ?? [];
  if (asked !== undefined) return t("step.whatBecame", { step: stepWords(t, asked) });
  const [, environment, step] = /^(production|test|sandbox): (.+)$/.exec(name) ?? [null, null, name];
  const [, whole, part, time] =
    /^(.+?), (safe point|what changed|boot|serves|look|decide|answer)(?: \((\d+)\))?$/.exec(name) ?? [];
  const partKey = `step.part.${part}`;
  if (whole && hasWords(partKey)) return `${stepWords(t, whole)}, ${t(partKey)}${time ? ` (${time})` : ""}`;
  const [, again, attempt] = /^(.+) \((\d+)\)$/.exec(name) ?? [];
  if (again) return `${stepWords(t, again)} (${attempt})`;
  const [, onHost, hostStep] = /^(\S+ (?:production|test|sandbox)): (.+)$/.exec(name) ?? [];
  if (onHost) return `${onHost}${t("ui.colon")} ${stepWords(t, hostStep ?? "")}`;
  const [, number, runbookStep, rest = ""] = /^(\d+): (\w+)(.*)$/.exec(name) ?? [];
  const runbookKey = `maintenance.kind.${runbookStep}`;
  if (number && hasWords(runbookKey)) return `${number}. ${t(runbookKey)}${rest}`;
  const region = /^read ([a-z0-9-]+)$/.exec(name)?.[1];
  if (region) return t("step.readRegion", { region });
  const key = `step.${step}`;
  const words = hasWords(key) ? t(key) : String(step);
  const kind = `kind.${environment}`;
  return hasWords(kind) ? t("step.ofEnvironment", { environment: t(kind), step: words }) : words;
}

/** A line of a job's log: a failure is told by its code as everywhere. */
export function logWords(t: Translate, language: Language, text: string): string {
  const [, code, message = ""] = /^(\w+): (.+)$/s.exec(text) ?? [];
  const key = `error.${code}`;
  return language !== "en" && hasWords(key)
    ? `${t(key)}${t("ui.colon")} ${sentenceWords(message, language)}`
    : detailWords(text, language);
}

export function useJobWords(): { jobWords: (job: Pick<Job, "kind" | "subject">) => string } {
  const { t } = useWords();
  return { jobWords: (job) => t("jobs.title", { job: kindWords(t, job.kind), subject: job.subject }) };
}
