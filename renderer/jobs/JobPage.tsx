import { Box, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link } from "wouter";
import { errorCode } from "../../shared/errors.ts";
import type { Job } from "../../shared/jobs/model.ts";
import { BackLink } from "../app/BackLink.tsx";
import { useApi } from "../app/api.ts";
import { JobStateBadge } from "../app/badges.tsx";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { sentenceWords } from "../app/i18n/sentences.ts";
import { JobActions } from "../app/JobActions.tsx";
import { JobProgress } from "../app/JobProgress.tsx";
import { useJobWords } from "../app/job-words.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { StepSkeleton, StepTimeline } from "../app/StepTimeline.tsx";
import { JobTime } from "../app/use-job-table.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { Fact, FactList } from "../ui/FactList.tsx";
import { LogTail } from "../ui/LogTail.tsx";
import { Panel } from "../ui/Panel.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { AnsweredDecisions, DecisionPanel } from "./DecisionPanel.tsx";
import classes from "./JobPage.module.css";
import { logWords, stepWords } from "../app/job-words.ts";
import { useJobLog } from "./job-log.ts";

export function JobPage({ jobId }: { readonly jobId: string }) {
  const { t, language } = useWords();
  const api = useApi();
  const { jobWords } = useJobWords();
  const shown = useQuery(api.jobs.get.queryOptions({ input: { jobId } }));
  const fleet = useQuery(api.fleet.list.queryOptions());
  const job = shown.data?.job;
  const steps = shown.data?.steps ?? [];

  const above = <BackLink to={paths.jobs}>{t("jobs.back")}</BackLink>;

  if (shown.error && !job) {
    return (
      <Page title={t("screen.jobs")} above={above}>
        {errorCode(shown.error) === "NotFound" ? (
          <EmptyState title={t("jobs.notFound", { job: jobId })} />
        ) : (
          <Failure error={shown.error} onRetry={() => void shown.refetch()} />
        )}
      </Page>
    );
  }

  return (
    <Page
      title={job ? jobWords(job) : t("screen.jobs")}
      above={above}
      beside={job && <JobStateBadge state={job.state} />}
      actions={job && <JobActions job={job} />}
      lab={fleet.data?.rows.some((row) => row.isLab && row.tenantId === job?.tenantId) ?? false}
      fill
    >
      <div className={classes.bar}>{job && <JobProgress job={job} />}</div>
      {job?.decision && <DecisionPanel key={job.decision.id} job={job} decision={job.decision} />}
      {job?.waitingFor && !job.decision && (
        <Text size="sm">{t("jobs.waitingFor", { what: sentenceWords(job.waitingFor, language) })}</Text>
      )}
      {job?.error && (
        <Box mb="sm">
          <Failure error={job.error} />
        </Box>
      )}
      <div className={classes.columns}>
        <div className={classes.steps} tabIndex={0} role="group" aria-label={t("jobs.steps")}>
          <Panel title={t("jobs.steps")}>
            {shown.isPending ? (
              <StepSkeleton />
            ) : steps.length ? (
              <StepTimeline steps={steps} errors={!job?.error} />
            ) : (
              <Text size="sm" c="dimmed">
                {t("jobs.noSteps")}
              </Text>
            )}
          </Panel>
        </div>
        <div className={classes.side}>
          <Panel title={t("ui.details")}>{job && <JobFacts job={job} />}</Panel>
          <AnsweredDecisions decisions={shown.data?.decisions ?? []} />
          <JobLog jobId={jobId} />
        </div>
      </div>
    </Page>
  );
}

function JobFacts({ job }: { readonly job: Job }) {
  const { t } = useWords();
  return (
    <FactList>
      <Fact label={t("screen.tenant")}>
        {job.tenantSlug ? <Link href={paths.tenant(job.tenantSlug)}>{job.subject}</Link> : job.subject}
      </Fact>
      <Fact label={t("jobs.requestedBy")}>{job.requestedBy}</Fact>
      <Fact label={t("jobs.executor")}>{job.executor}</Fact>
      <Fact label={t("jobs.started")}>{job.startedAt && <RelativeTime date={job.startedAt} show="absolute" />}</Fact>
      <Fact label={t("jobs.ended")}>{job.endedAt && <RelativeTime date={job.endedAt} show="absolute" />}</Fact>
      <Fact label={t("jobs.column.duration")}>{job.startedAt && <JobTime job={job} />}</Fact>
      <Fact label={t("jobs.id")} copy={job.id} />
    </FactList>
  );
}

function JobLog({ jobId }: { readonly jobId: string }) {
  const { t, language } = useWords();
  const log = useJobLog(jobId);
  const lines = useMemo(
    () =>
      (log.data ?? []).map(({ seq, at, level, step, text }) => ({
        key: seq,
        at,
        level,
        text: `${step ? `${stepWords(t, step)}${t("ui.colon")} ` : ""}${logWords(t, language, text)}`,
      })),
    [log.data, t, language],
  );
  return (
    <section className={classes.log} aria-label={t("jobs.log")}>
      {log.error && !log.data ? (
        <Failure error={log.error} onRetry={() => void log.refetch()} />
      ) : lines.length === 0 ? (
        <Text size="sm" c="dimmed">
          {log.isPending ? t("ui.loading") : t("jobs.noLog")}
        </Text>
      ) : (
        <LogTail label={t("jobs.log")} lines={lines} />
      )}
    </section>
  );
}
