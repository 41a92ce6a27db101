import type { SlaReport, SlaRow } from "../../../shared/sla/model.ts";
import { plain, table, type Terminal } from "./terminal.ts";
import { oneName, usageError } from "./usage.ts";
import { onConsole, type Verbs } from "./verbs.ts";

interface MonthOptions {
  readonly tenant?: string;
  readonly month?: string;
}
interface ReportOptions extends MonthOptions {
  readonly csv?: boolean;
}

/** Availability by contract: months of the fleet, of one tenant with every proof, and what they are replayed from. */
export function addSlaVerbs({ noun, verb }: Verbs): void {
  const sla = noun("sla", "availability by contract, month by month");

  verb<ReportOptions>(
    sla,
    "report [tenant]",
    "a month of every tenant, or of one with each stretch and its proof",
    async (cli, options, name) => {
      const tenant = name ?? options.tenant;
      const month = monthOf(options.month);
      if (options.csv) {
        const asked = { month, format: "csv" as const, ...(tenant === undefined ? {} : { tenant }) };
        const file = await onConsole(cli, ({ client }) => client.sla.export(asked));
        cli.terminal.answer(file, () => file.text.trimEnd());
        return;
      }
      if (tenant === undefined) {
        const shown = await onConsole(cli, ({ client }) => client.sla.month({ month }));
        cli.terminal.answer(shown, () => monthText(cli.terminal, shown.rows));
        return;
      }
      const shown = await onConsole(cli, ({ client }) => client.sla.report({ tenant, month }));
      cli.terminal.answer(shown, () => reportText(cli.terminal, shown));
    },
  )
    .option("--tenant <tenant>", "slug or id (default: every tenant)")
    .option("--month <month>", "such as 2026-03, of the customer's calendar (default: this month)")
    .option("--csv", "lines with commas between, for a spreadsheet");

  verb<MonthOptions>(
    sla,
    "events [tenant]",
    "the changes that were seen from outside, as recorded",
    async (cli, options, name) => {
      const tenant = oneName("tenant", name, options.tenant);
      const shown = await onConsole(cli, async ({ client }) => {
        const { from, to } = await client.sla.report({ tenant, month: monthOf(options.month) });
        return client.metrics.events({ tenant, from, to });
      });
      cli.terminal.answer(shown, () =>
        table(
          cli.terminal,
          ["AT", "STATE", "SINCE", "SEEN BY", "DETAIL"],
          shown.events.map(({ at, state, after, source, detail }) => [
            ...[at.toISOString(), state, after?.toISOString() ?? "-", source, plain(detail ?? "")],
          ]),
        ),
      );
    },
  )
    .option("--tenant <tenant>", "slug or id")
    .option("--month <month>", "such as 2026-03 (default: this month)");
}

function monthOf(text: string | undefined): string {
  const month = text ?? new Date().toISOString().slice(0, 7);
  if (/^\d{4}-(?:0[1-9]|1[0-2])$/.test(month)) return month;
  throw usageError(`--month "${month}" is no month.`, "Write the year, a hyphen and the month: 2026-03.");
}

/** Cut, never rounded: 99.9996 is not 100. */
const percentText = (value: number | null): string =>
  value === null ? "-" : (Math.floor(value * 1_000) / 1_000).toFixed(3);
const minutesText = (value: number): string => String(Math.round(value * 10) / 10);

function monthText(terminal: Terminal, rows: readonly SlaRow[]): string {
  return table(
    terminal,
    ["TENANT", "AVAILABLE %", "TARGET %", "MET", "DOWN MIN", "EXCLUDED MIN", "UNKNOWN MIN", "UP MIN"],
    rows.map((row) => [
      ...[row.slug, row.problem ? "?" : percentText(row.availabilityPercent), row.targetPercent?.toString() ?? "-"],
      ...[row.met === null ? "-" : row.met ? "yes" : "no", minutesText(row.downMinutes)],
      ...[minutesText(row.excludedMinutes), minutesText(row.unknownMinutes), minutesText(row.upMinutes)],
    ]),
  );
}

function reportText(terminal: Terminal, report: SlaReport): string {
  const { verdict, profile, month, zone } = report;
  const stretches = table(
    terminal,
    ["FROM", "TO", "MINUTES", "COUNTS AS", "SEEN BY", "WINDOW", "DETAIL"],
    report.stretches.map((one) => [
      ...[one.from.toISOString(), one.to.toISOString(), minutesText((one.to.getTime() - one.from.getTime()) / 60_000)],
      ...[one.class, one.source, one.windowId ?? "", plain(one.detail ?? "")],
    ]),
  );
  const windows = table(
    terminal,
    ["WINDOW", "KIND", "FROM", "TO", "EXCLUDED", "RULE", "WHY", "PROOF"],
    report.windows.map((one) => [
      ...[one.id, one.kind, one.startsAt.toISOString(), one.endsAt.toISOString(), one.verdict.allowed ? "yes" : "no"],
      ...[`${one.verdict.rule} ${one.verdict.source}`, plain(one.verdict.reason)],
      one.proof ? `${plain(one.proof.fileName)} ${one.proof.sha256.slice(0, 12)}` : "",
    ]),
  );
  const heading = `${plain(report.customer)} (${report.slug}), ${month} in ${zone}, ${profile.id} ${profile.version}`;
  return `${heading}\n${plain(verdict.reason)} (${verdict.rule}, ${verdict.source})\n\n${stretches}\n\n${windows}`;
}
