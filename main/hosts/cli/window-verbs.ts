import { createHash, randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Command } from "commander";
import type {
  CalendarWindow,
  CountedOverride,
  ExportedFile,
  NoticeTemplate,
  RecurringWindow,
  TemplateKind,
  Wave,
  WindowCheck,
  WindowDraft,
  NoticeDuty,
  WindowNotice,
} from "../../../shared/calendar/model.ts";
import type { MaintenanceKind } from "../../../shared/policy/profile.ts";
import type { EnvironmentKind } from "../../../shared/tenant/model.ts";
import { DAY_MS, MINUTE_MS } from "../../../shared/time.ts";
import { EXIT } from "./exit-status.ts";
import { addRunVerbs } from "./run-verbs.ts";
import { readInput } from "./read-input.ts";
import type { Cli } from "./session.ts";
import { plain, shown, table, type Terminal } from "./terminal.ts";
import { oneName, oneOf, usageError } from "./usage.ts";
import { nameAndValue, onConsole, type Verbs, wholeNumber } from "./verbs.ts";

interface RangeOptions {
  readonly from?: string;
  readonly to?: string;
  readonly tenant?: string;
}
interface TimeOptions {
  readonly start?: string;
  readonly end?: string;
  readonly zone?: string;
  readonly minutes?: number;
  readonly override?: readonly (readonly [string, string])[];
  readonly requestId?: string;
}
interface PlanOptions extends TimeOptions {
  readonly tenant?: string;
  readonly environment?: EnvironmentKind;
  readonly kind?: MaintenanceKind;
  readonly title?: string;
  readonly impact?: string;
  readonly interrupts?: boolean;
  readonly moveReason?: "recovery" | "disaster" | "other";
  readonly toRegion?: string;
}
interface WaveOptions extends PlanOptions {
  readonly tenants?: string;
  readonly concurrency?: number;
  readonly canary?: string;
  readonly dryRun?: boolean;
}
interface NoticeOptions extends RangeOptions {
  readonly language?: "en" | "fr";
  readonly format?: "eml" | "ics";
  readonly out?: string;
  readonly proof?: string;
  readonly at?: string;
  readonly again?: boolean;
  readonly requestId?: string;
}

interface TextOptions {
  readonly kind?: TemplateKind;
  readonly language?: "en" | "fr";
  readonly subject?: string;
  readonly file?: string;
}

// Spelled out, since the models would be loaded by every command.
const KINDS = ["standard", "emergency", "major", "move", "application"] as const satisfies readonly MaintenanceKind[];
const ENVIRONMENTS = ["production", "test", "sandbox"] as const satisfies readonly EnvironmentKind[];
const LANGUAGES = ["en", "fr"] as const;
const FORMATS = ["eml", "ics"] as const;
const MOVE_REASONS = ["recovery", "disaster", "other"] as const;
const NOTICE_ACTS = ["list", "draft", "export", "send", "sent"] as const;
const TEXT_ACTS = ["list", "show", "set", "reset"] as const;
const TEXT_KINDS = [...KINDS, "cancelled"] as const satisfies readonly TemplateKind[];
const DEFAULT_MINUTES = 60;

