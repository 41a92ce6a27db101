import { Button, Group, SegmentedControl, Skeleton, Switch, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconDownload, IconPhoto, IconZoomReset } from "@tabler/icons-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import { errorCode } from "../../shared/errors.ts";
import { FAMILIES, VOLUMES } from "../../shared/metrics/catalogue.ts";
import type { MetricsNow, MonthlyVolume } from "../../shared/metrics/model.ts";
import { regionZone } from "../../shared/policy/windows.ts";
import type { EnvironmentKind, Tenant } from "../../shared/tenant/model.ts";
import { BackLink } from "../app/BackLink.tsx";
import { useApi } from "../app/api.ts";
import { UnprotectedBadge } from "../app/badges.tsx";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { TenantNav } from "../app/TenantNav.tsx";
import { useNow } from "../ui/clock.ts";
import { EmptyState } from "../ui/EmptyState.tsx";
import { count, shortDateTime } from "../ui/format.ts";
import { Panel } from "../ui/Panel.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";
import { saveFile } from "../ui/save-file.ts";
import { FamilyPanel } from "./FamilyPanel.tsx";
import {
  csvOf,
  movedRange,
  RANGE_MS,
  type Range,
  type RangeName,
  RANGES,
  scaledRange,
  zoomed,
} from "./metrics-view.ts";
import classes from "./metrics.module.css";
import { type Picture, pngOf } from "./png.ts";
import { type Span, spansOf } from "./spans.ts";
import { useRange, useReadings } from "./use-metrics.ts";
import { kindWords } from "../app/job-words.ts";

