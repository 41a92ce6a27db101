import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconBook2, IconPlus } from "@tabler/icons-react";
import { useCallback, useMemo } from "react";
import { Link, useLocation } from "wouter";
import type { RunSummary } from "../../shared/maintenance/model.ts";
import { JobState } from "../../shared/jobs/model.ts";
import { useApi } from "../app/api.ts";
import { JobStateBadge } from "../app/badges.tsx";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { type Column, DataTable } from "../ui/DataTable.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";

export const stateOf = (state: string) => JobState.catch("queued").parse(state);

/** Every run, newest first. */
export function MaintenancePage() {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const runs = useQuery(api.maintenance.list.queryOptions({ input: { limit: 200 } }));
  const columns = useMemo(
    (): Column<RunSummary>[] => [
      {
        id: "runbook",
        header: t("maintenance.column.runbook"),
        width: 180,
        grow: 2,
        cell: ({ runbook }) => `${runbook.name} ${runbook.version || ""}`,
      },
      {
        id: "state",
        header: t("maintenance.column.state"),
        width: 150,
        cell: ({ state }) => <JobStateBadge state={stateOf(state)} />,
      },
      {
        id: "progress",
        header: t("maintenance.column.progress"),
        width: 150,
        cell: ({ ended, tenants }) => t("maintenance.progress", { ended, total: tenants }),
      },
      { id: "failed", header: t("maintenance.column.failed"), width: 80, align: "right", cell: ({ failed }) => failed },
      { id: "by", header: t("maintenance.column.by"), width: 120, grow: 1, cell: ({ requestedBy }) => requestedBy },
      {
        id: "started",
        header: t("maintenance.column.started"),
        width: 130,
        cell: ({ createdAt }) => <RelativeTime date={createdAt} />,
      },
    ],
    [t],
  );
  const items = useMemo(
    () => (runs.data ?? []).map((row) => ({ type: "row" as const, key: row.id, row })),
    [runs.data],
  );
  const open = useCallback((run: RunSummary) => navigate(paths.run(run.id)), [navigate]);
  return (
    <Page
      title={t("screen.maintenance")}
      fill
      actions={
        <>
          <Button
            component={Link}
            href={paths.runbooks}
            size="xs"
            variant="default"
            leftSection={<IconBook2 size={15} />}
          >
            {t("maintenance.runbooks")}
          </Button>
          <Button component={Link} href={paths.newRun()} size="xs" leftSection={<IconPlus size={15} />}>
            {t("maintenance.newRun")}
          </Button>
        </>
      }
    >
      {runs.error && !runs.data ? (
        <Failure error={runs.error} onRetry={() => void runs.refetch()} />
      ) : (
        <DataTable
          label={t("maintenance.runs")}
          columns={columns}
          items={items}
          loading={runs.isPending}
          onOpen={open}
          empty={<EmptyState title={t("maintenance.noRuns")} hint={t("maintenance.noRunsHint")} />}
        />
      )}
    </Page>
  );
}