/** Planned maintenance: every plan passes the contract's rules, here as in the window. */
export function addWindowVerbs(verbs: Verbs): void {
  const { noun, verb } = verbs;
  const window = noun("window", "maintenance windows, their notices and the calendar");
  addRunVerbs(verbs, window);

  rangeOptions(
    verb<RangeOptions>(
      window,
      "list",
      "planned windows, and those that follow from the contracts",
      async (cli, options) => {
        const listed = await onConsole(cli, ({ client }) => client.calendar.list(range(options)));
        cli.terminal.answer(listed, () => listText(cli.terminal, listed));
      },
    ),
  );

  planOptions(
    verb<PlanOptions>(
      window,
      "check [tenant]",
      "every rule's verdict on a plan; nothing is kept",
      async (cli, options, name) => {
        const input = draft(options, name);
        const checked = await onConsole(cli, ({ client }) => client.calendar.check(input));
        cli.terminal.answer(checkDocument(checked), () => checkText(cli.terminal, checked));
        return checked.allowed ? EXIT.done : EXIT.refused;
      },
    ),
  );

  planOptions(
    verb<WaveOptions>(window, "schedule [tenant]", "plan a window, or a wave of them", async (cli, options, name) => {
      if (options.tenants !== undefined) return scheduleWave(cli, options);
      const input = { ...draft(options, name), requestId: options.requestId ?? randomUUID() };
      const planned = await onConsole(cli, ({ client }) => client.calendar.schedule(input));
      cli.terminal.answer(planned, () => windowText(cli.terminal, planned));
    }),
  )
    .option("--request-id <uuid>", "repeating a command with the same id plans once")
    .option("--tenants <slugs>", "a wave: many tenants, with commas; --start is the first night in data-centre time")
    .option("--concurrency <count>", "wave: windows of one night (default: 10)", wholeNumber(1, 1_000))
    .option("--canary <tenant>", "wave: goes alone, a night before all others")
    .option("--dry-run", "wave: where each tenant would go and what the rules say; nothing is kept");

  rangeOptions(
    verb<RangeOptions>(window, "overrides", "refusals that people went over, counted", async (cli, options) => {
      const found = await onConsole(cli, ({ client }) => client.calendar.overrides(range(options)));
      cli.terminal.answer(found, () => overridesText(cli.terminal, found));
    }),
  );

  timeOptions(
    verb<TimeOptions>(
      window,
      "move <window>",
      "to another time, by the same rules as planning",
      async (cli, options, windowId) => {
        const input = {
          ...{ windowId: String(windowId), requestId: options.requestId ?? randomUUID(), ...start(options) },
          ...(minutesOf(options) === undefined ? {} : { minutes: minutesOf(options)! }),
          overrides: Object.fromEntries(options.override ?? []),
        };
        const moved = await onConsole(cli, ({ client }) => client.calendar.move(input));
        cli.terminal.answer(moved, () => windowText(cli.terminal, moved));
      },
    ),
  ).option("--request-id <uuid>", "repeating a command with the same id moves once");

  verb<{ readonly reason: string; readonly requestId?: string }>(
    window,
    "cancel <window>",
    "call a window off; it stays on record",
    async (cli, options, windowId) => {
      const input = {
        windowId: String(windowId),
        requestId: options.requestId ?? randomUUID(),
        reason: options.reason,
      };
      const cancelled = await onConsole(cli, ({ client }) => client.calendar.cancel(input));
      cli.terminal.answer(cancelled, () => windowText(cli.terminal, cancelled));
    },
  )
    .requiredOption("--reason <text>", "why")
    .option("--request-id <uuid>", "repeating a command with the same id cancels once");

  verb<TextOptions>(window, "text [act]", "the company's own words for notices", text)
    .usage("list | show | set | reset")
    .option("--kind <kind>", `one of ${TEXT_KINDS.join(", ")}`, oneOf(TEXT_KINDS))
    .option("--language <language>", "en or fr (default: en)", oneOf(LANGUAGES))
    .option("--subject <text>", "set: the subject line")
    .option("--file <file>", "set: the text with its {{placeholders}} (- reads standard input)");

  rangeOptions(
    verb<NoticeOptions>(window, "notice [act] [id]", "the ledger of notices: of all windows, or of one", notice),
  )
    .usage("list [WINDOW] | draft WINDOW | export NOTICE | send NOTICE | sent NOTICE")
    .option("--language <language>", "draft: en or fr (default: en)", oneOf(LANGUAGES))
    .option("--format <format>", "export: eml or ics (default: eml)", oneOf(FORMATS))
    .option("--out <file>", "export: write it there instead of to standard output")
    .option("--proof <file>", "sent: the message as it was sent; its hash is recorded")
    .option("--again", "send: also where an earlier attempt may have arrived")
    .option("--request-id <uuid>", "send: repeating a command with the same id sends once")
    .option("--at <time>", "sent: when it was sent, RFC 3339 (default: now)");

  rangeOptions(
    verb<RangeOptions & { readonly out?: string }>(
      window,
      "calendar",
      "the calendar as .ics, for any mail program",
      async (cli, options) => {
        const feed = await onConsole(cli, ({ client }) => client.calendar.feed(range(options)));
        await giveFile(cli, feed, options.out);
      },
    ),
  ).option("--out <file>", "write it there instead of to standard output");
}

