import { Anchor, Checkbox, Group, Skeleton, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconChevronLeft } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { type SlaReport, STRETCH_CLASSES } from "../../shared/sla/model.ts";
import { useApi } from "../app/api.ts";
import { ServiceBadge } from "../app/badges.tsx";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { sentenceWords } from "../app/i18n/sentences.ts";
import { verdictWords } from "../app/i18n/verdicts.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { TenantNav } from "../app/TenantNav.tsx";
import { availability, duration, fullDateTime, shortDateTime } from "../ui/format.ts";
import { Panel } from "../ui/Panel.tsx";
import { StateBadge } from "../ui/StateBadge.tsx";
import classes from "./sla.module.css";
import { MonthBar, useMonth } from "./use-month.tsx";
import { CLASS_TONES, minutesWords, standingOf } from "./words.ts";

/** One tenant's month: its figures, each stretch that they follow from, and the proof of what is excluded. */
export function TenantSlaPage({ slug, asked }: { readonly slug: string; readonly asked: string | undefined }) {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const { month, present } = useMonth(asked);
  const shown = useQuery(api.sla.report.queryOptions({ input: { tenant: slug, month }, refetchInterval: 60_000 }));
  const tenant = useQuery(api.tenant.get.queryOptions({ input: { tenant: slug } }));
  const report = shown.data;
  const customer = report?.customer ?? tenant.data?.customer;
  return (
    <Page
      title={customer ? t("sla.title", { customer }) : t("screen.sla")}
      lab={report?.isLab ?? false}
      below={<TenantNav slug={slug} />}
      above={
        <Anchor component={Link} href={paths.sla(month)} size="sm">
          <Group gap={2}>
            <IconChevronLeft size={14} aria-hidden /> {t("screen.sla")}
          </Group>
        </Anchor>
      }
      beside={
        report && (
          <>
            <ServiceBadge service={report.service} />
            <StateBadge {...standingOf(t, report, report.isOver)} />
          </>
        )
      }
      actions={
        <MonthBar
          month={month}
          present={present}
          tenant={slug}
          onChange={(chosen) => navigate(paths.tenantSla(slug, chosen))}
        />
      }
    >
      {shown.error && !report ? (
        <Failure error={shown.error} onRetry={() => void shown.refetch()} />
      ) : report ? (
        <Stack gap="sm">
          <Figures report={report} />
          <Windows report={report} />
          <Stretches report={report} />
        </Stack>
      ) : (
        <Skeleton height={420} aria-busy="true" />
      )}
    </Page>
  );
}

