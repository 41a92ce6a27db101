import { Table, Text } from "@mantine/core";
import type { Losses } from "../../shared/restore/model.ts";
import { useWords } from "../app/i18n/index.ts";
import { count, shortDateTime } from "../ui/format.ts";
import classes from "./restore.module.css";

/** What the target holds, what the copy holds, and what is lost between them. */
export function LossTable({ losses }: { readonly losses: Losses }) {
  const { t, language } = useWords();
  const when = (at: Date | null) => (at ? shortDateTime(at, language) : "–");
  return (
    <>
      <Table verticalSpacing={3}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("restore.column.relation")}</Table.Th>
            {(["now", "then", "lost"] as const).map((head) => (
              <Table.Th key={head} className={classes.number ?? ""}>
                {t(`restore.column.${head}`)}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {losses.relations.map(({ name, now, copied }) => {
            const lost = copied === null ? null : Math.max(0, now - copied);
            return (
              <Table.Tr key={name}>
                <Table.Td>{name}</Table.Td>
                <Table.Td className={classes.number ?? ""}>{count(now, language)}</Table.Td>
                <Table.Td className={classes.number ?? ""}>{copied === null ? "–" : count(copied, language)}</Table.Td>
                <Table.Td className={`${classes.number} ${lost ? classes.lost : ""}`}>
                  {lost === null ? "–" : count(lost, language)}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
      <Text size="xs" c="dimmed">
        {t("restore.losses.newest", { now: when(losses.newestNow), copied: when(losses.newestThen) })}
      </Text>
    </>
  );
}
