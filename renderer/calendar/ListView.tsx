import { useMemo } from "react";
import { useWords } from "../app/i18n/index.ts";
import { type Column, DataTable } from "../ui/DataTable.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { duration, shortDateTime } from "../ui/format.ts";
import type { Entry } from "./calendar-view.ts";
import { useWhose } from "./EntryChip.tsx";
import { NoticeBadge, WindowStateBadge } from "./window-badges.tsx";

interface Props {
  readonly entries: readonly Entry[];
  readonly loading: boolean;
  readonly onOpen: (entry: Entry) => void;
}

/** The windows of a month as rows, with both clocks side by side. */
export function ListView({ entries, loading, onOpen }: Props) {
  const { t, language } = useWords();
  const whose = useWhose();
  const items = useMemo(
    () => entries.map((row) => ({ type: "row" as const, key: row.key.replaceAll(" ", "_"), row })),
    [entries],
  );
  const place = (entry: Entry) => entry.window ?? entry.recurring;
  const columns: Column<Entry>[] = [
    {
      id: "start",
      header: t("calendar.zone.dataCentre"),
      width: 150,
      cell: (one) => shortDateTime(one.startsAt, language, place(one)?.zone),
    },
    {
      id: "customerStart",
      header: t("calendar.zone.customer"),
      width: 150,
      cell: (one) => shortDateTime(one.startsAt, language, place(one)?.customerZone),
    },
    { id: "kind", header: t("calendar.kind"), width: 110, cell: (one) => t(`calendar.kind.${one.kind}`) },
    { id: "who", header: t("calendar.tenant"), width: 170, grow: 2, cell: whose },
    { id: "title", header: t("calendar.title"), width: 120, grow: 2, cell: (one) => one.window?.title ?? "" },
    { id: "region", header: t("calendar.region"), width: 100, cell: (one) => place(one)?.region ?? "" },
    {
      id: "length",
      header: t("calendar.length"),
      width: 80,
      align: "right",
      cell: (one) => duration(one.endsAt.getTime() - one.startsAt.getTime(), language),
    },
    {
      id: "state",
      header: t("calendar.state"),
      width: 110,
      cell: (one) => (one.window ? <WindowStateBadge state={one.window.state} /> : t("calendar.byContract")),
    },
    {
      id: "notice",
      header: t("calendar.notice"),
      width: 120,
      cell: (one) => one.window && <NoticeBadge standing={one.window.notice} />,
    },
  ];
  return (
    <DataTable
      label={t("screen.calendar")}
      columns={columns}
      items={items}
      loading={loading}
      onOpen={onOpen}
      empty={<EmptyState title={t("calendar.empty")} hint={t("calendar.emptyHint")} />}
    />
  );
}
