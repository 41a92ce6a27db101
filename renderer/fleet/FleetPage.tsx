import { Button, Group, Tooltip } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { IconPlus, IconRefresh, IconTool } from "@tabler/icons-react";
import { useCallback, useDeferredValue, useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import type { FleetRow } from "../../shared/fleet/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { DataTable } from "../ui/DataTable.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { useSessionState } from "../ui/session-state.ts";
import { FleetToolbar } from "./FleetToolbar.tsx";
import { SourceAges } from "./SourceAges.tsx";
import { useFleetColumns } from "./columns.tsx";
import classes from "./fleet.module.css";
import { EVERYTHING, type FleetView, filterFleet, groupFleet, nextSort, parseView, sortFleet } from "./fleet-view.ts";

const NO_ROWS: readonly FleetRow[] = [];
/** Filters narrow the fleet to what a run shall take; more than this is no selection. */
const MOST_IN_A_RUN = 100;

export function FleetPage() {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const fleet = useQuery(api.fleet.list.queryOptions());
  const refresh = useMutation(api.fleet.refresh.mutationOptions({ onSuccess: () => void fleet.refetch() }));
  const [view, setView] = useSessionState<FleetView>("fleetwright.fleet", () => EVERYTHING, parseView);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());

  const rows = fleet.data?.rows ?? NO_ROWS;
  // Typing stays smooth over ten thousand rows: the table follows a moment later.
  const shown = useDeferredValue(view);
  const filtered = useMemo(() => filterFleet(rows, shown), [rows, shown]);
  const groupLabel = useCallback(
    (value: string) => (shown.group === "service" ? t(`service.${value as FleetRow["service"]}`) : value),
    [shown.group, t],
  );
  const items = useMemo(
    () => groupFleet(sortFleet(filtered, shown.sort), shown.group, folded, groupLabel),
    [filtered, shown, folded, groupLabel],
  );
  const columns = useFleetColumns(view.hidden);
  const open = useCallback((row: FleetRow) => navigate(paths.tenant(row.slug)), [navigate]);
  const toggleGroup = (key: string) => {
    const next = new Set(folded);
    if (!next.delete(key)) next.add(key);
    setFolded(next);
  };

  const beside = fleet.data && (
    <span className={classes.shown} role="status">
      {t("fleet.shown", { shown: filtered.length, total: rows.length })}
    </span>
  );
  const actions = (
    <>
      {fleet.data && <SourceAges sources={fleet.data.sources} />}
      <Tooltip label={t("palette.refreshFleet")} withArrow>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconRefresh size={15} />}
          loading={refresh.isPending}
          onClick={() => refresh.mutate({})}
        >
          {t("fleet.refresh")}
        </Button>
      </Tooltip>
      {filtered.length > 0 && filtered.length <= MOST_IN_A_RUN && (
        <Tooltip label={t("maintenance.newRunOfShown", { count: filtered.length })} withArrow>
          <Button
            component={Link}
            href={paths.newRun({ tenants: filtered.map(({ slug, kind }) => `${slug}/${kind}`) })}
            size="xs"
            variant="default"
            leftSection={<IconTool size={15} />}
          >
            {t("maintenance.newRun")}
          </Button>
        </Tooltip>
      )}
      <Button component={Link} href={paths.newTenant} size="xs" leftSection={<IconPlus size={15} />}>
        {t("screen.newTenant")}
      </Button>
    </>
  );

  return (
    <Page title={t("screen.fleet")} beside={beside} actions={actions} lab={rows.some((row) => row.isLab)} fill>
      <FleetToolbar rows={rows} view={view} onChange={setView} />
      {refresh.error && <Failure error={refresh.error} onRetry={() => refresh.mutate({})} />}
      {fleet.error && !fleet.data ? (
        <Failure error={fleet.error} onRetry={() => void fleet.refetch()} />
      ) : (
        <DataTable
          label={t("fleet.table")}
          columns={columns}
          items={items}
          loading={fleet.isPending}
          sort={view.sort}
          onSort={(column) => setView({ ...view, sort: nextSort(view.sort, column) })}
          onOpen={open}
          onToggleGroup={toggleGroup}
          accent={accent}
          empty={
            <NothingShown
              total={rows.length}
              onClear={() => setView({ ...view, text: "", facets: EVERYTHING.facets })}
            />
          }
        />
      )}
    </Page>
  );
}

const accent = (row: FleetRow) => row.kind;

function NothingShown({ total, onClear }: { readonly total: number; readonly onClear: () => void }) {
  const { t } = useWords();
  const api = useApi();
  const accounts = useQuery(api.settings.listAccounts.queryOptions());
  if (total > 0) {
    return (
      <EmptyState title={t("fleet.nothingMatches")} hint={t("fleet.nothingMatchesHint", { total })}>
        <Button size="xs" variant="default" onClick={onClear}>
          {t("fleet.clearFilters")}
        </Button>
      </EmptyState>
    );
  }
  if (accounts.data?.length === 0) {
    return (
      <EmptyState title={t("fleet.emptyNoAccount")} hint={t("fleet.emptyNoAccountHint")}>
        <Button component={Link} href={paths.settings("accounts")} size="xs">
          {t("fleet.addAccount")}
        </Button>
      </EmptyState>
    );
  }
  return (
    <EmptyState title={t("fleet.empty")} hint={t("fleet.emptyHint")}>
      <Group gap="xs">
        <Button component={Link} href={paths.newTenant} size="xs">
          {t("screen.newTenant")}
        </Button>
        <Button component={Link} href={paths.settings("accounts")} size="xs" variant="default">
          {t("fleet.addAccount")}
        </Button>
      </Group>
    </EmptyState>
  );
}
