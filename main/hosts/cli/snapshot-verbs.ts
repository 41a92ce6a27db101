import { randomUUID } from "node:crypto";
import path from "node:path";
import type { ShownSnapshot, SnapshotComparison } from "../../../shared/snapshot/model.ts";
import type { EnvironmentKind } from "../../../shared/tenant/model.ts";
import type { Cli, Session } from "./session.ts";
import { facts, plain, shown, table, type Terminal } from "./terminal.ts";
import { oneName, oneOf, usageError } from "./usage.ts";
import { nameAndValue, onConsole, type Verbs } from "./verbs.ts";

interface TenantOption {
  readonly tenant?: string;
}
interface JobOptions {
  readonly requestId?: string;
  readonly detach?: boolean;
}
interface TakeOptions extends TenantOption, JobOptions {
  readonly environment?: EnvironmentKind;
  readonly label?: string;
  /** Region; `false` for --no-copy, `true` when nothing was said. */
  readonly copyTo?: string;
  readonly copy: boolean;
  readonly override?: readonly (readonly [string, string])[];
}

export function addSnapshotVerbs({ noun, verb }: Verbs): void {
  const snapshot = noun("snapshot", "copies of a tenant's data on request; never nightly backups");

  verb<TenantOption>(snapshot, "list [tenant]", "snapshots and archives, newest first", listSnapshots).option(
    "--tenant <tenant>",
    "slug or id; all when absent",
  );

  const take = verb<TakeOptions>(snapshot, "take [tenant]", "take a consistent snapshot", takeSnapshot)
    .option("--tenant <tenant>", "slug or id")
    .option("--environment <kind>", "production, test or sandbox", oneOf(["production", "test", "sandbox"] as const))
    .option("--label <text>", "what it is for (default: the time)")
    .option("--copy-to <region>", "region of the second copy (default: as the contract asks)")
    .option("--no-copy", "no second copy")
    .option(
      "--override <rule=reason>",
      "written reason for a refusal that may be overridden; may be repeated",
      (text: string, before?: readonly (readonly [string, string])[]) => [...(before ?? []), nameAndValue(text)],
    );
  const more = [
    verb<TenantOption & JobOptions & ExportOptions>(
      snapshot,
      "export [tenant]",
      "prepare an archive of the data as of now; with --to also fetch it",
      exportSnapshot,
    )
      .option("--tenant <tenant>", "slug or id")
      .option("--environment <kind>", "production, test or sandbox", oneOf(["production", "test", "sandbox"] as const))
      .option("--label <text>", "what it is for (default: the time)")
      .option("--to <path>", "folder or new file on this machine, which then holds customer data")
      .option("--reason <text>", "why it leaves the service; needed with --to, and kept on record"),

    verb<JobOptions & { readonly to?: string; readonly reason?: string }>(
      snapshot,
      "download <id>",
      "fetch an archive that was prepared before",
      async (cli, options, id) => fetchArchive(cli, options, id!),
    )
      .requiredOption("--to <path>", "folder or new file on this machine")
      .requiredOption("--reason <text>", "why it leaves the service; kept on record"),

    verb<TenantOption & JobOptions & { readonly environment?: EnvironmentKind; readonly label?: string }>(
      snapshot,
      "import <file>",
      "check an archive on this machine and keep it in the account's bucket",
      async (cli, options, file) => {
        if (!options.tenant) throw usageError("No tenant is named.", "Name it with --tenant.");
        const request = {
          requestId: options.requestId ?? randomUUID(),
          tenant: options.tenant,
          environment: options.environment ?? ("production" as const),
          label: options.label ?? now(),
          file: path.resolve(file!),
        };
        await runSnapshotJob(cli, options.detach === true, ({ client }) => client.snapshot.import(request));
      },
    )
      .option("--tenant <tenant>", "slug or id")
      .option("--environment <kind>", "production, test or sandbox", oneOf(["production", "test", "sandbox"] as const))
      .option("--label <text>", "what it is (default: the time)"),

    verb<JobOptions & { readonly confirm: string }>(
      snapshot,
      "delete <id>",
      "delete a snapshot with its copies, for good",
      async (cli, options, id) => {
        const { label, hasExportedCopy } = await onConsole(cli, ({ client }) => client.snapshot.get({ id: id! }));
        if (!hasExportedCopy) cli.terminal.note(plain(`No exported copy of ${label} exists.`));
        const request = { requestId: options.requestId ?? randomUUID(), id: id!, confirm: options.confirm };
        await runSnapshotJob(cli, options.detach === true, async ({ client }) => ({
          ...(await client.snapshot.delete(request)),
          id: id!,
        }));
      },
    ).requiredOption("--confirm <name>", "the tenant's slug or the snapshot's label, typed in full"),
  ];

  for (const one of [take, ...more])
    one
      .option("--request-id <uuid>", "repeating a command with the same id joins its job")
      .option("--detach", "return as soon as the job is started")
      .option("--wait", "follow the job to its end (this is the default)");

  verb(snapshot, "compare <left> <right>", "two snapshots side by side", async (cli, _options, left, right) => {
    const found = await onConsole(cli, ({ client }) => client.snapshot.compare({ left: left!, right: right! }));
    cli.terminal.answer(found, () => comparisonText(cli.terminal, found));
  });
}

interface ExportOptions {
  readonly environment?: EnvironmentKind;
  readonly label?: string;
  readonly to?: string;
  readonly reason?: string;
}

const now = () => new Date().toISOString().slice(0, 16).replace("T", " ");

