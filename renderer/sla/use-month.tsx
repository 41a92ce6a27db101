import { ActionIcon, Button, Group } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useApi } from "../app/api.ts";
import { useWords } from "../app/i18n/index.ts";
import { useNow } from "../ui/clock.ts";
import { monthName } from "../ui/format.ts";
import { saveFile } from "../ui/save-file.ts";
import classes from "./sla.module.css";

const moved = (month: string, by: number): string => {
  const [year = 0, number = 1] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
};

/** The month that the address names, or the present one. */
export function useMonth(asked: string | undefined): { readonly month: string; readonly present: string } {
  const present = new Date(useNow()).toISOString().slice(0, 7);
  return { month: asked && /^\d{4}-(?:0[1-9]|1[0-2])$/.test(asked) ? asked : present, present };
}

interface Props {
  readonly month: string;
  readonly present: string;
  /** One tenant's report, or all tenants' month. */
  readonly tenant?: string;
  readonly onChange: (month: string) => void;
}

/** The month with the way to its neighbours, and the files of what is shown. */
export function MonthBar({ month, present, tenant, onChange }: Props) {
  const { t, language } = useWords();
  const api = useApi();
  const file = useMutation(
    api.sla.export.mutationOptions({
      onSuccess: ({ fileName, mediaType, text }) => saveFile(fileName, text, mediaType),
    }),
  );
  const asked = { month, ...(tenant === undefined ? {} : { tenant }) };
  return (
    <Group gap="xs">
      <ActionIcon variant="default" aria-label={t("sla.earlier")} onClick={() => onChange(moved(month, -1))}>
        <IconChevronLeft size={16} />
      </ActionIcon>
      <span className={classes.month} aria-live="polite">
        {monthName(month, language)}
      </span>
      <ActionIcon
        variant="default"
        aria-label={t("sla.later")}
        disabled={month >= present}
        onClick={() => onChange(moved(month, 1))}
      >
        <IconChevronRight size={16} />
      </ActionIcon>
      {(["csv", "json"] as const).map((format) => (
        <Button
          key={format}
          size="xs"
          variant="default"
          leftSection={<IconDownload size={14} aria-hidden />}
          loading={file.isPending && file.variables?.format === format}
          onClick={() => file.mutate({ ...asked, format })}
        >
          {t(`sla.${format}`)}
        </Button>
      ))}
    </Group>
  );
}
