import type { SlaRow, SlaStretch } from "../../shared/sla/model.ts";
import type { Translate } from "../app/i18n/index.ts";
import { count } from "../ui/format.ts";
import type { Tone } from "../ui/StateBadge.tsx";

export const CLASS_TONES: Readonly<Record<SlaStretch["class"], Tone>> = {
  up: "good",
  down: "bad",
  excluded: "idle",
  unknown: "unknown",
};

/** Minutes to the tenth below a hundred, whole above. */
export const minutesWords = (minutes: number, language: string): string =>
  count(minutes < 100 ? Math.round(minutes * 10) / 10 : Math.round(minutes), language);

/** Whether the target is met, in a word. */
export function standingOf(
  t: Translate,
  row: SlaRow,
  isOver: boolean,
): { readonly tone: Tone; readonly label: string } {
  if (row.problem !== null) return { tone: "bad", label: t("sla.problem") };
  if (row.met === null) return { tone: "unknown", label: t("sla.noTarget") };
  const standing = t(row.met ? "sla.met" : "sla.missed");
  return { tone: row.met ? "good" : "bad", label: isOver ? standing : t("sla.running", { standing }) };
}
