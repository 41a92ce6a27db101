import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import type { RestoreReason } from "../../../shared/policy/restore.ts";
import type { RestoreCase, RestorePlan, RestoreTarget } from "../../../shared/restore/model.ts";
import { EXIT } from "./exit-status.ts";
import type { Cli, Session } from "./session.ts";
import { facts, plain, shown, table, type Terminal } from "./terminal.ts";
import { oneName, oneOf, usageError } from "./usage.ts";
import { nameAndValue, onConsole, type Verbs, wholeNumber } from "./verbs.ts";

type Override = readonly (readonly [string, string])[];

interface OrderOptions {
  readonly tenant?: string;
  readonly source?: string;
  readonly to?: RestoreTarget;
  readonly reason?: RestoreReason;
  readonly approval?: string;
  readonly fee?: string;
  readonly evaluation?: string;
  readonly acceptedBy?: string;
  readonly onVersion?: string;
  readonly keepDays?: number;
  readonly override?: Override;
  readonly requestId?: string;
  readonly detach?: boolean;
}
interface ActOptions {
  readonly confirm: string;
  readonly override?: Override;
  readonly requestId?: string;
  readonly detach?: boolean;
}
interface RefreshOptions {
  readonly tenant?: string;
  readonly to?: "test" | "sandbox";
  readonly source?: string;
  readonly fee?: string;
  readonly keepDays?: number;
  readonly plan?: boolean;
  readonly activate?: string;
  readonly confirm?: string;
  readonly override?: Override;
  readonly requestId?: string;
  readonly detach?: boolean;
}

// Spelled out, since the models would be loaded by every command.
const TARGETS = ["production", "test", "sandbox", "beside"] as const satisfies readonly RestoreTarget[];
const REASONS = [
  "vendor",
  "disaster",
  "customer-caused",
  "kept-copy",
  "individual",
  "drill",
] as const satisfies readonly RestoreReason[];
const DEFAULT_KEEP_DAYS = 7;

/** Restores: beside first, compared, and only then swapped or discarded. */
export function addRestoreVerbs({ noun, verb }: Verbs): void {
  const restore = noun("restore", "restore beside, compare, then swap or discard");

  verb<{ readonly tenant?: string }>(restore, "list [tenant]", "restores and refreshes", async (cli, options, name) => {
    const tenant = name ?? options.tenant;
    const cases = await onConsole(cli, ({ client }) => client.restore.list(tenant === undefined ? {} : { tenant }));
    cli.terminal.answer({ restores: cases }, () =>
      table(
        cli.terminal,
        ["RESTORE", "TARGET", "PURPOSE", "STATE", "FROM", "KEPT UNTIL"],
        cases.map((one) => [
          ...[one.id, one.targetName, one.purpose, one.isOverdue ? `${one.state}, overdue` : one.state],
          ...[one.source?.id ?? "production", shown(one.kept?.until ?? one.keptUntil)],
        ]),
      ),
    );
  }).option("--tenant <tenant>", "slug or id");

  verb(restore, "get <restore>", "one restore with its checks and what it compares", async (cli, _options, id) => {
    const one = await onConsole(cli, ({ client }) => client.restore.get({ caseId: String(id) }));
    cli.terminal.answer(one, () => caseText(cli.terminal, one));
  });

  verb<{ readonly tenant?: string }>(
    restore,
    "sources [tenant]",
    "copies that can be restored, newest first",
    async (cli, options, name) => {
      const tenant = oneName("tenant", name, options.tenant);
      const sources = await onConsole(cli, ({ client }) => client.restore.sources({ tenant }));
      cli.terminal.answer({ sources }, () =>
        table(
          cli.terminal,
          ["SOURCE", "KIND", "OF", "TAKEN", "REGION", "VERSION", "GIB", "MANIFEST", "LABEL"],
          sources.map((one) => [
            ...[one.id, one.kind, shown(one.environment), shown(one.takenAt), one.region, shown(one.version)],
            ...[String(one.sizeGiB), one.manifest ? "yes" : "no", shown(one.label)],
          ]),
        ),
      );
    },
  ).option("--tenant <tenant>", "slug or id");

  orderOptions(
    verb<OrderOptions>(
      restore,
      "plan [tenant]",
      "every rule's verdict and what would be lost",
      async (cli, options, name) => {
        const plan = await onConsole(cli, ({ client }) => client.restore.plan(orderOf(options, name)));
        cli.terminal.answer(plan, () => planText(cli.terminal, plan));
        return plan.allowed ? EXIT.done : EXIT.refused;
      },
    ),
  );

  jobOptions(
    orderOptions(
      verb<OrderOptions>(
        restore,
        "run [tenant]",
        "restore beside the target and check it",
        async (cli, options, name) => {
          const order = { ...orderOf(options, name), requestId: options.requestId ?? randomUUID() };
          await follow(cli, options.detach === true, ({ client }) => client.restore.run(order));
        },
      ),
    ),
  );

  jobOptions(
    verb<ActOptions>(restore, "swap <restore>", "put the copy in the target's place", async (cli, options, id) => {
      const input = { ...actOf(options, id), overrides: Object.fromEntries(options.override ?? []) };
      await follow(cli, options.detach === true, ({ client }) => client.restore.swap(input));
    }),
  )
    .requiredOption("--confirm <name>", "the tenant's slug, typed in full")
    .option("--override <rule=reason>", "written reason, R72=...; may be repeated", overrides);

  jobOptions(
    verb<ActOptions>(
      restore,
      "discard <restore>",
      "remove the copy beside, or the old volume that a swap kept",
      async (cli, options, id) => {
        await follow(cli, options.detach === true, ({ client }) => client.restore.discard(actOf(options, id)));
      },
    ),
  ).requiredOption("--confirm <name>", "the tenant's slug, typed in full");
}

