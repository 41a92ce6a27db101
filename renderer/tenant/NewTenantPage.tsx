import { Button, Group, Skeleton, Stepper, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import { standingRefusals } from "../../shared/policy/verdict.ts";
import { type ProvisionOptions, ProvisionRequest } from "../../shared/tenant/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { VerdictList, VerdictSkeleton } from "../app/VerdictList.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { Panel } from "../ui/Panel.tsx";
import { StateBadge } from "../ui/StateBadge.tsx";
import { useSessionState } from "../ui/session-state.ts";
import {
  type Draft,
  EMPTY_DRAFT,
  type Order,
  orderOf,
  parseDraft,
  stepOfField,
  stepOfRule,
  WIZARD_STEPS,
} from "./draft.ts";
import classes from "./NewTenantPage.module.css";
import { PlanStep } from "./PlanStep.tsx";
import { type FieldProps, WizardFields } from "./WizardFields.tsx";

/** Pause after the last key before the console is asked. */
const DEBOUNCE_MS = 250;

const today = () => new Intl.DateTimeFormat("sv-SE").format(new Date());
const hereZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

export function NewTenantPage() {
  const { t } = useWords();
  const api = useApi();
  const [draft, setDraft] = useSessionState<Draft>("fleetwright.newTenant", () => EMPTY_DRAFT, parseDraft);
  const everything = useQuery(api.tenant.provisionOptions.queryOptions({ input: {} }));

  if (everything.error && !everything.data) {
    return (
      <Page title={t("wizard.title")}>
        <Failure error={everything.error} onRetry={() => void everything.refetch()} />
      </Page>
    );
  }
  if (!everything.data) {
    return (
      <Page title={t("wizard.title")}>
        <Skeleton height={44} mb="md" />
        <Skeleton height={320} aria-busy="true" />
      </Page>
    );
  }
  if (everything.data.accounts.length === 0) {
    return (
      <Page title={t("wizard.title")}>
        <EmptyState title={t("wizard.noAccount")} hint={t("wizard.noAccountHint")}>
          <Button component={Link} href={paths.settings("accounts")} size="xs">
            {t("fleet.addAccount")}
          </Button>
        </EmptyState>
      </Page>
    );
  }
  return <Wizard first={everything.data} draft={draft} onDraft={setDraft} />;
}

interface WizardProps {
  /** What can be chosen before an account and a region are. */
  readonly first: ProvisionOptions;
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
}

function Wizard({ first, draft, onDraft }: WizardProps) {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const [step, setStep] = useState(0);
  const [activationKey, setActivationKey] = useState("");
  const [attempted, setAttempted] = useState(false);
  // One intent, however often it is sent; a changed order is another intent.
  const [requestId, setRequestId] = useState(() => crypto.randomUUID());

  const place = orderOf(draft, { options: first, today: today(), zone: hereZone() });
  const chosen = useQuery(
    api.tenant.provisionOptions.queryOptions({
      input: { accountId: place.accountId, region: place.region },
      placeholderData: keepPreviousData,
    }),
  );
  const options = useMemo(
    () => (chosen.data ? { ...chosen.data, accounts: first.accounts } : first),
    [chosen.data, first],
  );
  const order = orderOf(draft, { options, today: today(), zone: hereZone() });

  const issues = issuesOf(order, activationKey);
  const request = useMemo(() => requestOf(order, activationKey), [JSON.stringify(order), activationKey]);
  const [asked] = useDebouncedValue(request, DEBOUNCE_MS);
  const plan = useQuery(
    api.tenant.plan.queryOptions({
      input: asked ?? ({} as ProvisionRequest),
      enabled: asked !== null,
      placeholderData: keepPreviousData,
      staleTime: 0,
      gcTime: 60_000,
    }),
  );
  const settled = asked === request && !plan.isPlaceholderData && !plan.isFetching;
  const shownPlan = asked ? plan.data : undefined;

  const change = useCallback(
    (part: Partial<Draft>) => {
      onDraft({ ...draft, ...part });
      setRequestId(crypto.randomUUID());
    },
    [draft, onDraft],
  );
  const provision = useMutation(
    api.tenant.provision.mutationOptions({
      onSuccess: ({ jobId }) => {
        onDraft(EMPTY_DRAFT);
        navigate(paths.job(jobId));
      },
    }),
  );

  const refusals = standingRefusals(shownPlan?.verdicts ?? []);
  const troubled = new Set([
    ...refusals.map(({ rule }) => stepOfRule(rule)),
    ...(attempted ? Object.keys(issues).map(stepOfField) : []),
  ]);
  const fields: FieldProps = {
    draft,
    order,
    options,
    change,
    issue: (field) => {
      if (!attempted && draft[field as keyof Draft] === EMPTY_DRAFT[field as keyof Draft]) return undefined;
      return issues[field] ? t(`wizard.issue.${issues[field]}`) : undefined;
    },
    activationKey,
    onActivationKey: (key) => {
      setActivationKey(key);
      setRequestId(crypto.randomUUID());
    },
  };
  const name = WIZARD_STEPS[step] ?? "plan";
  const isLab = options.accounts.find(({ id }) => id === order.accountId)?.isLab ?? false;
  const last = step === WIZARD_STEPS.length - 1;

  function go(next: number) {
    if (next > 0) setAttempted(true);
    setStep(next);
  }

  function startOver() {
    onDraft(EMPTY_DRAFT);
    setActivationKey("");
    setAttempted(false);
    setRequestId(crypto.randomUUID());
    setStep(0);
  }

  return (
    <Page
      title={t("wizard.title")}
      lab={isLab}
      actions={
        <Button size="xs" variant="subtle" color="gray" onClick={startOver}>
          {t("wizard.startOver")}
        </Button>
      }
    >
      <Stepper active={step} onStepClick={go} size="xs" iconSize={26} mb="sm">
        {WIZARD_STEPS.map((one) => (
          <Stepper.Step
            key={one}
            label={t(`wizard.step.${one}`)}
            {...(troubled.has(one) ? { color: "red", description: t("wizard.stepTroubled") } : {})}
          />
        ))}
      </Stepper>
      <div className={classes.columns}>
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (!last) go(step + 1);
          }}
        >
          <Panel title={t(`wizard.step.${name}`)}>
            {name === "plan" ? (
              <PlanStep order={order} plan={shownPlan} loading={plan.isPending && asked !== null} />
            ) : (
              <WizardFields step={name} {...fields} />
            )}
          </Panel>
          {chosen.error && <Failure error={chosen.error} onRetry={() => void chosen.refetch()} />}
          {provision.error && <Failure error={provision.error} />}
          <Group justify="space-between" mt="sm">
            <Button variant="default" disabled={step === 0} onClick={() => go(step - 1)}>
              {t("ui.back")}
            </Button>
            {last ? (
              <Group gap="sm">
                {request === null ? (
                  <Text size="sm">{t("wizard.fillIn")}</Text>
                ) : (
                  shownPlan && !shownPlan.allowed && <Text size="sm">{t("wizard.cannot")}</Text>
                )}
                <Button
                  disabled={!request || !settled || !shownPlan?.allowed}
                  loading={provision.isPending}
                  onClick={() => request && provision.mutate({ ...request, requestId })}
                >
                  {t("wizard.provision")}
                </Button>
              </Group>
            ) : (
              <Button type="submit">{t("ui.next")}</Button>
            )}
          </Group>
        </form>
        <Panel
          title={t("wizard.checks")}
          actions={<Summary refusals={refusals.length} known={!!shownPlan} busy={!settled && asked !== null} />}
        >
          {plan.error ? (
            <Failure error={plan.error} onRetry={() => void plan.refetch()} />
          ) : shownPlan ? (
            <VerdictList
              verdicts={shownPlan.verdicts}
              overrides={draft.overrides}
              onOverride={(rule, reason) => change({ overrides: { ...draft.overrides, [rule]: reason } })}
            />
          ) : asked ? (
            <VerdictSkeleton />
          ) : (
            <Text size="sm" c="dimmed">
              {order.customer ? t("wizard.fillIn") : t("wizard.checksHint")}
            </Text>
          )}
        </Panel>
      </div>
    </Page>
  );
}

