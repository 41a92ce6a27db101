import { Group, Progress, Stack, Text } from "@mantine/core";
import type { StorageBar } from "../../shared/snapshot/model.ts";
import { useWords } from "../app/i18n/index.ts";
import { bytes } from "../ui/format.ts";

/** What data and snapshots take of the bought storage (R69). */
export function StorageBars({ bars }: { readonly bars: readonly StorageBar[] }) {
  const { t, language } = useWords();
  const known = bars.filter(({ purchasedBytes, dataBytes }) => purchasedBytes > 0 && dataBytes > 0);
  const size = (value: number) => bytes(value, language);
  return (
    <Stack gap={8}>
      {known.map(({ environment, purchasedBytes, dataBytes, snapshotBytes, freeBytes }) => {
        const parts = [
          t("snapshot.storage.data", { size: size(dataBytes) }),
          t("snapshot.storage.snapshots", { size: size(snapshotBytes) }),
          t("snapshot.storage.free", { size: size(freeBytes) }),
        ];
        const name = t("snapshot.storage", { environment: t(`kind.${environment}`) });
        const share = (value: number) => Math.min(100, (100 * value) / purchasedBytes);
        return (
          <div key={environment} role="group" aria-label={`${name}: ${parts.join(", ")}`}>
            <Group justify="space-between" gap="xs" mb={2}>
              <Text size="xs" fw={600}>
                {name}
              </Text>
              <Text size="xs" c="dimmed">
                {parts.join(" · ")} {t("snapshot.storage.of", { size: size(purchasedBytes) })}
              </Text>
            </Group>
            <Progress.Root size="sm" aria-hidden>
              <Progress.Section value={share(dataBytes)} color="blue" />
              <Progress.Section value={share(snapshotBytes)} color="grape" />
            </Progress.Root>
          </div>
        );
      })}
    </Stack>
  );
}
