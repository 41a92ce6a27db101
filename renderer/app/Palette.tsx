import {
  Spotlight,
  type SpotlightActionData,
  type SpotlightActionGroupData,
  type SpotlightFilterFunction,
} from "@mantine/spotlight";
import { useMutation, useQuery } from "@tanstack/react-query";
import { IconSearch } from "@tabler/icons-react";
import { useMemo } from "react";
import { useLocation } from "wouter";
import { useApi } from "./api.ts";
import { LANGUAGES, THEMES, useChangeSettings } from "./appearance.ts";
import { useWords } from "./i18n/index.ts";
import { sentenceWords } from "./i18n/sentences.ts";
import { ACTIVE_STATES, useJobWords } from "./job-words.ts";
import { paths, SETTINGS_SECTIONS } from "./paths.ts";

const LIMIT_PER_GROUP = 12;

/** Every screen, tenant, job and act, a few letters away. */
export function Palette({ onHelp }: { readonly onHelp: () => void }) {
  const { t } = useWords();
  const groups = [
    { group: t("palette.screens"), actions: useScreens() },
    { group: t("palette.acts"), actions: useActs(onHelp) },
    { group: t("palette.tenants"), actions: useTenants() },
    { group: t("palette.jobs"), actions: useJobs() },
  ];
  return (
    <Spotlight
      actions={groups}
      filter={filterGroups}
      nothingFound={t("palette.empty")}
      shortcut={["mod + K"]}
      // Also while somebody types.
      tagsToIgnore={[]}
      triggerOnContentEditable
      scrollable
      maxHeight={420}
      highlightQuery
      attributes={{ content: { "aria-label": t("app.palette") } }}
      searchProps={{
        placeholder: t("palette.placeholder"),
        "aria-label": t("palette.placeholder"),
        leftSection: <IconSearch size={18} />,
      }}
    />
  );
}

const fold = (text: string) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Keeps what holds every word of the query, whatever its accents, a dozen per group. */
export const filterGroups: SpotlightFilterFunction = (query, groups) => {
  const words = fold(query).split(/\s+/).filter(Boolean);
  return (groups as SpotlightActionGroupData[]).map(({ group, actions }) => {
    const kept: SpotlightActionData[] = [];
    for (const action of actions) {
      if (kept.length === LIMIT_PER_GROUP) break;
      const text = fold(`${action.label} ${action.description ?? ""} ${action.keywords ?? ""}`);
      if (words.every((word) => text.includes(word))) kept.push(action);
    }
    return { group, actions: kept };
  });
};

function useScreens(): SpotlightActionData[] {
  const { t } = useWords();
  const [, navigate] = useLocation();
  return useMemo(
    () => [
      { id: "fleet", label: t("screen.fleet"), onClick: () => navigate(paths.fleet) },
      { id: "new-tenant", label: t("screen.newTenant"), onClick: () => navigate(paths.newTenant) },
      { id: "jobs", label: t("screen.jobs"), onClick: () => navigate(paths.jobs) },
      { id: "terminals", label: t("screen.terminals"), onClick: () => navigate(paths.terminals()) },
      { id: "calendar", label: t("screen.calendar"), onClick: () => navigate(paths.calendar) },
      { id: "notices", label: t("screen.notices"), onClick: () => navigate(paths.notices) },
      { id: "maintenance", label: t("screen.maintenance"), onClick: () => navigate(paths.maintenance) },
      { id: "runbooks", label: t("maintenance.runbooks"), onClick: () => navigate(paths.runbooks) },
      { id: "access", label: t("screen.access"), onClick: () => navigate(paths.access) },
      { id: "sla", label: t("screen.sla"), onClick: () => navigate(paths.sla()) },
      { id: "versions", label: t("screen.versions"), onClick: () => navigate(paths.versions) },
      { id: "expiry", label: t("screen.expiry"), onClick: () => navigate(paths.expiry) },
      { id: "policy", label: t("screen.policy"), onClick: () => navigate(paths.policy) },
      { id: "lab", label: t("screen.lab"), onClick: () => navigate(paths.lab) },
      ...SETTINGS_SECTIONS.map((section) => ({
        id: `settings-${section}`,
        label: `${t("screen.settings")}${t("ui.colon")} ${t(`settings.${section}`)}`,
        onClick: () => navigate(paths.settings(section)),
      })),
    ],
    [t, navigate],
  );
}

