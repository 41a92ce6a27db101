import { Button, Skeleton } from "@mantine/core";
import { lazy, Suspense } from "react";
import { Link, Redirect, Route, Switch } from "wouter";
import { AccessPage } from "../access/AccessPage.tsx";
import { CalendarPage } from "../calendar/CalendarPage.tsx";
import { NoticesPage } from "../calendar/NoticesPage.tsx";
import { WindowPage } from "../calendar/WindowPage.tsx";
import { FleetPage } from "../fleet/FleetPage.tsx";
import { JobPage } from "../jobs/JobPage.tsx";
import { JobsPage } from "../jobs/JobsPage.tsx";
import { LabPage } from "../lab/LabPage.tsx";
import { CasePage } from "../restore/CasePage.tsx";
import { RestorePage } from "../restore/RestorePage.tsx";
import { MaintenancePage } from "../maintenance/MaintenancePage.tsx";
import { NewRunPage } from "../maintenance/NewRunPage.tsx";
import { RunbooksPage } from "../maintenance/RunbooksPage.tsx";
import { RunPage } from "../maintenance/RunPage.tsx";
import { SettingsPage } from "../settings/SettingsPage.tsx";
import { SlaPage } from "../sla/SlaPage.tsx";
import { TenantSlaPage } from "../sla/TenantSlaPage.tsx";
import { SnapshotsPage } from "../snapshot/SnapshotsPage.tsx";
import { NewTenantPage } from "../tenant/NewTenantPage.tsx";
import { TenantPage } from "../tenant/TenantPage.tsx";
import { ContractPage } from "../terms/ContractPage.tsx";
import { ExpiryPage } from "../terms/ExpiryPage.tsx";
import { PolicyPage } from "../terms/PolicyPage.tsx";
import { VersionsPage } from "../terms/VersionsPage.tsx";
import { HostKeysPage } from "../terminal/HostKeysPage.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { useWords } from "./i18n/index.ts";
import { Page } from "./Page.tsx";
import { paths } from "./paths.ts";

/** Loaded when it is first looked at: the terminal's own code is most of it. */
const TerminalPage = lazy(async () => ({ default: (await import("../terminal/TerminalPage.tsx")).TerminalPage }));

/** So is this one: the chart library is as large as the rest of the window. */
const MetricsPage = lazy(async () => ({ default: (await import("../metrics/MetricsPage.tsx")).MetricsPage }));

/** Which address shows which screen. */
export function Routes() {
  return (
    <Switch>
      <Route path="/">
        <Redirect to={paths.fleet} replace />
      </Route>
      <Route path="/fleet" component={FleetPage} />
      <Route path="/new-tenant" component={NewTenantPage} />
      <Route path="/tenants/:slug">{({ slug }) => <TenantPage key={slug} slug={slug} />}</Route>
      <Route path="/tenants/:slug/contract">{({ slug }) => <ContractPage key={slug} slug={slug} />}</Route>
      <Route path="/tenants/:slug/restore">{({ slug }) => <RestorePage key={slug} slug={slug} />}</Route>
      <Route path="/restores/:id">{({ id }) => <CasePage key={id} caseId={id} />}</Route>
      <Route path="/tenants/:slug/snapshots">{({ slug }) => <SnapshotsPage key={slug} slug={slug} />}</Route>
      <Route path="/tenants/:slug/access">{({ slug }) => <AccessPage key={slug} slug={slug} />}</Route>
      <Route path="/access">{() => <AccessPage />}</Route>
      <Route path="/maintenance" component={MaintenancePage} />
      <Route path="/maintenance/runbooks" component={RunbooksPage} />
      <Route path="/maintenance/new" component={NewRunPage} />
      <Route path="/maintenance/runs/:id">{({ id }) => <RunPage key={id} runId={id} />}</Route>
      <Route path="/tenants/:slug/metrics">
        {({ slug }) => (
          <Suspense fallback={<Skeleton height={420} m="md" />}>
            <MetricsPage key={slug} slug={slug} />
          </Suspense>
        )}
      </Route>
      <Route path="/tenants/:slug/sla/:month?">
        {({ slug, month }) => <TenantSlaPage key={slug} slug={slug} asked={month} />}
      </Route>
      <Route path="/sla/:month?">{({ month }) => <SlaPage asked={month} />}</Route>
      <Route path="/versions" component={VersionsPage} />
      <Route path="/expiry" component={ExpiryPage} />
      <Route path="/policy" component={PolicyPage} />
      <Route path="/jobs" component={JobsPage} />
      <Route path="/jobs/:id">{({ id }) => <JobPage key={id} jobId={id} />}</Route>
      <Route path="/terminals/:environmentId?">
        {({ environmentId }) => (
          <Suspense fallback={<Skeleton height={420} m="md" />}>
            <TerminalPage environmentId={environmentId} />
          </Suspense>
        )}
      </Route>
      <Route path="/host-keys/:environmentId">
        {({ environmentId }) => <HostKeysPage key={environmentId} environmentId={environmentId} />}
      </Route>
      <Route path="/calendar" component={CalendarPage} />
      <Route path="/notices" component={NoticesPage} />
      <Route path="/calendar/:id">{({ id }) => <WindowPage key={id} windowId={id} />}</Route>
      <Route path="/lab" component={LabPage} />
      <Route path="/settings/:section?">{({ section }) => <SettingsPage section={section} />}</Route>
      <Route>
        <NotFound />
      </Route>
    </Switch>
  );
}

function NotFound() {
  const { t } = useWords();
  return (
    <Page title={t("app.pageNotFound")}>
      <EmptyState title={t("app.pageNotFound")} hint={t("app.pageNotFoundHint")}>
        <Button component={Link} href={paths.fleet} size="xs">
          {t("app.toFleet")}
        </Button>
      </EmptyState>
    </Page>
  );
}
