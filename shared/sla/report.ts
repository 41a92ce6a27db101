import type { CalendarWindow, NoticeProof } from "../calendar/model.ts";
import { type AvailabilityInterval, isServing } from "../metrics/availability.ts";
import { intersect } from "../policy/intervals.ts";
import type { MaintenanceKind, PolicyProfile } from "../policy/profile.ts";
import { checkMonth, type MonthReport, slaMonth, withAllowances } from "../policy/sla.ts";
import type { Window } from "../policy/windows.ts";
import type { SlaReport, SlaRow, SlaStretch, SlaWindow } from "./model.ts";

/** A window of the calendar with the entry of its ledger that was sent with proof. */
export type ProvenWindow = Pick<CalendarWindow, "id" | "title" | "zone" | "startsAt" | "endsAt"> & {
  readonly kind: MaintenanceKind;
  readonly proof: { readonly sentAt: Date | null; readonly proof: NoticeProof | null } | null;
};

/** Everything that a tenant's month follows from. */
export interface MonthFacts {
  readonly tenant: Pick<
    SlaRow,
    "tenantId" | "slug" | "customer" | "service" | "owner" | "isLab" | "environmentId" | "region" | "zone"
  >;
  readonly month: string;
  /** The whole month in the tenant's zone. */
  readonly whole: Window;
  /** From the hand-over to the end of the contract, or to now. */
  readonly served: Window;
  /** What was seen; where there is nothing, nothing is known. */
  readonly intervals: readonly AvailabilityInterval[];
  /** The month's windows, and those before it that its allowances count. */
  readonly windows: readonly ProvenWindow[];
  readonly profileAt: (at: Date) => PolicyProfile;
}

const spanOf = ({ from, to }: AvailabilityInterval): Window => ({ startsAt: from, endsAt: to });
const isDown = (one: AvailabilityInterval) => one.state !== "unknown" && !isServing(one);

function judge(facts: MonthFacts): MonthReport {
  const { tenant, month, whole, served, intervals, windows, profileAt } = facts;
  // The target is the one that held when the month ended.
  const profile = profileAt(lastMoment(whole, served));
  const planned = windows.map(({ id, kind, zone, startsAt, endsAt, proof }) => ({
    ...{ id, kind, zone, startsAt, endsAt, noticeProvenAt: proof?.sentAt ?? null },
  }));
  const counted = withAllowances(profileAt, planned).filter(
    (one) => one.startsAt < whole.endsAt && one.endsAt > whole.startsAt,
  );
  const events = {
    ...{ month, zone: tenant.zone, environment: "production" as const, windows: counted, profileAt },
    down: intervals.filter(isDown).map(spanOf),
    unknown: unseen(facts),
    observed: served,
  };
  return slaMonth(profile, events, whole);
}

const lastMoment = (whole: Window, served: Window): Date =>
  new Date(Math.max(whole.startsAt.getTime(), Math.min(whole.endsAt.getTime(), served.endsAt.getTime()) - 1));

/** What nobody saw: told so, or not told at all. */
function unseen({ intervals, whole, served }: MonthFacts): Window[] {
  if (intervals.length === 0) return intersect([whole], [served]);
  return intervals.filter(({ state }) => state === "unknown").map(spanOf);
}

const figuresOf = (report: MonthReport) => {
  const { totalMinutes, upMinutes, downMinutes, excludedMinutes, unknownMinutes } = report;
  const { availabilityPercent, targetPercent, met } = report;
  return {
    ...{ totalMinutes, upMinutes, downMinutes, excludedMinutes, unknownMinutes },
    ...{ availabilityPercent, targetPercent, met },
  };
};

/** One line of the fleet's month. */
export function slaRow(facts: MonthFacts): SlaRow {
  return { ...facts.tenant, ...figuresOf(judge(facts)), problem: null };
}

/** A tenant whose month cannot be computed, so that it hides no other. */
export const brokenRow = (tenant: MonthFacts["tenant"], problem: string): SlaRow => ({
  ...tenant,
  ...{ totalMinutes: 0, upMinutes: 0, downMinutes: 0, excludedMinutes: 0, unknownMinutes: 0 },
  ...{ availabilityPercent: null, targetPercent: null, met: null, problem },
});

