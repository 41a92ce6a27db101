import { Button, SegmentedControl } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { Link, useLocation } from "wouter";
import type { Job } from "../../shared/jobs/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { useJobTable } from "../app/use-job-table.tsx";
import { DataTable } from "../ui/DataTable.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { useSessionState } from "../ui/session-state.ts";
import { JOB_FILTERS, type JobFilter, parseJobFilter } from "./job-filter.ts";

const NO_JOBS: readonly Job[] = [];
const FILTERS = Object.keys(JOB_FILTERS) as JobFilter[];

export function JobsPage() {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const [filter, setFilter] = useSessionState<JobFilter>("fleetwright.jobs", () => "all", parseJobFilter);
  const states = JOB_FILTERS[filter];
  const jobs = useQuery(
    api.jobs.list.queryOptions({
      input: { ...(states ? { states: [...states] } : {}), limit: 1000 },
      placeholderData: keepPreviousData,
    }),
  );
  const { columns, items } = useJobTable(jobs.data ?? NO_JOBS);
  const open = useCallback((job: Job) => navigate(paths.job(job.id)), [navigate]);
  const fleet = useQuery(api.fleet.list.queryOptions());

  return (
    <Page
      title={t("screen.jobs")}
      lab={fleet.data?.rows.some((row) => row.isLab) ?? false}
      actions={
        <SegmentedControl
          size="xs"
          aria-label={t("jobs.filter")}
          value={filter}
          onChange={(value) => setFilter(parseJobFilter(value) ?? "all")}
          data={FILTERS.map((one) => ({ value: one, label: t(`jobs.filter.${one}`) }))}
        />
      }
      fill
    >
      {jobs.error && !jobs.data ? (
        <Failure error={jobs.error} onRetry={() => void jobs.refetch()} />
      ) : (
        <DataTable
          label={t("jobs.table")}
          columns={columns}
          items={items}
          loading={jobs.isPending}
          onOpen={open}
          empty={
            filter === "all" ? (
              <EmptyState title={t("jobs.empty")} hint={t("jobs.emptyHint")}>
                <Button component={Link} href={paths.newTenant} size="xs">
                  {t("screen.newTenant")}
                </Button>
              </EmptyState>
            ) : (
              <EmptyState title={t("jobs.emptyFilter")} hint={t("jobs.emptyFilterHint")} />
            )
          }
        />
      )}
    </Page>
  );
}
