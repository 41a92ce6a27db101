import { Button, Group, MultiSelect, NumberInput, Select, Stack, Switch, Table, Text, TextInput } from "@mantine/core";
import { DateInput, TimePicker } from "@mantine/dates";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { type Wave, WaveDraft, type WaveRow } from "../../shared/calendar/model.ts";
import type { FleetRow } from "../../shared/fleet/model.ts";
import { MAINTENANCE_KINDS } from "../../shared/policy/profile.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { sentenceWords } from "../app/i18n/sentences.ts";
import { ruleWords, verdictWords } from "../app/i18n/verdicts.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { shortDateTime } from "../ui/format.ts";
import { StateBadge } from "../ui/StateBadge.tsx";
import { addDays } from "./calendar-view.ts";

interface Props {
  readonly opened: boolean;
  readonly rows: readonly FleetRow[];
  readonly today: string;
  readonly onClose: () => void;
}

const KINDS = MAINTENANCE_KINDS.filter((kind) => kind !== "move");
const TONES = { allowed: "good", planned: "good", refused: "bad" } as const;

/** Plans one kind of window for many tenants: every tenant's verdict first, then those that are allowed. */
export function WaveDialog({ opened, rows, today, onClose }: Props) {
  const { t } = useWords();
  return (
    <Dialog opened={opened} onClose={onClose} title={t("calendar.wave")} size="xl">
      <WaveForm rows={rows} today={today} />
    </Dialog>
  );
}

