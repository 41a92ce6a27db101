import { type DragEvent, type KeyboardEvent, useEffect, useRef } from "react";
import { useWords } from "../app/i18n/index.ts";
import classes from "./calendar.module.css";
import { addDays, blackoutsOn, byDay, type Entry, isMovable, laidOut, timeText } from "./calendar-view.ts";
import { dayName, shortDayName } from "./day-words.ts";
import { EntryChip } from "./EntryChip.tsx";
import type { ViewProps } from "./MonthView.tsx";

const HOUR_PX = 36;
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
/** Lanes side by side: a week has little room, a day more. */
const MOST_LANES = { week: 3, day: 10 } as const;
/** A drop lands on a quarter of an hour. */
const STEP_MINUTES = 15;
/** The evening, where maintenance is, is in sight at first. */
const FIRST_HOUR_SHOWN = 16;

/** A week or a day along the hours. Arrows move the day and, within it, from window to window; Enter opens. */
export function TimeView(props: ViewProps) {
  const { days, entries, blackouts, tenant, day: active, today, moving, onDay, onOpenDay, onOpen } = props;
  const { t, language } = useWords();
  const root = useRef<HTMLDivElement>(null);
  const byKeys = useRef(false);
  const grabbedAt = useRef(0);
  const listed = byDay(entries, days);
  const mode = days.length === 1 ? "day" : "week";

  useEffect(() => {
    if (root.current) root.current.scrollTop = FIRST_HOUR_SHOWN * HOUR_PX;
  }, []);
  useEffect(() => {
    if (byKeys.current) root.current?.querySelector<HTMLElement>(`[data-day="${active}"]`)?.focus();
    byKeys.current = false;
  }, [active]);

  function onKeyDown(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof HTMLElement)) return;
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      event.preventDefault();
      byKeys.current = true;
      onDay(addDays(active, event.key === "ArrowLeft" ? -1 : 1));
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const stops = [
        ...(root.current?.querySelectorAll<HTMLElement>(`[data-day="${active}"], [data-column="${active}"] button`) ??
          []),
      ];
      const next = stops[stops.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
      if (!next) return;
      event.preventDefault();
      next.focus();
    } else if (event.key === "Enter" && event.target.dataset["day"] && mode === "week") {
      event.preventDefault();
      onOpenDay(active);
    }
  }

  const minuteAt = (event: DragEvent) => {
    const top = event.currentTarget.getBoundingClientRect().top;
    const minute = ((event.clientY - top - grabbedAt.current) / HOUR_PX) * 60;
    return Math.max(0, Math.min(1440 - STEP_MINUTES, Math.round(minute / STEP_MINUTES) * STEP_MINUTES));
  };

  function take(entry: Entry, event: DragEvent) {
    if (!isMovable(entry, Date.now())) return;
    grabbedAt.current = event.clientY - event.currentTarget.getBoundingClientRect().top;
    moving.take(entry);
  }

  return (
    <div
      ref={root}
      role="group"
      aria-label={t(`calendar.${mode}`)}
      className={classes.time}
      style={{ "--days": days.length } as React.CSSProperties}
      onKeyDown={onKeyDown}
    >
      <div className={classes.heads}>
        <div />
        {days.map((day) => {
          const closed = blackoutsOn(blackouts, day, tenant);
          const hidden = laidOut(listed.get(day) ?? [], day, MOST_LANES[mode]).hidden;
          return (
            <div
              key={day}
              role="group"
              className={classes.head}
              data-day={day}
              aria-label={[dayName(day, language), t("calendar.entries", { count: listed.get(day)?.length ?? 0 })].join(
                ", ",
              )}
              aria-current={day === today ? "date" : undefined}
              tabIndex={day === active ? 0 : -1}
              onFocus={(event) => event.target === event.currentTarget && day !== active && onDay(day)}
            >
              <span className={classes.number} data-today={day === today || undefined}>
                <b>{shortDayName(day, language)}</b>
                {closed[0] && <span className={classes.blackout}>{closed[0].title}</span>}
              </span>
              {hidden > 0 && (
                <button
                  type="button"
                  className={classes.more}
                  tabIndex={day === active ? 0 : -1}
                  onClick={() => onOpenDay(day)}
                >
                  {t("calendar.more", { count: hidden })}
                </button>
              )}
            </div>
          );
        })}
      </div>
      <div className={classes.hours}>
        <div className={classes.axis} aria-hidden>
          {HOURS.map((hour) => (
            <div key={hour}>{timeText(hour * 60)}</div>
          ))}
        </div>
        {days.map((day) => (
          <div
            key={day}
            className={classes.column}
            data-column={day}
            data-blackout={blackoutsOn(blackouts, day, tenant).length > 0 || undefined}
            data-gate={moving.target?.day === day ? (moving.answer ?? "asking") : undefined}
            onDragOver={(event) => {
              if (!moving.entry) return;
              event.preventDefault();
              moving.over({ day, minute: minuteAt(event) });
            }}
            onDrop={(event) => {
              event.preventDefault();
              moving.drop();
            }}
          >
            {laidOut(listed.get(day) ?? [], day, MOST_LANES[mode]).shown.map(({ entry, from, to, lane, lanes }) => (
              <div
                key={entry.key}
                className={classes.laid}
                style={{
                  top: (from / 60) * HOUR_PX,
                  height: ((to - from) / 60) * HOUR_PX,
                  left: `${(100 * lane) / lanes}%`,
                  width: `${100 / lanes}%`,
                }}
              >
                <EntryChip
                  entry={entry}
                  day={day}
                  tabbable={day === active}
                  onOpen={onOpen}
                  onDrag={take}
                  onDragEnd={moving.leave}
                />
              </div>
            ))}
            {moving.target?.day === day && (
              <div className={classes.target} style={{ top: (moving.target.minute / 60) * HOUR_PX }} />
            )}
          </div>
        ))}
      </div>
    </div>
  );
}
