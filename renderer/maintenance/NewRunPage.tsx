import {
  Button,
  Group,
  MultiSelect,
  NumberInput,
  Select,
  SimpleGrid,
  Skeleton,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { DateTimePicker } from "@mantine/dates";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation, useSearch } from "wouter";
import type { RunPlan } from "../../shared/maintenance/model.ts";
import type { EnvironmentKind } from "../../shared/tenant/model.ts";
import { BackLink } from "../app/BackLink.tsx";
import { useApi } from "../app/api.ts";
import { KindBadge } from "../app/badges.tsx";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { VerdictList } from "../app/VerdictList.tsx";
import { Panel } from "../ui/Panel.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";

/** From chosen tenants, or a planned window, to a run: what, on whom, how carefully, and what the contract says. */
export function NewRunPage() {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const from = new URLSearchParams(useSearch());
  const windowId = from.get("window");
  const [requestId] = useState(() => crypto.randomUUID());
  const fleet = useQuery(api.fleet.list.queryOptions());
  const runbooks = useQuery(api.maintenance.runbooks.list.queryOptions());
  const window = useQuery(
    api.calendar.get.queryOptions({ input: { windowId: windowId ?? "" }, enabled: windowId !== null }),
  );
  const [chosen, setChosen] = useState<readonly string[]>(() => from.get("tenants")?.split(",").filter(Boolean) ?? []);
  const [runbook, setRunbook] = useState<string | null>("stack-update@0");
  const [to, setTo] = useState("");
  const [canary, setCanary] = useState(1);
  const [waveSize, setWaveSize] = useState(10);
  const [concurrency, setConcurrency] = useState(3);
  const [errorBudget, setErrorBudget] = useState(0);
  const [cutOffAt, setCutOffAt] = useState<Date>();
  const [atCutOff, setAtCutOff] = useState<"abort" | "continue">("continue");
  const [overrides, setOverrides] = useState<Record<string, string>>({});

  const ofWindow = window.data && `${window.data.slug}/${window.data.environment}`;
  const [taken, setTaken] = useState<typeof ofWindow>(undefined);
  if (ofWindow !== taken) {
    setTaken(ofWindow);
    if (ofWindow) setChosen([ofWindow]);
  }

  const [name = "", version = "0"] = runbook?.split("@") ?? [];
  const needsVersion =
    runbooks.data
      ?.find((one) => one.name === name && String(one.version) === version)
      ?.steps.some((step) => step.kind === "applicationUpdate" && !step.to) ?? false;
  const request = {
    runbook: name,
    runbookVersion: Number(version),
    ...(to.trim() ? { to: to.trim() } : {}),
    tenants: chosen.map((one) => {
      const [tenant = "", environment = "production"] = one.split("/");
      return {
        tenant,
        environment: environment as EnvironmentKind,
        ...(windowId !== null && one === ofWindow ? { windowId } : {}),
      };
    }),
    ...{ canary, waveSize, concurrency, errorBudget, atCutOff, overrides },
    ...(cutOffAt ? { cutOffAt } : {}),
  };
  const isWhole = chosen.length > 0 && name !== "" && (!needsVersion || to.trim() !== "");
  const plan = useQuery(
    api.maintenance.plan.queryOptions({ input: request, enabled: isWhole, placeholderData: keepPreviousData }),
  );
  const start = useMutation(
    api.maintenance.run.mutationOptions({ onSuccess: ({ jobId }) => navigate(paths.run(jobId)) }),
  );

  return (
    <Page title={t("maintenance.newRun")} above={<BackLink to={paths.maintenance}>{t("screen.maintenance")}</BackLink>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          start.mutate({ requestId, ...request });
        }}
      >
        <Stack gap="sm" maw={900}>
          <MultiSelect
            label={t("maintenance.tenants")}
            description={t("maintenance.tenantsHint")}
            data={(fleet.data?.rows ?? []).map(({ slug, kind, customer }) => ({
              value: `${slug}/${kind}`,
              label: `${customer} (${slug}), ${t(`kind.${kind}`)}`,
            }))}
            value={[...chosen]}
            onChange={setChosen}
            searchable
            limit={100}
            hidePickedOptions
            data-autofocus
          />
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
            <Select
              label={t("maintenance.runbook")}
              data={(runbooks.data ?? [])
                .filter(({ refused }) => refused === null)
                .map((one) => ({
                  value: `${one.name}@${one.version}`,
                  label: one.builtIn ? one.name : `${one.name} ${one.version}`,
                }))}
              value={runbook}
              onChange={setRunbook}
              searchable
              allowDeselect={false}
            />
            {needsVersion && (
              <TextInput
                label={t("maintenance.version")}
                value={to}
                onChange={(event) => setTo(event.currentTarget.value)}
                maxLength={40}
                required
              />
            )}
          </SimpleGrid>
          <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="sm">
            <Count label={t("maintenance.canary")} value={canary} onChange={setCanary} min={0} max={50} />
            <Count label={t("maintenance.waveSize")} value={waveSize} onChange={setWaveSize} min={1} max={100} />
            <Count
              label={t("maintenance.concurrency")}
              value={concurrency}
              onChange={setConcurrency}
              min={1}
              max={20}
            />
            <Count
              label={t("maintenance.errorBudget")}
              value={errorBudget}
              onChange={setErrorBudget}
              min={0}
              max={100}
            />
          </SimpleGrid>
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
            <DateTimePicker
              label={t("maintenance.cutOff")}
              description={t("maintenance.cutOffHint")}
              value={cutOffAt ?? null}
              onChange={(value) => setCutOffAt(value ? new Date(value) : undefined)}
              clearable
            />
            <Select
              label={t("maintenance.atCutOff")}
              data={(["continue", "abort"] as const).map((value) => ({
                value,
                label: t(`maintenance.atCutOff.${value}`),
              }))}
              value={atCutOff}
              onChange={(value) => setAtCutOff(value === "abort" ? "abort" : "continue")}
              allowDeselect={false}
            />
          </SimpleGrid>
          {isWhole && (
            <Panel title={t("maintenance.plan")}>
              {plan.error ? (
                <Failure error={plan.error} onRetry={() => void plan.refetch()} />
              ) : plan.data ? (
                <Planned
                  plan={plan.data}
                  overrides={overrides}
                  onOverride={(rule, reason) => setOverrides({ ...overrides, [rule]: reason })}
                />
              ) : (
                <Skeleton height={120} aria-busy="true" />
              )}
            </Panel>
          )}
          {start.error && <Failure error={start.error} />}
          <Group justify="flex-end">
            <Button
              type="submit"
              loading={start.isPending}
              disabled={!isWhole || !plan.data?.allowed || plan.isFetching}
            >
              {t("maintenance.start")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Page>
  );
}

