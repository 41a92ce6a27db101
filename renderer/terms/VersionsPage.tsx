import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { VersionRow } from "../../shared/terms/model.ts";
import { useApi } from "../app/api.ts";
import { KindBadge } from "../app/badges.tsx";
import { Board, BoardLink } from "../app/Board.tsx";
import { Failure } from "../app/Failure.tsx";
import { type Translate, useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import type { Column } from "../ui/DataTable.tsx";
import { plainDate } from "../ui/format.ts";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";
import { RuleMark } from "./RuleMark.tsx";

const keyOf = (row: VersionRow) => row.environmentId;
const pathOf = (row: VersionRow) => paths.contract(row.slug);
const textsOf = (row: VersionRow) => [row.customer, row.slug, row.owner, row.region, row.version ?? ""];

/** Which environment leaves version support, and after how many releases (R42, R46). */
export function VersionsPage() {
  const { t, language } = useWords();
  const api = useApi();
  const board = useQuery(api.terms.board.queryOptions());
  const columns = useMemo(() => columnsOf(t, language), [t, language]);
  return (
    <Page title={t("screen.versions")} lab={board.data?.versions.some(({ isLab }) => isLab) ?? false} fill>
      {board.error && !board.data ? (
        <Failure error={board.error} onRetry={() => void board.refetch()} />
      ) : (
        <Board
          label={t("terms.versions.table")}
          rows={board.data?.versions}
          columns={columns}
          keyOf={keyOf}
          pathOf={pathOf}
          textsOf={textsOf}
          shown={(shown, total) => t("terms.versions.shown", { shown, total })}
          emptyTitle={t("terms.versions.empty")}
        />
      )}
    </Page>
  );
}

const TONES: Readonly<Record<VersionRow["support"]["state"], Tone>> = {
  current: "good",
  supported: "good",
  last: "warning",
  unsupported: "bad",
  unknown: "unknown",
};

function supportWords(t: Translate, { support: { state, leavesInReleases } }: VersionRow): string {
  if (state === "last") return t("support.leavesNext");
  if (leavesInReleases !== null) return t("support.leavesIn", { count: leavesInReleases });
  return t(`support.${state}`);
}

/** A day of the train; overdue where it has passed and a newer release exists. */
function stop(t: Translate, language: string, kind: "update" | "upgrade"): Column<VersionRow> {
  return {
    id: kind,
    header: t(kind === "update" ? "terms.column.nextUpdate" : "terms.column.nextUpgrade"),
    width: 110,
    cell: ({ train }) => {
      if (!train) return null;
      const on = train[`${kind}On`];
      const title = t(train.isAutomatic ? "terms.train.automatic" : "terms.train.flex");
      const label = plainDate(on, language);
      if (train[`${kind}Overdue`])
        return <StateBadge tone="warning" label={label} title={`${t("terms.train.overdue")}. ${title}`} />;
      return <span title={title}>{train.isAutomatic ? label : `${label} · Flex`}</span>;
    },
  };
}

function columnsOf(t: Translate, language: string): Column<VersionRow>[] {
  return [
    {
      id: "customer",
      header: t("terms.column.customer"),
      width: 150,
      grow: 2.4,
      cell: (row) => <BoardLink path={paths.contract(row.slug)} customer={row.customer} />,
    },
    {
      id: "environment",
      header: t("terms.column.environment"),
      width: 100,
      grow: 0.6,
      cell: (row) => <KindBadge kind={row.environment} />,
    },
    {
      id: "leaves",
      header: t("terms.column.leaves"),
      width: 270,
      grow: 1.2,
      cell: (row) => <StateBadge tone={TONES[row.support.state]} label={supportWords(t, row)} title={row.reason} />,
    },
    { id: "version", header: t("terms.column.version"), width: 90, cell: (row) => row.version ?? t("ui.unknown") },
    { id: "newest", header: t("terms.column.newest"), width: 90, cell: (row) => row.newest ?? "–" },
    stop(t, language, "update"),
    stop(t, language, "upgrade"),
    {
      id: "exception",
      header: t("terms.exceptions"),
      width: 110,
      cell: (row) =>
        row.exceptionUntil && t("terms.exception.until", { until: plainDate(row.exceptionUntil, language) }),
    },
    { id: "region", header: t("terms.column.region"), width: 104, cell: (row) => row.region },
    { id: "owner", header: t("terms.column.owner"), width: 110, grow: 1.4, cell: (row) => row.owner },
    { id: "rule", header: t("terms.column.rule"), width: 120, cell: (row) => <RuleMark {...row} /> },
  ];
}
