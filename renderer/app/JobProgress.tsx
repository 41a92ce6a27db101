import { Progress } from "@mantine/core";
import type { Job } from "../../shared/jobs/model.ts";
import { percent } from "../ui/format.ts";
import { useWords } from "./i18n/index.ts";
import classes from "./JobProgress.module.css";

/** How far a job is, as a bar and in figures. */
export function JobProgress({ job }: { readonly job: Pick<Job, "percent" | "state"> }) {
  const { t, language } = useWords();
  return (
    <span className={classes.progress}>
      <Progress
        value={job.percent}
        size="sm"
        flex={1}
        {...(job.state === "failed" ? { color: "red" } : {})}
        aria-label={t("jobs.column.progress")}
      />
      <span className={classes.figure}>{percent(job.percent, language)}</span>
    </span>
  );
}