function WaveForm({ rows, today }: Pick<Props, "rows" | "today">) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const [form, setForm] = useState(() => ({
    ...{ tenants: [] as string[], kind: "standard" as WaveDraft["kind"], firstDay: addDays(today, 14) },
    ...{ timeOfDay: "22:00", minutes: 60 as number | string, concurrency: 10 as number | string },
    ...{ canary: null as string | null, title: "", impact: "", interrupts: true },
  }));
  // One intent, however often it is sent; a changed plan is another intent.
  const [requestId, setRequestId] = useState(() => crypto.randomUUID());
  const tenants = useMemo(
    () => [
      ...new Map(rows.map(({ slug, customer }) => [slug, { value: slug, label: `${customer} (${slug})` }])).values(),
    ],
    [rows],
  );
  const check = useMutation(api.calendar.checkMany.mutationOptions());
  const schedule = useMutation(
    api.calendar.scheduleMany.mutationOptions({
      onSuccess: () => {
        void cache.invalidateQueries({ queryKey: api.calendar.key() });
        void cache.invalidateQueries({ queryKey: api.fleet.key() });
      },
    }),
  );
  const { canary, ...rest } = form;
  const draft = WaveDraft.safeParse({ ...rest, ...(canary !== null && { canary }) });
  const change = (part: Partial<typeof form>) => {
    setForm({ ...form, ...part });
    setRequestId(crypto.randomUUID());
    check.reset();
    schedule.reset();
  };
  const wave = schedule.data ?? check.data;
  const error = schedule.error ?? check.error;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (draft.success) schedule.mutate({ ...draft.data, requestId });
      }}
    >
      <Stack gap="sm">
        <MultiSelect
          label={t("calendar.waveTenants")}
          description={t("calendar.waveCount", { count: form.tenants.length })}
          searchable
          clearable
          limit={50}
          data={tenants}
          value={form.tenants}
          onChange={(chosen) => change({ tenants: chosen, canary: chosen.includes(canary ?? "") ? canary : null })}
          data-autofocus
        />
        <Group gap="xs">
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={() => change({ tenants: tenants.slice(0, 1_000).map(({ value }) => value) })}
          >
            {t("calendar.allTenants")}
          </Button>
        </Group>
        <Group gap="xs" grow align="flex-start">
          <Select
            label={t("calendar.kind")}
            allowDeselect={false}
            value={form.kind}
            data={KINDS.map((value) => ({ value, label: t(`calendar.kind.${value}`) }))}
            onChange={(value) => change({ kind: KINDS.find((one) => one === value) ?? "standard" })}
          />
          <DateInput
            label={t("calendar.waveFirst")}
            value={form.firstDay}
            onChange={(day) => day && change({ firstDay: day })}
          />
          <TimePicker
            label={t("calendar.time")}
            value={form.timeOfDay}
            onChange={(value) => change({ timeOfDay: value.slice(0, 5) })}
          />
          <NumberInput
            label={t("calendar.minutes")}
            min={1}
            allowDecimal={false}
            value={form.minutes}
            onChange={(minutes) => change({ minutes })}
          />
        </Group>
        <Group gap="xs" grow align="flex-start">
          <NumberInput
            label={t("calendar.waveConcurrency")}
            min={1}
            max={1_000}
            allowDecimal={false}
            value={form.concurrency}
            onChange={(concurrency) => change({ concurrency })}
          />
          <Select
            label={t("calendar.waveCanary")}
            description={t("calendar.waveCanaryHint")}
            clearable
            searchable
            data={form.tenants}
            value={canary}
            onChange={(value) => change({ canary: value })}
          />
        </Group>
        <TextInput
          label={t("calendar.title")}
          maxLength={120}
          value={form.title}
          onChange={(event) => change({ title: event.currentTarget.value })}
        />
        <Switch
          label={t("calendar.interrupts")}
          checked={form.interrupts}
          onChange={(event) => change({ interrupts: event.currentTarget.checked })}
        />
        <TextInput
          label={t("calendar.impact")}
          description={t("calendar.impactHint")}
          maxLength={2_000}
          value={form.impact}
          onChange={(event) => change({ impact: event.currentTarget.value })}
        />
        {error && <Failure error={error} />}
        {wave && <WaveTable wave={wave} />}
        <Group justify="flex-end" gap="xs">
          <Button
            variant="default"
            disabled={!draft.success}
            loading={check.isPending}
            onClick={() => draft.success && check.mutate(draft.data)}
          >
            {t("calendar.waveCheck")}
          </Button>
          <Button
            type="submit"
            disabled={!draft.success || !check.data || check.data.counts.allowed === 0 || schedule.isSuccess}
            loading={schedule.isPending}
          >
            {t("calendar.wavePlan", { count: check.data?.counts.allowed ?? 0 })}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function WaveTable({ wave }: { readonly wave: Wave }) {
  const { t, language } = useWords();
  const why = ({ verdicts, problem }: WaveRow) =>
    problem === null
      ? verdicts.map((one) => `${ruleWords(one.rule, language)} ${verdictWords(one, language)}`).join(" ")
      : sentenceWords(problem, language);
  return (
    <>
      <Text size="sm" role="status">
        {t("calendar.waveCounts", wave.counts)}
      </Text>
      <Table.ScrollContainer minWidth={600} maxHeight={320}>
        <Table stickyHeader aria-label={t("calendar.wave")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("calendar.waveNight")}</Table.Th>
              <Table.Th>{t("calendar.tenant")}</Table.Th>
              <Table.Th>{t("calendar.state")}</Table.Th>
              <Table.Th>{t("calendar.time")}</Table.Th>
              <Table.Th>{t("ui.details")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {wave.rows.map((row) => (
              <Table.Tr key={row.tenant}>
                <Table.Td>{row.night + 1}</Table.Td>
                <Table.Td>{row.customer ?? row.tenant}</Table.Td>
                <Table.Td>
                  <StateBadge tone={TONES[row.outcome]} label={t(`calendar.waveOutcome.${row.outcome}`)} />
                </Table.Td>
                <Table.Td>
                  {row.startsAt && row.zone && `${shortDateTime(row.startsAt, language, row.zone)} (${row.zone})`}
                </Table.Td>
                <Table.Td>
                  {why(row)}
                  {row.earliest &&
                    row.zone &&
                    ` ${t("calendar.earliest", { when: shortDateTime(row.earliest, language, row.zone) })}`}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}
