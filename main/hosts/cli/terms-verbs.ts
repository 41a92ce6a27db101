import { randomUUID } from "node:crypto";
import type { ContractTerms, SolveAct } from "../../../shared/terms/model.ts";
import { EXIT } from "./exit-status.ts";
import { readJson } from "./read-input.ts";
import { plain, table, type Terminal } from "./terminal.ts";
import { oneName, usageError } from "./usage.ts";
import { onConsole, type Verbs } from "./verbs.ts";

interface TenantOption {
  readonly tenant?: string;
}
interface SolveOptions extends TenantOption {
  readonly announced?: string;
  readonly wanted?: string;
}
interface RecordOptions extends TenantOption {
  readonly file?: string;
  readonly reason?: string;
  readonly requestId?: string;
}

const ACTS = ["upgrade", "downgrade", "cancel", "end"] as const satisfies readonly SolveAct[];

/** Each tenant's contract: its dates, what people know of it, and the boards over all tenants. */
export function addTermsVerbs({ noun, verb }: Verbs): void {
  const terms = noun("terms", "contracts: dates, promises, exceptions and what people recorded");

  verb<TenantOption>(terms, "get [tenant]", "every date and promise of one contract", async (cli, options, name) => {
    const tenant = oneName("tenant", name, options.tenant);
    const shown = await onConsole(cli, ({ client }) => client.terms.get({ tenant }));
    cli.terminal.answer(shown, () => termsText(cli.terminal, shown));
  }).option("--tenant <tenant>", "slug or id");

  verb(terms, "board", "version support and the next date of every tenant", async (cli) => {
    const board = await onConsole(cli, ({ client }) => client.terms.board());
    cli.terminal.answer(board, () =>
      table(
        cli.terminal,
        ["TENANT", "STATE", "NEXT", "ON", "DAYS", "RULE"],
        board.expiries.map(({ slug, state, next, daysLeft }) => [
          ...[slug, state, next?.id ?? "?", next?.on ?? "?"],
          ...[String(daysLeft ?? "?"), next?.rule ?? ""],
        ]),
      ),
    );
  });

  verb<SolveOptions>(
    terms,
    "solve <act>",
    "first day of a change and the last day of notice",
    async (cli, options, act) => {
      const known = ACTS.find((one) => one === act);
      if (!known) throw usageError(`There is no act ${act}.`, `Name one of ${ACTS.join(", ")}.`);
      const input = {
        ...{ tenant: oneName("tenant", undefined, options.tenant), act: known },
        ...(options.announced === undefined ? {} : { announcedOn: options.announced }),
        ...(options.wanted === undefined ? {} : { wantedOn: options.wanted }),
      };
      const solved = await onConsole(cli, ({ client }) => client.terms.solve(input));
      cli.terminal.answer(solved, () => {
        const { rule, source, reason, allowed } = solved.verdict;
        // A refusal names the day itself.
        const notice = allowed ? ` Written notice by ${solved.noticeBy}.` : "";
        return plain(`${reason}${notice} (${rule}, ${source})`);
      });
      return solved.verdict.allowed ? EXIT.done : EXIT.refused;
    },
  )
    .option("--tenant <tenant>", "slug or id")
    .option("--announced <day>", "day of the written notice (default: the recorded one, or today)")
    .option("--wanted <day>", "day on which it should take effect (default: as early as possible)");

  verb<RecordOptions>(terms, "record [tenant]", "record one fact that only people know", async (cli, options, name) => {
    const tenant = oneName("tenant", name, options.tenant);
    if (!options.file)
      throw usageError("No fact was given.", 'Give --file FILE with {"kind":"notice","on":"2026-01-31"}.');
    if (!options.reason) throw usageError("No reason was given.", "Give --reason TEXT.");
    const { TermsEntry } = await import("../../../shared/terms/model.ts");
    const entry = TermsEntry.safeParse(await readJson(options.file, cli.streams));
    if (!entry.success) {
      const faults = entry.error.issues.map(({ path, message }) => `${path.join(".") || "fact"}: ${message}`);
      throw usageError(`The fact cannot be read: ${faults.join("; ")}.`, "Correct it; nothing was recorded.");
    }
    const input = {
      ...{ tenant, entry: entry.data, reason: options.reason, requestId: options.requestId ?? randomUUID() },
    };
    const shown = await onConsole(cli, ({ client }) => client.terms.record(input));
    cli.terminal.answer(shown, () => termsText(cli.terminal, shown));
  })
    .option("--tenant <tenant>", "slug or id")
    .option("--file <file>", "the fact as a JSON object (- reads standard input)")
    .option("--reason <text>", "letter, ticket or decision behind it")
    .option("--request-id <uuid>", "repeating a command with the same id records one fact");
}

function termsText(terminal: Terminal, { customer, slug, state, profile, clocks }: ContractTerms): string {
  const rows = clocks.map(({ on, id, rule, source, reason }) => [on, id, `${rule} ${source}`, plain(reason)]);
  return `${plain(customer)} (${slug}): ${state}, ${profile.name} ${profile.version}\n${table(
    terminal,
    ["ON", "WHAT", "RULE", "WHY"],
    rows,
  )}`;
}
