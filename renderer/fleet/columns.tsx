import { useMemo } from "react";
import { Link } from "wouter";
import type { FleetRow } from "../../shared/fleet/model.ts";
import { regionZone } from "../../shared/policy/windows.ts";
import { EnvironmentStateBadge, HealthBadge, KindBadge, VersionWords } from "../app/badges.tsx";
import { type Translate, useWords } from "../app/i18n/index.ts";
import { kindWords } from "../app/job-words.ts";
import { LockoutBadge } from "../app/LockoutNotice.tsx";
import { paths } from "../app/paths.ts";
import type { Column } from "../ui/DataTable.tsx";
import { percent } from "../ui/format.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StateBadge } from "../ui/StateBadge.tsx";
import classes from "./fleet.module.css";
import { FLEET_COLUMNS, type FleetColumn } from "./fleet-view.ts";

const WIDTHS: Readonly<Record<FleetColumn, readonly [width: number, grow: number]>> = {
  customer: [150, 3],
  service: [64, 0.4],
  kind: [96, 0.6],
  version: [150, 1],
  region: [104, 0.8],
  state: [108, 0.8],
  health: [118, 0.8],
  backup: [118, 0.8],
  window: [136, 0.8],
  owner: [104, 1.6],
};

/** The columns that are not hidden, in their words. */
export function useFleetColumns(hidden: readonly string[]): Column<FleetRow>[] {
  const { t, language } = useWords();
  return useMemo(() => {
    const cells = cellsOf(t, language);
    return FLEET_COLUMNS.filter((id) => !hidden.includes(id)).map((id) => ({
      id,
      header: t(`fleet.column.${id}`),
      width: WIDTHS[id][0],
      grow: WIDTHS[id][1],
      sortable: true,
      cell: cells[id],
    }));
  }, [t, language, hidden]);
}

function cellsOf(t: Translate, language: string): Record<FleetColumn, (row: FleetRow) => React.ReactNode> {
  return {
    customer: (row) => (
      // The table is one stop for the keyboard: Enter on the row does what the link does.
      <Link href={paths.tenant(row.slug)} tabIndex={-1} className={classes.customer ?? ""} title={row.customer}>
        {row.customer}
      </Link>
    ),
    service: (row) => <span title={t(`service.${row.service}`)}>{t(`service.short.${row.service}`)}</span>,
    kind: (row) => <KindBadge kind={row.kind} />,
    version: (row) => <VersionWords version={row.version} support={row.versionSupport} />,
    region: (row) => row.region,
    state: (row) => <StateCell row={row} t={t} language={language} />,
    health: (row) => <HealthBadge health={row.health} unprotected={row.unprotected} />,
    backup: (row) => <BackupCell row={row} t={t} />,
    window: (row) => <WindowCell row={row} t={t} />,
    owner: (row) => <span title={row.owner}>{row.owner}</span>,
  };
}

interface CellProps {
  readonly row: FleetRow;
  readonly t: Translate;
}

/** A running job says more than the machine's state. */
function StateCell({ row, t, language }: CellProps & { readonly language: string }) {
  const job = row.activeJob;
  if (row.lockout?.alarm) return <LockoutBadge lockout={row.lockout} />;
  if (!job) return row.lockout ? <LockoutBadge lockout={row.lockout} /> : <EnvironmentStateBadge state={row.state} />;
  if (job.state === "failed" || job.state === "cancelled") {
    const ended = t("fleet.jobEnded", { job: kindWords(t, job.kind), state: t(`jobState.${job.state}`) });
    return <StateBadge tone="bad" label={ended} title={t(`state.${row.state}`)} />;
  }
  const words = t("fleet.jobRuns", { job: kindWords(t, job.kind), percent: percent(job.percent, language) });
  return <StateBadge tone="busy" label={words} title={t(`state.${row.state}`)} />;
}

function BackupCell({ row, t }: CellProps) {
  if (row.lastBackupAt) return <RelativeTime date={row.lastBackupAt} />;
  return (
    <span
      className={row.unprotected ? classes.faint : classes.alarming}
      title={row.unprotected ? t("kind.unprotectedHint") : undefined}
    >
      {t(row.unprotected ? "fleet.noBackupByContract" : "fleet.noBackup")}
    </span>
  );
}

/** Data-centre time in the cell, both times in the tooltip. */
function WindowCell({ row, t }: CellProps) {
  if (!row.nextWindowAt) return <span className={classes.faint}>–</span>;
  const here = regionZone(row.region);
  return (
    <RelativeTime
      date={row.nextWindowAt}
      show="absolute"
      zone={here}
      zones={[
        ...(here ? [{ label: t("fleet.dataCentreTime"), zone: here }] : []),
        { label: t("fleet.customerTime"), zone: row.zone },
      ]}
    />
  );
}
