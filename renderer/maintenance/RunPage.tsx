import { Anchor, Button, Group, Paper, Progress, SimpleGrid, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { IconPlayerStop } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";
import { FINAL_JOB_STATES } from "../../shared/jobs/model.ts";
import type { Run, RunTenant } from "../../shared/maintenance/model.ts";
import type { Outcome } from "../../shared/maintenance/schedule.ts";
import { BackLink } from "../app/BackLink.tsx";
import { useApi } from "../app/api.ts";
import { JobStateBadge, KindBadge } from "../app/badges.tsx";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { sentenceWords } from "../app/i18n/sentences.ts";
import { JobActions } from "../app/JobActions.tsx";
import { stepWords } from "../app/job-words.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { useNow } from "../ui/clock.ts";
import { ReasonDialog } from "../ui/ReasonDialog.tsx";
import { duration } from "../ui/format.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";
import { stateOf } from "./MaintenancePage.tsx";

const TONES: Readonly<Record<Outcome, Tone>> = {
  done: "good",
  unlockedAnyway: "warning",
  stoppedEarly: "warning",
  failed: "bad",
  leftLocked: "bad",
  notStarted: "idle",
};

/** One run: its waves side by side, each tenant's state and step, the budget, and the time left. */
export function RunPage({ runId }: { readonly runId: string }) {
  const { t } = useWords();
  const api = useApi();
  const shown = useQuery(api.maintenance.get.queryOptions({ input: { runId } }));
  const above = <BackLink to={paths.maintenance}>{t("screen.maintenance")}</BackLink>;
  if (!shown.data) {
    return (
      <Page title={t("jobs.kind.maintenance.run")} above={above}>
        {shown.error ? (
          <Failure error={shown.error} onRetry={() => void shown.refetch()} />
        ) : (
          <Skeleton height={300} aria-busy="true" />
        )}
      </Page>
    );
  }
  return <Shown run={shown.data} above={above} />;
}

function Shown({ run, above }: { readonly run: Run; readonly above: React.ReactNode }) {
  const { t } = useWords();
  const api = useApi();
  const [stopping, setStopping] = useState(false);
  const parent = useQuery(api.jobs.get.queryOptions({ input: { jobId: run.id } }));
  const isOver = FINAL_JOB_STATES.has(stateOf(run.state));
  const ended = run.tenants.filter(({ state }) => state === "ended").length;
  const waves = [...new Set(run.tenants.map(({ wave }) => wave))].toSorted((a, b) => a - b);
  return (
    <Page
      title={`${run.runbook.name} ${run.runbook.version || ""}`}
      above={above}
      beside={<JobStateBadge state={stateOf(run.state)} />}
      actions={
        <>
          <Button component={Link} href={paths.job(run.id)} size="xs" variant="default">
            {t("maintenance.openJob")}
          </Button>
          {!isOver && !run.stoppedAt && (
            <Button
              size="xs"
              color="red"
              variant="outline"
              leftSection={<IconPlayerStop size={15} />}
              onClick={() => setStopping(true)}
            >
              {t("maintenance.stop")}
            </Button>
          )}
          {isOver && parent.data?.job.can.retry && <JobActions job={parent.data.job} />}
        </>
      }
    >
      <Stack gap="sm">
        <Group gap="lg">
          <Text size="sm">{t("maintenance.progress", { ended, total: run.tenants.length })}</Text>
          <Text size="sm" c={run.failures > run.errorBudget ? "red" : "inherit"}>
            {t("maintenance.budget", { failures: run.failures, budget: run.errorBudget })}
          </Text>
          {run.cutOffAt && <CutOff run={run} at={run.cutOffAt} isOver={isOver} />}
          {run.stoppedBy && <Text size="sm">{t("maintenance.stopped", { by: run.stoppedBy })}</Text>}
          <Text size="sm" c="dimmed">
            {run.requestedBy}, <RelativeTime date={run.createdAt} />
          </Text>
        </Group>
        <Progress
          value={(100 * ended) / run.tenants.length}
          color={run.failures > 0 ? "red" : "teal"}
          aria-label={t("maintenance.column.progress")}
        />
        {waves.map((wave) => (
          <section key={wave} aria-label={waveWords(t, wave)}>
            <Title order={2} size="h5" mb={6}>
              {waveWords(t, wave)}
            </Title>
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="xs" verticalSpacing="xs">
              {run.tenants
                .filter((one) => one.wave === wave)
                .map((one) => (
                  <TenantCard key={one.jobId} one={one} />
                ))}
            </SimpleGrid>
          </section>
        ))}
      </Stack>
      {stopping && <StopDialog run={run} onClose={() => setStopping(false)} />}
    </Page>
  );
}

const waveWords = (t: ReturnType<typeof useWords>["t"], wave: number) =>
  wave === 0 ? t("maintenance.canaryWave") : t("maintenance.wave", { number: wave });

function CutOff({ run, at, isOver }: { readonly run: Run; readonly at: Date; readonly isOver: boolean }) {
  const { t, language } = useWords();
  const now = useNow("fast");
  const left = at.getTime() - now;
  const words =
    left > 0 && !isOver
      ? t("maintenance.untilCutOff", { time: duration(left, language) })
      : left <= 0
        ? t("maintenance.cutOffPassed")
        : null;
  return (
    <Text size="sm" role="timer">
      {words ?? <RelativeTime date={at} show="absolute" />} · {t(`maintenance.atCutOff.${run.atCutOff}`)}
    </Text>
  );
}

function TenantCard({ one }: { readonly one: RunTenant }) {
  const { t, language } = useWords();
  const badge = one.outcome ? (
    <StateBadge tone={TONES[one.outcome]} label={t(`maintenance.outcome.${one.outcome}`)} />
  ) : one.jobState ? (
    <JobStateBadge state={stateOf(one.jobState)} />
  ) : (
    <StateBadge tone="unknown" label={t(`maintenance.state.${one.state === "ended" ? "running" : one.state}`)} />
  );
  return (
    <Paper withBorder p="xs">
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Group gap="xs" wrap="nowrap" style={{ minWidth: 0 }}>
          <KindBadge kind={one.environment} />
          <Anchor component={Link} href={paths.tenant(one.slug)} size="sm" fw={600} truncate>
            {one.customer}
          </Anchor>
        </Group>
        {badge}
      </Group>
      {one.state === "running" && (
        <Group gap="xs" mt={4} wrap="nowrap">
          <Progress value={one.percent} style={{ flex: 1 }} aria-label={one.customer} />
          <Text size="xs" c="dimmed">
            {one.currentStep && stepWords(t, one.currentStep)}
          </Text>
        </Group>
      )}
      <Group gap="xs" mt={4}>
        {one.whyNotStarted && <Text size="xs">{t(`maintenance.why.${one.whyNotStarted}`)}</Text>}
        {one.detail && (
          <Text size="xs" lineClamp={2}>
            {sentenceWords(one.detail, language)}
          </Text>
        )}
        {one.jobState && (
          <Anchor component={Link} href={paths.job(one.jobId)} size="xs">
            {t("maintenance.openJob")}
          </Anchor>
        )}
      </Group>
    </Paper>
  );
}

function StopDialog({ run, onClose }: { readonly run: Run; readonly onClose: () => void }) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const stop = useMutation(
    api.maintenance.stop.mutationOptions({
      onSuccess: () => {
        void cache.invalidateQueries({ queryKey: api.maintenance.key() });
        onClose();
      },
    }),
  );
  return (
    <ReasonDialog
      title={t("maintenance.stopTitle")}
      body={t("maintenance.stopBody")}
      label={t("maintenance.reason")}
      action={t("maintenance.stop")}
      busy={stop.isPending}
      onSend={(reason) => stop.mutate({ runId: run.id, reason })}
      onClose={onClose}
      failure={stop.error && <Failure error={stop.error} />}
    />
  );
}
