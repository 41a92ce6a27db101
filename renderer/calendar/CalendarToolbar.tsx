import { ActionIcon, Button, Checkbox, Popover, SegmentedControl, Select, Stack } from "@mantine/core";
import { IconChevronDown, IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useMemo } from "react";
import { WINDOW_KINDS } from "../../shared/calendar/model.ts";
import type { FleetRow } from "../../shared/fleet/model.ts";
import { useWords } from "../app/i18n/index.ts";
import classes from "./calendar.module.css";
import { monthName } from "../ui/format.ts";
import { type CalendarState, daysOf, turned, VIEWS, ZONES } from "./calendar-view.ts";
import { dayName, shortDayName } from "./day-words.ts";

interface Props {
  readonly state: CalendarState;
  readonly rows: readonly FleetRow[];
  readonly today: string;
  readonly onChange: (part: Partial<CalendarState>) => void;
}

export function CalendarToolbar({ state, rows, today, onChange }: Props) {
  const { t, language } = useWords();
  const tenants = useMemo(
    () => [
      ...new Map(rows.map((row) => [row.slug, { value: row.slug, label: `${row.customer} (${row.slug})` }])).values(),
    ],
    [rows],
  );
  const regions = useMemo(() => [...new Set(rows.map((row) => row.region))].toSorted(), [rows]);
  const days = daysOf(state.view, state.day);
  const period = {
    day: () => dayName(state.day, language),
    week: () => `${shortDayName(days[0]!, language)} – ${shortDayName(days.at(-1)!, language)}`,
    month: () => monthName(state.day, language),
    list: () => monthName(state.day, language),
  }[state.view]();
  return (
    <div className={classes.toolbar} role="toolbar" aria-label={t("calendar.toolbar")}>
      <ActionIcon
        variant="default"
        aria-label={t("calendar.earlier")}
        onClick={() => onChange({ day: turned(state, -1) })}
      >
        <IconChevronLeft size={16} />
      </ActionIcon>
      <Button size="xs" variant="default" onClick={() => onChange({ day: today })}>
        {t("calendar.today")}
      </Button>
      <ActionIcon
        variant="default"
        aria-label={t("calendar.later")}
        onClick={() => onChange({ day: turned(state, 1) })}
      >
        <IconChevronRight size={16} />
      </ActionIcon>
      <span className={classes.period} aria-live="polite">
        {period}
      </span>
      <SegmentedControl
        size="xs"
        aria-label={t("calendar.view")}
        value={state.view}
        onChange={(value) => onChange({ view: VIEWS.find((one) => one === value) ?? "month" })}
        data={VIEWS.map((one) => ({ value: one, label: t(`calendar.${one}`) }))}
      />
      <SegmentedControl
        size="xs"
        aria-label={t("calendar.clock")}
        value={state.zone}
        onChange={(value) => onChange({ zone: ZONES.find((one) => one === value) ?? "dataCentre" })}
        data={ZONES.map((one) => ({ value: one, label: t(`calendar.zone.${one}`) }))}
      />
      <Select
        size="xs"
        w={170}
        aria-label={t("calendar.tenant")}
        placeholder={t("calendar.allTenants")}
        searchable
        clearable
        limit={50}
        data={tenants}
        value={state.tenant}
        onChange={(tenant) => onChange({ tenant })}
        data-screen-filter
      />
      <Choices
        name={t("calendar.kind")}
        chosen={state.kinds}
        data={WINDOW_KINDS.map((kind) => [kind, t(`calendar.kind.${kind}`)])}
        onChange={(kinds) => onChange({ kinds: WINDOW_KINDS.filter((kind) => kinds.includes(kind)) })}
      />
      <Choices
        name={t("calendar.region")}
        chosen={state.regions}
        data={regions.map((region) => [region, region])}
        onChange={(chosen) => onChange({ regions: chosen })}
      />
    </div>
  );
}

interface ChoicesProps {
  readonly name: string;
  readonly chosen: readonly string[];
  readonly data: readonly (readonly [string, string])[];
  readonly onChange: (chosen: string[]) => void;
}

function Choices({ name, chosen, data, onChange }: ChoicesProps) {
  return (
    <Popover position="bottom-start" shadow="sm">
      <Popover.Target>
        <Button
          size="xs"
          variant={chosen.length ? "light" : "default"}
          rightSection={<IconChevronDown size={13} />}
          aria-haspopup="dialog"
        >
          {chosen.length ? `${name} (${chosen.length})` : name}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={name}>
        <Checkbox.Group value={[...chosen]} onChange={onChange}>
          <Stack gap={6}>
            {data.map(([value, label]) => (
              <Checkbox key={value} value={value} size="xs" label={label} />
            ))}
          </Stack>
        </Checkbox.Group>
      </Popover.Dropdown>
    </Popover>
  );
}
