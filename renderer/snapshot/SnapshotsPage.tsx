import { Button, Checkbox, Skeleton, Stack, Text, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconArrowsDiff, IconCamera, IconRefresh } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import type { ShownSnapshot } from "../../shared/snapshot/model.ts";
import { BackLink } from "../app/BackLink.tsx";
import { useApi } from "../app/api.ts";
import { KindBadge } from "../app/badges.tsx";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { verdictWords } from "../app/i18n/verdicts.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { TenantNav } from "../app/TenantNav.tsx";
import { type Column, DataTable, type Item } from "../ui/DataTable.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { bytes, percent, relativeTime } from "../ui/format.ts";
import { Panel } from "../ui/Panel.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";
import { ExportDialog, ImportDialog } from "./ArchiveDialogs.tsx";
import { CompareDialog } from "./CompareDialog.tsx";
import { SnapshotMenu } from "./SnapshotMenu.tsx";
import { StorageBars } from "./StorageBars.tsx";
import { TakeDialog } from "./TakeDialog.tsx";

const NONE: readonly ShownSnapshot[] = [];

export function SnapshotsPage({ slug }: { readonly slug: string }) {
  const { t } = useWords();
  const api = useApi();
  const tenant = useQuery(api.tenant.get.queryOptions({ input: { tenant: slug } }));
  const list = useQuery(api.snapshot.list.queryOptions({ input: { tenant: slug } }));
  const [taking, setTaking] = useState(false);
  const [archive, setArchive] = useState<"export" | "import" | null>(null);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [comparing, setComparing] = useState(false);
  const customer = tenant.data?.customer ?? slug;
  const snapshots = list.data?.snapshots ?? NONE;
  const [left, right] = chosen;

  return (
    <Page
      title={t("snapshot.title", { customer })}
      above={<BackLink to={paths.fleet}>{t("screen.fleet")}</BackLink>}
      below={<TenantNav slug={slug} />}
      lab={tenant.data?.isLab ?? false}
      actions={
        <>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconRefresh size={14} aria-hidden />}
            loading={list.isFetching && !list.isPending}
            onClick={() => void list.refetch()}
          >
            {t("snapshot.refresh")}
          </Button>
          <Tooltip label={t("snapshot.compare.hint")} withArrow disabled={chosen.length === 2}>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconArrowsDiff size={14} aria-hidden />}
              disabled={chosen.length !== 2}
              onClick={() => setComparing(true)}
            >
              {t("snapshot.compare")}
            </Button>
          </Tooltip>
          <Button size="xs" variant="default" disabled={!tenant.data} onClick={() => setArchive("import")}>
            {t("snapshot.import")}
          </Button>
          <Button size="xs" variant="default" disabled={!tenant.data} onClick={() => setArchive("export")}>
            {t("snapshot.export")}
          </Button>
          <Button
            size="xs"
            leftSection={<IconCamera size={14} aria-hidden />}
            disabled={!tenant.data}
            onClick={() => setTaking(true)}
          >
            {t("snapshot.take")}
          </Button>
        </>
      }
    >
      <Stack gap="sm">
        {list.data?.unread.map(({ region }) => (
          <Text key={region} size="sm" c="orange" role="status">
            {t("snapshot.unread", { region })}
          </Text>
        ))}
        {list.data && <StorageBars bars={list.data.storage} />}
        <Panel title={t("screen.snapshots")}>
          {list.error && !list.data ? (
            <Failure error={list.error} onRetry={() => void list.refetch()} />
          ) : list.isPending ? (
            <Skeleton height={160} aria-busy="true" />
          ) : snapshots.length === 0 ? (
            <EmptyState title={t("snapshot.none")} hint={t("snapshot.noneHint")}>
              <Button size="xs" disabled={!tenant.data} onClick={() => setTaking(true)}>
                {t("snapshot.take")}
              </Button>
            </EmptyState>
          ) : (
            <SnapshotTable snapshots={snapshots} chosen={chosen} onChoose={setChosen} />
          )}
        </Panel>
      </Stack>
      {tenant.data && <TakeDialog opened={taking} tenant={tenant.data} onClose={() => setTaking(false)} />}
      {tenant.data && (
        <>
          <ExportDialog opened={archive === "export"} tenant={tenant.data} onClose={() => setArchive(null)} />
          <ImportDialog opened={archive === "import"} tenant={tenant.data} onClose={() => setArchive(null)} />
        </>
      )}
      {left && right && (
        <CompareDialog opened={comparing} left={left} right={right} onClose={() => setComparing(false)} />
      )}
    </Page>
  );
}

interface TableProps {
  readonly snapshots: readonly ShownSnapshot[];
  readonly chosen: readonly string[];
  readonly onChoose: (chosen: readonly string[]) => void;
}