/** Live and past figures of one tenant's environments. */
export function MetricsPage({ slug }: { readonly slug: string }) {
  const { t } = useWords();
  const api = useApi();
  const shown = useQuery(api.tenant.get.queryOptions({ input: { tenant: slug } }));
  const tenant = shown.data;
  if (shown.error && !tenant) {
    return (
      <Page title={t("screen.metrics")}>
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
      title={tenant ? t("metrics.title", { customer: tenant.customer }) : slug}
      above={<BackLink to={paths.fleet}>{t("screen.fleet")}</BackLink>}
      below={<TenantNav slug={slug} />}
      lab={tenant?.isLab ?? false}
    >
      {tenant ? <Metrics tenant={tenant} /> : <Skeleton height={420} aria-busy="true" />}
    </Page>
  );
}

/** Keys that act on the charts while nobody types and no dialog is open. */
function useKeys(act: (key: string) => boolean) {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const target = event.target instanceof HTMLElement ? event.target : null;
      if (target?.closest("input, textarea, select, [contenteditable], [role=radiogroup]")) return;
      if (document.querySelector('[role="dialog"]')) return;
      if (latest.current(event.key)) event.preventDefault();
    }
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

function Metrics({ tenant }: { readonly tenant: Tenant }) {
  const { t } = useWords();
  const api = useApi();
  const kinds = tenant.environments.map((one) => one.kind);
  const [kind, setKind] = useState<EnvironmentKind>(kinds[0] ?? "production");
  const [name, setName] = useState<RangeName>("1h");
  const [zoom, setZoom] = useState<Range | null>(null);
  const [asTable, setAsTable] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const root = useRef<HTMLDivElement>(null);
  const now = useNow("fast");

  const environment = tenant.environments.find((one) => one.kind === kind) ?? tenant.environments[0];
  const readings = useReadings(tenant.slug, environment?.kind ?? "production");
  // The axis moves by whole readings: moving it each second would redraw every chart for nothing.
  const end = Math.ceil(now / 10_000) * 10_000;
  const range = useMemo(() => zoom ?? { from: end - RANGE_MS[name], to: end }, [zoom, end, name]);
  const shown = useRange(tenant.slug, environment?.kind ?? "production", range, readings);
  const present = useQuery(api.metrics.now.queryOptions({ input: { tenant: tenant.slug }, refetchInterval: 10_000 }));
  const state = present.data?.find((one) => one.environmentId === environment?.id);
  const zone = (environment && regionZone(environment.region)) ?? "UTC";
  const spans = useSpans(tenant, environment?.region ?? "", environment?.kind ?? "production", range, now);

  useKeys((key) => {
    const chosen = RANGES[Number(key) - 1];
    if (chosen) {
      setName(chosen);
      setZoom(null);
    } else if (key === "+" || key === "=") setZoom(scaledRange(range, 0.5, end));
    else if (key === "-") setZoom(scaledRange(range, 2, end));
    else if (key === "[") setZoom(movedRange(range, -0.5, end));
    else if (key === "]") setZoom(movedRange(range, 0.5, end));
    else if (key === "0") setZoom(null);
    else return false;
    return true;
  });

  // Charts are drawn anew only when what they show changes.
  const zoomTo = useCallback(
    (from: number, to: number) => setZoom((known) => zoomed(range, from, to) ?? known),
    [range, setZoom],
  );
  const latest = useRef<(pictures: readonly Picture[]) => void>(() => undefined);
  const savePicture = useCallback((title: string, svg: SVGSVGElement) => latest.current([{ title, svg }]), []);

  const heading = environment ? `${tenant.customer}, ${t(`kind.${environment.kind}`)}` : tenant.customer;
  const fileName = (ending: string) =>
    `${tenant.slug}-${environment?.kind ?? "none"}-${new Date(range.from).toISOString().slice(0, 16).replace(/[:T]/g, "")}.${ending}`;
  const picture = async (pictures: readonly Picture[]) => {
    try {
      const body = root.current;
      if (body && pictures.length > 0) saveFile(fileName("png"), await pngOf(heading, pictures, body));
      setProblem(null);
    } catch (error) {
      setProblem(error);
    }
  };
  useEffect(() => {
    latest.current = (pictures) => void picture(pictures);
  });
  const allPictures = () =>
    [...(root.current?.querySelectorAll<HTMLElement>("[data-family]") ?? [])].flatMap((panel) => {
      const svg = panel.querySelector<SVGSVGElement>("svg.recharts-surface");
      return svg ? [{ title: panel.getAttribute("aria-label") ?? "", svg }] : [];
    });

  if (!environment) return <EmptyState title={t("metrics.noEnvironment")} />;
  return (
    <div className={classes.page} ref={root}>
      <div className={classes.toolbar}>
        {kinds.length > 1 && (
          <SegmentedControl
            size="xs"
            aria-label={t("metrics.environment")}
            value={environment.kind}
            onChange={(value) => setKind(value as EnvironmentKind)}
            data={kinds.map((one) => ({ value: one, label: t(`kind.${one}`) }))}
          />
        )}
        <SegmentedControl
          size="xs"
          aria-label={t("metrics.range")}
          value={zoom ? "" : name}
          onChange={(value) => {
            setName(value as RangeName);
            setZoom(null);
          }}
          data={RANGES.map((one) => ({ value: one, label: t(`metrics.range.${one}`) }))}
        />
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<IconZoomReset size={14} aria-hidden />}
          disabled={!zoom}
          onClick={() => setZoom(null)}
        >
          {t("metrics.resetZoom")}
        </Button>
        <ContactBadge state={state} />
        {environment.unprotected && <UnprotectedBadge />}
        <Group gap="xs" ml="auto">
          <Switch
            size="xs"
            label={t("metrics.asTable")}
            checked={asTable}
            onChange={(event) => setAsTable(event.currentTarget.checked)}
          />
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconPhoto size={14} aria-hidden />}
            disabled={asTable || !shown.data}
            onClick={() => void picture(allPictures())}
          >
            {t("metrics.pngAll")}
          </Button>
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconDownload size={14} aria-hidden />}
            disabled={!shown.data}
            onClick={() => {
              const inside = (shown.data?.series ?? []).filter((one) => one.at.length > 0);
              saveFile(fileName("csv"), csvOf(inside, zone), "text/csv;charset=utf-8");
            }}
          >
            {t("metrics.csv")}
          </Button>
        </Group>
      </div>
      {problem !== null && <Failure error={problem} />}
      {state?.error && state.contact !== "live" && <Failure error={state.error} />}
      {environment.unprotected && (
        <Text size="sm" c="dimmed" mb={6}>
          {t("metrics.onlyWhileWatched")}
        </Text>
      )}
      {shown.error && !shown.data ? (
        <Failure error={shown.error} onRetry={() => void shown.refetch()} />
      ) : !shown.data ? (
        <Skeleton height={600} aria-busy="true" />
      ) : (
        <>
          {shown.data.series.every((one) => one.at.length === 0) && (
            <EmptyState
              title={t("metrics.empty")}
              hint={t(state?.contact === "live" ? "metrics.emptySoon" : "metrics.emptyHint")}
            />
          )}
          <div className={classes.grid}>
            {FAMILIES.map((family) => (
              <FamilyPanel
                key={`${environment.id} ${family}`}
                family={family}
                data={shown.data!}
                now={state}
                range={range}
                spans={spans}
                zone={zone}
                customerZone={tenant.zone}
                asTable={asTable}
                onZoom={zoomTo}
                onPicture={savePicture}
              />
            ))}
          </div>
          <Legend spans={spans} zone={zone} />
          {environment.kind === "production" && <Volumes monthly={shown.data.monthly} />}
        </>
      )}
    </div>
  );
}