/** `tenant refresh`: prepare production's data beside a test environment, then activate it. */
export function addRefreshVerb({ verb }: Verbs, tenant: Command): void {
  jobOptions(verb<RefreshOptions>(tenant, "refresh [tenant]", "test data from production, in two phases", refresh))
    .option("--tenant <tenant>", "slug or id")
    .option("--to <environment>", "test or sandbox", oneOf(["test", "sandbox"] as const))
    .option("--source <snapshot>", "an earlier copy of production (default: a fresh one)")
    .option("--fee <line>", "fee line, where the contract charges it (R29)")
    .option("--keep-days <days>", "days that the old test volume is kept (default: 7)", wholeNumber(1, 90))
    .option("--plan", "only say what stands in the way and what would be lost")
    .option("--activate <restore>", "second phase of a prepared refresh; takes --confirm")
    .option("--confirm <name>", "with --activate: the tenant's slug, typed in full")
    .option("--override <rule=reason>", "written reason; may be repeated", overrides);
}

async function refresh(cli: Cli, options: RefreshOptions, name: string | undefined): Promise<number | void> {
  const reasons = Object.fromEntries(options.override ?? []);
  const requestId = options.requestId ?? randomUUID();
  const detach = options.detach === true;
  if (options.activate !== undefined) {
    if (options.confirm === undefined) throw usageError("Activating takes --confirm.", "Type the tenant's slug.");
    const input = { caseId: options.activate, requestId, confirm: options.confirm, overrides: reasons };
    return follow(cli, detach, ({ client }) => client.restore.activate(input));
  }
  if (options.to === undefined) throw usageError("No environment is named.", "Name it with --to test or --to sandbox.");
  const order = {
    ...{ tenant: oneName("tenant", name, options.tenant), target: options.to, fee: options.fee ?? null },
    ...(options.source === undefined ? {} : { source: options.source }),
    ...{ keepDays: options.keepDays ?? DEFAULT_KEEP_DAYS, overrides: reasons },
  };
  if (options.plan) {
    const plan = await onConsole(cli, ({ client }) => client.restore.refreshPlan(order));
    cli.terminal.answer(plan, () => planText(cli.terminal, plan));
    return plan.allowed ? EXIT.done : EXIT.refused;
  }
  return follow(cli, detach, ({ client }) => client.restore.refresh({ ...order, requestId }));
}

function orderOptions(command: Command): Command {
  return command
    .option("--tenant <tenant>", "slug or id")
    .option("--source <source>", "snapshot or kept volume: see sources")
    .option("--to <target>", `${TARGETS.join(", ")}; there is no default`, oneOf(TARGETS))
    .option("--reason <reason>", REASONS.join(", "), oneOf(REASONS))
    .option("--approval <paper>", "written approval, file or ticket (R52)")
    .option("--fee <line>", "fee line (R52, R66)")
    .option("--evaluation <paper>", "evaluation with the partner (R66)")
    .option("--accepted-by <name>", "who accepted that the outcome is not guaranteed (R67)")
    .option("--on-version <version>", "image of another version, with --to beside (R71)")
    .option("--keep-days <days>", "days that copy and old volume are kept (default: 7)", wholeNumber(1, 90))
    .option("--override <rule=reason>", "written reason, R72=...; may be repeated", overrides);
}

function jobOptions(command: Command): Command {
  return command
    .option("--request-id <uuid>", "repeating a command with the same id joins its job")
    .option("--detach", "return as soon as the job is started");
}