function rangeOptions(command: Command): Command {
  return command
    .option("--from <time>", "first moment, RFC 3339 or a day (default: now)")
    .option("--to <time>", "last moment (default: 31 days later)")
    .option("--tenant <tenant>", "one tenant, by slug or id");
}

function timeOptions(command: Command): Command {
  return command
    .option("--start <time>", "RFC 3339 with offset, or a local time like 2026-03-02T22:00")
    .option("--zone <zone>", "zone of a local time (default: the data centre's)")
    .option("--minutes <number>", "length (default: 60)", wholeNumber(1, 31 * 24 * 60))
    .option("--end <time>", "RFC 3339 with offset, instead of --minutes")
    .option(
      "--override <rule=reason>",
      "written reason for a refusal that may be overridden, R40=...; may be repeated",
      (text: string, before: readonly (readonly [string, string])[] = []) => [...before, nameAndValue(text)],
    );
}

function planOptions(command: Command): Command {
  return timeOptions(
    command
      .option("--tenant <tenant>", "slug or id")
      .option("--environment <kind>", "production, test or sandbox (default: production)", oneOf(ENVIRONMENTS))
      .option("--kind <kind>", KINDS.join(", "), oneOf(KINDS))
      .option("--title <text>", "what is done")
      .option("--impact <text>", "what the customer will notice")
      .option("--no-interrupts", "the service is not interrupted")
      .option("--move-reason <reason>", "of a data-centre move: recovery, disaster or other", oneOf(MOVE_REASONS))
      .option("--to-region <region>", "where a data-centre move goes"),
  );
}

function draft(options: PlanOptions, name: string | undefined): WindowDraft {
  const { kind, moveReason, toRegion } = options;
  if (!kind) throw usageError("No kind is named.", `Give --kind: ${KINDS.join(", ")}.`);
  if ((moveReason === undefined) !== (toRegion === undefined)) {
    throw usageError("A move needs both its reason and its region.", "Give --move-reason and --to-region.");
  }
  return {
    ...{ tenant: oneName("tenant", name, options.tenant), environment: options.environment ?? "production", kind },
    ...start(options),
    ...{ minutes: minutesOf(options) ?? DEFAULT_MINUTES, title: options.title ?? "", impact: options.impact ?? "" },
    ...{ interrupts: options.interrupts ?? true, overrides: Object.fromEntries(options.override ?? []) },
    ...(moveReason && toRegion && { move: { reason: moveReason, toRegion } }),
  };
}

async function scheduleWave(cli: Cli, options: WaveOptions): Promise<number> {
  const { tenants = "", concurrency = 10, canary, dryRun = false } = options;
  const names = tenants
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean);
  const [, firstDay, timeOfDay] = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})$/.exec(options.start ?? "") ?? [];
  if (!firstDay || !timeOfDay || options.zone !== undefined)
    throw usageError("A wave starts at a local time of each data centre.", "Give --start 2026-03-02T22:00, no --zone.");
  const { tenant: _tenant, startsAt: _startsAt, move, kind, ...shared } = draft(options, names[0]);
  if (kind === "move" || move) throw usageError("A move is no wave.", "Plan each with its reason and region.");
  const input = { ...shared, kind, tenants: names, firstDay, timeOfDay, concurrency, ...(canary && { canary }) };
  const requestId = options.requestId ?? randomUUID();
  const wave = await onConsole(cli, ({ client: { calendar } }) =>
    dryRun ? calendar.checkMany(input) : calendar.scheduleMany({ ...input, requestId }),
  );
  cli.terminal.answer(wave, () => waveText(cli.terminal, wave));
  return wave.counts.refused > 0 ? EXIT.refused : EXIT.done;
}

