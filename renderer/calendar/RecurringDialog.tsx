import { Button, Group, Stack } from "@mantine/core";
import { useWords } from "../app/i18n/index.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { Fact, FactList } from "../ui/FactList.tsx";
import { fullDateTime } from "../ui/format.ts";
import { type Entry, localOf, timeText } from "./calendar-view.ts";
import { useWhose } from "./EntryChip.tsx";
import type { Seed } from "./ScheduleDialog.tsx";

interface Props {
  readonly entry: Entry | null;
  readonly onClose: () => void;
  readonly onPlan: (seed: Seed) => void;
}

/** A window that follows from the contracts: both clocks and the rule, and the way to plan work in it. */
export function RecurringDialog({ entry, onClose, onPlan }: Props) {
  const { t, language } = useWords();
  const whose = useWhose();
  const recurring = entry?.recurring;
  return (
    <Dialog opened={!!recurring} onClose={onClose} title={entry ? t(`calendar.kind.${entry.kind}`) : ""}>
      {entry && recurring && (
        <Stack gap="sm">
          <FactList>
            <Fact label={t("calendar.tenant")}>{whose(entry)}</Fact>
            <Fact label={t("calendar.zone.dataCentre")}>
              {fullDateTime(recurring.startsAt, language, recurring.zone)} ({recurring.zone})
            </Fact>
            <Fact label={t("calendar.zone.customer")}>
              {fullDateTime(recurring.startsAt, language, recurring.customerZone)} ({recurring.customerZone})
            </Fact>
            <Fact label={t("calendar.end")}>{fullDateTime(recurring.endsAt, language, recurring.zone)}</Fact>
            <Fact label={t("calendar.rule")}>
              {recurring.rule} ({t("wizard.source", { source: recurring.source })})
            </Fact>
          </FactList>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("ui.close")}
            </Button>
            {recurring.kind === "standard" && (
              <Button
                onClick={() => {
                  const { day, minute } = localOf(recurring.startsAt, recurring.zone);
                  const tenant = recurring.slug === null ? {} : { tenant: recurring.slug };
                  onPlan({ draft: { kind: "standard", startsAt: `${day}T${timeText(minute)}`, ...tenant } });
                }}
              >
                {t("calendar.planInIt")}
              </Button>
            )}
          </Group>
        </Stack>
      )}
    </Dialog>
  );
}