interface SummaryProps {
  readonly refusals: number;
  readonly known: boolean;
  readonly busy: boolean;
}

function Summary({ refusals, known, busy }: SummaryProps) {
  const { t } = useWords();
  return (
    <span role="status">
      {busy ? (
        <StateBadge tone="busy" label={t("wizard.checking")} />
      ) : !known ? null : refusals ? (
        <StateBadge tone="bad" label={t("wizard.refusals", { count: refusals })} />
      ) : (
        <StateBadge tone="good" label={t("wizard.allClear")} />
      )}
    </span>
  );
}

const inputOf = (order: Order, activationKey: string) => ({
  ...order,
  ...(activationKey.trim() ? { activationKey: activationKey.trim() } : {}),
});

function requestOf(order: Order, activationKey: string): ProvisionRequest | null {
  const parsed = ProvisionRequest.safeParse(inputOf(order, activationKey));
  return parsed.success ? parsed.data : null;
}

/** What is not yet an order, by field: `required` or of the wrong `form`. */
function issuesOf(order: Order, activationKey: string): Record<string, "required" | "form"> {
  const parsed = ProvisionRequest.safeParse(inputOf(order, activationKey));
  const issues: Record<string, "required" | "form"> = {};
  for (const issue of parsed.error?.issues ?? []) {
    const field = String(issue.path[0]);
    issues[field] ??= order[field as keyof Order] === "" ? "required" : "form";
  }
  return issues;
}
