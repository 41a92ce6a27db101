import { Switch } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { clockTime } from "./format.ts";
import classes from "./LogTail.module.css";

export interface LogLine {
  readonly key: number;
  readonly at: Date;
  readonly level: "info" | "warning" | "error";
  readonly text: string;
}

/** Log lines as they come; follows the end until somebody scrolls up. */
export function LogTail({ label, lines }: { readonly label: string; readonly lines: readonly LogLine[] }) {
  const { t, i18n } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const [follow, setFollow] = useState(true);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 18,
    overscan: 20,
    getItemKey: (index) => lines[index]?.key ?? index,
  });

  useEffect(() => {
    if (follow && lines.length) virtual.scrollToIndex(lines.length - 1, { align: "end" });
  }, [follow, lines.length, virtual]);

  function onScroll() {
    const box = scroller.current;
    if (box) setFollow(box.scrollHeight - box.scrollTop - box.clientHeight < 24);
  }

  return (
    <div className={classes.frame}>
      <div
        ref={scroller}
        role="log"
        aria-label={label}
        aria-live="off"
        tabIndex={0}
        className={classes.log}
        onScroll={onScroll}
      >
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const line = lines[index];
            if (!line) return null;
            return (
              <div
                key={line.key}
                ref={virtual.measureElement}
                data-index={index}
                data-level={line.level}
                className={classes.line}
                style={{ transform: `translateY(${start}px)` }}
              >
                <span className={classes.at}>{clockTime(line.at, i18n.language)}</span>
                <span className={classes.text}>{line.text}</span>
              </div>
            );
          })}
        </div>
      </div>
      <Switch
        size="xs"
        className={classes.follow ?? ""}
        label={t("ui.followTail")}
        checked={follow}
        onChange={(event) => setFollow(event.currentTarget.checked)}
      />
    </div>
  );
}
