import { ActionIcon, Badge, Button, Group, Menu, Tooltip, UnstyledButton } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { spotlight } from "@mantine/spotlight";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import {
  IconActivityHeartbeat,
  IconCalendarEvent,
  IconFlask,
  IconHourglass,
  IconKey,
  IconKeyboard,
  IconLanguage,
  IconLayoutList,
  IconListCheck,
  IconMoon,
  IconPlugConnected,
  IconPlugConnectedX,
  IconSearch,
  IconServer2,
  IconSettings,
  IconSquarePlus,
  IconSun,
  IconTerminal2,
  IconTool,
  IconVersions,
} from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Job } from "../../shared/jobs/model.ts";
import { SECOND_MS } from "../../shared/time.ts";
import { useNow } from "../ui/clock.ts";
import { useApi, useConnection } from "./api.ts";
import { LANGUAGES, THEMES, useChangeSettings } from "./appearance.ts";
import { useWords } from "./i18n/index.ts";
import { ACTIVE_STATES, kindWords } from "./job-words.ts";
import { duration } from "../ui/format.ts";
import { type Standstill, startLive } from "./live.ts";
import { Palette } from "./Palette.tsx";
import { paths } from "./paths.ts";
import { Routes } from "./Routes.tsx";
import { ShortcutHelp, useShortcuts } from "./shortcuts.tsx";
import classes from "./Shell.module.css";

export const SCREENS = [
  { key: "fleet", path: paths.fleet, under: ["/fleet", "/tenants", "/restores"], Icon: IconLayoutList },
  { key: "newTenant", path: paths.newTenant, under: ["/new-tenant"], Icon: IconSquarePlus },
  { key: "jobs", path: paths.jobs, under: ["/jobs"], Icon: IconListCheck },
  { key: "terminals", path: paths.terminals(), under: ["/terminals"], Icon: IconTerminal2 },
  { key: "calendar", path: paths.calendar, under: ["/calendar", "/notices"], Icon: IconCalendarEvent },
  { key: "maintenance", path: paths.maintenance, under: ["/maintenance"], Icon: IconTool },
  { key: "access", path: paths.access, under: ["/access"], Icon: IconKey },
  { key: "versions", path: paths.versions, under: ["/versions"], Icon: IconVersions },
  { key: "sla", path: paths.sla(), under: ["/sla"], Icon: IconActivityHeartbeat },
  { key: "expiry", path: paths.expiry, under: ["/expiry", "/policy"], Icon: IconHourglass },
  { key: "lab", path: paths.lab, under: ["/lab"], Icon: IconFlask },
  { key: "settings", path: paths.settings(), under: ["/settings"], Icon: IconSettings },
] as const;

/** The frame around every screen, and the one follower of the console's stream. */
export function Shell() {
  const { t } = useWords();
  const [helpOpened, setHelpOpened] = useState(false);
  useLive();
  useLockoutWatch();
  useShortcuts(() => setHelpOpened(true));
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#main" onClick={skipToMain}>
        {t("app.skipToContent")}
      </a>
      <Header onHelp={() => setHelpOpened(true)} />
      <ConnectionBar />
      <div className={classes.middle}>
        <Navigation />
        <main id="main" tabIndex={-1} className={classes.main}>
          <Routes />
        </main>
      </div>
      <Palette onHelp={() => setHelpOpened(true)} />
      <ShortcutHelp opened={helpOpened} onClose={() => setHelpOpened(false)} />
    </div>
  );
}

/** The address is the router's: the link moves the focus itself. */
function skipToMain(event: React.MouseEvent) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function useLive() {
  const api = useApi();
  const { connection } = useConnection();
  const cache = useQueryClient();
  const tellJob = useJobNotice();
  const tellStandstill = useStandstillNotice();

  // The latest words, without opening the stream anew when the language changes.
  const latest = useRef({ tellJob, tellStandstill });
  useEffect(() => {
    latest.current = { tellJob, tellStandstill };
  });
  useEffect(
    () =>
      startLive({
        ...{ connection, api, cache },
        onJobNotice: (job) => latest.current.tellJob(job),
        onStandstill: (event) => latest.current.tellStandstill(event),
      }),
    [api, cache, connection],
  );
}

