import { Button, Checkbox } from "@mantine/core";
import { IconCalendarEvent } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import type { NoticeDuty } from "../../shared/calendar/model.ts";
import { type NoticeUrgency, noticeUrgency } from "../../shared/calendar/standing.ts";
import { DAY_MS } from "../../shared/time.ts";
import { useApi } from "../app/api.ts";
import { Board, BoardLink } from "../app/Board.tsx";
import { Failure } from "../app/Failure.tsx";
import { type Translate, useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { useNow } from "../ui/clock.ts";
import type { Column } from "../ui/DataTable.tsx";
import { relativeTime, shortDateTime } from "../ui/format.ts";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";
import { NoticeBadge } from "./window-badges.tsx";

/** How far the page looks back for what was sent, and ahead for what is due. */
const BACK_DAYS = 90;
const AHEAD_DAYS = 180;

const URGENCY_TONES: Readonly<Record<NoticeUrgency, Tone>> = {
  overdue: "bad",
  soon: "warning",
  open: "idle",
  settled: "good",
};

const keyOf = (row: NoticeDuty) => row.id;
const pathOf = (row: NoticeDuty) => paths.window(row.id);

/** The ledger of all windows: whom to tell by when, and what proves that it was done (R34 to R41). */
export function NoticesPage() {
  const { t, language } = useWords();
  const api = useApi();
  const now = useNow();
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const input = useMemo(
    () => ({ from: new Date(today - BACK_DAYS * DAY_MS), to: new Date(today + AHEAD_DAYS * DAY_MS) }),
    [today],
  );
  const ledger = useQuery(api.calendar.notices.ledger.queryOptions({ input }));
  const fleet = useQuery(api.fleet.list.queryOptions());
  const [all, setAll] = useState(false);
  const minute = Math.floor(now / 60_000) * 60_000;
  const rows = useMemo(
    () => (all ? ledger.data : ledger.data?.filter((row) => noticeUrgency(row, new Date(minute)) !== "settled")),
    [all, ledger.data, minute],
  );
  const columns = useMemo(() => columnsOf(t, language, minute), [t, language, minute]);
  const textsOf = useMemo(
    () => (row: NoticeDuty) => [row.customer, row.slug, row.title, t(`calendar.kind.${row.kind}`)],
    [t],
  );
  return (
    <Page
      title={t("screen.notices")}
      lab={fleet.data?.rows.some((row) => row.isLab) ?? false}
      actions={
        <Button
          component={Link}
          href={paths.calendar}
          size="xs"
          variant="default"
          leftSection={<IconCalendarEvent size={14} aria-hidden />}
        >
          {t("screen.calendar")}
        </Button>
      }
      fill
    >
      {ledger.error && !ledger.data ? (
        <Failure error={ledger.error} onRetry={() => void ledger.refetch()} />
      ) : (
        <Board
          label={t("screen.notices")}
          rows={rows}
          columns={columns}
          keyOf={keyOf}
          pathOf={pathOf}
          textsOf={textsOf}
          shown={(shown) => t("calendar.ledger.shown", { shown, total: ledger.data?.length ?? 0 })}
          emptyTitle={t(ledger.data?.length ? "calendar.ledger.nothingDue" : "calendar.ledger.empty")}
        >
          <Checkbox
            size="xs"
            label={t("calendar.ledger.all")}
            checked={all}
            onChange={(event) => setAll(event.currentTarget.checked)}
          />
        </Board>
      )}
    </Page>
  );
}

function columnsOf(t: Translate, language: string, now: number): Column<NoticeDuty>[] {
  return [
    {
      id: "customer",
      header: t("terms.column.customer"),
      width: 150,
      grow: 2,
      cell: (row) => <BoardLink path={pathOf(row)} customer={row.customer} />,
    },
    { id: "kind", header: t("calendar.kind"), width: 100, cell: (row) => t(`calendar.kind.${row.kind}`) },
    {
      id: "due",
      header: t("calendar.ledger.due"),
      width: 230,
      grow: 1.4,
      cell: (row) => {
        if (!row.noticeDueAt) return t("calendar.ledger.beforeStart");
        const urgency = noticeUrgency(row, new Date(now));
        const at = shortDateTime(row.noticeDueAt, language, row.zone);
        if (urgency === "settled") return at;
        return (
          <StateBadge tone={URGENCY_TONES[urgency]} label={`${at}, ${relativeTime(row.noticeDueAt, now, language)}`} />
        );
      },
    },
    {
      id: "starts",
      header: t("calendar.zone.dataCentre"),
      width: 154,
      cell: (row) => shortDateTime(row.startsAt, language, row.zone),
    },
    {
      id: "startsAtCustomer",
      header: t("calendar.zone.customer"),
      width: 154,
      cell: (row) => shortDateTime(row.startsAt, language, row.customerZone),
    },
    {
      id: "notice",
      header: t("calendar.notice"),
      width: 130,
      cell: (row) => <NoticeBadge standing={row.notice} />,
    },
    {
      id: "sent",
      header: t("calendar.ledger.sent"),
      width: 160,
      grow: 1.2,
      cell: ({ sent, zone }) =>
        sent && `${shortDateTime(sent.at, language, zone)}, ${sent.by}, ${t(`calendar.ledger.by.${sent.proof}`)}`,
    },
    {
      id: "contacts",
      header: t("calendar.ledger.contacts"),
      width: 72,
      align: "right",
      cell: ({ contacts }) => (contacts === 0 ? t("calendar.ledger.noContact") : contacts),
    },
  ];
}