const overrides = (text: string, before?: Override): Override => [...(before ?? []), nameAndValue(text)];

function orderOf(options: OrderOptions, name: string | undefined) {
  const { source, to: target, reason } = options;
  if (source === undefined)
    throw usageError("No copy is named.", "Name it with --source; see fleetwright restore sources.");
  if (target === undefined) throw usageError("No target is named.", "Name it with --to; there is no default.");
  if (reason === undefined) throw usageError("No reason is named.", `Name it with --reason: ${REASONS.join(", ")}.`);
  return {
    ...{ tenant: oneName("tenant", name, options.tenant), source, target, reason },
    papers: {
      approval: options.approval ?? null,
      fee: options.fee ?? null,
      evaluation: options.evaluation ?? null,
      bestEffortAcceptedBy: options.acceptedBy ?? null,
    },
    ...(options.onVersion === undefined ? {} : { onVersion: options.onVersion }),
    keepDays: options.keepDays ?? DEFAULT_KEEP_DAYS,
    overrides: Object.fromEntries(options.override ?? []),
  };
}

const actOf = (options: ActOptions, id: string | undefined) => ({
  caseId: String(id),
  requestId: options.requestId ?? randomUUID(),
  confirm: options.confirm,
});

/** Starts the job and, unless detached, follows it; answers with the restore as it is then. */
async function follow(
  cli: Cli,
  detach: boolean,
  start: (session: Session) => Promise<{ jobId: string; caseId: string }>,
): Promise<void> {
  if (detach) {
    const started = await onConsole(cli, start);
    cli.terminal.answer(started, () => `started job ${started.jobId}`);
    return;
  }
  const { startAndFollow } = await import("./follow-job.ts");
  const { started, job, steps, tenant } = await startAndFollow(cli, start, ({ client }, { caseId }) =>
    client.restore.get({ caseId }),
  );
  cli.terminal.answer({ ...started, state: job.state, job, steps, restore: tenant }, () =>
    caseText(cli.terminal, tenant),
  );
}

function caseText(terminal: Terminal, one: RestoreCase): string {
  const head = facts(terminal, [
    ["restore", one.id],
    ["target", one.targetName],
    ["state", one.isOverdue ? `${one.state}, overdue` : one.state],
    ["from", one.source?.id ?? "production"],
    ["beside", one.beside && `${one.beside.address} ${one.beside.instanceId} ${one.beside.volumeId}`],
    [
      "old volume",
      one.kept && `${one.kept.volumeId} ${one.kept.isGone ? "removed" : `until ${shown(one.kept.until)}`}`,
    ],
    ["locked out", one.swap && `${one.swap.lockoutSeconds} s`],
    ["kept until", one.keptUntil],
  ]);
  const checks = table(
    terminal,
    ["CHECK", "EXPECTED", "FOUND", "OK"],
    one.checks.map(({ name, expected, found, ok }) => [
      ...[name, shown(expected), shown(found), ok === null ? "?" : ok ? "yes" : "NO"],
    ]),
  );
  const rows = table(
    terminal,
    ["RELATION", "TARGET", "MANIFEST", "RESTORED"],
    one.compared.map(({ name, target, source, restored }) => [name, shown(target), shown(source), shown(restored)]),
  );
  return [head, checks, rows].join("\n\n");
}

function planText(terminal: Terminal, plan: RestorePlan): string {
  const verdicts = plan.verdicts.map((one) => {
    const mark = one.allowed
      ? terminal.paint("green", "allowed")
      : one.override
        ? terminal.paint("yellow", "overridden")
        : terminal.paint("red", "refused");
    return `${mark}  ${plain(`${one.rule}  ${one.reason}  (${one.source})`)}`;
  });
  const sides = table(
    terminal,
    ["SIDE", "TENANT", "DATABASE", "LICENCE"],
    plan.identity.map((one) => [one.side, shown(one.tenantId), shown(one.systemIdentifier), shown(one.licence)]),
  );
  const losses = table(
    terminal,
    ["RELATION", "NOW", "IN THE COPY"],
    (plan.losses?.relations ?? []).map(({ name, now, copied }) => [name, String(now), shown(copied)]),
  );
  const remedy = plan.remedy
    ? [`A way that is open: --to beside --on-version ${plan.remedy.onVersion}, then upgrade.`]
    : [];
  const end = plan.allowed
    ? "Allowed. Nothing of the target is changed until the swap."
    : "Refused: nothing would be made.";
  return [verdicts.join("\n"), sides, losses, ...remedy, terminal.paint("bold", end)].join("\n\n");
}
