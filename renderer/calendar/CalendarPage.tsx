import { Button, Group, Skeleton } from "@mantine/core";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { IconCalendarOff, IconDownload, IconMail, IconPlus, IconStack2 } from "@tabler/icons-react";
import { useEffect, useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import type { FleetRow } from "../../shared/fleet/model.ts";
import { useApi } from "../app/api.ts";
import { Failure, failureWords } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { ruleWords, verdictWords } from "../app/i18n/verdicts.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { shortDateTime } from "../ui/format.ts";
import { useSessionState } from "../ui/session-state.ts";
import { saveFile } from "../ui/save-file.ts";
import { BlackoutDialog } from "./BlackoutDialog.tsx";
import { CalendarToolbar } from "./CalendarToolbar.tsx";
import classes from "./calendar.module.css";
import {
  addDays,
  type CalendarState,
  daysOf,
  type Entry,
  entriesOf,
  parseCalendarState,
  rangeOf,
  timeText,
} from "./calendar-view.ts";
import { shortDayName } from "./day-words.ts";
import { ListView } from "./ListView.tsx";
import { MonthView } from "./MonthView.tsx";
import { RecurringDialog } from "./RecurringDialog.tsx";
import { ScheduleDialog, type Seed } from "./ScheduleDialog.tsx";
import { TimeView } from "./TimeView.tsx";
import { type Moving, useMoving } from "./use-moving.ts";
import { WaveDialog } from "./WaveDialog.tsx";

const NO_ROWS: readonly FleetRow[] = [];
const NOTHING = { windows: [], recurring: [], blackouts: [] };
const today = () => new Intl.DateTimeFormat("sv-SE").format(new Date());

export function CalendarPage() {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const [state, setState] = useSessionState<CalendarState>(
    "fleetwright.calendar",
    () => ({ view: "month", day: today(), zone: "dataCentre", tenant: null, kinds: [], regions: [] }),
    parseCalendarState,
  );
  const [seed, setSeed] = useState<Seed | null>(null);
  const [opened, setOpened] = useState<Entry | null>(null);
  const [waveOpened, setWaveOpened] = useState(false);
  const [blackoutsOpened, setBlackoutsOpened] = useState(false);
  const fleet = useQuery(api.fleet.list.queryOptions());
  const rows = fleet.data?.rows ?? NO_ROWS;
  const days = useMemo(() => daysOf(state.view, state.day), [state.view, state.day]);
  const range = { ...rangeOf(days), ...(state.tenant && { tenant: state.tenant }) };
  const listed = useQuery(api.calendar.list.queryOptions({ input: range, placeholderData: keepPreviousData }));
  const { zone, kinds, regions } = state;
  const entries = useMemo(
    () =>
      entriesOf(listed.data ?? NOTHING, { zone, kinds, regions }).filter(
        (one) => one.day <= days.at(-1)! && one.lastDay >= days[0]!,
      ),
    [listed.data, zone, kinds, regions, days],
  );
  const moving = useMoving((entry, draft) => entry.window && setSeed({ draft, moves: entry.window }));
  const feed = useMutation(
    api.calendar.feed.mutationOptions({
      onSuccess: ({ fileName, mediaType, text }) => saveFile(fileName, text, mediaType),
    }),
  );

  const change = (part: Partial<CalendarState>) => setState({ ...state, ...part });
  const open = (entry: Entry) => (entry.window ? navigate(paths.window(entry.window.id)) : setOpened(entry));
  const tomorrow = addDays(today(), 1);
  const plan = () =>
    setSeed({
      // Tonight may have passed already.
      draft: {
        startsAt: `${state.day > tomorrow ? state.day : tomorrow}T22:00`,
        ...(state.tenant !== null && { tenant: state.tenant }),
      },
    });
  useKeyN(plan);

  const shared = {
    ...{ days, entries, moving, blackouts: listed.data?.blackouts ?? [], tenant: state.tenant },
    ...{ day: state.day, today: today(), onOpen: open },
    onDay: (day: string) => change({ day }),
    onOpenDay: (day: string) => change({ day, view: "day" }),
  };
  return (
    <Page
      title={t("screen.calendar")}
      lab={rows.some((row) => row.isLab)}
      actions={
        <Group gap="xs">
          <Button
            component={Link}
            href={paths.notices}
            size="xs"
            variant="default"
            leftSection={<IconMail size={14} aria-hidden />}
          >
            {t("screen.notices")}
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconCalendarOff size={14} />}
            onClick={() => setBlackoutsOpened(true)}
          >
            {t("calendar.blackouts")}
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconDownload size={14} />}
            loading={feed.isPending}
            onClick={() => feed.mutate(range)}
          >
            {t("calendar.feed")}
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconStack2 size={14} />}
            onClick={() => setWaveOpened(true)}
          >
            {t("calendar.wave")}
          </Button>
          <Button size="xs" leftSection={<IconPlus size={14} />} onClick={plan}>
            {t("calendar.plan")}
          </Button>
        </Group>
      }
      fill
    >
      <div className={classes.root}>
        <CalendarToolbar state={state} rows={rows} today={today()} onChange={change} />
        <Gate moving={moving} />
        {feed.error && <Failure error={feed.error} />}
        {listed.error && !listed.data ? (
          <Failure error={listed.error} onRetry={() => void listed.refetch()} />
        ) : state.view === "list" ? (
          <ListView entries={entries} loading={listed.isPending} onOpen={open} />
        ) : listed.isPending ? (
          <Skeleton flex={1} aria-busy="true" />
        ) : state.view === "month" ? (
          <MonthView {...shared} />
        ) : (
          <TimeView key={state.view} {...shared} />
        )}
      </div>
      <ScheduleDialog
        seed={seed}
        onClose={() => setSeed(null)}
        onDone={(window) => {
          const moved = seed?.moves;
          setSeed(null);
          if (!moved) navigate(paths.window(window.id));
        }}
      />
      <RecurringDialog
        entry={opened}
        onClose={() => setOpened(null)}
        onPlan={(next) => {
          setOpened(null);
          setSeed(next);
        }}
      />
      <WaveDialog opened={waveOpened} rows={rows} today={today()} onClose={() => setWaveOpened(false)} />
      <BlackoutDialog opened={blackoutsOpened} rows={rows} onClose={() => setBlackoutsOpened(false)} />
    </Page>
  );
}

