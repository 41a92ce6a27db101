import type { RestoreCase } from "../../shared/restore/model.ts";
import { useWords } from "../app/i18n/index.ts";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";

const TONES: Readonly<Record<RestoreCase["state"], Tone>> = {
  running: "busy",
  ready: "warning",
  swapping: "busy",
  swapped: "good",
  discarding: "busy",
  discarded: "idle",
};

export function RestoreStateBadge({ one }: { readonly one: Pick<RestoreCase, "state" | "isOverdue"> }) {
  const { t } = useWords();
  const overdue = one.isOverdue ? t(one.state === "ready" ? "restore.overdue" : "restore.keptOverdue") : undefined;
  return (
    <StateBadge
      tone={one.isOverdue ? "bad" : TONES[one.state]}
      label={t(`restore.state.${one.state}`)}
      title={overdue}
    />
  );
}
