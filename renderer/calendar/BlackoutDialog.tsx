import { ActionIcon, Button, Group, Select, Stack, Table, Text, TextInput } from "@mantine/core";
import { DateInput } from "@mantine/dates";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { FleetRow } from "../../shared/fleet/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { plainDate } from "../ui/format.ts";

interface Props {
  readonly opened: boolean;
  readonly rows: readonly FleetRow[];
  readonly onClose: () => void;
}

/** Days on which nothing is to be planned, for one tenant or for all. */
export function BlackoutDialog({ opened, rows, onClose }: Props) {
  const { t } = useWords();
  return (
    <Dialog opened={opened} onClose={onClose} title={t("calendar.blackouts")} size="lg">
      <Blackouts rows={rows} />
    </Dialog>
  );
}

const EMPTY = { tenant: null as string | null, firstDay: "", lastDay: "", title: "" };

function Blackouts({ rows }: Pick<Props, "rows">) {
  const { t, language } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const [form, setForm] = useState(EMPTY);
  const listed = useQuery(api.calendar.blackouts.list.queryOptions());
  const changed = () => void cache.invalidateQueries({ queryKey: api.calendar.key() });
  const add = useMutation(
    api.calendar.blackouts.add.mutationOptions({
      onSuccess: () => {
        setForm(EMPTY);
        changed();
      },
    }),
  );
  const remove = useMutation(api.calendar.blackouts.remove.mutationOptions({ onSuccess: changed }));
  const tenants = [...new Map(rows.map((row) => [row.slug, row.customer]))];
  const complete = form.firstDay !== "" && form.title.trim() !== "";
  const error = listed.error ?? add.error ?? remove.error;
  return (
    <Stack gap="sm">
      {listed.data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("calendar.noBlackouts")}
        </Text>
      )}
      {!!listed.data?.length && (
        <Table>
          <Table.Tbody>
            {listed.data.map((one) => (
              <Table.Tr key={one.id}>
                <Table.Td>{one.title}</Table.Td>
                <Table.Td>
                  {plainDate(one.firstDay, language)} – {plainDate(one.lastDay, language)}
                </Table.Td>
                <Table.Td>{one.slug ?? t("calendar.allTenants")}</Table.Td>
                <Table.Td ta="right">
                  <ActionIcon
                    variant="subtle"
                    color="red"
                    aria-label={t("calendar.removeBlackout", { title: one.title })}
                    onClick={() => remove.mutate({ blackoutId: one.id })}
                  >
                    <IconTrash size={16} />
                  </ActionIcon>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!complete) return;
          const { firstDay, title, tenant } = form;
          const lastDay = form.lastDay || firstDay;
          add.mutate({ requestId: crypto.randomUUID(), firstDay, lastDay, title, ...(tenant && { tenant }) });
        }}
      >
        <Stack gap="xs">
          <TextInput
            label={t("calendar.blackoutTitle")}
            withAsterisk
            maxLength={120}
            value={form.title}
            onChange={(event) => setForm({ ...form, title: event.currentTarget.value })}
          />
          <Group gap="xs" grow align="flex-start">
            <DateInput
              label={t("calendar.firstDay")}
              withAsterisk
              value={form.firstDay || null}
              onChange={(firstDay) => setForm({ ...form, firstDay: firstDay ?? "" })}
            />
            <DateInput
              label={t("calendar.lastDay")}
              value={form.lastDay || null}
              {...(form.firstDay && { minDate: form.firstDay })}
              onChange={(lastDay) => setForm({ ...form, lastDay: lastDay ?? "" })}
            />
            <Select
              label={t("calendar.tenant")}
              placeholder={t("calendar.allTenants")}
              searchable
              clearable
              limit={50}
              data={tenants.map(([value, label]) => ({ value, label: `${label} (${value})` }))}
              value={form.tenant}
              onChange={(tenant) => setForm({ ...form, tenant })}
            />
          </Group>
          {error && <Failure error={error} />}
          <Group justify="flex-end">
            <Button type="submit" disabled={!complete} loading={add.isPending}>
              {t("calendar.addBlackout")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Stack>
  );
}
