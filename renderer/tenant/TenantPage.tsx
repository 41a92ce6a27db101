import { Button, Group, SimpleGrid, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { Link, useLocation } from "wouter";
import { errorCode } from "../../shared/errors.ts";
import type { Job } from "../../shared/jobs/model.ts";
import type { Tenant } from "../../shared/tenant/model.ts";
import { BackLink } from "../app/BackLink.tsx";
import { useApi } from "../app/api.ts";
import { JobStateBadge, KindBadge, ServiceBadge } from "../app/badges.tsx";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { JobActions } from "../app/JobActions.tsx";
import { JobProgress } from "../app/JobProgress.tsx";
import { useJobWords } from "../app/job-words.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { StepTimeline, stepsAround } from "../app/StepTimeline.tsx";
import { TenantNav } from "../app/TenantNav.tsx";
import { useJobTable } from "../app/use-job-table.tsx";
import { DataTable } from "../ui/DataTable.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { Fact, FactList } from "../ui/FactList.tsx";
import { count, plainDate } from "../ui/format.ts";
import { Panel } from "../ui/Panel.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { EnvironmentPanel } from "./EnvironmentPanel.tsx";
import { HandOverClock } from "./HandOverClock.tsx";

const NO_JOBS: readonly Job[] = [];

export function TenantPage({ slug }: { readonly slug: string }) {
  const { t } = useWords();
  const api = useApi();
  const shown = useQuery(api.tenant.get.queryOptions({ input: { tenant: slug } }));
  const tenant = shown.data;
  const above = <BackLink to={paths.fleet}>{t("screen.fleet")}</BackLink>;

  if (shown.error && !tenant) {
    return (
      <Page title={t("screen.tenant")} above={above}>
        {errorCode(shown.error) === "NotFound" ? (
          <EmptyState title={t("tenant.notFound", { tenant: slug })} hint={t("fleet.emptyHint")}>
            <Button component={Link} href={paths.fleet} size="xs">
              {t("app.toFleet")}
            </Button>
          </EmptyState>
        ) : (
          <Failure error={shown.error} onRetry={() => void shown.refetch()} />
        )}
      </Page>
    );
  }

  return (
    <Page
      title={tenant?.customer ?? slug}
      above={above}
      below={<TenantNav slug={slug} />}
      lab={tenant?.isLab ?? false}
      beside={
        tenant && (
          <>
            <ServiceBadge service={tenant.service} />
            <Text size="sm" c="dimmed">
              {t(`edition.${tenant.edition}`)}
            </Text>
            {tenant.environments.map(({ id, kind }) => (
              <KindBadge key={id} kind={kind} />
            ))}
          </>
        )
      }
    >
      {tenant ? <TenantBody tenant={tenant} /> : <TenantSkeleton />}
    </Page>
  );
}

function TenantSkeleton() {
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm" aria-busy="true">
      <Skeleton height={420} />
      <Skeleton height={420} />
    </SimpleGrid>
  );
}

function TenantBody({ tenant }: { readonly tenant: Tenant }) {
  const { t, language } = useWords();
  return (
    <Stack gap="sm">
      <ActiveOrFailedJob tenant={tenant} />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm" verticalSpacing="sm">
        {tenant.environments.map((environment) => (
          <EnvironmentPanel key={environment.id} environment={environment} tenant={tenant} />
        ))}
        <Panel title={t("tenant.contract")}>
          <FactList>
            <Fact label={t("tenant.service")}>{t(`service.${tenant.service}`)}</Fact>
            <Fact label={t("tenant.edition")}>{t(`edition.${tenant.edition}`)}</Fact>
            <Fact label={t("tenant.users")}>{count(tenant.users, language)}</Fact>
            <Fact label={t("tenant.posTerminals")}>{count(tenant.posTerminals, language)}</Fact>
            <Fact label={t("tenant.invoiceDate")}>{plainDate(tenant.invoiceDate, language)}</Fact>
            <Fact label={t("tenant.prefix")} copy={tenant.prefix} />
            <Fact label={t("tenant.slug")} copy={tenant.slug} />
            <Fact label={t("tenant.id")} copy={tenant.id} />
            <Fact label={t("tenant.createdAt")}>
              {tenant.createdAt && <RelativeTime date={tenant.createdAt} show="absolute" />}
            </Fact>
          </FactList>
        </Panel>
        <Stack gap="sm">
          <Panel title={t("tenant.people")}>
            <People tenant={tenant} />
          </Panel>
          <Panel title={t("tenant.handOver")}>
            <HandOverClock handOver={tenant.handOver} zone={tenant.zone} />
          </Panel>
        </Stack>
      </SimpleGrid>
      <TenantJobs slug={tenant.slug} />
    </Stack>
  );
}

function People({ tenant }: { readonly tenant: Tenant }) {
  const { t } = useWords();
  const api = useApi();
  const settings = useQuery(api.settings.get.queryOptions());
  return (
    <FactList>
      <Fact label={t("tenant.owner")}>{tenant.owner}</Fact>
      <Fact label={t("settings.operator")}>{settings.data?.operator}</Fact>
      <Fact label={t("tenant.zone")}>{tenant.zone}</Fact>
    </FactList>
  );
}

/** The job that runs, or the last one if it failed and waits for a person. */
function ActiveOrFailedJob({ tenant }: { readonly tenant: Tenant }) {
  const { t } = useWords();
  const api = useApi();
  const { jobWords } = useJobWords();
  const jobs = useQuery(api.jobs.list.queryOptions({ input: { tenant: tenant.slug, limit: 50 } }));
  const last = jobs.data?.[0];
  const job = tenant.activeJob ?? (last && (last.can.retry || last.can.rollBack) ? last : null);
  const details = useQuery(api.jobs.get.queryOptions({ input: { jobId: job?.id ?? "none" }, enabled: job !== null }));
  if (!job) return null;
  return (
    <Panel
      title={jobWords(job)}
      actions={
        <Group gap="xs">
          <JobStateBadge state={job.state} />
          <Button component={Link} href={paths.job(job.id)} size="xs" variant="default">
            {t("tenant.openJob")}
          </Button>
          <JobActions job={job} />
        </Group>
      }
    >
      <Group mb={6}>
        <JobProgress job={job} />
      </Group>
      {job.error && <Failure error={job.error} />}
      {details.data && <StepTimeline steps={stepsAround(details.data.steps)} errors={!job.error} />}
    </Panel>
  );
}

function TenantJobs({ slug }: { readonly slug: string }) {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const jobs = useQuery(api.jobs.list.queryOptions({ input: { tenant: slug, limit: 50 } }));
  const { columns, items } = useJobTable(jobs.data ?? NO_JOBS);
  const open = useCallback((job: Job) => navigate(paths.job(job.id)), [navigate]);
  return (
    <Panel title={t("tenant.jobs")}>
      {jobs.error && !jobs.data ? (
        <Failure error={jobs.error} onRetry={() => void jobs.refetch()} />
      ) : !jobs.isPending && items.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t("tenant.noJobs")}
        </Text>
      ) : (
        <DataTable
          label={t("tenant.jobs")}
          columns={columns}
          items={items}
          atMost={280}
          loading={jobs.isPending}
          onOpen={open}
        />
      )}
    </Panel>
  );
}
