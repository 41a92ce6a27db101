import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import type { TerminalSession } from "../../shared/terminal/model.ts";
import { useApi } from "../app/api.ts";
import { KindBadge } from "../app/badges.tsx";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { type Column, DataTable } from "../ui/DataTable.tsx";
import { duration } from "../ui/format.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { FileActsDialog } from "./FileActsDialog.tsx";
import { ReplayDialog } from "./ReplayDialog.tsx";

/** Who logged in where, when and why (R101); a row opens its recording, or what was done to files. */
export function SessionHistory({ empty }: { readonly empty: ReactNode }) {
  const { t, language } = useWords();
  const api = useApi();
  const history = useQuery(api.terminal.history.queryOptions({ input: { limit: 500 } }));
  const [replayed, setReplayed] = useState<TerminalSession>();
  const columns = useMemo(
    (): Column<TerminalSession>[] => [
      {
        id: "started",
        header: t("terminal.column.started"),
        width: 100,
        cell: (one) => <RelativeTime date={one.startedAt} />,
      },
      {
        id: "customer",
        header: t("terminal.column.customer"),
        width: 150,
        grow: 1.5,
        cell: (one) => <span title={one.customer}>{one.customer}</span>,
      },
      {
        id: "kind",
        header: t("terminal.column.kind"),
        width: 100,
        grow: 0.5,
        cell: (one) => <KindBadge kind={one.kind} />,
      },
      { id: "operator", header: t("terminal.column.operator"), width: 90, cell: (one) => one.operator },
      {
        id: "reason",
        header: t("terminal.column.reason"),
        width: 180,
        grow: 2.5,
        cell: (one) => <span title={one.reason}>{one.reason}</span>,
      },
      {
        id: "reference",
        header: t("terminal.column.reference"),
        width: 100,
        cell: (one) => one.contractReference ?? "",
      },
      {
        id: "duration",
        header: t("terminal.column.duration"),
        width: 80,
        align: "right",
        cell: (one) =>
          one.endedAt ? duration(one.endedAt.getTime() - one.startedAt.getTime(), language) : t("terminal.phase.open"),
      },
      { id: "end", header: t("terminal.column.end"), width: 120, cell: (one) => endOf(one, t) },
    ],
    [t, language],
  );
  const items = useMemo(
    () => (history.data ?? []).map((row) => ({ type: "row" as const, key: row.id, row })),
    [history.data],
  );
  if (history.error && !history.data) return <Failure error={history.error} onRetry={() => void history.refetch()} />;
  if (!history.isPending && items.length === 0) return empty;
  return (
    <>
      <DataTable
        label={t("terminal.history")}
        columns={columns}
        items={items}
        loading={history.isPending}
        onOpen={setReplayed}
        accent={(one) => (one.kind === "production" ? "production" : undefined)}
      />
      {replayed &&
        (replayed.purpose === "files" ? (
          <FileActsDialog session={replayed} onClose={() => setReplayed(undefined)} />
        ) : (
          <ReplayDialog session={replayed} onClose={() => setReplayed(undefined)} />
        ))}
    </>
  );
}

function endOf(session: TerminalSession, t: ReturnType<typeof useWords>["t"]): ReactNode {
  if (session.purpose === "files" && !session.error) return t("files.title");
  if (session.error) return <span title={session.error.message}>{session.error.code}</span>;
  return session.exitCode === null ? "" : t("terminal.exitCode", { code: session.exitCode });
}