function SnapshotTable({ snapshots, chosen, onChoose }: TableProps) {
  const { t, language } = useWords();
  const columns = useMemo(
    (): Column<ShownSnapshot>[] => [
      {
        id: "choose",
        header: "",
        width: 34,
        grow: 0,
        cell: (one) => (
          <Checkbox
            size="xs"
            aria-label={t("snapshot.compare.choose", { label: one.label })}
            checked={chosen.includes(one.id)}
            onChange={(event) =>
              onChoose(
                event.currentTarget.checked ? [...chosen, one.id].slice(-2) : chosen.filter((id) => id !== one.id),
              )
            }
          />
        ),
      },
      {
        id: "label",
        header: t("snapshot.column.label"),
        width: 150,
        grow: 2,
        cell: (one) => <span title={`${one.label} ${one.snapshotId ?? one.file?.key ?? ""}`}>{one.label}</span>,
      },
      {
        id: "environment",
        header: t("snapshot.column.environment"),
        width: 115,
        cell: (one) => <KindBadge kind={one.environment} />,
      },
      {
        id: "taken",
        header: t("snapshot.column.taken"),
        width: 95,
        cell: (one) => <RelativeTime date={one.takenAt} />,
      },
      { id: "grade", header: t("snapshot.column.grade"), width: 112, cell: (one) => <GradeBadge snapshot={one} /> },
      { id: "state", header: t("snapshot.column.state"), width: 140, cell: (one) => <State snapshot={one} /> },
      {
        id: "size",
        header: t("snapshot.column.size"),
        width: 85,
        align: "right",
        cell: (one) =>
          one.file
            ? bytes(one.file.bytes, language)
            : one.data
              ? bytes(one.data.databaseBytes + one.data.attachmentsBytes, language)
              : "–",
      },
      { id: "version", header: t("snapshot.column.version"), width: 65, cell: (one) => one.version ?? "–" },
      {
        id: "copies",
        header: t("snapshot.column.copies"),
        width: 150,
        cell: (one) =>
          one.file
            ? one.file.expiresAt &&
              t("snapshot.endsIn", { when: relativeTime(one.file.expiresAt, Date.now(), language) })
            : one.copies.length === 0
              ? t("snapshot.noCopy")
              : one.copies
                  .map(({ region, state, percent: done }) =>
                    state === "completed"
                      ? region
                      : `${region}, ${t(`snapshot.state.${state}`, { percent: percent(done, language) })}`,
                  )
                  .join("; "),
      },
      { id: "by", header: t("snapshot.column.by"), width: 80, cell: (one) => one.takenBy },
      {
        id: "actions",
        header: t("snapshot.column.actions"),
        width: 75,
        grow: 0,
        cell: (one) => <SnapshotMenu snapshot={one} />,
      },
    ],
    [t, language, chosen, onChoose],
  );
  const items = snapshots.map((one): Item<ShownSnapshot> => ({ type: "row", key: one.id, row: one }));
  return (
    <DataTable
      label={t("screen.snapshots")}
      columns={columns}
      items={items}
      atMost={460}
      accent={(one) => (one.environment === "production" ? "production" : undefined)}
    />
  );
}

const GRADE_TONES: Readonly<Record<"quiesced" | "application" | "crash", Tone>> = {
  quiesced: "good",
  application: "good",
  crash: "warning",
};

function GradeBadge({ snapshot: { grade, kind } }: { readonly snapshot: ShownSnapshot }) {
  const { t } = useWords();
  if (kind === "archive") return <StateBadge tone="idle" label={t("snapshot.archive")} />;
  return (
    <StateBadge
      tone={grade ? GRADE_TONES[grade] : "unknown"}
      label={t(`snapshot.grade.${grade ?? "unknown"}`)}
      title={t(`snapshot.gradeHint.${grade ?? "unknown"}`)}
    />
  );
}

const STATE_TONES: Readonly<Record<ShownSnapshot["state"], Tone>> = {
  creating: "busy",
  pending: "busy",
  completed: "good",
  error: "bad",
  missing: "bad",
  ended: "unknown",
};

function State({ snapshot }: { readonly snapshot: ShownSnapshot }) {
  const { t, language } = useWords();
  const { state, advice, jobId } = snapshot;
  const words = t(`snapshot.state.${state}`, { percent: percent(snapshot.percent, language) });
  const untidy = state === "completed" ? advice.find(({ allowed }) => !allowed) : undefined;
  const badge = untidy ? (
    <StateBadge tone="warning" label={t("snapshot.cleanUp")} title={verdictWords(untidy, language)} />
  ) : (
    <StateBadge tone={STATE_TONES[state]} label={words} />
  );
  return jobId ? (
    <Link href={paths.job(jobId)} tabIndex={-1} title={t("snapshot.openJob")}>
      {badge}
    </Link>
  ) : (
    badge
  );
}
