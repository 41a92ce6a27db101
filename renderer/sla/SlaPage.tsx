import { Checkbox } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useLocation } from "wouter";
import type { SlaRow } from "../../shared/sla/model.ts";
import { useApi } from "../app/api.ts";
import { Board, BoardLink } from "../app/Board.tsx";
import { Failure } from "../app/Failure.tsx";
import { type Translate, useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import type { Column } from "../ui/DataTable.tsx";
import { availability } from "../ui/format.ts";
import { StateBadge } from "../ui/StateBadge.tsx";
import { MonthBar, useMonth } from "./use-month.tsx";
import classes from "./sla.module.css";
import { minutesWords, standingOf } from "./words.ts";

const keyOf = (row: SlaRow) => row.tenantId;
const textsOf = (row: SlaRow) => [row.customer, row.slug, row.owner];

/** One month of every tenant, the least available first (R9, R37 to R40, R44, R45, R61). */
export function SlaPage({ asked }: { readonly asked: string | undefined }) {
  const { t, language } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const { month, present } = useMonth(asked);
  const shown = useQuery(api.sla.month.queryOptions({ input: { month }, refetchInterval: 60_000 }));
  const [onlyLost, setOnlyLost] = useState(false);
  const all = shown.data?.rows;
  const rows = useMemo(
    () => (onlyLost ? all?.filter((row) => row.downMinutes + row.unknownMinutes > 0 || row.problem !== null) : all),
    [all, onlyLost],
  );
  const isOver = month < present;
  const columns = useMemo(() => columnsOf(t, language, month, isOver), [t, language, month, isOver]);
  return (
    <Page
      title={t("screen.sla")}
      lab={all?.some(({ isLab }) => isLab) ?? false}
      actions={<MonthBar month={month} present={present} onChange={(chosen) => navigate(paths.sla(chosen))} />}
      fill
    >
      {shown.error && !shown.data ? (
        <Failure error={shown.error} onRetry={() => void shown.refetch()} />
      ) : (
        <Board
          label={t("sla.table")}
          rows={rows}
          columns={columns}
          keyOf={keyOf}
          pathOf={({ slug }) => paths.tenantSla(slug, month)}
          textsOf={textsOf}
          shown={(count) => t("sla.shown", { shown: count, total: all?.length ?? 0 })}
          emptyTitle={t(all?.length ? "terms.boards.nothing" : "sla.empty")}
        >
          <Checkbox
            size="xs"
            label={t("sla.onlyLost")}
            checked={onlyLost}
            onChange={(event) => setOnlyLost(event.currentTarget.checked)}
          />
        </Board>
      )}
    </Page>
  );
}

function columnsOf(t: Translate, language: string, month: string, isOver: boolean): Column<SlaRow>[] {
  const minutes = (id: "down" | "excluded" | "unknown" | "up", of: (row: SlaRow) => number): Column<SlaRow> => ({
    ...{ id, header: `${t(`sla.column.${id}`)}, min`, width: 116, align: "right" },
    cell: (row) => (
      <span className={id === "down" && of(row) > 0 ? classes.counted : undefined}>
        {minutesWords(of(row), language)}
      </span>
    ),
  });
  return [
    {
      id: "customer",
      header: t("sla.column.customer"),
      width: 150,
      grow: 2.4,
      cell: (row) => <BoardLink path={paths.tenantSla(row.slug, month)} customer={row.customer} />,
    },
    {
      id: "available",
      header: t("sla.column.available"),
      width: 100,
      align: "right",
      cell: (row) => (row.availabilityPercent === null ? "–" : availability(row.availabilityPercent, language)),
    },
    {
      id: "target",
      header: t("sla.column.target"),
      width: 80,
      align: "right",
      cell: (row) => (row.targetPercent === null ? "–" : availability(row.targetPercent, language)),
    },
    {
      id: "standing",
      header: t("sla.column.standing"),
      width: 170,
      grow: 1.2,
      cell: (row) => <StateBadge {...standingOf(t, row, isOver)} title={row.problem ?? undefined} />,
    },
    minutes("down", (row) => row.downMinutes),
    minutes("excluded", (row) => row.excludedMinutes),
    minutes("unknown", (row) => row.unknownMinutes),
    minutes("up", (row) => row.upMinutes),
    { id: "owner", header: t("sla.column.owner"), width: 110, grow: 1.2, cell: (row) => row.owner },
  ];
}
