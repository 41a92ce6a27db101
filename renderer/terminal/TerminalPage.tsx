import { Alert, Anchor, Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconAlertTriangle, IconTerminal2 } from "@tabler/icons-react";
import { useState, useSyncExternalStore } from "react";
import { Link, useLocation } from "wouter";
import { useApi } from "../app/api.ts";
import { useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { EmptyState } from "../ui/EmptyState.tsx";
import { KeyHint } from "../ui/KeyHint.tsx";
import { desk, type Tab } from "./desk.ts";
import { FilesPanel } from "./FilesPanel.tsx";
import { FONT_SIZES } from "./look.ts";
import { OpenTerminalDialog } from "./OpenTerminalDialog.tsx";
import { SessionHistory } from "./SessionHistory.tsx";
import { TerminalPane } from "./TerminalPane.tsx";
import classes from "./terminal.module.css";
import { useOpenScreen } from "./use-open-screen.ts";

const HISTORY = "history";
const FONT_SIZE = "fleetwright.terminal.fontSize";

function rememberedFontSize(): number {
  const stored = Number(localStorage.getItem(FONT_SIZE));
  return stored >= FONT_SIZES.smallest && stored <= FONT_SIZES.largest ? stored : FONT_SIZES.usual;
}

/** Every terminal of this window in tabs, and who logged in where before. */
export function TerminalPage({ environmentId }: { readonly environmentId: string | undefined }) {
  const { t } = useWords();
  const [, navigate] = useLocation();
  const { tabs, active } = useSyncExternalStore(desk.subscribe, desk.state);
  const [history, setHistory] = useState(false);
  const [opening, setOpening] = useState(false);
  const [fontSize, setFontSize] = useState(rememberedFontSize);
  const shown = history ? undefined : tabs.find(({ id }) => id === active);

  function changeFontSize(change: 1 | -1) {
    const next = Math.min(Math.max(fontSize + change, FONT_SIZES.smallest), FONT_SIZES.largest);
    localStorage.setItem(FONT_SIZE, String(next));
    setFontSize(next);
  }

  return (
    <Page
      title={t("screen.terminals")}
      fill
      actions={
        <>
          {shown && (
            <Text size="xs" c="dimmed" component="span">
              <KeyHint keys={["Ctrl", "F6"]} /> {t("terminal.leaves")}
            </Text>
          )}
          <Button size="xs" leftSection={<IconTerminal2 size={15} />} onClick={() => setOpening(true)}>
            {t("terminal.open")}
          </Button>
        </>
      }
    >
      <HostKeyAlarms />
      <OpenElsewhere />
      <div role="tablist" aria-label={t("screen.terminals")} className={classes.tabs}>
        {tabs.map((tab) => (
          <TabButton
            key={tab.id}
            tab={tab}
            selected={tab === shown}
            onSelect={() => {
              setHistory(false);
              desk.activate(tab.id);
            }}
          />
        ))}
        <button
          type="button"
          role="tab"
          className={classes.tab}
          aria-selected={!shown}
          aria-controls={shown ? undefined : `terminal-${HISTORY}`}
          onClick={() => setHistory(true)}
        >
          {t("terminal.history")}
        </button>
      </div>
      {shown ? (
        <div
          key={shown.id}
          role="tabpanel"
          id={`terminal-${shown.id}`}
          aria-label={shown.panes[0]?.session.customer}
          className={classes.panes}
          data-split={shown.split}
        >
          {shown.panes.map((screen) => (
            <TerminalPane
              key={screen.session.id}
              tab={shown}
              screen={screen}
              fontSize={fontSize}
              onFontSize={changeFontSize}
            />
          ))}
          {shown.files && <FilesPanel key={shown.files.sessionId} session={shown.files} />}
        </div>
      ) : (
        <div role="tabpanel" id={`terminal-${HISTORY}`} aria-label={t("terminal.history")} className={classes.history}>
          <SessionHistory
            empty={
              <EmptyState title={t("terminal.none")} hint={t("terminal.noneHint")}>
                <Button component={Link} href={paths.fleet} size="xs">
                  {t("app.toFleet")}
                </Button>
              </EmptyState>
            }
          />
        </div>
      )}
      {(opening || environmentId !== undefined) && (
        <OpenTerminalDialog
          key={environmentId}
          environmentId={environmentId}
          onClose={() => {
            setOpening(false);
            setHistory(false);
            if (environmentId !== undefined) navigate(paths.terminals(), { replace: true });
          }}
        />
      )}
    </Page>
  );
}

function TabButton({
  tab,
  selected,
  onSelect,
}: {
  readonly tab: Tab;
  readonly selected: boolean;
  readonly onSelect: () => void;
}) {
  const { t } = useWords();
  const [first] = tab.panes;
  if (!first) return null;
  const { customer, kind } = first.session;
  return (
    <button
      type="button"
      role="tab"
      className={classes.tab}
      data-kind={kind}
      aria-selected={selected}
      aria-controls={selected ? `terminal-${tab.id}` : undefined}
      onClick={onSelect}
    >
      {customer}, {t(`kind.${kind}`)}
      {tab.panes.length > 1 && ` (${tab.panes.length})`}
    </button>
  );
}

/** Hosts that nobody is let in to until somebody has settled whose key they show. */
function HostKeyAlarms() {
  const { t } = useWords();
  const api = useApi();
  const alarms = useQuery(api.terminal.hostKeyAlarms.queryOptions());
  return (alarms.data ?? []).map((alarm) => (
    <Alert
      key={alarm.environmentId}
      color="red"
      icon={<IconAlertTriangle size={18} aria-hidden />}
      role="alert"
      py={6}
      mb={6}
    >
      {t("hostKeys.alarm", { tenant: alarm.customer, kind: t(`kind.${alarm.kind}`) })}{" "}
      <Anchor component={Link} href={paths.hostKeys(alarm.environmentId)} size="sm">
        {t("hostKeys.look")}
      </Anchor>
    </Alert>
  ));
}

/** Sessions that the console holds and this window does not show: after a reload, or in another window. */
function OpenElsewhere() {
  const { t } = useWords();
  const api = useApi();
  const sessions = useQuery(api.terminal.list.queryOptions());
  const { show } = useOpenScreen();
  useSyncExternalStore(desk.subscribe, desk.state);
  const elsewhere = (sessions.data ?? []).filter(({ id, state }) => !desk.has(id) && state !== "ended");
  if (elsewhere.length === 0) return null;
  return (
    <Group gap="xs" mb={6}>
      <Text size="sm">{t("terminal.elsewhere", { count: elsewhere.length })}</Text>
      {elsewhere.map((session) => (
        <Anchor
          key={session.id}
          component="button"
          type="button"
          size="sm"
          onClick={() => session.streamId !== null && show({ ...session, streamId: session.streamId }).focus()}
        >
          {t("terminal.fetch", { tenant: session.customer, kind: t(`kind.${session.kind}`) })}
        </Anchor>
      ))}
    </Group>
  );
}
