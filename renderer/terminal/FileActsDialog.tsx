import { Skeleton, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { TerminalSession } from "../../shared/terminal/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { bytes } from "../ui/format.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";

const TONES: Readonly<Record<"running" | "done" | "failed" | "cancelled" | "interrupted", Tone>> = {
  running: "busy",
  done: "good",
  failed: "bad",
  cancelled: "idle",
  interrupted: "warning",
};

/** What was done to files in a session (R104), newest first. */
export function FileActsDialog({
  session,
  onClose,
}: {
  readonly session: TerminalSession;
  readonly onClose: () => void;
}) {
  const { t, language } = useWords();
  const api = useApi();
  const acts = useQuery(api.terminal.files.acts.queryOptions({ input: { sessionId: session.id } }));
  const title = t("files.recordOf", { tenant: session.customer, kind: t(`kind.${session.kind}`) });
  return (
    <Dialog opened onClose={onClose} size="xl" title={title}>
      {acts.isPending && <Skeleton height={120} />}
      {acts.error && <Failure error={acts.error} onRetry={() => void acts.refetch()} />}
      {acts.data?.length === 0 && <Text size="sm">{t("files.nothingDone")}</Text>}
      {acts.data && acts.data.length > 0 && (
        <Table aria-label={title} verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("files.column.act")}</Table.Th>
              <Table.Th>{t("files.column.path")}</Table.Th>
              <Table.Th ta="right">{t("files.column.size")}</Table.Th>
              <Table.Th>{t("files.column.when")}</Table.Th>
              <Table.Th>{t("files.column.state")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {acts.data.map((act) => (
              <Table.Tr key={act.id}>
                <Table.Td>{t(`files.act.${act.act}`)}</Table.Td>
                <Table.Td style={{ overflowWrap: "anywhere" }} title={act.sha256 ?? undefined}>
                  {act.target ? `${act.path} → ${act.target}` : act.path}
                </Table.Td>
                <Table.Td ta="right">{act.bytes !== null && bytes(act.bytes, language)}</Table.Td>
                <Table.Td>
                  <RelativeTime date={act.startedAt} />
                </Table.Td>
                <Table.Td>
                  <StateBadge
                    tone={TONES[act.state]}
                    label={t(`files.actState.${act.state}`)}
                    title={act.error?.message}
                  />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Dialog>
  );
}
