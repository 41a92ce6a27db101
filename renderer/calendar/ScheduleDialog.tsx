import {
  Button,
  Group,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { DateInput, TimePicker } from "@mantine/dates";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { type CalendarWindow, type WindowCheck, WindowDraft } from "../../shared/calendar/model.ts";
import type { FleetRow } from "../../shared/fleet/model.ts";
import { MAINTENANCE_KINDS } from "../../shared/policy/profile.ts";
import { regionZone } from "../../shared/policy/windows.ts";
import type { EnvironmentKind } from "../../shared/tenant/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { VerdictList, VerdictSkeleton } from "../app/VerdictList.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { fullDateTime, shortDateTime } from "../ui/format.ts";
import classes from "./calendar.module.css";
import { localOf, timeText, ZONES, type ZoneChoice } from "./calendar-view.ts";

/** What the dialog starts from: an empty plan, one that was begun elsewhere, or a window to be moved. */
export interface Seed {
  readonly draft: Partial<WindowDraft>;
  /** The window that the plan moves; absent: a new one. */
  readonly moves?: CalendarWindow;
}

interface Props {
  readonly seed: Seed | null;
  readonly onClose: () => void;
  readonly onDone: (window: CalendarWindow) => void;
}

const DEBOUNCE_MS = 250;
const MOVE_REASONS = ["recovery", "disaster", "other"] as const;

/** Plans or moves a window; the contract's answer is beside the form and changes with it. */
export function ScheduleDialog({ seed, onClose, onDone }: Props) {
  const { t } = useWords();
  return (
    <Dialog
      opened={seed !== null}
      onClose={onClose}
      size="xl"
      title={seed?.moves ? t("calendar.moveTitle", { customer: seed.moves.customer }) : t("calendar.plan")}
    >
      {seed && <ScheduleForm seed={seed} onClose={onClose} onDone={onDone} />}
    </Dialog>
  );
}

interface Form {
  readonly tenant: string;
  readonly environment: EnvironmentKind;
  readonly kind: WindowDraft["kind"];
  readonly day: string;
  readonly time: string;
  readonly clock: ZoneChoice;
  readonly minutes: number | string;
  readonly title: string;
  readonly interrupts: boolean;
  readonly impact: string;
  readonly reason: (typeof MOVE_REASONS)[number];
  readonly toRegion: string;
  readonly overrides: Readonly<Record<string, string>>;
}

function formOf({ draft, moves }: Seed, today: string): Form {
  const [day = today, time = "22:00"] = draft.startsAt?.split("T") ?? [];
  return {
    ...{ tenant: draft.tenant ?? "", environment: draft.environment ?? "production", kind: draft.kind ?? "standard" },
    ...{ day, time: time.slice(0, 5), minutes: draft.minutes ?? 60, title: draft.title ?? "" },
    clock: draft.zone !== undefined && draft.zone === moves?.customerZone ? "customer" : "dataCentre",
    ...{ interrupts: draft.interrupts ?? true, impact: draft.impact ?? "", overrides: draft.overrides ?? {} },
    ...{ reason: draft.move?.reason ?? "other", toRegion: draft.move?.toRegion ?? "" },
  };
}

function ScheduleForm({ seed, onClose, onDone }: Props & { readonly seed: Seed }) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const fleet = useQuery(api.fleet.list.queryOptions());
  const [form, setForm] = useState(() => formOf(seed, localOf(new Date(), "UTC").day));
  // One intent, however often it is sent; a changed plan is another intent.
  const [requestId, setRequestId] = useState(() => crypto.randomUUID());
  const { moves } = seed;
  const rows = useMemo(() => fleet.data?.rows ?? [], [fleet.data]);
  const places = rows.filter((row) => row.slug === form.tenant);
  const row = places.find((one) => one.kind === form.environment) ?? places[0];
  const zones = { dataCentre: row && regionZone(row.region), customer: row?.zone };
  const zone = zones[form.clock];

  const draft = useMemo(() => draftOf(form, zone), [form, zone]);
  const [asked] = useDebouncedValue(draft, DEBOUNCE_MS);
  const check = useQuery(
    api.calendar.check.queryOptions({
      input: { ...(asked ?? ({} as WindowDraft)), ...(moves && { windowId: moves.id }) },
      enabled: asked !== null,
      placeholderData: keepPreviousData,
      staleTime: 0,
      gcTime: 60_000,
      retry: false,
    }),
  );
  const settled = asked === draft && !check.isPlaceholderData && !check.isFetching && !check.error;
  const done = (window: CalendarWindow) => {
    void cache.invalidateQueries({ queryKey: api.calendar.key() });
    void cache.invalidateQueries({ queryKey: api.fleet.key() });
    onDone(window);
  };
  const schedule = useMutation(api.calendar.schedule.mutationOptions({ onSuccess: done }));
  const move = useMutation(api.calendar.move.mutationOptions({ onSuccess: done }));
  const acting = moves ? move : schedule;

  function change(part: Partial<Form>) {
    setForm({ ...form, ...part });
    setRequestId(crypto.randomUUID());
  }

  function use(earliest: Date) {
    if (!zone) return;
    const { day, minute } = localOf(earliest, zone);
    change({ day, time: timeText(minute) });
  }

  function submit() {
    if (!draft) return;
    if (!moves) return schedule.mutate({ ...draft, requestId });
    const { startsAt, minutes, overrides } = draft;
    move.mutate({
      requestId,
      windowId: moves.id,
      startsAt,
      minutes,
      overrides,
      ...(draft.zone && { zone: draft.zone }),
    });
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (settled && check.data?.allowed) submit();
      }}
    >
      <div className={classes.columns}>
        <Stack gap="xs">
          {!moves && <WhatFields form={form} change={change} rows={rows} />}
          <Group gap="xs" grow align="flex-start">
            <DateInput
              label={t("calendar.day")}
              value={form.day}
              valueFormat="D MMM YYYY"
              onChange={(day) => change({ day: day ?? "" })}
              popoverProps={{ withinPortal: true }}
            />
            <TimePicker
              label={t("calendar.time")}
              format="24h"
              value={form.time}
              onChange={(time) => change({ time: time.slice(0, 5) })}
            />
            <NumberInput
              label={t("calendar.minutes")}
              min={1}
              max={44_640}
              value={form.minutes}
              onChange={(minutes) => change({ minutes })}
            />
          </Group>
          <SegmentedControl
            size="xs"
            aria-label={t("calendar.clock")}
            value={form.clock}
            onChange={(value) => change({ clock: ZONES.find((one) => one === value) ?? "dataCentre" })}
            data={ZONES.map((one) => ({
              value: one,
              label: t(`calendar.zone.${one}`),
            }))}
          />
          {check.data && !check.error && <BothClocks check={check.data} />}
        </Stack>
        <Stack gap="xs" aria-live="polite">
          {check.error ? (
            <Failure error={check.error} />
          ) : check.data ? (
            <Answer check={check.data} form={form} change={change} onUse={use} />
          ) : asked ? (
            <VerdictSkeleton />
          ) : (
            <Text size="sm" c="dimmed">
              {t("calendar.fillIn")}
            </Text>
          )}
        </Stack>
      </div>
      {acting.error && <Failure error={acting.error} />}
      <Group justify="flex-end" gap="xs" mt="sm">
        <Button variant="default" onClick={onClose}>
          {t("ui.cancel")}
        </Button>
        <Button type="submit" disabled={!settled || !check.data?.allowed} loading={acting.isPending}>
          {moves ? t("calendar.move") : t("calendar.schedule")}
        </Button>
      </Group>
    </form>
  );
}

