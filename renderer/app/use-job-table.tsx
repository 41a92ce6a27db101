import { useMemo } from "react";
import { Link } from "wouter";
import { FINAL_JOB_STATES, type Job } from "../../shared/jobs/model.ts";
import type { Column, Item } from "../ui/DataTable.tsx";
import { duration } from "../ui/format.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { JobStateBadge } from "./badges.tsx";
import { useWords } from "./i18n/index.ts";
import { sentenceWords } from "./i18n/sentences.ts";
import { JobProgress } from "./JobProgress.tsx";
import { kindWords, stepWords } from "./job-words.ts";
import classes from "./use-job-table.module.css";
import { paths } from "./paths.ts";
import { Since } from "./StepTimeline.tsx";

/** Columns and items of a list of jobs, for the jobs screen and for one tenant's jobs. */
export function useJobTable(jobs: readonly Job[]): { columns: Column<Job>[]; items: Item<Job>[] } {
  const { t, language } = useWords();
  const columns = useMemo(
    (): Column<Job>[] => [
      {
        id: "act",
        header: t("jobs.column.act"),
        width: 110,
        grow: 0.8,
        cell: (job) => (
          <Link href={paths.job(job.id)} tabIndex={-1} className={classes.act ?? ""}>
            {kindWords(t, job.kind)}
          </Link>
        ),
      },
      {
        id: "subject",
        header: t("jobs.column.subject"),
        width: 170,
        grow: 2,
        cell: (job) => <span title={job.subject}>{job.subject}</span>,
      },
      {
        id: "state",
        header: t("jobs.column.state"),
        width: 150,
        cell: (job) => (
          <JobStateBadge
            state={job.state}
            title={job.waitingFor ? t("jobs.waitingFor", { what: sentenceWords(job.waitingFor, language) }) : undefined}
          />
        ),
      },
      {
        id: "progress",
        header: t("jobs.column.progress"),
        width: 130,
        cell: (job) => <JobProgress job={job} />,
      },
      {
        id: "step",
        header: t("jobs.column.step"),
        width: 200,
        grow: 2,
        cell: (job) => (job.currentStep ? stepWords(t, job.currentStep) : ""),
      },
      { id: "by", header: t("jobs.column.by"), width: 90, cell: (job) => job.requestedBy },
      {
        id: "started",
        header: t("jobs.column.started"),
        width: 110,
        cell: (job) => <RelativeTime date={job.startedAt ?? job.createdAt} />,
      },
      {
        id: "duration",
        header: t("jobs.column.duration"),
        width: 100,
        align: "right",
        cell: (job) => <JobTime job={job} />,
      },
    ],
    [t, language],
  );
  const items = useMemo(() => jobs.map((job): Item<Job> => ({ type: "row", key: job.id, row: job })), [jobs]);
  return { columns, items };
}

/** How long a job took, or takes so far. */
export function JobTime({ job }: { readonly job: Job }) {
  const { language } = useWords();
  if (!job.startedAt) return null;
  if (job.endedAt) return duration(job.endedAt.getTime() - job.startedAt.getTime(), language);
  return FINAL_JOB_STATES.has(job.state) ? null : <Since date={job.startedAt} />;
}