function waveText(terminal: Terminal, { rows, counts }: Wave): string {
  const lines = rows.map(({ night, tenant, outcome, startsAt, zone, earliest, verdicts, problem }) => [
    ...[String(night + 1), tenant, outcome, shown(startsAt), zone ?? "-", shown(earliest)],
    plain(problem ?? verdicts.map(({ rule, reason }) => `${rule}: ${reason}`).join(" ")),
  ]);
  const { allowed, planned, refused } = counts;
  return [
    table(terminal, ["NIGHT", "TENANT", "OUTCOME", "START", "ZONE", "EARLIEST", "WHY"], lines),
    `${planned} planned, ${allowed} allowed, ${refused} refused`,
  ].join("\n");
}

function overridesText(
  terminal: Terminal,
  { overrides, byRule }: { overrides: readonly CountedOverride[]; byRule: readonly { rule: string; count: number }[] },
): string {
  const rows = overrides.map((one) => [shown(one.at), one.rule, one.slug, one.by, plain(one.reason), one.windowId]);
  return [
    table(terminal, ["WHEN", "RULE", "TENANT", "BY", "REASON", "WINDOW"], rows),
    byRule.map(({ rule, count }) => `${rule}: ${count}`).join(", ") || "none",
  ].join("\n");
}

function start({ start: startsAt, zone }: TimeOptions): { startsAt: string; zone?: string } {
  if (startsAt === undefined) throw usageError("No start is named.", "Give --start 2026-03-02T22:00.");
  return { startsAt, ...(zone !== undefined && { zone }) };
}

function minutesOf({ start: from, end, minutes }: TimeOptions): number | undefined {
  if (end === undefined || from === undefined) return minutes;
  const length = (Date.parse(end) - Date.parse(from)) / MINUTE_MS;
  if (minutes !== undefined || !Number.isInteger(length) || length < 1 || !/(?:Z|[+-]\d\d:\d\d)$/.test(from + end)) {
    throw usageError("--end takes a later time, both it and --start with an offset.", "Or give --minutes.");
  }
  return length;
}

function range({ from, to, tenant }: RangeOptions) {
  const first = from === undefined ? new Date() : instant(from, "--from");
  const last = to === undefined ? new Date(first.getTime() + 31 * DAY_MS) : instant(to, "--to");
  return { from: first, to: last, ...(tenant !== undefined && { tenant }) };
}

function instant(text: string, option: string): Date {
  const date = new Date(text);
  const clear = /^\d{4}-\d{2}-\d{2}(?:$|T.*(?:Z|[+-]\d\d:\d\d)$)/.test(text);
  if (clear && !Number.isNaN(date.getTime())) return date;
  throw usageError(`${option} is no time such as 2026-03-02T22:00:00Z.`, "Write it with its offset, or a day.");
}

async function text(cli: Cli, options: TextOptions, act: string | undefined): Promise<void> {
  const known = TEXT_ACTS.find((one) => one === (act ?? "list"));
  if (!known) throw usageError(`There is no act "${act}".`, `Choose one of ${TEXT_ACTS.join(", ")}.`);
  if (known === "list") {
    const all = await onConsole(cli, ({ client }) => client.calendar.templates.list());
    return cli.terminal.answer(all, () => textTable(cli.terminal, all));
  }
  const { kind, language = "en" } = options;
  if (!kind) throw usageError("No kind is named.", `Give --kind: ${TEXT_KINDS.join(", ")}.`);
  const body = known === "set" ? await newText(cli, options.file) : "";
  const template = await onConsole(cli, async ({ client: { calendar } }) => {
    if (known === "reset") return calendar.templates.reset({ kind, language });
    const inUse = (await calendar.templates.list()).find((one) => one.kind === kind && one.language === language)!;
    if (known === "show") return inUse;
    const { version, subject } = inUse;
    return calendar.templates.set({ kind, language, subject: options.subject ?? subject, body, version });
  });
  cli.terminal.answer(
    template,
    () => `${plain(template.subject)}\n\n${template.body.split("\n").map(plain).join("\n")}`,
  );
}