function draftOf(form: Form, zone: string | undefined): WindowDraft | null {
  const parsed = WindowDraft.safeParse({
    ...{ tenant: form.tenant, environment: form.environment, kind: form.kind, title: form.title },
    ...{ startsAt: `${form.day}T${form.time}`, minutes: form.minutes, interrupts: form.interrupts },
    ...{ impact: form.impact, overrides: form.overrides },
    ...(form.clock === "customer" && { zone }),
    ...(form.kind === "move" && { move: { reason: form.reason, toRegion: form.toRegion } }),
  });
  return parsed.success && form.day && form.time ? parsed.data : null;
}

interface FieldsProps {
  readonly form: Form;
  readonly change: (part: Partial<Form>) => void;
}

function WhatFields({ form, change, rows }: FieldsProps & { readonly rows: readonly FleetRow[] }) {
  const { t } = useWords();
  const tenants = useMemo(
    () => [
      ...new Map(rows.map((row) => [row.slug, { value: row.slug, label: `${row.customer} (${row.slug})` }])).values(),
    ],
    [rows],
  );
  const kinds = rows.filter((row) => row.slug === form.tenant).map((row) => row.kind);
  const regions = [...new Set(rows.map((row) => row.region))].toSorted();
  return (
    <>
      <Select
        label={t("calendar.tenant")}
        withAsterisk
        searchable
        limit={50}
        data={tenants}
        value={form.tenant || null}
        onChange={(tenant) => change({ tenant: tenant ?? "", environment: "production" })}
        data-autofocus
      />
      <Group gap="xs" grow>
        <Select
          label={t("calendar.kind")}
          allowDeselect={false}
          data={MAINTENANCE_KINDS.map((kind) => ({ value: kind, label: t(`calendar.kind.${kind}`) }))}
          value={form.kind}
          onChange={(kind) => change({ kind: MAINTENANCE_KINDS.find((one) => one === kind) ?? "standard" })}
        />
        <Select
          label={t("calendar.environment")}
          allowDeselect={false}
          data={kinds.map((kind) => ({ value: kind, label: t(`kind.${kind}`) }))}
          value={form.environment}
          onChange={(kind) => change({ environment: kinds.find((one) => one === kind) ?? "production" })}
        />
      </Group>
      {form.kind === "move" && (
        <Group gap="xs" grow>
          <Select
            label={t("calendar.moveReason")}
            allowDeselect={false}
            data={MOVE_REASONS.map((reason) => ({ value: reason, label: t(`calendar.moveReason.${reason}`) }))}
            value={form.reason}
            onChange={(reason) => change({ reason: MOVE_REASONS.find((one) => one === reason) ?? "other" })}
          />
          <Select
            label={t("calendar.toRegion")}
            withAsterisk
            data={regions}
            value={form.toRegion || null}
            onChange={(toRegion) => change({ toRegion: toRegion ?? "" })}
          />
        </Group>
      )}
      <TextInput
        label={t("calendar.title")}
        description={t("calendar.titleHint")}
        maxLength={120}
        value={form.title}
        onChange={(event) => change({ title: event.currentTarget.value })}
      />
      <Switch
        label={t("calendar.interrupts")}
        checked={form.interrupts}
        onChange={(event) => change({ interrupts: event.currentTarget.checked })}
      />
      <Textarea
        label={t("calendar.impact")}
        description={t("calendar.impactHint")}
        withAsterisk={form.interrupts}
        maxLength={2000}
        rows={2}
        value={form.impact}
        onChange={(event) => change({ impact: event.currentTarget.value })}
      />
    </>
  );
}

