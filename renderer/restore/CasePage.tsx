import { Alert, Button, Group, SimpleGrid, Skeleton, Stack, Table, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import type { RestoreCase, RestoreCheck } from "../../shared/restore/model.ts";
import { BackLink } from "../app/BackLink.tsx";
import { useApi } from "../app/api.ts";
import { JobStateBadge, KindBadge } from "../app/badges.tsx";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { sentenceWords } from "../app/i18n/sentences.ts";
import { JobProgress } from "../app/JobProgress.tsx";
import { kindWords } from "../app/job-words.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { StepTimeline, stepsAround } from "../app/StepTimeline.tsx";
import { ConfirmTyped } from "../ui/ConfirmTyped.tsx";
import { Fact, FactList } from "../ui/FactList.tsx";
import { count, shortDateTime } from "../ui/format.ts";
import { Panel } from "../ui/Panel.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";
import { LossTable } from "./LossTable.tsx";
import { RestoreStateBadge } from "./RestoreStateBadge.tsx";
import classes from "./restore.module.css";
import { targetWords } from "./target-words.ts";

/** One restore: what was checked, what it compares, and the acts that end it. */
export function CasePage({ caseId }: { readonly caseId: string }) {
  const { t } = useWords();
  const api = useApi();
  const shown = useQuery(api.restore.get.queryOptions({ input: { caseId } }));
  const fleet = useQuery(api.fleet.list.queryOptions());
  const one = shown.data;
  const title = one?.purpose === "refresh" ? "restore.refreshTitle" : "restore.caseTitle";
  return (
    <Page
      lab={fleet.data?.rows.some((row) => row.isLab && row.slug === one?.slug) ?? false}
      title={one ? t(title, { target: targetWords(t, one) }) : t("screen.restore")}
      above={
        <BackLink to={one ? paths.restore(one.slug) : paths.fleet}>
          {one ? t("restore.title", { customer: one.customer }) : t("screen.fleet")}
        </BackLink>
      }
      beside={
        one && (
          <>
            {one.target !== "beside" && <KindBadge kind={one.target} />}
            <RestoreStateBadge one={one} />
          </>
        )
      }
    >
      {shown.error && !one ? (
        <Failure error={shown.error} onRetry={() => void shown.refetch()} />
      ) : one ? (
        <Body one={one} />
      ) : (
        <Skeleton height={420} aria-busy="true" />
      )}
    </Page>
  );
}

function Body({ one }: { readonly one: RestoreCase }) {
  const { t } = useWords();
  return (
    <div className={classes.frame} data-target={one.target}>
      <Stack gap="sm">
        {one.isOverdue && (
          <Alert color="yellow" variant="light">
            {t(one.state === "ready" ? "restore.overdue" : "restore.keptOverdue")}
          </Alert>
        )}
        <LatestJob one={one} />
        <Acts one={one} />
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm" verticalSpacing="sm">
          <Facts one={one} />
          <Panel title={t("restore.checks")}>
            <Checks checks={one.checks} />
          </Panel>
          <Panel title={t("restore.compare")}>
            <Compare one={one} />
          </Panel>
          {one.losses && (
            <Panel title={t("restore.losses", { target: targetWords(t, one) })}>
              <LossTable losses={one.losses} />
            </Panel>
          )}
        </SimpleGrid>
      </Stack>
    </div>
  );
}

function LatestJob({ one }: { readonly one: RestoreCase }) {
  const { t } = useWords();
  const api = useApi();
  const id = one.jobs.at(-1)?.id;
  const details = useQuery(api.jobs.get.queryOptions({ input: { jobId: id ?? "none" }, enabled: id !== undefined }));
  if (!details.data) return null;
  const { job, steps } = details.data;
  return (
    <Panel
      title={kindWords(t, job.kind)}
      actions={
        <Group gap="xs">
          <JobStateBadge state={job.state} />
          <Button component={Link} href={paths.job(job.id)} size="xs" variant="default">
            {t("tenant.openJob")}
          </Button>
        </Group>
      }
    >
      <Group mb={6}>
        <JobProgress job={job} />
      </Group>
      {job.error && <Failure error={job.error} />}
      {job.state !== "done" && <StepTimeline steps={stepsAround(steps)} errors={!job.error} />}
    </Panel>
  );
}

type Act = "swap" | "discard" | "removeKept";

function Acts({ one }: { readonly one: RestoreCase }) {
  const { t } = useWords();
  const [act, setAct] = useState<Act | null>(null);
  const isRefresh = one.purpose === "refresh";
  const hasFailed = one.checks.some(({ ok }) => ok === false);
  const isKept = one.state === "swapped" && one.kept !== null && !one.kept.isGone;
  const isBeside = one.state === "ready" || one.state === "running";
  if (!isKept && !isBeside) return null;
  return (
    <Group>
      {one.state === "ready" && one.target !== "beside" && (
        <Button
          color={one.target === "production" ? "red" : "blue"}
          disabled={hasFailed}
          onClick={() => setAct("swap")}
        >
          {t(isRefresh ? "restore.activate" : "restore.swap")}…
        </Button>
      )}
      {isBeside && (
        <Button variant="default" onClick={() => setAct("discard")}>
          {t("restore.discard")}…
        </Button>
      )}
      {isKept && (
        <Button variant="default" onClick={() => setAct("removeKept")}>
          {t("restore.removeKept")}…
        </Button>
      )}
      {act !== null && <ActDialog key={act} one={one} act={act} onClose={() => setAct(null)} />}
    </Group>
  );
}

interface ActDialogProps {
  readonly one: RestoreCase;
  readonly act: Act;
  readonly onClose: () => void;
}

function ActDialog({ one, act, onClose }: ActDialogProps) {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const [requestId] = useState(() => crypto.randomUUID()); // one intent, however often it is sent
  const [hours, setHours] = useState("");
  const onSuccess = ({ jobId }: { readonly jobId: string }) => {
    onClose();
    navigate(paths.job(jobId));
  };
  const swap = useMutation(api.restore.swap.mutationOptions({ onSuccess }));
  const activate = useMutation(api.restore.activate.mutationOptions({ onSuccess }));
  const discard = useMutation(api.restore.discard.mutationOptions({ onSuccess }));
  const isRefresh = one.purpose === "refresh";
  const words = act === "swap" && isRefresh ? "activate" : act;
  const sent = act !== "swap" ? discard : isRefresh ? activate : swap;
  const facts = { target: targetWords(t, one), tenant: one.slug };
  const confirm = (typed: string) => {
    const input = { caseId: one.id, requestId, confirm: typed };
    if (act !== "swap") return discard.mutate(input);
    const overrides: Record<string, string> = hours.trim() ? { R72: hours.trim() } : {};
    (isRefresh ? activate : swap).mutate({ ...input, overrides });
  };
  return (
    <ConfirmTyped
      opened
      title={t(`restore.${words}Title`, facts)}
      body={t(`restore.${words}Body`, facts)}
      word={one.slug}
      action={t(`restore.${words}`)}
      busy={sent.isPending}
      onConfirm={confirm}
      onClose={onClose}
    >
      {act === "swap" && one.losses && <LossTable losses={one.losses} />}
      {act === "swap" && one.target === "production" && (
        <TextInput
          size="xs"
          label={t("restore.hoursReason")}
          description={t("restore.hoursReasonHint")}
          maxLength={500}
          value={hours}
          onChange={(event) => setHours(event.currentTarget.value)}
        />
      )}
      {sent.error && <Failure error={sent.error} />}
    </ConfirmTyped>
  );
}

function Facts({ one }: { readonly one: RestoreCase }) {
  const { t, language } = useWords();
  const papers = Object.entries(one.papers).flatMap(([name, paper]) =>
    paper ? [{ name: name as keyof RestoreCase["papers"], paper }] : [],
  );
  return (
    <Panel title={t("restore.facts")}>
      <FactList>
        <Fact label={t("restore.case")} copy={one.id} />
        <Fact label={t("restore.copy")}>
          {one.source
            ? `${one.source.label ?? one.source.id}, ${shortDateTime(one.source.takenAt, language)}`
            : t("restore.production")}
        </Fact>
        <Fact label={t("restore.column.reason")}>{t(`restore.reasonKind.${one.reason}`)}</Fact>
        {papers.map(({ name, paper }) => (
          <Fact key={name} label={t(`restore.paper.${name}`)} copy={paper} />
        ))}
        {one.beside && <Fact label={t("restore.beside")} copy={`https://${one.beside.address}/`} />}
        <Fact label={t("restore.column.started")}>
          <RelativeTime date={one.createdAt} show="absolute" /> · {one.requestedBy}
        </Fact>
        <Fact label={t("restore.column.kept")}>{shortDateTime(one.keptUntil, language)}</Fact>
        {one.swap && (
          <Fact label={t("restore.lockout")}>{t("restore.seconds", { seconds: one.swap.lockoutSeconds })}</Fact>
        )}
        {one.swap && (
          <Fact label={t("restore.ordersSince")}>
            {one.swap.ordersSince === null ? t("restore.checkUnknown") : count(one.swap.ordersSince, language)}
          </Fact>
        )}
        {one.kept && (
          <Fact label={t("restore.oldVolume")}>
            {one.kept.isGone
              ? t("restore.oldVolumeGone", { volume: one.kept.volumeId })
              : `${one.kept.volumeId}, ${shortDateTime(one.kept.until, language)}`}
          </Fact>
        )}
      </FactList>
    </Panel>
  );
}

const CHECK_TONES = { true: "good", false: "bad", null: "unknown" } as const satisfies Record<string, Tone>;
const CHECK_WORDS = {
  true: "restore.checkOk",
  false: "restore.checkFailed",
  null: "restore.checkUnknown",
} as const;

function Checks({ checks }: { readonly checks: readonly RestoreCheck[] }) {
  const { t, language } = useWords();
  if (checks.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {t("restore.checks.none")}
      </Text>
    );
  return (
    <div className={classes.scroll} aria-live="polite">
      <Table verticalSpacing={3}>
        <Table.Thead>
          <Table.Tr>
            {(["check", "expected", "found", "state"] as const).map((head) => (
              <Table.Th key={head}>{t(`restore.column.${head}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {checks.map(({ name, expected, found, ok }) => (
            <Table.Tr key={name}>
              <Table.Td>{sentenceWords(name, language)}</Table.Td>
              <Table.Td className={classes.code ?? ""}>{expected ?? "–"}</Table.Td>
              <Table.Td className={classes.code ?? ""}>{found ?? "–"}</Table.Td>
              <Table.Td>
                <StateBadge tone={CHECK_TONES[`${ok}`]} label={t(CHECK_WORDS[`${ok}`])} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Compare({ one }: { readonly one: RestoreCase }) {
  const { t, language } = useWords();
  const figure = (rows: number | null) => (rows === null ? "–" : count(rows, language));
  if (one.compared.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {t("restore.checks.none")}
      </Text>
    );
  return (
    <Table verticalSpacing={3}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t("restore.column.relation")}</Table.Th>
          {(["target", "source", "restored"] as const).map((head) => (
            <Table.Th key={head} className={classes.number ?? ""}>
              {t(`restore.column.${head}`)}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {one.compared.map(({ name, target, source, restored }) => (
          <Table.Tr key={name}>
            <Table.Td>{name}</Table.Td>
            {[target, source, restored].map((rows, index) => (
              <Table.Td key={index} className={classes.number ?? ""}>
                {figure(rows)}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