function useActs(onHelp: () => void): SpotlightActionData[] {
  const { t, language } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const { change } = useChangeSettings();
  const refresh = useMutation(api.fleet.refresh.mutationOptions());
  const clearFaults = useMutation(api.lab.clearFaults.mutationOptions());
  const cancel = useMutation(api.jobs.cancel.mutationOptions());
  const retry = useMutation(api.jobs.retry.mutationOptions());
  const jobs = useQuery(api.jobs.list.queryOptions({ input: { limit: 200 } }));
  const { jobWords } = useJobWords();

  return [
    {
      id: "act-provision",
      label: t("jobs.kind.tenant.provision"),
      description: t("screen.newTenant"),
      onClick: () => navigate(paths.newTenant),
    },
    { id: "act-refresh", label: t("palette.refreshFleet"), onClick: () => refresh.mutate({}) },
    { id: "act-account", label: t("palette.addAccount"), onClick: () => navigate(paths.settings("accounts")) },
    { id: "act-vault", label: t("palette.openVault"), onClick: () => navigate(paths.settings("vault")) },
    { id: "act-fault", label: t("palette.injectFault"), onClick: () => navigate(paths.lab) },
    { id: "act-clear-faults", label: t("palette.clearFaults"), onClick: () => clearFaults.mutate({}) },
    { id: "act-reset-lab", label: t("palette.resetLab"), onClick: () => navigate(paths.lab) },
    { id: "act-shortcuts", label: t("app.shortcuts"), onClick: onHelp },
    ...THEMES.map((theme) => ({
      id: `act-theme-${theme}`,
      label: t("palette.themeTo", { theme: t(`theme.${theme}`) }),
      onClick: () => change({ theme }),
    })),
    ...LANGUAGES.map((language) => ({
      id: `act-language-${language}`,
      label: t("palette.languageTo", { language: t(`language.${language}`) }),
      onClick: () => change({ language }),
    })),
    ...(jobs.data ?? [])
      .filter((job) => job.decision)
      .map((job) => ({
        id: `act-decide-${job.id}`,
        label: t("palette.decideJob", { job: jobWords(job) }),
        description: sentenceWords(job.decision?.question ?? "", language),
        onClick: () => navigate(paths.job(job.id)),
      })),
    ...(jobs.data ?? [])
      .filter((job) => job.can.cancel)
      .map((job) => ({
        id: `act-cancel-${job.id}`,
        label: t("palette.cancelJob", { job: jobWords(job) }),
        onClick: () => cancel.mutate({ jobId: job.id }),
      })),
    ...(jobs.data ?? [])
      .filter((job) => job.can.retry)
      .map((job) => ({
        id: `act-retry-${job.id}`,
        label: t("palette.retryJob", { job: jobWords(job) }),
        onClick: () => retry.mutate({ jobId: job.id }),
      })),
  ];
}

function useTenants(): SpotlightActionData[] {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const fleet = useQuery(api.fleet.list.queryOptions());
  return useMemo(() => {
    const tenants = new Map((fleet.data?.rows ?? []).map((row) => [row.tenantId, row]));
    return [...tenants.values()].map((row) => ({
      id: `tenant-${row.tenantId}`,
      label: row.customer,
      description: `${t(`service.${row.service}`)} · ${row.slug} · ${row.region}`,
      onClick: () => navigate(paths.tenant(row.slug)),
    }));
  }, [fleet.data, t, navigate]);
}

function useJobs(): SpotlightActionData[] {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const { jobWords } = useJobWords();
  const jobs = useQuery(api.jobs.list.queryOptions({ input: { limit: 200 } }));
  const active: ReadonlySet<string> = new Set(ACTIVE_STATES);
  const listed = jobs.data ?? [];
  return [...listed.filter((job) => active.has(job.state)), ...listed.filter((job) => !active.has(job.state))].map(
    (job) => ({
      id: `job-${job.id}`,
      label: jobWords(job),
      description: t(`jobState.${job.state}`),
      onClick: () => navigate(paths.job(job.id)),
    }),
  );
}
