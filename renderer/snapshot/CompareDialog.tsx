import { Skeleton, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ShownSnapshot, SnapshotComparison } from "../../shared/snapshot/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { bytes, count, fullDateTime } from "../ui/format.ts";

interface Props {
  readonly opened: boolean;
  readonly left: string;
  readonly right: string;
  readonly onClose: () => void;
}

export function CompareDialog({ opened, left, right, onClose }: Props) {
  const { t } = useWords();
  return (
    <Dialog opened={opened} onClose={onClose} size="xl" title={t("snapshot.compare.title")}>
      <Comparison left={left} right={right} />
    </Dialog>
  );
}

function Comparison({ left, right }: Pick<Props, "left" | "right">) {
  const { t, language } = useWords();
  const api = useApi();
  const found = useQuery(api.snapshot.compare.queryOptions({ input: { left, right } }));
  if (found.error) return <Failure error={found.error} onRetry={() => void found.refetch()} />;
  if (!found.data) return <Skeleton height={260} aria-busy="true" />;
  const { sameData, packages } = found.data;
  const shown = (value: number | null) => (value === null ? "–" : count(value, language));
  return (
    <Stack gap="xs">
      <Text size="sm" {...(sameData === false ? { c: "red" } : {})}>
        {t(`snapshot.compare.${sameData === null ? "unknown" : sameData ? "same" : "different"}`)}
      </Text>
      <Table withRowBorders striped fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("snapshot.compare.field")}</Table.Th>
            <Table.Th>{found.data.left.label}</Table.Th>
            <Table.Th>{found.data.right.label}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rowsOf(found.data, { t, language, shown }).map(([name, one, other]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row">{name}</Table.Th>
              <Table.Td>{one}</Table.Td>
              <Table.Td {...(one === other ? {} : { fw: 600 })}>{other}</Table.Td>
            </Table.Tr>
          ))}
          {packages.length > 0 && (
            <Table.Tr>
              <Table.Th colSpan={3}>{t("snapshot.compare.packages")}</Table.Th>
            </Table.Tr>
          )}
          {packages.map((one) => (
            <Table.Tr key={one.name}>
              <Table.Th scope="row">{one.name}</Table.Th>
              <Table.Td>{one.left ?? "–"}</Table.Td>
              <Table.Td fw={600}>{one.right ?? "–"}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}

interface Words {
  readonly t: ReturnType<typeof useWords>["t"];
  readonly language: string;
  readonly shown: (value: number | null) => string;
}

function rowsOf(found: SnapshotComparison, { t, language, shown }: Words): [string, string, string][] {
  const both = (name: string, of: (one: ShownSnapshot) => string): [string, string, string] => [
    name,
    of(found.left),
    of(found.right),
  ];
  return [
    both(t("snapshot.column.taken"), (one) => fullDateTime(one.takenAt, language)),
    both(t("snapshot.column.version"), (one) => one.version ?? "–"),
    both(t("snapshot.column.grade"), (one) => t(`snapshot.grade.${one.grade ?? "unknown"}`)),
    both(t("snapshot.column.size"), (one) =>
      one.data ? bytes(one.data.databaseBytes + one.data.attachmentsBytes, language) : "–",
    ),
    ...found.relations.map(({ name, left, right }): [string, string, string] => [
      t("snapshot.compare.rows", { relation: name }),
      shown(left),
      shown(right),
    ]),
  ];
}
