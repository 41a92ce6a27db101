import type { DragEvent } from "react";
import { useWords } from "../app/i18n/index.ts";
import { useNow } from "../ui/clock.ts";
import { fullDateTime } from "../ui/format.ts";
import classes from "./calendar.module.css";
import { type Entry, isMovable, timeText } from "./calendar-view.ts";

interface Props {
  readonly entry: Entry;
  /** Day on which it is shown: a window may begin on an earlier one. */
  readonly day: string;
  readonly tabbable?: boolean;
  readonly onOpen: (entry: Entry) => void;
  readonly onDrag: (entry: Entry, event: DragEvent) => void;
  readonly onDragEnd: () => void;
}

/** One window in a calendar: colour and word of its kind, time and whose it is. */
export function EntryChip({ entry, day, tabbable = true, onOpen, onDrag, onDragEnd }: Props) {
  const { t, language } = useWords();
  const who = useWhose()(entry);
  const movable = isMovable(entry, useNow());
  const state = entry.window?.state;
  const time = entry.day === day ? timeText(entry.startMinute) : "…";
  const kind = t(`calendar.kind.${entry.kind}`);
  return (
    <button
      type="button"
      className={classes.chip}
      data-entry={entry.key}
      data-kind={entry.kind}
      data-computed={entry.recurring ? true : undefined}
      data-state={state}
      data-movable={movable || undefined}
      draggable={movable}
      tabIndex={tabbable ? 0 : -1}
      title={[
        `${kind}: ${who}`,
        `${fullDateTime(entry.startsAt, language, entry.zone)} (${entry.zone})`,
        ...(entry.window?.title ? [entry.window.title] : []),
        ...(state && state !== "planned" ? [t(`calendar.state.${state}`)] : []),
      ].join("\n")}
      onClick={() => onOpen(entry)}
      onDragStart={(event) => {
        event.dataTransfer.setData("text/plain", who);
        event.dataTransfer.effectAllowed = "move";
        onDrag(entry, event);
      }}
      onDragEnd={onDragEnd}
    >
      <span>
        {time} <span className={classes.kind}>{kind}</span> {who}
        {state === "cancelled" && ` (${t("calendar.state.cancelled")})`}
      </span>
    </button>
  );
}

/** Whose window it is, in words: the customer, or how many tenants of which service and region. */
export function useWhose(): (entry: Entry) => string {
  const { t } = useWords();
  return ({ window, recurring, tenants }) => {
    if (window) return window.customer;
    if (!recurring) return "";
    if (recurring.slug) return recurring.slug;
    const place = `${t(`service.short.${recurring.service}`)} ${recurring.region}`;
    return t("calendar.manyTenants", { place, count: tenants });
  };
}
