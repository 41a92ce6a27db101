import {
  Button,
  Group,
  NumberInput,
  Radio,
  Select,
  SimpleGrid,
  Skeleton,
  Stack,
  Table,
  Text,
  TextInput,
  VisuallyHidden,
} from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { RESTORE_REASONS, type RestoreReason } from "../../shared/policy/restore.ts";
import type { RestoreOrder, RestorePapers, RestoreSource, RestoreTarget } from "../../shared/restore/model.ts";
import type { Tenant } from "../../shared/tenant/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { paths } from "../app/paths.ts";
import { bytes, shortDateTime } from "../ui/format.ts";
import { Panel } from "../ui/Panel.tsx";
import { PlanView } from "./PlanView.tsx";
import classes from "./restore.module.css";

interface Draft {
  readonly source: string | null;
  /** Null until a person chooses: production is never the default. */
  readonly target: RestoreTarget | null;
  readonly reason: RestoreReason | null;
  readonly papers: RestorePapers;
  readonly onVersion: string;
  readonly keepDays: number;
  readonly overrides: Readonly<Record<string, string>>;
}

const EMPTY: Draft = {
  ...{ source: null, target: null, reason: null, onVersion: "", keepDays: 7, overrides: {} },
  papers: { approval: null, fee: null, evaluation: null, bestEffortAcceptedBy: null },
};

/** The papers that a reason may ask for; the plan says which of them the contract really needs. */
const PAPERS: Readonly<Record<RestoreReason, readonly (keyof RestorePapers)[]>> = {
  "customer-caused": ["approval", "fee"],
  "kept-copy": ["evaluation", "fee"],
  individual: ["bestEffortAcceptedBy"],
  vendor: [],
  disaster: [],
  drill: [],
};

/** From a copy to a plan, and from an allowed plan to a restore beside. */
export function OrderForm({ tenant }: { readonly tenant: Tenant }) {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const [draft, setDraft] = useState(EMPTY);
  const [requestId] = useState(() => crypto.randomUUID()); // one intent, however often it is sent
  const plan = useMutation(api.restore.plan.mutationOptions());
  const run = useMutation(
    api.restore.run.mutationOptions({ onSuccess: ({ caseId }) => navigate(paths.restoreCase(caseId)) }),
  );
  /** What was planned is what is run: every change asks for a new plan. */
  const change = (part: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...part }));
    plan.reset();
    run.reset();
  };
  const order = orderOf(tenant.slug, draft);
  const kinds = tenant.environments.map(({ kind }) => kind);
  const targets = [...kinds, "beside" as const];
  const target = draft.target && draft.target !== "beside" ? `${tenant.slug} ${draft.target}` : tenant.slug;

  return (
    <Panel title={t("restore.new")}>
      <div className={classes.frame} data-target={draft.target ?? undefined}>
        <Stack gap="sm">
          <Sources slug={tenant.slug} chosen={draft.source} onChoose={(source) => change({ source })} />
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm">
            <Select
              label={t("restore.target")}
              description={t("restore.target.hint")}
              placeholder={t("restore.target.choose")}
              data={targets.map((value) => ({ value, label: t(`restore.targetKind.${value}`) }))}
              value={draft.target}
              onChange={(value) => change({ target: value as RestoreTarget | null, overrides: {} })}
            />
            <Select
              label={t("restore.reason")}
              description={t("restore.planHint")}
              placeholder={t("restore.reason.choose")}
              data={RESTORE_REASONS.map((value) => ({ value, label: t(`restore.reasonKind.${value}`) }))}
              value={draft.reason}
              onChange={(value) => change({ reason: value as RestoreReason | null })}
            />
            {(draft.reason ? PAPERS[draft.reason] : []).map((paper) => (
              <TextInput
                key={paper}
                label={t(`restore.paper.${paper}`)}
                maxLength={300}
                value={draft.papers[paper] ?? ""}
                onChange={(event) => {
                  const text = event.currentTarget.value;
                  change({ papers: { ...draft.papers, [paper]: text === "" ? null : text } });
                }}
              />
            ))}
            {draft.target === "beside" && (
              <TextInput
                label={t("restore.onVersion")}
                maxLength={60}
                value={draft.onVersion}
                onChange={(event) => change({ onVersion: event.currentTarget.value })}
              />
            )}
            <NumberInput
              label={t("restore.keepDays")}
              min={1}
              max={90}
              allowDecimal={false}
              value={draft.keepDays}
              onChange={(value) => change({ keepDays: typeof value === "number" ? value : 7 })}
            />
          </SimpleGrid>
          <Group>
            <Button disabled={!order} loading={plan.isPending} onClick={() => order && plan.mutate(order)}>
              {t("restore.makePlan")}
            </Button>
          </Group>
          {plan.error && <Failure error={plan.error} />}
          {plan.isPending && <Skeleton height={160} aria-busy="true" />}
          {plan.data && order && (
            <PlanView
              plan={plan.data}
              target={target}
              overrides={draft.overrides}
              onOverride={(rule, reason) => setDraft({ ...draft, overrides: { ...draft.overrides, [rule]: reason } })}
              onRemedy={(onVersion) => change({ target: "beside", onVersion })}
              onPlanAgain={() => plan.mutate(order)}
            >
              <Stack gap={4}>
                <Text size="sm">{t("restore.runHint", { target })}</Text>
                {run.error && <Failure error={run.error} />}
                <Group>
                  <Button
                    disabled={!plan.data.allowed}
                    loading={run.isPending}
                    onClick={() => run.mutate({ ...order, requestId })}
                  >
                    {t("restore.run")}
                  </Button>
                </Group>
              </Stack>
            </PlanView>
          )}
        </Stack>
      </div>
    </Panel>
  );
}