/** The month with everything that its figures follow from. */
export function slaReport(facts: MonthFacts): SlaReport {
  const report = judge(facts);
  const { whole, served, windows, profileAt, month } = facts;
  const [span] = intersect([whole], [served]);
  const profile = profileAt(lastMoment(whole, served));
  return {
    ...facts.tenant,
    ...figuresOf(report),
    problem: null,
    month,
    from: whole.startsAt,
    to: whole.endsAt,
    isOver: span === undefined ? served.endsAt >= whole.endsAt : span.endsAt >= whole.endsAt,
    profile: { id: profile.id, version: profile.version },
    verdict: checkMonth(profile, report),
    stretches: span ? stretchesOf(facts, report, span) : [],
    windows: report.judged.flatMap(({ windowId, verdict }): SlaWindow[] => {
      const found = windows.find((one) => one.id === windowId);
      if (!found) return [];
      const { id, kind, title, startsAt, endsAt, proof } = found;
      const file = proof?.proof ?? null;
      return [
        {
          ...{ id, kind, title, startsAt, endsAt, verdict },
          noticeSentAt: proof?.sentAt ?? null,
          proof: file && { fileName: file.fileName, sha256: file.sha256, bytes: file.bytes },
        },
      ];
    }),
  };
}

/** Fills the span with what was seen, cut where a window begins or ends to exclude it. */
function stretchesOf({ intervals }: MonthFacts, report: MonthReport, span: Window): SlaStretch[] {
  const cut = (
    one: AvailabilityInterval,
    parts: readonly Window[],
    kind: SlaStretch["class"],
    windowId: string | null,
  ) =>
    intersect([spanOf(one)], parts).map(
      ({ startsAt, endsAt }): SlaStretch => ({
        ...{ from: startsAt, to: endsAt, class: kind, source: one.source, detail: one.detail, windowId },
      }),
    );
  const seen =
    intervals.length > 0
      ? intervals
      : [{ from: span.startsAt, to: span.endsAt, state: "unknown", source: "console", detail: null } as const];
  return seen
    .flatMap((one) => {
      if (!isDown(one)) return cut(one, [span], one.state === "unknown" ? "unknown" : "up", null);
      const excluded = report.excluded.flatMap((part) => cut(one, [part], "excluded", part.windowId));
      return [...cut(one, report.counted, "down", null), ...excluded];
    })
    .toSorted((a, b) => a.from.getTime() - b.from.getTime());
}

const ROW_COLUMNS = [
  ...(["slug", "customer", "service", "owner", "zone", "totalMinutes", "upMinutes", "downMinutes"] as const),
  ...(["excludedMinutes", "unknownMinutes", "availabilityPercent", "targetPercent", "met", "problem"] as const),
] satisfies readonly (keyof SlaRow)[];

/** The fleet's month, one line for each tenant. */
export const monthCsv = (month: string, rows: readonly SlaRow[]): string =>
  csv([["month", ...ROW_COLUMNS], ...rows.map((row) => [month, ...ROW_COLUMNS.map((column) => row[column])])]);

/** One tenant's month, one line for each stretch, with the proof of what excludes it. */
export function reportCsv(report: SlaReport): string {
  const heading = ["slug", "month", "from", "to", "minutes", "class", "seen_by", "detail"];
  const proof = ["window", "rule", "source", "notice_sent", "proof_file", "proof_sha256"];
  const lines = report.stretches.map((one) => {
    const window = report.windows.find(({ id }) => id === one.windowId);
    return [
      ...[report.slug, report.month, one.from.toISOString(), one.to.toISOString()],
      ...[(one.to.getTime() - one.from.getTime()) / 60_000, one.class, one.source, one.detail],
      ...[one.windowId, window?.verdict.rule, window?.verdict.source],
      ...[window?.noticeSentAt?.toISOString(), window?.proof?.fileName, window?.proof?.sha256],
    ];
  });
  return csv([[...heading, ...proof], ...lines]);
}

type Cell = string | number | boolean | null | undefined;

const csv = (lines: readonly (readonly Cell[])[]): string =>
  `${lines.map((line) => line.map(cellOf).join(",")).join("\r\n")}\r\n`;

/** Quoted where it must be; a text that a spreadsheet would take for a formula is told as text. */
function cellOf(value: Cell): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
