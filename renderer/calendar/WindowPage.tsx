import { Anchor, Button, Group, Skeleton, Stack, Text, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import type { WindowDetails } from "../../shared/calendar/model.ts";
import { BackLink } from "../app/BackLink.tsx";
import { useApi } from "../app/api.ts";
import { KindBadge, ServiceBadge } from "../app/badges.tsx";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { VerdictList } from "../app/VerdictList.tsx";
import { useNow } from "../ui/clock.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { Fact, FactList } from "../ui/FactList.tsx";
import { duration, fullDateTime, shortDateTime } from "../ui/format.ts";
import { Panel } from "../ui/Panel.tsx";
import classes from "./calendar.module.css";
import { localOf, planOf } from "./calendar-view.ts";
import { NoticePanel } from "./NoticePanel.tsx";
import { ScheduleDialog, type Seed } from "./ScheduleDialog.tsx";
import { NoticeBadge, WindowStateBadge } from "./window-badges.tsx";

/** One planned window: its times on both clocks, the decision behind it, and the ledger of its notices. */
export function WindowPage({ windowId }: { readonly windowId: string }) {
  const { t } = useWords();
  const api = useApi();
  const shown = useQuery(api.calendar.get.queryOptions({ input: { windowId } }));
  const above = <BackLink to={paths.calendar}>{t("screen.calendar")}</BackLink>;
  if (!shown.data) {
    return (
      <Page title={t("calendar.window")} above={above}>
        {shown.error ? (
          <Failure error={shown.error} onRetry={() => void shown.refetch()} />
        ) : (
          <Skeleton height={280} aria-busy="true" />
        )}
      </Page>
    );
  }
  return <Shown window={shown.data} above={above} />;
}

function Shown({ window, above }: { readonly window: WindowDetails; readonly above: React.ReactNode }) {
  const { t, language } = useWords();
  const api = useApi();
  const now = useNow();
  const fleet = useQuery(api.fleet.list.queryOptions());
  const [seed, setSeed] = useState<Seed | null>(null);
  const [cancelling, setCancelling] = useState(false);
  const open = window.state === "planned" && window.startsAt.getTime() > now;

  function move() {
    const { day, minute } = localOf(window.startsAt, window.zone);
    const { zone: _zone, ...draft } = planOf(window, day, minute, window.zone);
    setSeed({ draft, moves: window });
  }

  return (
    <Page
      title={`${t(`calendar.kind.${window.kind}`)}${t("ui.colon")} ${window.customer}`}
      above={above}
      lab={fleet.data?.rows.some((row) => row.slug === window.slug && row.isLab) ?? false}
      beside={
        <>
          <KindBadge kind={window.environment} />
          <ServiceBadge service={window.service} />
          <WindowStateBadge state={window.state} />
        </>
      }
      actions={
        <>
          {window.state === "planned" && (
            <Button component={Link} href={paths.newRun({ windowId: window.id })} size="xs" variant="default">
              {t("maintenance.newRun")}
            </Button>
          )}
          {open && (
            <>
              <Button size="xs" variant="default" onClick={move}>
                {t("calendar.move")}
              </Button>
              <Button size="xs" color="red" variant="outline" onClick={() => setCancelling(true)}>
                {t("calendar.cancel")}
              </Button>
            </>
          )}
        </>
      }
    >
      <div className={classes.columns}>
        <div className={classes.stack}>
          <Panel title={t("ui.details")}>
            <Facts window={window} />
          </Panel>
          <Panel title={t("wizard.checks")}>
            <Text size="xs" c="dimmed" mb={6}>
              {t("calendar.decidedUnder", { profile: window.profile.id, version: window.profile.version })}
            </Text>
            <VerdictList
              verdicts={window.verdicts.map(({ overridable: _overridable, ...verdict }) => verdict)}
              overrides={{}}
              onOverride={() => undefined}
            />
            {window.overrides.map((one) => (
              <Text size="sm" mt={6} key={`${one.rule} ${one.at.getTime()}`}>
                <b>{one.rule}</b>: {t("calendar.overrideBy", { reason: one.reason, by: one.by })}
              </Text>
            ))}
          </Panel>
          <RunsOfWindow windowId={window.id} />
          <Panel title={t("calendar.changes")}>
            <Stack gap={4}>
              {window.changes.map((one) => (
                <Text size="sm" key={`${one.act} ${one.at.getTime()}`}>
                  {fullDateTime(one.at, language)}: {t(`calendar.act.${one.act}`)}, {one.by} (
                  {shortDateTime(one.startsAt, language, window.zone)}){one.reason && `: ${one.reason}`}
                </Text>
              ))}
            </Stack>
          </Panel>
        </div>
        <NoticePanel window={window} />
      </div>
      <ScheduleDialog seed={seed} onClose={() => setSeed(null)} onDone={() => setSeed(null)} />
      <Dialog opened={cancelling} onClose={() => setCancelling(false)} title={t("calendar.cancelTitle")}>
        <CancelForm window={window} onClose={() => setCancelling(false)} />
      </Dialog>
    </Page>
  );
}

/** What was run in this window. */
function RunsOfWindow({ windowId }: { readonly windowId: string }) {
  const { t } = useWords();
  const api = useApi();
  const runs = useQuery(api.maintenance.list.queryOptions({ input: { windowId } }));
  if (!runs.data?.length) return null;
  return (
    <Panel title={t("maintenance.ofWindow")}>
      <Stack gap={4}>
        {runs.data.map(({ id, runbook, ended, tenants, requestedBy }) => (
          <Anchor key={id} component={Link} href={paths.run(id)} size="sm">
            {runbook.name} {runbook.version || ""}, {t("maintenance.progress", { ended, total: tenants })},{" "}
            {requestedBy}
          </Anchor>
        ))}
      </Stack>
    </Panel>
  );
}

function Facts({ window }: { readonly window: WindowDetails }) {
  const { t, language } = useWords();
  const { startsAt, endsAt, zone, customerZone, noticeDueAt, move } = window;
  return (
    <FactList>
      <Fact label={t("calendar.tenant")}>
        <Anchor component={Link} href={paths.tenant(window.slug)} size="sm">
          {window.customer}
        </Anchor>
      </Fact>
      {window.title && <Fact label={t("calendar.title")}>{window.title}</Fact>}
      <Fact label={t("calendar.zone.dataCentre")}>
        {fullDateTime(startsAt, language, zone)} – {fullDateTime(endsAt, language, zone)} ({zone})
      </Fact>
      <Fact label={t("calendar.zone.customer")}>
        {fullDateTime(startsAt, language, customerZone)} – {fullDateTime(endsAt, language, customerZone)} (
        {customerZone})
      </Fact>
      <Fact label={t("calendar.length")}>{duration(endsAt.getTime() - startsAt.getTime(), language)}</Fact>
      <Fact label={t("calendar.region")}>{window.region}</Fact>
      {move && (
        <Fact label={t("calendar.moveReason")}>
          {t(`calendar.moveReason.${move.reason}`)} → {move.toRegion}
        </Fact>
      )}
      <Fact label={t("calendar.impact")}>
        {[window.interrupts ? t("calendar.interrupted") : t("calendar.notInterrupted"), window.impact]
          .filter(Boolean)
          .join(" ")}
      </Fact>
      <Fact label={t("calendar.notice")}>
        <NoticeBadge standing={window.notice} />
      </Fact>
      <Fact label={t("calendar.noticeDue")} absent={t("ui.none")}>
        {noticeDueAt && fullDateTime(noticeDueAt, language, zone)}
      </Fact>
      <Fact label={t("calendar.createdBy")}>{window.createdBy}</Fact>
    </FactList>
  );
}

function CancelForm({ window, onClose }: { readonly window: WindowDetails; readonly onClose: () => void }) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const [requestId] = useState(() => crypto.randomUUID());
  const [reason, setReason] = useState("");
  const cancel = useMutation(
    api.calendar.cancel.mutationOptions({
      onSuccess: () => {
        void cache.invalidateQueries({ queryKey: api.calendar.key() });
        onClose();
      },
    }),
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (reason.trim()) cancel.mutate({ requestId, windowId: window.id, reason: reason.trim() });
      }}
    >
      <Stack gap="sm">
        <Text size="sm">{t("calendar.cancelHint")}</Text>
        <Textarea
          label={t("calendar.reason")}
          withAsterisk
          maxLength={500}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          data-autofocus
        />
        {cancel.error && <Failure error={cancel.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("ui.back")}
          </Button>
          <Button type="submit" color="red" disabled={!reason.trim()} loading={cancel.isPending}>
            {t("calendar.cancel")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
