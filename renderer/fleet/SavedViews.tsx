import { ActionIcon, Button, Group, Popover, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconBookmark, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useApi } from "../app/api.ts";
import { useChangeSettings } from "../app/appearance.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { EVERYTHING, type FleetView, parseView } from "./fleet-view.ts";
import classes from "./SavedViews.module.css";

interface Props {
  readonly view: FleetView;
  readonly onChange: (view: FleetView) => void;
}

/** Views kept in the settings, under names. */
export function SavedViews({ view, onChange }: Props) {
  const { t } = useWords();
  const [opened, setOpened] = useState(false);
  const choose = (chosen: FleetView) => {
    onChange(chosen);
    setOpened(false);
  };
  return (
    <Popover position="bottom-end" width={280} shadow="sm" opened={opened} onChange={setOpened} trapFocus>
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconBookmark size={14} />}
          aria-haspopup="dialog"
          onClick={() => setOpened(!opened)}
        >
          {t("fleet.views")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t("fleet.views.saved")}>
        <ViewList view={view} onChoose={choose} />
      </Popover.Dropdown>
    </Popover>
  );
}

function readView(state: string): FleetView {
  try {
    return parseView(JSON.parse(state));
  } catch {
    return EVERYTHING;
  }
}

function ViewList({ view, onChoose }: { readonly view: FleetView; readonly onChoose: (view: FleetView) => void }) {
  const { t } = useWords();
  const api = useApi();
  const settings = useQuery(api.settings.get.queryOptions());
  const { change, update } = useChangeSettings();
  const [name, setName] = useState("");
  const views = settings.data?.fleetViews ?? [];

  function save() {
    const named = { name: name.trim(), state: JSON.stringify(view) };
    change({ fleetViews: [...views.filter((one) => one.name !== named.name), named] });
    setName("");
  }

  return (
    <Stack gap="xs">
      <UnstyledButton className={classes.view ?? ""} onClick={() => onChoose(EVERYTHING)}>
        {t("fleet.views.reset")}
      </UnstyledButton>
      {views.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("fleet.views.none")}
        </Text>
      )}
      {views.map((saved) => (
        <Group key={saved.name} gap={4} wrap="nowrap">
          <UnstyledButton className={classes.view ?? ""} onClick={() => onChoose(readView(saved.state))}>
            {saved.name}
          </UnstyledButton>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={t("fleet.views.delete", { name: saved.name })}
            onClick={() => change({ fleetViews: views.filter((one) => one !== saved) })}
          >
            <IconTrash size={14} />
          </ActionIcon>
        </Group>
      ))}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) save();
        }}
      >
        <Group gap={6} wrap="nowrap" align="flex-end">
          <TextInput
            size="xs"
            flex={1}
            label={t("fleet.views.name")}
            maxLength={60}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button type="submit" size="xs" disabled={!name.trim()}>
            {t("ui.save")}
          </Button>
        </Group>
      </form>
      {update.error && <Failure error={update.error} />}
    </Stack>
  );
}
