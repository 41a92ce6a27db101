import { Button, Group, NumberInput, Select, SimpleGrid, Skeleton, Stack, TagsInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Settings } from "../../shared/settings/model.ts";
import { useApi } from "../app/api.ts";
import { LANGUAGES, THEMES, useChangeSettings } from "../app/appearance.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Panel } from "../ui/Panel.tsx";
import { StateBadge } from "../ui/StateBadge.tsx";

export function General() {
  const { t } = useWords();
  const api = useApi();
  const settings = useQuery(api.settings.get.queryOptions());
  if (settings.error && !settings.data)
    return <Failure error={settings.error} onRetry={() => void settings.refetch()} />;
  return (
    <Panel title={t("settings.general")}>
      {settings.data ? <GeneralForm settings={settings.data} /> : <Skeleton height={220} aria-busy="true" />}
    </Panel>
  );
}

type Draft = Pick<Settings, "operator" | "inventorySeconds" | "healthSeconds" | "metricsSeconds" | "sshFrom">;

/** Language and theme change at once; the rest is saved together. */
function GeneralForm({ settings }: { readonly settings: Settings }) {
  const { t } = useWords();
  const { change: changeAtOnce, update: appearance } = useChangeSettings();
  const { change, update } = useChangeSettings();
  const [draft, setDraft] = useState<Draft | null>(null);
  const shown: Draft = draft ?? settings;
  const edit = (part: Partial<Draft>) => {
    const { operator, inventorySeconds, healthSeconds, metricsSeconds, sshFrom } = shown;
    setDraft({ operator, inventorySeconds, healthSeconds, metricsSeconds, sshFrom, ...part });
    update.reset();
  };
  const error = update.error ?? appearance.error;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!draft) return;
        change(draft);
        setDraft(null);
      }}
    >
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
          <Select
            label={t("settings.language")}
            allowDeselect={false}
            value={settings.language}
            data={LANGUAGES.map((value) => ({ value, label: t(`language.${value}`) }))}
            onChange={(value) => changeAtOnce({ language: LANGUAGES.find((one) => one === value) ?? "system" })}
          />
          <Select
            label={t("settings.theme")}
            allowDeselect={false}
            value={settings.theme}
            data={THEMES.map((value) => ({ value, label: t(`theme.${value}`) }))}
            onChange={(value) => changeAtOnce({ theme: THEMES.find((one) => one === value) ?? "system" })}
          />
          <TextInput
            label={t("settings.operator")}
            description={t("settings.operatorHint")}
            maxLength={80}
            value={shown.operator}
            onChange={(event) => edit({ operator: event.currentTarget.value })}
          />
          <TagsInput
            label={t("settings.sshFrom")}
            description={t("settings.sshFromHint")}
            value={shown.sshFrom}
            onChange={(sshFrom) => edit({ sshFrom })}
          />
          <NumberInput
            label={t("settings.inventorySeconds")}
            min={15}
            max={86_400}
            value={shown.inventorySeconds}
            onChange={(value) => typeof value === "number" && edit({ inventorySeconds: value })}
          />
          <NumberInput
            label={t("settings.healthSeconds")}
            min={5}
            max={3_600}
            value={shown.healthSeconds}
            onChange={(value) => typeof value === "number" && edit({ healthSeconds: value })}
          />
          <NumberInput
            label={t("metrics.setting")}
            min={10}
            max={60}
            value={shown.metricsSeconds}
            onChange={(value) => typeof value === "number" && edit({ metricsSeconds: value })}
          />
        </SimpleGrid>
        {error && <Failure error={error} />}
        <Group justify="flex-end" gap="sm">
          <span role="status">{update.isSuccess && !draft && <StateBadge tone="good" label={t("ui.saved")} />}</span>
          <Button type="submit" disabled={!draft || !draft.operator.trim()} loading={update.isPending}>
            {t("ui.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