/** What the rules say of the place under the pointer, in a line that is always there so that nothing jumps. */
function Gate({ moving }: { readonly moving: Moving }) {
  const { t, language } = useWords();
  const { entry, target, answer, refusals, problem, earliest } = moving;
  if (!entry || !target) {
    return (
      <div className={classes.gate} role="status">
        {t("calendar.hint")}
      </div>
    );
  }
  const when = `${shortDayName(target.day, language)} ${timeText(target.minute)} (${entry.zone})`;
  const [refusal] = refusals;
  return (
    <div className={classes.gate} role="status" data-answer={answer}>
      {when}:{" "}
      {problem
        ? failureWords(t, problem, language)
        : answer === "allowed"
          ? t("calendar.gateAllowed")
          : refusal
            ? `${ruleWords(refusal.rule, language)} ${verdictWords(refusal, language)}`
            : t("wizard.checking")}
      {earliest && refusal && ` ${t("calendar.earliest", { when: shortDateTime(earliest, language, entry.zone) })}`}
    </div>
  );
}

/** Pause after which a "g" belongs to no sequence any more. */
const SEQUENCE_MS = 1_500;

const TYPED_INTO = "input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]";

/** "n" plans a window, unless somebody types, a dialog is open, or it ends the sequence "g n". */
function useKeyN(act: () => void): void {
  useEffect(() => {
    let wentAt = 0;
    function onKey(event: KeyboardEvent) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const { target } = event;
      const typing = target instanceof HTMLElement && target.matches(TYPED_INTO);
      if (typing || document.querySelector('[role="dialog"]')) return;
      if (event.key === "g") wentAt = event.timeStamp;
      else if (event.key === "n" && !(wentAt && event.timeStamp - wentAt < SEQUENCE_MS)) {
        event.preventDefault();
        act();
      } else wentAt = 0;
    }
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  });
}