function orderOf(tenant: string, draft: Draft): RestoreOrder | null {
  const { source, target, reason, papers, onVersion, keepDays, overrides } = draft;
  if (!source || !target || !reason) return null;
  return {
    ...{ tenant, source, target, reason, papers, keepDays, overrides: { ...overrides } },
    ...(target === "beside" && onVersion.trim() ? { onVersion: onVersion.trim() } : {}),
  };
}

interface SourcesProps {
  readonly slug: string;
  readonly chosen: string | null;
  readonly onChoose: (id: string) => void;
}

function Sources({ slug, chosen, onChoose }: SourcesProps) {
  const { t } = useWords();
  const api = useApi();
  const sources = useQuery(api.restore.sources.queryOptions({ input: { tenant: slug } }));
  const heads = ["kind", "taken", "label", "region", "version", "size", "grade"] as const;
  if (sources.error && !sources.data) return <Failure error={sources.error} onRetry={() => void sources.refetch()} />;
  if (!sources.data) return <Skeleton height={120} aria-busy="true" />;
  return (
    <Stack gap={4}>
      <Text size="sm" fw={600} id="restore-sources">
        {t("restore.source")}
      </Text>
      {sources.data.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t("restore.source.none")}
        </Text>
      ) : (
        <div className={classes.scroll} style={{ maxHeight: 260, overflowY: "auto" }}>
          <Table verticalSpacing={3} aria-labelledby="restore-sources">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>
                  <VisuallyHidden>{t("restore.column.choice")}</VisuallyHidden>
                </Table.Th>
                {heads.map((head) => (
                  <Table.Th key={head}>{t(`restore.column.${head}`)}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {sources.data.map((one) => (
                <SourceRow key={one.id} one={one} isChosen={one.id === chosen} onChoose={onChoose} />
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </Stack>
  );
}

interface SourceRowProps {
  readonly one: RestoreSource;
  readonly isChosen: boolean;
  readonly onChoose: (id: string) => void;
}

function SourceRow({ one, isChosen, onChoose }: SourceRowProps) {
  const { t, language } = useWords();
  const when = shortDateTime(one.takenAt, language);
  return (
    <Table.Tr onClick={() => onChoose(one.id)}>
      <Table.Td>
        <Radio
          size="xs"
          name="source"
          checked={isChosen}
          onChange={() => onChoose(one.id)}
          aria-label={t("restore.source.choose", { when })}
        />
      </Table.Td>
      <Table.Td>
        {t(`restore.sourceKind.${one.kind}`)}
        {one.environment && one.environment !== "production" && ` (${t(`kind.${one.environment}`)})`}
      </Table.Td>
      <Table.Td>{when}</Table.Td>
      <Table.Td>{one.label ?? one.id}</Table.Td>
      <Table.Td>{one.region}</Table.Td>
      <Table.Td>{one.version ?? "–"}</Table.Td>
      <Table.Td>{bytes(one.sizeGiB * 1024 ** 3, language)}</Table.Td>
      <Table.Td>
        {one.grade ?? "–"}
        {!one.manifest && <span className={classes.faint}> ({t("restore.noManifest")})</span>}
      </Table.Td>
    </Table.Tr>
  );
}