async function exportSnapshot(
  cli: Cli,
  options: TenantOption & JobOptions & ExportOptions,
  name?: string,
): Promise<void> {
  const tenant = oneName("tenant", name, options.tenant);
  if (options.to !== undefined && !options.reason)
    throw usageError("Customer data would come to this machine without a reason.", "Say why with --reason TEXT.");
  const request = {
    requestId: options.requestId ?? randomUUID(),
    tenant,
    environment: options.environment ?? ("production" as const),
    label: options.label ?? now(),
  };
  if (options.to === undefined)
    return runSnapshotJob(cli, options.detach === true, ({ client }) => client.snapshot.export(request));
  const { startAndFollow } = await import("./follow-job.ts");
  const { started } = await startAndFollow(
    cli,
    ({ client }) => client.snapshot.export(request),
    async () => null,
  );
  return fetchArchive(cli, { to: options.to, reason: options.reason }, started.id);
}

async function fetchArchive(
  cli: Cli,
  options: JobOptions & { readonly to?: string | undefined; readonly reason?: string | undefined },
  id: string,
): Promise<void> {
  const request = {
    requestId: options.requestId ?? randomUUID(),
    id,
    to: path.resolve(options.to ?? "."),
    reason: options.reason ?? "",
  };
  await runSnapshotJob(cli, options.detach === true, async ({ client }) => ({
    ...(await client.snapshot.download(request)),
    id,
  }));
}

async function listSnapshots(cli: Cli, options: TenantOption, name?: string): Promise<void> {
  const { terminal } = cli;
  const tenant = name ?? options.tenant;
  if (name !== undefined && options.tenant !== undefined && name !== options.tenant)
    throw usageError(`Two different tenants are named: ${name} and ${options.tenant}.`, "Name one tenant.");
  const list = await onConsole(cli, async ({ client, own }) => {
    if (own) await client.fleet.refresh();
    return client.snapshot.list({ ...(tenant === undefined ? {} : { tenant }) });
  });
  for (const { region, message } of list.unread) terminal.note(plain(`${region}: ${message}`));
  terminal.answer(list, () =>
    table(
      terminal,
      ["ID", "KIND", "TENANT", "ENVIRONMENT", "LABEL", "TAKEN", "STATE", "GRADE", "VERSION", "COPIES"],
      list.snapshots.map(rowOf),
    ),
  );
}

const rowOf = (one: ShownSnapshot): string[] => [
  one.id,
  one.kind,
  one.tenantSlug,
  one.environment,
  one.label,
  shown(one.takenAt),
  one.state === "pending" ? `${one.state} ${one.percent} %` : one.state,
  shown(one.grade),
  shown(one.version),
  one.copies.map((copy) => `${copy.region} ${copy.state}`).join(", ") || "-",
];

async function takeSnapshot(cli: Cli, options: TakeOptions, name?: string): Promise<void> {
  const tenant = oneName("tenant", name, options.tenant);
  const request = {
    requestId: options.requestId ?? randomUUID(),
    tenant,
    environment: options.environment ?? "production",
    label: options.label ?? now(),
    ...(options.copy ? (options.copyTo === undefined ? {} : { copyTo: options.copyTo }) : { copyTo: null }),
    overrides: Object.fromEntries(options.override ?? []),
  };
  await runSnapshotJob(cli, options.detach === true, ({ client }) => client.snapshot.take(request));
}

/** Starts a job and, unless detached, follows it; answers with the job, its steps and the snapshot it acts on. */
async function runSnapshotJob(
  cli: Cli,
  detach: boolean,
  start: (session: Session) => Promise<{ readonly jobId: string; readonly id: string }>,
): Promise<void> {
  const { terminal } = cli;
  if (detach) {
    const started = await onConsole(cli, start);
    terminal.answer(started, () => `started job ${started.jobId}`);
    return;
  }
  const { startAndFollow } = await import("./follow-job.ts");
  const {
    started,
    job,
    steps,
    tenant: snapshot,
  } = await startAndFollow(cli, start, async ({ client }, { id }) => client.snapshot.get({ id }).catch(() => null));
  terminal.answer({ ...started, state: job.state, job, steps, snapshot }, () =>
    snapshot ? `${terminal.paint("green", "done")}\n${snapshotText(terminal, snapshot)}` : `done: job ${job.id}`,
  );
}

function snapshotText(terminal: Terminal, one: ShownSnapshot): string {
  return facts(terminal, [
    ["snapshot", one.id],
    ["in AWS", one.snapshotId && `${one.snapshotId} ${one.region}`],
    ["tenant", `${one.tenantSlug} ${one.environment}`],
    ["label", one.label],
    ["taken", one.takenAt],
    ["state", one.state],
    ["grade", one.grade],
    ["version", one.version],
    ["database", one.systemIdentifier],
    ["manifest", one.manifestSha256],
    ["copies", one.copies.map((copy) => `${copy.snapshotId} ${copy.region} ${copy.state}`).join(", ")],
  ]);
}

function comparisonText(
  terminal: Terminal,
  { left, right, sameData, relations, packages }: SnapshotComparison,
): string {
  const head = table(
    terminal,
    ["", "LEFT", "RIGHT"],
    [
      ["label", left.label, right.label],
      ["taken", shown(left.takenAt), shown(right.takenAt)],
      ["version", shown(left.version), shown(right.version)],
      ["grade", shown(left.grade), shown(right.grade)],
      ["database", shown(left.systemIdentifier), shown(right.systemIdentifier)],
      ...relations.map((one) => [`rows of ${one.name}`, shown(one.left), shown(one.right)]),
      ...packages.map((one) => [one.name, shown(one.left), shown(one.right)]),
    ],
  );
  return `${head}\n${sameData === false ? "Two different databases." : sameData ? "The same database." : "Not comparable."}`;
}
