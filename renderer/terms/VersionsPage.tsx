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

/** The nearer day of the train, with both on hovering; overdue where it has passed and a newer release exists. */
function TrainDay({ train }: { readonly train: NonNullable<VersionRow["train"]> }) {
  const { t, language } = useWords();
  const [update, upgrade] = [plainDate(train.updateOn, language), plainDate(train.upgradeOn, language)];
  const overdue = train.updateOverdue || train.upgradeOverdue;
  const timing = t(train.isAutomatic ? "terms.train.automatic" : "terms.train.flex");
  const title = [t("terms.train.stops", { update, upgrade }), timing, overdue && t("terms.train.overdue")]
    .filter(Boolean)
    .join("\n");
  const next = train.upgradeOn < train.updateOn ? upgrade : update;
  if (overdue) return <StateBadge tone="warning" label={next} title={title} />;
  return <span title={title}>{train.isAutomatic ? next : `${next} · Flex`}</span>;
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
      width: 224,
      grow: 1.2,
      cell: (row) => <StateBadge tone={TONES[row.support.state]} label={supportWords(t, row)} title={row.reason} />,
    },
    {
      id: "version",
      header: t("terms.column.version"),
      width: 144,
      cell: ({ version, newest }) =>
        newest === null || newest === version
          ? (version ?? t("ui.unknown"))
          : `${version ?? t("ui.unknown")} → ${newest}`,
    },
    {
      id: "train",
      header: t("terms.column.train"),
      width: 132,
      cell: ({ train }) => train && <TrainDay train={train} />,
    },
    {
      id: "exception",
      header: t("terms.exceptions"),
      width: 100,
      cell: (row) =>
        row.exceptionUntil && t("terms.exception.until", { until: plainDate(row.exceptionUntil, language) }),
    },
    { id: "region", header: t("terms.column.region"), width: 100, cell: (row) => row.region },
    { id: "owner", header: t("terms.column.owner"), width: 100, grow: 1.4, cell: (row) => row.owner },
    { id: "rule", header: t("terms.column.rule"), width: 94, cell: (row) => <RuleMark {...row} /> },
  ];
}
