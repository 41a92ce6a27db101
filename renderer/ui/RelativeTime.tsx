import { useTranslation } from "react-i18next";
import { useNow } from "./clock.ts";
import { fullDateTime, relativeTime, shortDateTime } from "./format.ts";

interface Zone {
  readonly label: string;
  readonly zone: string;
}

interface Props {
  readonly date: Date;
  /** Further zones that the tooltip tells the instant in. */
  readonly zones?: readonly Zone[];
  /** `absolute` shows the instant and keeps the distance for the tooltip. */
  readonly show?: "relative" | "absolute";
  /** Zone of an absolute time; the machine's when absent. */
  readonly zone?: string | undefined;
}

/** An instant as people say it; hovering tells it exactly, in each zone asked for. */
export function RelativeTime({ date, zones = [], show = "relative", zone }: Props) {
  const { i18n } = useTranslation();
  const now = useNow();
  const relative = relativeTime(date, now, i18n.language);
  const lines = zones.length
    ? zones.map((each) => `${each.label}: ${fullDateTime(date, i18n.language, each.zone)} (${each.zone})`)
    : [fullDateTime(date, i18n.language)];
  if (show === "absolute") lines.push(relative);
  return (
    <time dateTime={date.toISOString()} title={lines.join("\n")}>
      {show === "absolute" ? shortDateTime(date, i18n.language, zone) : relative}
    </time>
  );
}