function useSpans(tenant: Tenant, region: string, environment: EnvironmentKind, range: Range, now: number): Span[] {
  const api = useApi();
  const jobs = useQuery(api.jobs.list.queryOptions({ input: { tenant: tenant.slug, limit: 200 } }));
  // Asked for by whole days, so that the axis may move without asking again.
  const day = 86_400_000;
  const [from, to] = [Math.floor(range.from / day) * day, Math.ceil(range.to / day) * day];
  const calendar = useQuery(
    api.calendar.list.queryOptions({ input: { from: new Date(from), to: new Date(to), tenant: tenant.slug } }),
  );
  const { from: start, to: end } = range;
  return useMemo(
    () =>
      spansOf(
        {
          jobs: jobs.data ?? [],
          windows: calendar.data?.windows ?? [],
          recurring: calendar.data?.recurring ?? [],
          environment,
          tenant: { slug: tenant.slug, service: tenant.service, region, zone: tenant.zone },
        },
        { from: start, to: end },
        now,
      ),
    // Running jobs grow by the second; drawing them every ten is enough.
    [jobs.data, calendar.data, environment, tenant, region, start, end],
  );
}

const TONES: Readonly<Record<MetricsNow["contact"], Tone>> = {
  live: "good",
  connecting: "busy",
  waiting: "warning",
  refused: "bad",
  off: "idle",
  unwatched: "unknown",
  elsewhere: "idle",
};

/** Whether readings arrive, and since when they do not. */
function ContactBadge({ state }: { readonly state: MetricsNow | undefined }) {
  const { t } = useWords();
  if (!state) return null;
  const { contact, lastReadingAt, breaches } = state;
  return (
    <Group gap="xs">
      <span role="status">
        <StateBadge tone={TONES[contact]} label={t(`metrics.contact.${contact}`)} />
      </span>
      {contact !== "live" && lastReadingAt && (
        <Text size="sm" c="dimmed">
          {t("metrics.noContactSince")} <RelativeTime date={lastReadingAt} show="absolute" />
        </Text>
      )}
      {breaches.length > 0 && (
        <StateBadge
          tone="warning"
          label={t("metrics.breaches", { count: breaches.length })}
          title={breaches.map(({ series }) => t(`metrics.series.${series}`)).join(", ")}
        />
      )}
    </Group>
  );
}

function Legend({ spans, zone }: { readonly spans: readonly Span[]; readonly zone: string }) {
  const { t, language } = useWords();
  const words = (span: Span) =>
    span.type === "job" ? kindWords(t, span.kind) : t(`calendar.kind.${span.kind}` as "calendar.kind.standard");
  return (
    <div className={classes.legend}>
      <span>{t("metrics.axis", { zone })}</span>
      <span>{t("metrics.keys")}</span>
      {spans.slice(0, 12).map((span) => (
        <span key={`${span.type} ${span.id}`}>
          <span
            className={classes.swatch}
            style={{ background: span.failed ? "var(--chart-failed)" : `var(--chart-${span.type})` }}
            aria-hidden
          />
          {span.type === "backup" ? t("metrics.backupWindow") : words(span)}
          {", "}
          {shortDateTime(new Date(span.from), language, zone)}
        </span>
      ))}
      {spans.length > 12 && <span>{t("metrics.moreSpans", { count: spans.length - 12 })}</span>}
    </div>
  );
}

/** The eight monthly volumes (R26), month by month, with the highest of each month. */
function Volumes({ monthly }: { readonly monthly: readonly MonthlyVolume[] }) {
  const { t, language } = useWords();
  const months = [...new Set(monthly.map((one) => one.month))].toSorted().toReversed();
  return (
    <div style={{ marginTop: 8 }}>
      <Panel title={t("metrics.volumes")}>
        {months.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t("metrics.noVolumes")}
          </Text>
        ) : (
          // A part that scrolls is reached by the keyboard too.
          <div
            className={classes.table}
            tabIndex={0}
            role="region"
            aria-label={t("metrics.tableOf", { family: t("metrics.volumes") })}
          >
            <table>
              <thead>
                <tr>
                  <th scope="col">{t("metrics.month")}</th>
                  {VOLUMES.map((volume) => (
                    <th key={volume} scope="col">
                      {t(`metrics.volume.${volume}`)}
                    </th>
                  ))}
                  <th scope="col">{t("metrics.peak")}</th>
                </tr>
              </thead>
              <tbody>
                {months.map((month) => {
                  const of = new Map(
                    monthly.filter((one) => one.month === month).map((one) => [one.volume, one.count]),
                  );
                  return (
                    <tr key={month}>
                      <td>{month}</td>
                      {VOLUMES.map((volume) => (
                        <td key={volume}>{of.has(volume) ? count(of.get(volume)!, language) : "–"}</td>
                      ))}
                      <td>{count(Math.max(...of.values()), language)}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}
      </Panel>
    </div>
  );
}
