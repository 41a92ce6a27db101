import type { Command } from "commander";
import type { Run, RunRequest } from "../../../shared/maintenance/model.ts";
import type { Runbook, RunbookText } from "../../../shared/maintenance/runbook.ts";
import type { EnvironmentKind } from "../../../shared/tenant/model.ts";
import { type JobOptions, jobOptions, overrideOption, runAct } from "./act-verbs.ts";
import { EXIT } from "./exit-status.ts";
import { readJson } from "./read-input.ts";
import { shown, table, type Terminal } from "./terminal.ts";
import { oneOf, usageError } from "./usage.ts";
import { collect, onConsole, type Verbs, wholeNumber } from "./verbs.ts";

interface RunOptions extends JobOptions {
  readonly runbook: string;
  readonly tenant: readonly string[];
  readonly window?: string;
  readonly to?: string;
  readonly canary: number;
  readonly waveSize: number;
  readonly concurrency: number;
  readonly errorBudget: number;
  readonly cutOff?: string;
  readonly atCutOff: "abort" | "continue";
  readonly override?: readonly (readonly [string, string])[];
  readonly dryRun?: boolean;
}

// Spelled out, since the models would be loaded by every command.
const KINDS = ["production", "test", "sandbox"] as const satisfies readonly EnvironmentKind[];

/** `window run`: a reviewed runbook on one or many tenants, in waves. */
export function addRunVerbs({ noun, verb }: Verbs, window: Command): void {
  overrideOption(
    jobOptions(
      verb<RunOptions>(window, "run", "run a reviewed runbook on tenants, canaries first", async (cli, options) => {
        const request = requestOf(options);
        if (!options.dryRun) {
          return runAct(cli, options, ({ client }, requestId) => client.maintenance.run({ ...request, requestId }));
        }
        const plan = await onConsole(cli, ({ client }) => client.maintenance.plan(request));
        cli.terminal.answer(plan, () =>
          table(
            cli.terminal,
            ["TENANT", "ENVIRONMENT", "WAVE", "WINDOW", "ALLOWED", "REFUSED BY"],
            plan.tenants.map((one) => [
              ...[one.slug, one.environment, String(one.wave), shown(one.window?.startsAt ?? null)],
              one.allowed ? "yes" : "no",
              one.verdicts.find(({ allowed, override }) => !allowed && override === undefined)?.rule ?? "-",
            ]),
          ),
        );
        return plan.allowed ? EXIT.done : EXIT.refused;
      })
        .requiredOption("--runbook <name>", "its name, or NAME@VERSION")
        .requiredOption(
          "--tenant <tenant>",
          "slug, or slug/environment; may be repeated; the first ones are canaries",
          collect,
        )
        .option("--window <id>", "planned window that it happens in (for one tenant; default: the one open now)")
        .option("--to <version>", "version that an application update goes to")
        .option("--canary <number>", "tenants of the first wave", wholeNumber(0, 50), 1)
        .option("--wave-size <number>", "tenants of each further wave", wholeNumber(1, 100), 10)
        .option("--concurrency <number>", "tenants at once", wholeNumber(1, 20), 3)
        .option("--error-budget <number>", "failures that are borne; one more stops the run", wholeNumber(0, 100), 0)
        .option("--cut-off <time>", "RFC 3339: nothing starts from this minute on")
        .option(
          "--at-cut-off <what>",
          "abort or continue those under way",
          oneOf(["abort", "continue"] as const),
          "continue",
        )
        .option("--dry-run", "only the plan: each tenant's wave, window and verdicts"),
    ),
  );
  verb<{ readonly window?: string }>(
    window,
    "runs [run]",
    "maintenance runs, or one of them",
    async (cli, options, id) => {
      if (id !== undefined) {
        const run = await onConsole(cli, ({ client }) => client.maintenance.get({ runId: id }));
        cli.terminal.answer(run, () => runText(cli.terminal, run));
        return;
      }
      const filter = options.window === undefined ? {} : { windowId: options.window };
      const runs = await onConsole(cli, ({ client }) => client.maintenance.list(filter));
      cli.terminal.answer({ runs }, () =>
        table(
          cli.terminal,
          ["RUN", "RUNBOOK", "STATE", "ENDED", "FAILED", "STARTED"],
          runs.map((one) => [
            ...[one.id, `${one.runbook.name} ${one.runbook.version}`, one.state, `${one.ended}/${one.tenants}`],
            ...[String(one.failed), shown(one.createdAt)],
          ]),
        ),
      );
    },
  ).option("--window <id>", "only those of this planned window");
  verb<{ readonly reason: string }>(
    window,
    "stop-run <run>",
    "start nothing more of a run",
    async (cli, options, id) => {
      const run = await onConsole(cli, ({ client }) =>
        client.maintenance.stop({ runId: id ?? "", reason: options.reason }),
      );
      cli.terminal.answer(run, () => runText(cli.terminal, run));
    },
  ).requiredOption("--reason <text>", "why; kept with the run");

  const runbook = noun("runbook", "texts of maintenance steps, each reviewed by a second person");
  verb(runbook, "list", "every version, and whether it may be run", async (cli) => {
    const runbooks = await onConsole(cli, ({ client }) => client.maintenance.runbooks.list());
    cli.terminal.answer({ runbooks }, () => runbooksText(cli.terminal, runbooks));
  });
  verb(runbook, "add <file>", "keep a JSON file as the next version of its name", async (cli, _options, file) => {
    const text = (await readJson(file ?? "-", cli.streams)) as RunbookText;
    const saved = await onConsole(cli, ({ client }) => client.maintenance.runbooks.save(text));
    cli.terminal.answer(saved, () => runbooksText(cli.terminal, [saved]));
  });
  verb<{ readonly sha256: string }>(
    runbook,
    "review <name@version>",
    "vouch for exactly this text",
    async (cli, options, ref) => {
      const [name = "", version] = (ref ?? "").split("@");
      if (!/^\d+$/.test(version ?? "")) throw usageError("No version is named.", "Write it like clear-cache@2.");
      const reviewed = await onConsole(cli, ({ client }) =>
        client.maintenance.runbooks.review({ name, version: Number(version), sha256: options.sha256 }),
      );
      cli.terminal.answer(reviewed, () => runbooksText(cli.terminal, [reviewed]));
    },
  ).requiredOption("--sha256 <hash>", "of the text that was read, as `runbook list` tells it");
}

