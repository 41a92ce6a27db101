import { VisuallyHidden } from "@mantine/core";
import { type KeyboardEvent, useEffect, useRef } from "react";
import type { Blackout } from "../../shared/calendar/model.ts";
import { useWords } from "../app/i18n/index.ts";
import classes from "./calendar.module.css";
import { addDays, blackoutsOn, byDay, type Entry, isMovable } from "./calendar-view.ts";
import { dayName, weekdayName } from "./day-words.ts";
import { EntryChip } from "./EntryChip.tsx";
import type { Moving } from "./use-moving.ts";

/** Entries shown on a day; the others are behind "n more". */
const MOST_PER_DAY = 3;

export interface ViewProps {
  readonly days: readonly string[];
  readonly entries: readonly Entry[];
  readonly blackouts: readonly Blackout[];
  readonly tenant: string | null;
  /** The day that the keys act on. */
  readonly day: string;
  readonly today: string;
  readonly moving: Moving;
  readonly onDay: (day: string) => void;
  /** Shows one day whole. */
  readonly onOpenDay: (day: string) => void;
  readonly onOpen: (entry: Entry) => void;
}

/** Six weeks or fewer around a month. One stop in the tab order: arrows move the day, Enter opens it. */
export function MonthView(props: ViewProps) {
  const { days, entries, blackouts, tenant, day: active, today, moving, onDay, onOpenDay, onOpen } = props;
  const { t, language } = useWords();
  const grid = useRef<HTMLDivElement>(null);
  const byKeys = useRef(false);
  const listed = byDay(entries, days);
  const weeks = Array.from({ length: days.length / 7 }, (_, index) => days.slice(index * 7, index * 7 + 7));

  useEffect(() => {
    if (byKeys.current) grid.current?.querySelector<HTMLElement>(`[data-day="${active}"]`)?.focus();
    byKeys.current = false;
  }, [active]);

  function onKeyDown(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      byKeys.current = true;
      onDay(addDays(active, step));
    } else if (event.key === "Enter" && event.target instanceof HTMLElement && event.target.dataset["day"]) {
      event.preventDefault();
      onOpenDay(active);
    }
  }

  return (
    <div ref={grid} role="grid" aria-label={t("calendar.month")} className={classes.month} onKeyDown={onKeyDown}>
      <div role="row" className={classes.names}>
        {weeks[0]!.map((day) => (
          <div key={day} role="columnheader" className={classes.name}>
            {weekdayName(day, language)}
          </div>
        ))}
      </div>
      {weeks.map((week) => (
        <div key={week[0]} role="row" className={classes.week}>
          {week.map((day) => {
            const here = listed.get(day) ?? [];
            const closed = blackoutsOn(blackouts, day, tenant);
            const shown = here.length > MOST_PER_DAY ? here.slice(0, MOST_PER_DAY - 1) : here;
            const more = here.length - shown.length;
            return (
              <div
                key={day}
                role="gridcell"
                className={classes.cell}
                data-day={day}
                data-outside={day.slice(0, 7) !== active.slice(0, 7) || undefined}
                data-blackout={closed.length > 0 || undefined}
                data-gate={moving.target?.day === day ? (moving.answer ?? "asking") : undefined}
                aria-current={day === today ? "date" : undefined}
                aria-selected={day === active}
                tabIndex={day === active ? 0 : -1}
                onFocus={(event) => event.target === event.currentTarget && day !== active && onDay(day)}
                onDragOver={(event) => {
                  if (!moving.entry) return;
                  event.preventDefault();
                  moving.over({ day, minute: moving.entry.startMinute });
                }}
                onDrop={(event) => {
                  event.preventDefault();
                  moving.drop();
                }}
              >
                <span className={classes.number} data-today={day === today || undefined}>
                  <b aria-hidden>{Number(day.slice(8))}</b>
                  <VisuallyHidden>
                    {dayName(day, language)}, {t("calendar.entries", { count: here.length })}
                  </VisuallyHidden>
                  {closed[0] && <span className={classes.blackout}>{closed[0].title}</span>}
                </span>
                {shown.map((entry) => (
                  <EntryChip
                    key={entry.key}
                    entry={entry}
                    day={day}
                    tabbable={day === active}
                    onOpen={onOpen}
                    onDrag={(dragged) => isMovable(dragged, Date.now()) && moving.take(dragged)}
                    onDragEnd={moving.leave}
                  />
                ))}
                {more > 0 && (
                  <button
                    type="button"
                    className={classes.more}
                    tabIndex={day === active ? 0 : -1}
                    onClick={() => onOpenDay(day)}
                  >
                    {t("calendar.more", { count: more })}
                  </button>
                )}
              </div>
            );
          })}
        </div>
      ))}
    </div>
  );
}