function Figures({ report }: { readonly report: SlaReport }) {
  const { t, language } = useWords();
  const { verdict, profile, zone, stretches } = report;
  const minutes = { up: report.upMinutes, down: report.downMinutes, excluded: report.excludedMinutes };
  const shown = { ...minutes, unknown: report.unknownMinutes };
  const percent = (value: number | null) => (value === null ? "–" : availability(value, language));
  const figures = [
    [t("sla.column.available"), percent(report.availabilityPercent)],
    [t("sla.column.target"), percent(report.targetPercent)],
    ...STRETCH_CLASSES.map((one) => [t(`sla.class.${one}`), `${minutesWords(shown[one], language)} min`] as const),
    [t("sla.total"), `${minutesWords(report.totalMinutes, language)} min`],
  ] as const;
  return (
    <Panel title={t("sla.figures")}>
      <div className={classes.bar} aria-hidden>
        {stretches.map((one) => (
          <div
            key={one.from.getTime()}
            className={classes.part}
            data-class={one.class}
            style={{ flexGrow: one.to.getTime() - one.from.getTime() }}
          />
        ))}
      </div>
      <Text size="sm" mt={8}>
        {verdictWords(verdict, language)}{" "}
        <Text span size="xs" c="dimmed">
          <b>{verdict.rule}</b> · {verdict.source}
        </Text>
      </Text>
      <dl className={classes.figures}>
        {figures.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Text size="xs" c="dimmed" mt={6}>
        {!report.isOver && `${t("sla.open")} `}
        {t("sla.replayed", { profile: `${profile.id} ${profile.version}`, zone })}
      </Text>
    </Panel>
  );
}

function Windows({ report }: { readonly report: SlaReport }) {
  const { t, language } = useWords();
  const { windows, zone } = report;
  if (windows.length === 0)
    return (
      <Panel title={t("sla.windows")}>
        <Text size="sm" c="dimmed">
          {t("sla.noWindows")}
        </Text>
      </Panel>
    );
  return (
    <Panel title={t("sla.windows")}>
      <div className={classes.scroll}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              {(["window", "from", "length", "verdict", "proof", "rule"] as const).map((head) => (
                <Table.Th key={head}>{t(`sla.column.${head}`)}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {windows.map((one) => (
              <Table.Tr key={one.id}>
                <Table.Td>
                  <Anchor component={Link} href={paths.window(one.id)} size="sm">
                    {one.title || t(`calendar.kind.${one.kind}`)}
                  </Anchor>
                </Table.Td>
                <Table.Td className={classes.when ?? ""} title={fullDateTime(one.startsAt, language, zone)}>
                  {shortDateTime(one.startsAt, language, zone)}
                </Table.Td>
                <Table.Td className={classes.when ?? ""}>
                  {duration(one.endsAt.getTime() - one.startsAt.getTime(), language)}
                </Table.Td>
                <Table.Td>
                  <StateBadge
                    tone={one.verdict.allowed ? "idle" : "warning"}
                    label={t(one.verdict.allowed ? "sla.excludedYes" : "sla.excludedNo")}
                  />
                  <Text size="xs" c="dimmed">
                    {verdictWords(one.verdict, language)}
                  </Text>
                </Table.Td>
                <Table.Td>
                  {one.proof && one.noticeSentAt ? (
                    <>
                      {one.proof.fileName}
                      <Text size="xs" c="dimmed" title={one.proof.sha256}>
                        {t("sla.sent", { when: shortDateTime(one.noticeSentAt, language, zone) })} ·{" "}
                        {one.proof.sha256.slice(0, 12)}
                      </Text>
                    </>
                  ) : (
                    t("sla.noProof")
                  )}
                </Table.Td>
                <Table.Td className={classes.when ?? ""}>
                  <b>{one.verdict.rule}</b> · {one.verdict.source}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </Panel>
  );
}

function Stretches({ report }: { readonly report: SlaReport }) {
  const { t, language } = useWords();
  const [onlyNotUp, setOnlyNotUp] = useState(false);
  const { windows, zone } = report;
  const stretches = onlyNotUp ? report.stretches.filter((one) => one.class !== "up") : report.stretches;
  return (
    <Panel
      title={t("sla.stretches")}
      actions={
        <Checkbox
          size="xs"
          label={t("sla.onlyNotUp")}
          checked={onlyNotUp}
          onChange={(event) => setOnlyNotUp(event.currentTarget.checked)}
        />
      }
    >
      {report.stretches.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t("sla.noStretches")}
        </Text>
      ) : (
        <div className={classes.scroll}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                {(["from", "to", "length", "class", "seen", "window"] as const).map((head) => (
                  <Table.Th key={head}>{t(`sla.column.${head}`)}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {stretches.map((one) => {
                const window = windows.find(({ id }) => id === one.windowId);
                return (
                  <Table.Tr key={one.from.getTime()}>
                    {[one.from, one.to].map((at) => (
                      <Table.Td
                        key={at.getTime()}
                        className={classes.when ?? ""}
                        title={fullDateTime(at, language, zone)}
                      >
                        {shortDateTime(at, language, zone)}
                      </Table.Td>
                    ))}
                    <Table.Td className={classes.when ?? ""}>
                      {duration(one.to.getTime() - one.from.getTime(), language)}
                    </Table.Td>
                    <Table.Td>
                      <StateBadge tone={CLASS_TONES[one.class]} label={t(`sla.class.${one.class}`)} />
                    </Table.Td>
                    <Table.Td>
                      {t(`sla.source.${one.source}`)}
                      {one.detail && (
                        <Text span size="xs" c="dimmed" ml={6}>
                          {sentenceWords(one.detail, language)}
                        </Text>
                      )}
                    </Table.Td>
                    <Table.Td>
                      {window && (
                        <Anchor component={Link} href={paths.window(window.id)} size="sm">
                          {window.title || t(`calendar.kind.${window.kind}`)}
                        </Anchor>
                      )}
                    </Table.Td>
                  </Table.Tr>
                );
              })}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </Panel>
  );
}