/** Long work on the hosts went on meanwhile: the operator learns why figures jump and where the gap comes from. */
function useStandstillNotice() {
  const { t, language } = useWords();
  return ({ kind, ms }: Standstill) =>
    notifications.show({
      id: "standstill",
      message: t(`app.${kind}`, { time: duration(ms, language) }),
      color: kind === "setBack" ? "orange" : "gray",
      autoClose: kind === "setBack" ? false : 15_000,
      closeButtonProps: { "aria-label": t("ui.close") },
    });
}

const NOTICE_COLORS = { done: "teal", failed: "red", cancelled: "gray" } as const;

function useJobNotice() {
  const { t } = useWords();
  const [, navigate] = useLocation();
  return (job: Job) => {
    const ended = job.state === "done" || job.state === "failed" || job.state === "cancelled" ? job.state : undefined;
    if (!ended && !job.decision) return;
    const facts = { job: kindWords(t, job.kind), subject: job.subject };
    notifications.show({
      id: job.id,
      message: (
        <UnstyledButton className={classes.notice ?? ""} onClick={() => navigate(paths.job(job.id))}>
          {ended ? t(`jobs.notify.${ended}`, facts) : t("decisions.needed", facts)}
        </UnstyledButton>
      ),
      color: ended ? NOTICE_COLORS[ended] : "orange",
      autoClose: !ended || ended === "failed" ? false : 8_000,
      closeButtonProps: { "aria-label": t("ui.close") },
    });
  };
}

/** A forgotten lock-out is told on every screen, once for each alarm. */
function useLockoutWatch() {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const fleet = useQuery(api.fleet.list.queryOptions());
  const told = useRef(new Set<string>());
  useEffect(() => {
    for (const row of fleet.data?.rows ?? []) {
      const { lockout } = row;
      if (!lockout?.alarm) continue;
      const id = `lockout ${row.id} ${lockout.since.getTime()} ${lockout.alarm}`;
      if (told.current.has(id)) continue;
      told.current.add(id);
      notifications.show({
        id,
        color: "red",
        autoClose: false,
        title: t("acts.lockoutAlarm", { customer: row.customer }),
        message: (
          <UnstyledButton className={classes.notice ?? ""} onClick={() => navigate(paths.tenant(row.slug))}>
            {t(`lockout.${lockout.alarm}`)}
          </UnstyledButton>
        ),
        closeButtonProps: { "aria-label": t("ui.close") },
      });
    }
  }, [fleet.data, t, navigate]);
}

function Navigation() {
  const { t } = useWords();
  const [location] = useLocation();
  return (
    <nav aria-label={t("app.navigation")} className={classes.nav}>
      {SCREENS.map(({ key, path, under, Icon }) => {
        const here = under.some((prefix) => location.startsWith(prefix));
        return (
          <Link key={key} href={path} className={classes.navLink ?? ""} aria-current={here ? "page" : undefined}>
            <Icon size={20} stroke={1.6} aria-hidden />
            <span>{t(`screen.${key}`)}</span>
          </Link>
        );
      })}
    </nav>
  );
}

function Header({ onHelp }: { readonly onHelp: () => void }) {
  const { t } = useWords();
  const api = useApi();
  const accounts = useQuery(api.settings.listAccounts.queryOptions());
  const isLab = accounts.data?.some((account) => account.isLab) ?? false;
  return (
    <header className={classes.header}>
      <Link href={paths.fleet} className={classes.brand ?? ""}>
        <IconServer2 size={18} aria-hidden /> {t("app.name")}
      </Link>
      {isLab && (
        <Tooltip label={t("app.labRibbon")} withArrow>
          <Badge
            component={Link}
            href={paths.lab}
            className={classes.lab ?? ""}
            radius="sm"
            leftSection={<IconFlask size={12} />}
            tt="none"
          >
            {t("app.labMark")}
          </Badge>
        </Tooltip>
      )}
      <button type="button" className={classes.search} onClick={() => spotlight.open()}>
        <IconSearch size={14} aria-hidden />
        <span>{t("app.palette")}</span>
        <kbd aria-hidden>{isApple() ? "⌘ K" : "Ctrl K"}</kbd>
      </button>
      <Group gap={4} ml="auto" wrap="nowrap">
        <RunningJobs />
        <ConnectionMark />
        <LanguageMenu />
        <ThemeMenu />
        <Tooltip label={t("app.shortcuts")} withArrow>
          <ActionIcon variant="subtle" color="gray" onClick={onHelp} aria-label={t("app.shortcuts")}>
            <IconKeyboard size={18} />
          </ActionIcon>
        </Tooltip>
      </Group>
    </header>
  );
}

