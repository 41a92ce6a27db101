import { Text } from "@mantine/core";
import type { HandOver } from "../../shared/tenant/model.ts";
import { useWords } from "../app/i18n/index.ts";
import { useNow } from "../ui/clock.ts";
import { Fact, FactList } from "../ui/FactList.tsx";
import { relativeTime } from "../ui/format.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StateBadge } from "../ui/StateBadge.tsx";
import { handOverStanding } from "./hand-over.ts";

const TONES = { inTime: "good", late: "warning", open: "busy", pastTarget: "warning", pastLimit: "bad" } as const;

/** The business-day clock of provisioning (R84), running or stopped. */
export function HandOverClock({ handOver, zone }: { readonly handOver: HandOver | null; readonly zone: string }) {
  const { t, language } = useWords();
  const now = useNow();
  if (!handOver) {
    return (
      <Text size="sm" c="dimmed">
        {t("tenant.handOver.none")}
      </Text>
    );
  }
  const standing = handOverStanding(handOver, now);
  const due = standing === "open" ? handOver.targetAt : handOver.limitAt;
  const time = (date: Date) => (
    <RelativeTime date={date} show="absolute" zone={zone} zones={[{ label: t("fleet.customerTime"), zone }]} />
  );
  return (
    <>
      <StateBadge
        tone={TONES[standing]}
        label={t(`tenant.handOver.${standing}`, { when: relativeTime(due, now, language) })}
        title={t("error.rule", { rule: handOver.rule })}
      />
      <FactList>
        <Fact label={t("tenant.handOver.ordered")}>{time(handOver.orderedAt)}</Fact>
        <Fact label={t("tenant.handOver.target")}>{time(handOver.targetAt)}</Fact>
        <Fact label={t("tenant.handOver.limit")}>{time(handOver.limitAt)}</Fact>
        <Fact label={t("tenant.handOver.done")}>{handOver.handedOverAt && time(handOver.handedOverAt)}</Fact>
      </FactList>
    </>
  );
}
