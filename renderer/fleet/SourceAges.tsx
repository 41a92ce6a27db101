import { Button, Popover, Stack, Table, Text } from "@mantine/core";
import type { InventorySource } from "../../shared/fleet/model.ts";
import { hasWords, useWords } from "../app/i18n/index.ts";
import { sentenceWords } from "../app/i18n/sentences.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StateBadge } from "../ui/StateBadge.tsx";

/** How old the oldest part of what is shown is, and which source could not be read and why. */
export function SourceAges({ sources }: { readonly sources: readonly InventorySource[] }) {
  const { t } = useWords();
  const failing = sources.filter((source) => source.error);
  const oldest = sources
    .map((source) => source.readAt)
    .filter((date) => date !== null)
    .reduce<Date | null>((least, date) => (least && least < date ? least : date), null);
  if (!sources.length) return null;
  return (
    <Popover position="bottom-end" withArrow width={460}>
      <Popover.Target>
        <Button variant="subtle" color={failing.length ? "red" : "gray"} size="xs" aria-haspopup="dialog">
          {failing.length ? (
            <StateBadge tone="bad" label={t("fleet.sourceErrors", { count: failing.length })} />
          ) : oldest ? (
            <span>
              {t("fleet.sources")}
              {t("ui.colon")} <RelativeTime date={oldest} />
            </span>
          ) : (
            t("fleet.sourceNever")
          )}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap={4}>
          <Text fw={600} size="sm">
            {t("fleet.sources")}
          </Text>
          <Table verticalSpacing={3}>
            <Table.Tbody>
              {sources.map((source) => (
                <Table.Tr key={`${source.accountId} ${source.region}`}>
                  <Table.Td>
                    {source.accountName} · {source.region}
                  </Table.Td>
                  <Table.Td>
                    <SourceState source={source} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function SourceState({ source }: { readonly source: InventorySource }) {
  const { t, language } = useWords();
  const age = source.readAt ? <RelativeTime date={source.readAt} /> : t("fleet.sourceNever");
  if (!source.error) return age;
  const key = `error.${source.error.code}`;
  return (
    <>
      <StateBadge tone="bad" label={hasWords(key) ? t(key) : source.error.code} />
      <Text size="xs" style={{ overflowWrap: "anywhere" }}>
        {sentenceWords(source.error.message, language)}
      </Text>
      <Text size="xs" c="dimmed">
        {age}
      </Text>
    </>
  );
}
