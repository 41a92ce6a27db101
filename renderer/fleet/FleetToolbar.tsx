import { ActionIcon, Button, Checkbox, Menu, Popover, Select, Stack, TextInput } from "@mantine/core";
import { IconChevronDown, IconColumns3, IconSearch, IconX } from "@tabler/icons-react";
import { useMemo } from "react";
import type { FleetRow } from "../../shared/fleet/model.ts";
import { hasWords, useWords } from "../app/i18n/index.ts";
import { SavedViews } from "./SavedViews.tsx";
import classes from "./fleet.module.css";
import { EVERYTHING, FACETS, type Facet, FLEET_COLUMNS, type FleetView, facetCounts, GROUPS } from "./fleet-view.ts";

interface Props {
  readonly rows: readonly FleetRow[];
  readonly view: FleetView;
  readonly onChange: (view: FleetView) => void;
}

export function FleetToolbar({ rows, view, onChange }: Props) {
  const { t } = useWords();
  const filtered = view.text !== "" || FACETS.some((facet) => view.facets[facet].length > 0);
  return (
    <div className={classes.toolbar} role="toolbar" aria-label={t("fleet.facets")}>
      <TextInput
        className={classes.filter ?? ""}
        size="xs"
        aria-label={t("fleet.filter")}
        placeholder={t("fleet.filterPlaceholder")}
        leftSection={<IconSearch size={14} />}
        rightSection={
          view.text && (
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              aria-label={t("ui.clear")}
              onClick={() => onChange({ ...view, text: "" })}
            >
              <IconX size={13} />
            </ActionIcon>
          )
        }
        value={view.text}
        onChange={(event) => onChange({ ...view, text: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === "Escape") onChange({ ...view, text: "" });
          if (event.key === "ArrowDown") {
            event.preventDefault();
            document.querySelector<HTMLElement>('[role="grid"]')?.focus();
          }
        }}
        data-screen-filter
      />
      {FACETS.map((facet) => (
        <FacetFilter key={facet} facet={facet} rows={rows} view={view} onChange={onChange} />
      ))}
      <Button
        size="xs"
        variant="subtle"
        color="gray"
        style={{ visibility: filtered ? "visible" : "hidden" }}
        onClick={() => onChange({ ...view, text: "", facets: EVERYTHING.facets })}
      >
        {t("fleet.clearFilters")}
      </Button>
      <Select
        size="xs"
        ml="auto"
        w={132}
        aria-label={t("fleet.group")}
        allowDeselect={false}
        value={view.group}
        data={GROUPS.map((group) => ({ value: group, label: t(`fleet.group.${group}`) }))}
        onChange={(group) => onChange({ ...view, group: GROUPS.find((one) => one === group) ?? "none" })}
      />
      <ColumnMenu view={view} onChange={onChange} />
      <SavedViews view={view} onChange={onChange} />
    </div>
  );
}

interface FacetProps extends Pick<Props, "rows" | "view" | "onChange"> {
  readonly facet: Facet;
}

function FacetFilter({ facet, rows, view, onChange }: FacetProps) {
  const { t } = useWords();
  const chosen = view.facets[facet];
  const name = t(`fleet.column.${facet}`);
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
        <FacetChoices facet={facet} rows={rows} view={view} onChange={onChange} />
      </Popover.Dropdown>
    </Popover>
  );
}

/** Counted only while open: five facets over ten thousand rows at every key press would be felt. */
function FacetChoices({ facet, rows, view, onChange }: FacetProps) {
  const { t } = useWords();
  const counts = useMemo(() => facetCounts(rows, view, facet), [rows, view, facet]);
  const words = (value: string) => {
    const key = `${facet}.${value}`;
    return hasWords(key) ? t(key) : value;
  };
  return (
    <Checkbox.Group
      value={[...view.facets[facet]]}
      onChange={(chosen) => onChange({ ...view, facets: { ...view.facets, [facet]: chosen } })}
    >
      <Stack gap={6}>
        {[...counts].map(([value, count]) => (
          <Checkbox key={value} value={value} size="xs" label={`${words(value)} (${count})`} />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}

function ColumnMenu({ view, onChange }: Pick<Props, "view" | "onChange">) {
  const { t } = useWords();
  const toggle = (column: string) => {
    const hidden = view.hidden.includes(column)
      ? view.hidden.filter((one) => one !== column)
      : [...view.hidden, column];
    onChange({ ...view, hidden });
  };
  return (
    <Menu position="bottom-end" closeOnItemClick={false}>
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<IconColumns3 size={14} />}>
          {t("fleet.columns")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {FLEET_COLUMNS.filter((column) => column !== "customer").map((column) => {
          const visible = !view.hidden.includes(column);
          return (
            <Menu.CheckboxItem key={column} checked={visible} onChange={() => toggle(column)}>
              {t(`fleet.column.${column}`)}
            </Menu.CheckboxItem>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}
