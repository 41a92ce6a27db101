import { notifications } from "@mantine/notifications";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { standingRefusals, type Verdict } from "../../shared/policy/verdict.ts";
import type { WindowDraft } from "../../shared/calendar/model.ts";
import { useApi } from "../app/api.ts";
import { useWords } from "../app/i18n/index.ts";
import { type Entry, planOf } from "./calendar-view.ts";

/** Where the dragged window would go. */
export interface Target {
  readonly day: string;
  readonly minute: number;
}

export interface Moving {
  readonly entry: Entry | null;
  readonly target: Target | null;
  /** What the rules say of it; undefined while they are asked, or where nothing is dragged. */
  readonly answer: "allowed" | "refused" | undefined;
  readonly refusals: readonly Verdict[];
  /** A place where a window cannot be at all, such as an hour that the clocks skip. */
  readonly problem: unknown;
  readonly earliest: Date | null;
  take(entry: Entry): void;
  over(target: Target): void;
  drop(): void;
  leave(): void;
}

/** Pause before the gate is asked about the place under the pointer. */
const DEBOUNCE_MS = 80;

/** Dragging a window: the console's gate answers for each place on the way. A refused drop is handed to `onRefused`. */
export function useMoving(onRefused: (entry: Entry, draft: WindowDraft) => void): Moving {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const [entry, setEntry] = useState<Entry | null>(null);
  const [target, setTarget] = useState<Target | null>(null);
  // The same instance as long as the place is the same, or the pause would never end.
  const [asked] = useDebouncedValue(target, DEBOUNCE_MS);
  const window = entry?.window;
  const gate = useQuery(
    api.calendar.check.queryOptions({
      input: {
        ...(window && asked ? planOf(window, asked.day, asked.minute, entry.zone) : ({} as WindowDraft)),
        ...(window && { windowId: window.id }),
      },
      enabled: !!window && !!asked,
      retry: false,
      gcTime: 60_000,
      staleTime: 10_000,
    }),
  );
  const current = asked === target && target !== null;
  const checked = current ? gate.data : undefined;
  const problem = current ? gate.error : null;
  const move = useMutation(api.calendar.move.mutationOptions());

  function leave() {
    setEntry(null);
    setTarget(null);
  }

  return {
    entry,
    target,
    answer: problem ? "refused" : checked ? (checked.allowed ? "allowed" : "refused") : undefined,
    refusals: standingRefusals(checked?.verdicts ?? []),
    problem,
    earliest: checked?.earliest ?? null,
    take: setEntry,
    over(next) {
      if (next.day !== target?.day || next.minute !== target.minute) setTarget(next);
    },
    leave,
    drop() {
      leave();
      if (!entry?.window || !target) return;
      const dropped = entry.window;
      const draft = planOf(dropped, target.day, target.minute, entry.zone);
      if (target.day === entry.day && target.minute === entry.startMinute) return;
      const { startsAt, zone } = draft;
      move.mutate(
        {
          ...{ requestId: crypto.randomUUID(), windowId: dropped.id, startsAt, overrides: {} },
          ...(zone !== undefined && { zone }),
        },
        {
          onSuccess: () => {
            notifications.show({ message: t("calendar.moved", { customer: dropped.customer }) });
            void cache.invalidateQueries({ queryKey: api.calendar.key() });
          },
          // The dialog tells why, and takes a reason where one helps.
          onError: () => onRefused(entry, draft),
        },
      );
    },
  };
}