const isApple = () => navigator.userAgent.includes("Mac");

function RunningJobs() {
  const { t } = useWords();
  const api = useApi();
  const jobs = useQuery(api.jobs.list.queryOptions({ input: { states: [...ACTIVE_STATES], limit: 200 } }));
  const count = jobs.data?.length ?? 0;
  const asking = jobs.data?.filter((job) => job.state === "needsDecision").length ?? 0;
  return (
    <Button
      component={Link}
      href={paths.jobs}
      size="compact-sm"
      variant={count ? "light" : "subtle"}
      {...(asking ? { color: "orange" } : count ? {} : { color: "gray" })}
      className={classes.jobs ?? ""}
    >
      <span aria-live="polite">
        {t("app.runningJobs", { count })}
        {asking > 0 && ` · ${t("decisions.count", { count: asking })}`}
      </span>
    </Button>
  );
}

function ConnectionMark() {
  const { t } = useWords();
  const { phase } = useConnection();
  const Icon = phase === "open" ? IconPlugConnected : IconPlugConnectedX;
  return (
    <Tooltip label={t(`connection.${phase}`)} withArrow>
      <span className={classes.connection} data-phase={phase} role="img" aria-label={t(`connection.${phase}`)}>
        <Icon size={18} stroke={1.7} />
      </span>
    </Tooltip>
  );
}

function ConnectionBar() {
  const { phase } = useConnection();
  return (
    <div role="status" className={classes.barPlace}>
      {phase === "lost" && <ConnectionLost />}
    </div>
  );
}

/** A console that is away this long was ended, or started anew behind another address. */
const LONG_LOST_MS = 10 * SECOND_MS;

function ConnectionLost() {
  const { t } = useWords();
  const { connection } = useConnection();
  const [since] = useState(() => Date.now());
  const now = useNow("fast");
  const inBrowser = !window.fleetwright;
  return (
    <div className={classes.bar}>
      <IconPlugConnectedX size={16} aria-hidden />
      <b>{t("connection.lost")}</b>
      <span>{t(inBrowser && now - since > LONG_LOST_MS ? "connection.newAddress" : "connection.lostDetail")}</span>
      <Button size="compact-xs" variant="default" onClick={() => connection.retryNow()}>
        {t("connection.retryNow")}
      </Button>
    </div>
  );
}

function LanguageMenu() {
  const { t } = useWords();
  const api = useApi();
  const settings = useQuery(api.settings.get.queryOptions());
  const { change } = useChangeSettings();
  return (
    <ChoiceMenu
      label={t("app.language")}
      icon={<IconLanguage size={18} />}
      value={settings.data?.language}
      choices={LANGUAGES.map((language) => ({ value: language, label: t(`language.${language}`) }))}
      onChoose={(language) => change({ language })}
    />
  );
}

function ThemeMenu() {
  const { t } = useWords();
  const api = useApi();
  const settings = useQuery(api.settings.get.queryOptions());
  const { change } = useChangeSettings();
  return (
    <ChoiceMenu
      label={t("app.theme")}
      icon={
        <>
          <IconSun size={18} className={classes.onlyLight ?? ""} />
          <IconMoon size={18} className={classes.onlyDark ?? ""} />
        </>
      }
      value={settings.data?.theme}
      choices={THEMES.map((theme) => ({ value: theme, label: t(`theme.${theme}`) }))}
      onChoose={(theme) => change({ theme })}
    />
  );
}

interface ChoiceMenuProps<Value extends string> {
  readonly label: string;
  readonly icon: ReactNode;
  readonly value: Value | undefined;
  readonly choices: readonly { readonly value: Value; readonly label: string }[];
  readonly onChoose: (value: Value) => void;
}

/** One of a few, behind an icon. */
function ChoiceMenu<Value extends string>({ label, icon, value, choices, onChoose }: ChoiceMenuProps<Value>) {
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={label} title={label}>
          {icon}
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup value={value ?? null} onChange={(chosen) => onChoose(chosen as Value)}>
          {choices.map((choice) => (
            <Menu.RadioItem key={choice.value} value={choice.value} closeMenuOnClick>
              {choice.label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}