async function newText(cli: Cli, file: string | undefined): Promise<string> {
  if (file === undefined) throw usageError("No text is given.", "Give --file FILE, or --file - for standard input.");
  return readInput(file, cli.streams);
}

function textTable(terminal: Terminal, templates: readonly NoticeTemplate[]): string {
  return table(
    terminal,
    ["KIND", "LANGUAGE", "VERSION", "CHANGED BY", "SUBJECT"],
    templates.map((one) => [
      ...[one.kind, one.language, one.version === 0 ? "shipped" : String(one.version), one.changedBy ?? "-"],
      one.subject,
    ]),
  );
}

async function notice(
  cli: Cli,
  options: NoticeOptions,
  act: string | undefined,
  id: string | undefined,
): Promise<void> {
  const known = NOTICE_ACTS.find((one) => one === act);
  if (!known) throw usageError(`There is no act "${act ?? ""}".`, `Choose one of ${NOTICE_ACTS.join(", ")}.`);
  if (known === "list" && id === undefined) {
    const duties = await onConsole(cli, ({ client }) => client.calendar.notices.ledger(range(options)));
    return cli.terminal.answer(duties, () => ledgerText(cli.terminal, duties));
  }
  const name = oneName(known === "list" || known === "draft" ? "window" : "notice", id, undefined);
  switch (known) {
    case "list": {
      const notices = await onConsole(cli, ({ client }) => client.calendar.notices.list({ windowId: name }));
      return cli.terminal.answer(notices, () => noticeTable(cli.terminal, notices));
    }
    case "draft": {
      const input = { windowId: name, language: options.language ?? "en" };
      const drafted = await onConsole(cli, ({ client }) => client.calendar.notices.draft(input));
      return cli.terminal.answer(drafted, () => draftText(cli.terminal, drafted));
    }
    case "export": {
      const input = { noticeId: name, format: options.format ?? "eml" };
      return giveFile(cli, await onConsole(cli, ({ client }) => client.calendar.notices.export(input)), options.out);
    }
    case "send": {
      const input = { noticeId: name, again: options.again ?? false, requestId: options.requestId ?? randomUUID() };
      const sent = await onConsole(cli, ({ client }) => client.calendar.notices.send(input));
      return cli.terminal.answer(sent, () => noticeTable(cli.terminal, [sent]));
    }
    case "sent": {
      if (options.proof === undefined) throw usageError("A sending needs its proof.", "Give --proof FILE.");
      const sentAt = options.at === undefined ? {} : { sentAt: instant(options.at, "--at") };
      const input = { noticeId: name, proof: await proofOf(options.proof), ...sentAt };
      const sent = await onConsole(cli, ({ client }) => client.calendar.notices.markSent(input));
      return cli.terminal.answer(sent, () => noticeTable(cli.terminal, [sent]));
    }
  }
}

async function proofOf(file: string) {
  const content = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw usageError(`The file ${file} cannot be read (${error.code}).`, "Name the message as it was sent.");
  });
  if (content.length === 0) throw usageError(`The file ${file} is empty.`, "Name the message as it was sent.");
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { fileName: basename(file), sha256, bytes: content.length };
}

/** To the named file, or as it is to standard output; with --json as a document. */
async function giveFile(cli: Cli, file: ExportedFile, out: string | undefined): Promise<void> {
  if (out === undefined) return cli.terminal.answer(file, () => file.text.trimEnd());
  await writeFile(out, file.text).catch((error: NodeJS.ErrnoException) => {
    throw usageError(`The file ${out} cannot be written (${error.code}).`, "Name another one.");
  });
  const { text, ...named } = file;
  cli.terminal.answer({ ...named, file: out, bytes: Buffer.byteLength(text) }, () => `Written to ${out}`);
}

