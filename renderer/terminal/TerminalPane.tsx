import { ActionIcon, Group, Text, TextInput, Tooltip, useComputedColorScheme } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import {
  IconArrowDown,
  IconArrowUp,
  IconColumns2,
  IconCopy,
  IconFolder,
  IconLayoutRows,
  IconSearch,
  IconTextDecrease,
  IconTextIncrease,
  IconX,
} from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useApi } from "../app/api.ts";
import { KindBadge } from "../app/badges.tsx";
import { failureWords } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";
import { desk, type Tab } from "./desk.ts";
import { QuestionDialog } from "./QuestionDialog.tsx";
import type { Screen, ScreenPhase } from "./screen.ts";
import classes from "./terminal.module.css";
import { useOpenFiles } from "./use-open-files.ts";
import { useOpenScreen } from "./use-open-screen.ts";

interface Props {
  readonly tab: Tab;
  readonly screen: Screen;
  readonly fontSize: number;
  readonly onFontSize: (change: 1 | -1) => void;
}

const TONES: Readonly<Record<ScreenPhase, Tone>> = {
  open: "good",
  reconnecting: "warning",
  ended: "unknown",
  taken: "unknown",
};

/** One session: whose machine it is in its frame and head, the host's screen below. */
export function TerminalPane({ tab, screen, fontSize, onFontSize }: Props) {
  const { t, language } = useWords();
  const api = useApi();
  const { session } = screen;
  const state = useSyncExternalStore(screen.subscribe, () => screen.state);
  const scheme = useComputedColorScheme("light");
  const place = useRef<HTMLDivElement>(null);
  const [searching, setSearching] = useState(false);
  const screens = useOpenScreen();
  const close = useMutation(api.terminal.close.mutationOptions());
  const files = useOpenFiles();
  const where = `${session.customer}, ${t(`kind.${session.kind}`)}`;

  useEffect(() => {
    const parent = place.current;
    if (!parent) return;
    screen.show(parent);
    const observer = new ResizeObserver(() => screen.fit());
    observer.observe(parent);
    return () => {
      observer.disconnect();
      screen.hide();
    };
  }, [screen]);

  useEffect(() => screen.look(scheme, fontSize), [screen, scheme, fontSize]);

  function split(direction: Tab["split"]) {
    const { environmentId, reason, contractReference } = session;
    screens
      .open(
        { environmentId, reason, ...(contractReference && { contractReference }) },
        { tab: tab.id, split: direction },
      )
      .then((opened) => opened.focus())
      .catch((error: unknown) => notifications.show({ message: failureWords(t, error, language), color: "red" }));
  }

  function end() {
    close.mutate({ sessionId: session.id });
    if (tab.files && tab.panes.length === 1) files.close(tab.files);
    desk.remove(screen);
  }

  function toggleFiles() {
    if (tab.files) {
      files.close(tab.files);
      desk.hideFiles(tab.id);
      return;
    }
    const { environmentId, reason, contractReference } = session;
    files
      .open({ environmentId, reason, ...(contractReference && { contractReference }) })
      .then((opened) => desk.showFiles(tab.id, opened))
      .catch((error: unknown) => notifications.show({ message: failureWords(t, error, language), color: "red" }));
  }

  return (
    <section className={classes.pane} data-kind={session.kind} aria-label={where}>
      <header className={classes.paneHead}>
        <KindBadge kind={session.kind} />
        <Text size="sm" fw={600} className={classes.customer ?? ""} title={session.customer}>
          {session.customer}
        </Text>
        <Text size="xs" c="dimmed" truncate className={classes.reason ?? ""} title={session.reason}>
          {session.host} · {session.reason}
        </Text>
        <StateBadge tone={TONES[state.phase]} label={t(`terminal.phase.${state.phase}`)} />
        {state.unrecorded && <StateBadge tone="warning" label={t("terminal.unrecorded")} title={state.unrecorded} />}
        <Group gap={2} ml="auto" wrap="nowrap" role="toolbar" aria-label={t("terminal.tools", { where })}>
          <Tool
            label={t("terminal.search")}
            onClick={() => setSearching((open) => !open)}
            data={{ "data-search": session.id, "data-leave": session.id }}
          >
            <IconSearch size={16} />
          </Tool>
          <Tool label={t("terminal.copy")} onClick={() => void screen.copy().then(() => screen.focus())}>
            <IconCopy size={16} />
          </Tool>
          <Tool label={t("terminal.smaller")} onClick={() => onFontSize(-1)}>
            <IconTextDecrease size={16} />
          </Tool>
          <Tool label={t("terminal.larger")} onClick={() => onFontSize(1)}>
            <IconTextIncrease size={16} />
          </Tool>
          <Tool label={t(tab.files ? "files.hide" : "files.show")} onClick={toggleFiles} disabled={files.isPending}>
            <IconFolder size={16} />
          </Tool>
          <Tool label={t("terminal.splitBeside")} onClick={() => split("beside")} disabled={!desk.canSplit(tab)}>
            <IconColumns2 size={16} />
          </Tool>
          <Tool label={t("terminal.splitBelow")} onClick={() => split("below")} disabled={!desk.canSplit(tab)}>
            <IconLayoutRows size={16} />
          </Tool>
          <Tool label={t("terminal.close")} onClick={end}>
            <IconX size={16} />
          </Tool>
        </Group>
      </header>
      {searching && (
        <SearchBar
          screen={screen}
          onClose={() => {
            setSearching(false);
            screen.find("", false);
            screen.focus();
          }}
        />
      )}
      <div ref={place} className={classes.screen} />
      {state.question && (
        <QuestionDialog question={state.question} where={where} onAnswer={(yes) => screen.answer(yes)} />
      )}
    </section>
  );
}

function Tool({
  label,
  onClick,
  disabled = false,
  data = {},
  children,
}: {
  readonly label: string;
  readonly onClick: () => void;
  readonly disabled?: boolean;
  readonly data?: Readonly<Record<string, string>>;
  readonly children: ReactNode;
}) {
  return (
    <Tooltip label={label} withArrow>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={label}
        onClick={onClick}
        aria-disabled={disabled || undefined}
        {...(disabled ? { onClick: undefined, "data-disabled": true } : {})}
        {...data}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

function SearchBar({ screen, onClose }: { readonly screen: Screen; readonly onClose: () => void }) {
  const { t } = useWords();
  const [text, setText] = useState("");
  const [found, setFound] = useState(true);
  const find = (backwards: boolean) => setFound(screen.find(text, backwards));
  return (
    <Group gap={4} className={classes.search ?? ""} role="search">
      <TextInput
        size="xs"
        w={240}
        autoFocus
        aria-label={t("terminal.search")}
        placeholder={t("terminal.search")}
        value={text}
        error={!found}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") find(!event.shiftKey);
          else if (event.key === "Escape") onClose();
        }}
      />
      <Tool label={t("terminal.searchUp")} onClick={() => find(true)}>
        <IconArrowUp size={14} />
      </Tool>
      <Tool label={t("terminal.searchDown")} onClick={() => find(false)}>
        <IconArrowDown size={14} />
      </Tool>
      <Tool label={t("ui.close")} onClick={onClose}>
        <IconX size={14} />
      </Tool>
      <Text size="xs" c="red" role="status">
        {found ? "" : t("terminal.notFound")}
      </Text>
    </Group>
  );
}