function BothClocks({ check }: { readonly check: WindowCheck }) {
  const { t, language } = useWords();
  return (
    <Text size="xs" c="dimmed" component="div">
      {ZONES.map((one) => {
        const zone = one === "dataCentre" ? check.zone : check.customerZone;
        return (
          <div key={one}>
            {t(`calendar.zone.${one}`)}
            {t("ui.colon")} {shortDateTime(check.startsAt, language, zone)} –{" "}
            {shortDateTime(check.endsAt, language, zone)} ({zone})
          </div>
        );
      })}
    </Text>
  );
}

interface AnswerProps extends FieldsProps {
  readonly check: WindowCheck;
  readonly onUse: (earliest: Date) => void;
}

function Answer({ check, form, change, onUse }: AnswerProps) {
  const { t, language } = useWords();
  const { major, weekly } = check.counters;
  const { earliest } = check;
  return (
    <>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="sm">
          {earliest
            ? t("calendar.earliest", { when: fullDateTime(earliest, language, check.zone) })
            : t("calendar.noEarliest")}
        </Text>
        {earliest && earliest.getTime() !== check.startsAt.getTime() && (
          <Button size="compact-xs" variant="light" flex="none" onClick={() => onUse(earliest)}>
            {t("calendar.useEarliest")}
          </Button>
        )}
      </Group>
      {major && (
        <Text size="sm">
          {t("calendar.majorCount", { used: major.used, allowed: major.allowed, year: String(major.year) })}
        </Text>
      )}
      {weekly && (
        <Text size="sm">
          {t("calendar.weeklyAverage", { average: weekly.averageMinutes, allowed: weekly.allowedMinutes })}
        </Text>
      )}
      <VerdictList
        verdicts={check.verdicts}
        overrides={form.overrides}
        onOverride={(rule, reason) => change({ overrides: { ...form.overrides, [rule]: reason } })}
      />
    </>
  );
}