const secondsOf = (one: { readonly startsAt: Date; readonly endsAt: Date }) =>
  (one.endsAt.getTime() - one.startsAt.getTime()) / 1000;

/** The first refusal is told as every refusal is: by rule and earliest. */
function checkDocument(check: WindowCheck): object {
  const refused = check.verdicts.find((one) => !one.allowed && one.override === undefined);
  return { ...(refused && { rule: refused.rule }), ...check, durationSeconds: secondsOf(check) };
}

function checkText(terminal: Terminal, check: WindowCheck): string {
  const lines = check.verdicts.map((one) => {
    const mark = one.allowed ? "ok" : one.override === undefined ? "REFUSED" : "overridden";
    return `${terminal.paint(one.allowed ? "green" : one.override === undefined ? "red" : "yellow", mark.padEnd(10))} ${one.rule.padEnd(8)} ${plain(one.reason)} (${one.source})`;
  });
  const { major, weekly } = check.counters;
  return [
    `${shown(check.startsAt)} to ${shown(check.endsAt)}, ${check.zone}`,
    ...lines,
    ...(major ? [`Major changes in ${major.year}: ${major.used} of ${major.allowed}`] : []),
    ...(weekly ? [`Scheduled work: ${weekly.averageMinutes} of ${weekly.allowedMinutes} minutes a week`] : []),
    `Earliest: ${shown(check.earliest)}`,
  ].join("\n");
}

const COLUMNS = ["START", "MINUTES", "KIND", "TENANT", "ZONE", "STATE", "NOTICE", "WINDOW"];

function rowOf(one: CalendarWindow): string[] {
  const minutes = String(secondsOf(one) / 60);
  return [shown(one.startsAt), minutes, one.kind, one.slug, one.zone, one.state, one.notice, one.id];
}

const windowText = (terminal: Terminal, one: CalendarWindow) => table(terminal, COLUMNS, [rowOf(one)]);

function listText(
  terminal: Terminal,
  { windows, recurring }: { windows: readonly CalendarWindow[]; recurring: readonly RecurringWindow[] },
): string {
  const rows = [
    ...windows.map((one) => ({ at: one.startsAt, row: rowOf(one) })),
    ...recurring.map((one) => ({
      at: one.startsAt,
      row: [
        ...[shown(one.startsAt), String(secondsOf(one) / 60), one.kind],
        ...[one.slug ?? `${one.tenants} tenants of ${one.service}`, one.zone, "by contract", "-", "-"],
      ],
    })),
  ].toSorted((a, b) => a.at.getTime() - b.at.getTime());
  return table(
    terminal,
    COLUMNS,
    rows.map(({ row }) => row),
  );
}

function ledgerText(terminal: Terminal, duties: readonly NoticeDuty[]): string {
  return table(
    terminal,
    ["DUE", "START", "KIND", "TENANT", "NOTICE", "SENT", "BY", "WINDOW"],
    duties.map((one) => [
      ...[shown(one.noticeDueAt), shown(one.startsAt), one.kind, one.slug, one.notice],
      ...[shown(one.sent?.at ?? null), one.sent?.by ?? "-", one.id],
    ]),
  );
}

function noticeTable(terminal: Terminal, notices: readonly WindowNotice[]): string {
  return table(
    terminal,
    ["NOTICE", "LANGUAGE", "STATE", "SENT", "IN TIME", "PROOF", "SUBJECT"],
    notices.map((one) => [
      ...[one.id, one.language, one.state, shown(one.sentAt), one.provenInTime ? "yes" : "no"],
      ...[one.proof ? `${one.proof.fileName} ${one.proof.sha256.slice(0, 12)}` : "-", one.subject],
    ]),
  );
}

function draftText(terminal: Terminal, drafted: WindowNotice): string {
  const body = drafted.body.split("\n").map(plain).join("\n");
  return `${terminal.paint("dim", drafted.id)}\n${terminal.paint("bold", plain(drafted.subject))}\n\n${body}`;
}