interface CountProps {
  readonly label: string;
  readonly value: number;
  readonly onChange: (value: number) => void;
  readonly min: number;
  readonly max: number;
}

function Count({ onChange, ...props }: CountProps) {
  return (
    <NumberInput {...props} onChange={(value) => typeof value === "number" && onChange(value)} allowDecimal={false} />
  );
}

interface PlannedProps {
  readonly plan: RunPlan;
  readonly overrides: Readonly<Record<string, string>>;
  readonly onOverride: (rule: string, reason: string) => void;
}

/** The verdicts of many tenants are mostly the same: each is said once, refusals first. */
function Planned({ plan, overrides, onOverride }: PlannedProps) {
  const { t } = useWords();
  const verdicts = [
    ...new Map(plan.tenants.flatMap((one) => one.verdicts).map((one) => [one.rule + one.allowed, one])).values(),
  ];
  return (
    <Stack gap="xs">
      {plan.tenants.map((one) => (
        <Group key={`${one.tenantId} ${one.environment}`} gap="xs">
          <Text size="xs" c="dimmed" w={90}>
            {one.wave === 0 ? t("maintenance.canaryWave") : t("maintenance.wave", { number: one.wave })}
          </Text>
          <KindBadge kind={one.environment} />
          <Text size="sm" fw={600}>
            {one.customer}
          </Text>
          <Text size="sm" c="dimmed">
            {one.window ? (
              <>
                {t("maintenance.window")} <RelativeTime date={one.window.startsAt} show="absolute" />
              </>
            ) : (
              t("maintenance.noWindow")
            )}
          </Text>
          <Text size="sm">
            {one.allowed
              ? t("maintenance.allowed")
              : t("maintenance.refusedBy", { rule: one.verdicts.find(({ allowed }) => !allowed)?.rule ?? "" })}
          </Text>
        </Group>
      ))}
      <VerdictList verdicts={verdicts} overrides={overrides} onOverride={onOverride} />
    </Stack>
  );
}
