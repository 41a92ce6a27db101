import { Checkbox } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { ContractTerms, ExpiryRow } from "../../shared/terms/model.ts";
import { useApi } from "../app/api.ts";
import { Board, BoardLink } from "../app/Board.tsx";
import { Failure } from "../app/Failure.tsx";
import { type Translate, useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import type { Column } from "../ui/DataTable.tsx";
import { plainDate } from "../ui/format.ts";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";
import { RuleMark } from "./RuleMark.tsx";
import classes from "./terms.module.css";
import { STATE_TONES, useTermsWords } from "./words.ts";

const keyOf = (row: ExpiryRow) => row.tenantId;
const pathOf = (row: ExpiryRow) => paths.contract(row.slug);
const textsOf = (row: ExpiryRow) => [row.customer, row.slug, row.owner];

/** From the notice on a contract is ending. */
const RUNNING: ReadonlySet<ContractTerms["state"]> = new Set(["ordered", "provisioning", "active"]);
/** Days before a date from which it catches the eye. */
const SOON_DAYS = 30;

/** What ends next for each tenant, and when (R84 to R89). */
export function ExpiryPage() {
  const { t, language } = useWords();
  const api = useApi();
  const words = useTermsWords();
  const board = useQuery(api.terms.board.queryOptions());
  const [onlyEnding, setOnlyEnding] = useState(false);
  const all = board.data?.expiries;
  const rows = useMemo(
    () => (onlyEnding ? all?.filter(({ state, problem }) => problem !== null || !RUNNING.has(state)) : all),
    [all, onlyEnding],
  );
  const columns = useMemo(() => columnsOf(t, language, words.why), [t, language, words.why]);
  return (
    <Page title={t("screen.expiry")} lab={all?.some(({ isLab }) => isLab) ?? false} fill>
      {board.error && !board.data ? (
        <Failure error={board.error} onRetry={() => void board.refetch()} />
      ) : (
        <Board
          label={t("terms.expiry.table")}
          rows={rows}
          columns={columns}
          keyOf={keyOf}
          pathOf={pathOf}
          textsOf={textsOf}
          shown={(shown) => t("terms.expiry.shown", { shown, total: all?.length ?? 0 })}
          emptyTitle={t(all?.length ? "terms.boards.nothing" : "terms.expiry.empty")}
        >
          <Checkbox
            size="xs"
            label={t("terms.expiry.onlyEnding")}
            checked={onlyEnding}
            onChange={(event) => setOnlyEnding(event.currentTarget.checked)}
          />
        </Board>
      )}
    </Page>
  );
}

const standingWords = (t: Translate, { legalHold, goodStanding }: ExpiryRow): string =>
  [legalHold && t("terms.expiry.hold"), !goodStanding && t("terms.expiry.badStanding")].filter(Boolean).join(", ");

function toneOf(daysLeft: number): Tone {
  if (daysLeft < 0) return "bad";
  return daysLeft <= SOON_DAYS ? "warning" : "idle";
}

type Why = ReturnType<typeof useTermsWords>["why"];

function columnsOf(t: Translate, language: string, why: Why): Column<ExpiryRow>[] {
  return [
    {
      id: "customer",
      header: t("terms.column.customer"),
      width: 150,
      grow: 2,
      cell: (row) => <BoardLink path={paths.contract(row.slug)} customer={row.customer} />,
    },
    {
      id: "state",
      header: t("terms.column.state"),
      width: 180,
      grow: 1.6,
      cell: (row) =>
        row.problem === null ? (
          <StateBadge tone={STATE_TONES[row.state]} label={t(`terms.state.${row.state}`)} />
        ) : (
          <StateBadge tone="bad" label={t("terms.expiry.problem")} title={row.problem} />
        ),
    },
    {
      id: "standing",
      header: t("terms.column.standing"),
      width: 120,
      cell: (row) => <span className={classes.problem}>{standingWords(t, row)}</span>,
    },
    {
      id: "next",
      header: t("terms.column.next"),
      width: 160,
      grow: 1.2,
      cell: ({ next }) => next && <span title={why(next)}>{t(`terms.clock.${next.id}`)}</span>,
    },
    {
      id: "on",
      header: t("terms.column.date"),
      width: 104,
      cell: ({ next }) => next && plainDate(next.on, language),
    },
    {
      id: "daysLeft",
      header: t("terms.column.daysLeft"),
      width: 110,
      cell: ({ daysLeft }) =>
        daysLeft !== null && <StateBadge tone={toneOf(daysLeft)} label={t("terms.expiry.days", { count: daysLeft })} />,
    },
    {
      id: "why",
      header: t("terms.column.why"),
      width: 180,
      grow: 2,
      cell: ({ next, problem }) => <span title={problem ?? undefined}>{next ? why(next) : problem}</span>,
    },
    { id: "owner", header: t("terms.column.owner"), width: 110, grow: 1.2, cell: (row) => row.owner },
    { id: "rule", header: t("terms.column.rule"), width: 110, cell: ({ next }) => next && <RuleMark {...next} /> },
  ];
}
