import { Button, SimpleGrid, Skeleton, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import type { ContractTerms, TermsException } from "../../shared/terms/model.ts";
import { BackLink } from "../app/BackLink.tsx";
import { useApi } from "../app/api.ts";
import { KindBadge, ServiceBadge } from "../app/badges.tsx";
import { earliestWords, Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { TenantNav } from "../app/TenantNav.tsx";
import { Fact, FactList } from "../ui/FactList.tsx";
import { plainDate } from "../ui/format.ts";
import { Panel } from "../ui/Panel.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";
import { Clocks } from "./Clocks.tsx";
import { RecordDialog, type Recording } from "./RecordDialog.tsx";
import { RuleMark } from "./RuleMark.tsx";
import { Solver } from "./Solver.tsx";
import classes from "./terms.module.css";
import { FACT_KINDS, STATE_TONES, TRAIN_FACTS, useTermsWords } from "./words.ts";

/** One tenant's contract: its dates, its promises, and what people recorded of it. */
export function ContractPage({ slug }: { readonly slug: string }) {
  const { t } = useWords();
  const api = useApi();
  const shown = useQuery(api.terms.get.queryOptions({ input: { tenant: slug } }));
  const terms = shown.data;
  return (
    <Page
      title={terms ? t("terms.title", { customer: terms.customer }) : t("screen.contract")}
      lab={terms?.isLab ?? false}
      below={<TenantNav slug={slug} />}
      above={<BackLink to={paths.fleet}>{t("screen.fleet")}</BackLink>}
      beside={
        terms && (
          <>
            <ServiceBadge service={terms.service} />
            <StateBadge tone={STATE_TONES[terms.state]} label={t(`terms.state.${terms.state}`)} />
          </>
        )
      }
      actions={
        <Button component={Link} href={paths.policy} size="xs" variant="default">
          {t("screen.policy")}
        </Button>
      }
    >
      {shown.error && !terms ? (
        <Failure error={shown.error} onRetry={() => void shown.refetch()} />
      ) : terms ? (
        <Contract terms={terms} />
      ) : (
        <Skeleton height={420} aria-busy="true" />
      )}
    </Page>
  );
}

function Contract({ terms }: { readonly terms: ContractTerms }) {
  const { t, language } = useWords();
  const [recording, setRecording] = useState<Recording | null>(null);
  const { zone, profile } = terms;
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {t("terms.profile", { name: profile.name, version: profile.version })} ·{" "}
        {t("terms.asOf", { today: plainDate(terms.today, language), zone })}
      </Text>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm" verticalSpacing="sm">
        <Clocks terms={terms} />
        <Stack gap="sm">
          <Solver terms={terms} />
          <RecordedFacts terms={terms} onRecord={setRecording} />
          <Acts terms={terms} />
        </Stack>
      </SimpleGrid>
      <Exceptions terms={terms} onRecord={setRecording} />
      <Entitlements terms={terms} />
      <Records terms={terms} />
      <RecordDialog terms={terms} recording={recording} onClose={() => setRecording(null)} />
    </Stack>
  );
}

interface RecordingProps {
  readonly terms: ContractTerms;
  readonly onRecord: (recording: Recording) => void;
}

/** Trains are of services that have one, and nothing is deleted before an end. */
const isShown = (kind: (typeof FACT_KINDS)[number], { freeSandbox, facts }: ContractTerms): boolean =>
  TRAIN_FACTS.has(kind) ? freeSandbox !== null : kind !== "deletion" || facts.endOn !== null;

function RecordedFacts({ terms, onRecord }: RecordingProps) {
  const { t } = useWords();
  const words = useTermsWords();
  return (
    <Panel title={t("terms.facts")}>
      <FactList>
        {FACT_KINDS.filter((kind) => isShown(kind, terms)).map((kind) => {
          const what = t(`terms.fact.${kind}`);
          return (
            <Fact key={kind} label={what}>
              <span>{words.fact(kind, terms.facts) ?? "–"}</span>
              <Button
                size="compact-xs"
                variant="subtle"
                ml="auto"
                aria-label={t("terms.recordOf", { what })}
                onClick={() => onRecord(kind)}
              >
                {t("terms.record")}…
              </Button>
            </Fact>
          );
        })}
      </FactList>
    </Panel>
  );
}

/** What the contract allows today: until its end a free sandbox, and what follows from the end. */
function Acts({ terms }: { readonly terms: ContractTerms }) {
  const { t, language } = useWords();
  const ended = terms.facts.endOn !== null;
  const { freeSandbox } = terms;
  const shown = [
    ...(freeSandbox && !ended ? [["freeSandbox", freeSandbox] as const] : []),
    ...(ended
      ? (["copyRequest", "reactivation", "deletion"] as const).map((act) => [act, terms.acts[act]] as const)
      : []),
  ];
  if (shown.length === 0) return null;
  return (
    <Panel title={t("terms.acts")}>
      <FactList>
        {shown.map(([act, { allowed, earliest, rule, source, reason, note }]) => {
          return (
            <Fact key={act} label={t(`terms.act.${act}`)}>
              <StateBadge
                tone={allowed ? "good" : "idle"}
                label={t(allowed ? "terms.act.possible" : "terms.act.refused")}
                title={reason}
              />
              {!allowed && earliest && (
                <Text size="sm">{t("error.earliest", { when: earliestWords(earliest, language) })}</Text>
              )}
              <RuleMark rule={rule} source={source} reason={reason} note={note ?? null} />
            </Fact>
          );
        })}
      </FactList>
    </Panel>
  );
}

const EXCEPTION_TONES: Readonly<Record<TermsException["standing"], Tone>> = {
  ahead: "idle",
  "in-force": "warning",
  over: "unknown",
  withdrawn: "unknown",
};

function Exceptions({ terms, onRecord }: RecordingProps) {
  const { t, language } = useWords();
  const { exceptions } = terms;
  const heads = ["rule", "document", "from", "until", "standing", "reason", "by", "acts"] as const;
  return (
    <Panel
      title={t("terms.exceptions")}
      actions={
        <Button size="xs" variant="default" onClick={() => onRecord("exception")}>
          {t("terms.exceptions.add")}
        </Button>
      }
    >
      {exceptions.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t("terms.exceptions.none")}
        </Text>
      ) : (
        <div className={classes.scroll}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                {heads.map((head) => (
                  <Table.Th key={head}>{t(`terms.column.${head}`)}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {exceptions.map((one) => (
                <Table.Tr key={one.id}>
                  <Table.Td>
                    <b>{one.rule}</b>
                  </Table.Td>
                  <Table.Td>{one.document}</Table.Td>
                  <Table.Td className={classes.day ?? ""}>{plainDate(one.from, language)}</Table.Td>
                  <Table.Td className={classes.day ?? ""}>{plainDate(one.until, language)}</Table.Td>
                  <Table.Td>
                    <StateBadge tone={EXCEPTION_TONES[one.standing]} label={t(`terms.exception.${one.standing}`)} />
                  </Table.Td>
                  <Table.Td>{one.reason}</Table.Td>
                  <Table.Td>{one.by}</Table.Td>
                  <Table.Td>
                    {one.standing !== "withdrawn" && (
                      <Button
                        size="compact-xs"
                        variant="subtle"
                        aria-label={t("terms.labelled", {
                          ...{ what: t("terms.exceptions.withdraw"), value: `${one.rule}, ${one.document}` },
                        })}
                        onClick={() => onRecord({ withdraw: one.id })}
                      >
                        {t("terms.exceptions.withdraw")}…
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </Panel>
  );
}

const STANDING_TONES = { promised: "good", "not-promised": "idle", open: "unknown" } as const;

function Entitlements({ terms }: { readonly terms: ContractTerms }) {
  const { t, language } = useWords();
  const words = useTermsWords();
  const heads = ["environment", "promise", "standing", "value", "rule"] as const;
  return (
    <Panel title={t("terms.entitlements")}>
      <div className={classes.scroll}>
        <Table verticalSpacing={3}>
          <Table.Thead>
            <Table.Tr>
              {heads.map((head) => (
                <Table.Th key={head}>{t(`terms.column.${head}`)}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {terms.entitlements.map((one) => {
              const exception = terms.exceptions.find(({ id }) => id === one.exceptionId);
              return (
                <Table.Tr key={`${one.environment} ${one.id}`}>
                  <Table.Td>
                    {one.environment ? <KindBadge kind={one.environment} /> : t("terms.wholeContract")}
                  </Table.Td>
                  <Table.Td>{t(`terms.promise.${one.id}`)}</Table.Td>
                  <Table.Td>
                    <StateBadge tone={STANDING_TONES[one.standing]} label={t(`terms.standing.${one.standing}`)} />
                  </Table.Td>
                  <Table.Td>
                    {words.value(one)}
                    {one.fromContract && <span className={classes.faint}> ({t("terms.fromContract")})</span>}
                    {exception && (
                      <StateBadge
                        tone="warning"
                        label={t("terms.exception.until", { until: plainDate(exception.until, language) })}
                        title={exception.document}
                      />
                    )}
                  </Table.Td>
                  <Table.Td>
                    <RuleMark {...one} />
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </div>
    </Panel>
  );
}

/** Who recorded what, and why; newest first. */
function Records({ terms }: { readonly terms: ContractTerms }) {
  const { t } = useWords();
  const words = useTermsWords();
  const heads = ["recorded", "by", "clock", "reason"] as const;
  return (
    <Panel title={t("terms.records")}>
      {terms.records.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t("terms.records.none")}
        </Text>
      ) : (
        <div className={classes.scroll}>
          <Table verticalSpacing={3}>
            <Table.Thead>
              <Table.Tr>
                {heads.map((head) => (
                  <Table.Th key={head}>{t(`terms.column.${head}`)}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {terms.records.map(({ id, entry, reason, by, at }) => (
                <Table.Tr key={id}>
                  <Table.Td>
                    <RelativeTime date={at} />
                  </Table.Td>
                  <Table.Td>{by}</Table.Td>
                  <Table.Td>{words.entry(entry)}</Table.Td>
                  <Table.Td>{reason}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </Panel>
  );
}