function requestOf(options: RunOptions): RunRequest {
  const [runbook = "", version] = options.runbook.split("@");
  const cutOffAt = options.cutOff === undefined ? undefined : new Date(options.cutOff);
  if (cutOffAt && Number.isNaN(cutOffAt.getTime())) {
    throw usageError(`"${options.cutOff}" is no time.`, "Write it like 2026-03-02T23:30:00Z.");
  }
  if (options.window !== undefined && options.tenant.length > 1) {
    throw usageError("A window belongs to one tenant.", "Leave --window out: each tenant's open window is found.");
  }
  return {
    runbook,
    ...(version !== undefined && { runbookVersion: Number(version) }),
    ...(options.to !== undefined && { to: options.to }),
    tenants: options.tenant.map((one) => {
      const [tenant = "", kind = "production"] = one.split("/");
      const environment = oneOf(KINDS)(kind);
      return { tenant, environment, ...(options.window !== undefined && { windowId: options.window }) };
    }),
    ...{ canary: options.canary, waveSize: options.waveSize, concurrency: options.concurrency },
    ...{ errorBudget: options.errorBudget, atCutOff: options.atCutOff },
    ...(cutOffAt && { cutOffAt }),
    overrides: Object.fromEntries(options.override ?? []),
  };
}

const runText = (terminal: Terminal, run: Run): string =>
  [
    `${run.runbook.name} ${run.runbook.version}: ${run.state}, ${run.failures} of ${run.errorBudget} failures borne`,
    table(
      terminal,
      ["WAVE", "TENANT", "ENVIRONMENT", "STATE", "OUTCOME", "JOB"],
      run.tenants.map((one) => [
        ...[String(one.wave), one.slug, one.environment, one.jobState ?? one.state],
        ...[one.whyNotStarted ? `${one.outcome}: ${one.whyNotStarted}` : shown(one.outcome), one.jobId],
      ]),
    ),
  ].join("\n");

const runbooksText = (terminal: Terminal, runbooks: readonly Runbook[]): string =>
  table(
    terminal,
    ["NAME", "VERSION", "MAY BE RUN", "AUTHOR", "REVIEWED BY", "SHA-256"],
    runbooks.map((one) => [
      ...[one.name, String(one.version), one.refused ?? "yes", one.author, shown(one.review?.by ?? null), one.sha256],
    ]),
  );
