import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import type { FleetRow } from "../../../shared/fleet/model.ts";
import type { ProvisionPlan, ProvisionRequest, Tenant } from "../../../shared/tenant/model.ts";
import { addActVerbs } from "./act-verbs.ts";
import { EXIT } from "./exit-status.ts";
import type { ProvisionFlags } from "./provision-request.ts";
import { readJson } from "./read-input.ts";
import { addRefreshVerb } from "./restore-verbs.ts";
import type { Cli, Session } from "./session.ts";
import { facts, plain, shown, table, type Terminal } from "./terminal.ts";
import { oneName, usageError } from "./usage.ts";
import { collect, nameAndValue, onConsole, type Verbs, wholeNumber } from "./verbs.ts";

interface TenantOption {
  readonly tenant?: string;
}
interface OrderOptions extends ProvisionFlags {
  readonly file?: string;
  readonly requestId?: string;
  readonly detach?: boolean;
}

export function addTenantVerbs(verbs: Verbs): void {
  const { noun, verb } = verbs;
  const tenant = noun("tenant", "customers' instances: look at them, make new ones");

  verb<{ readonly refresh?: boolean }>(tenant, "list", "every tenant with its environments", listTenants).option(
    "--refresh",
    "read AWS again first",
  );

  verb<TenantOption>(tenant, "get [tenant]", "one tenant, by slug or id", async (cli, options, name) => {
    const slug = oneName("tenant", name, options.tenant);
    const found = await onConsole(cli, ({ client }) => client.tenant.get({ tenant: slug }));
    cli.terminal.answer(found, () => tenantText(cli.terminal, found));
  }).option("--tenant <tenant>", "slug or id");

  orderOptions(
    verb<OrderOptions>(
      tenant,
      "plan",
      "dry run: every contract rule's verdict and every resource",
      async (cli, options) => {
        const plan = await onConsole(cli, async (session) =>
          session.client.tenant.plan(await order(cli, session, options)),
        );
        cli.terminal.answer(plan, () => planText(cli.terminal, plan));
        return plan.allowed ? EXIT.done : EXIT.refused;
      },
    ),
  );

  orderOptions(verb<OrderOptions>(tenant, "provision", "make a new tenant, and follow it to its hand-over", provision))
    .option("--request-id <uuid>", "repeating a command with the same id joins its job instead of starting another")
    .option("--detach", "return as soon as the job is started")
    .option("--wait", "follow the job to its end (this is the default)")
    .option("--follow", "the same as --wait");

  verb<TenantOption & { readonly confirm: string; readonly requestId?: string; readonly detach?: boolean }>(
    tenant,
    "roll-back [tenant]",
    "remove everything that a failed or cancelled provisioning made",
    async (cli, options, name) => {
      const slug = oneName("tenant", name, options.tenant);
      const input = { requestId: options.requestId ?? randomUUID(), tenant: slug, confirm: options.confirm };
      await runJob(cli, options.detach === true, async ({ client }) => client.tenant.rollBack(input));
    },
  )
    .option("--tenant <tenant>", "slug or id")
    .requiredOption("--confirm <name>", "the tenant's slug, typed in full")
    .option("--request-id <uuid>", "repeating a command with the same id joins its job")
    .option("--detach", "return as soon as the job is started");

  addRefreshVerb(verbs, tenant);
  addActVerbs(verbs, tenant);
}

function orderOptions(command: Command): Command {
  return command
    .option("--customer <name>", "the customer's name")
    .option("--service <service>", "openbravo or acumatica")
    .option("--edition <edition>", "commerce, business; essentials, select, prime, enterprise")
    .option("--prefix <prefix>", "first label of its address")
    .option("--version <version>", "version of the image catalogue, like 26Q1")
    .option("--account <account>", "AWS account, by name or id (default: the only one)")
    .option("--region <region>", "AWS region")
    .option("--production <type:GiB>", "instance type and data volume of production, like m6i.large:100")
    .option("--test <type:GiB>", "the same for the test environment")
    .option("--sandbox <type:GiB>", "the same for the sandbox")
    .option("--users <number>", "concurrent users", wholeNumber(0, 1_000_000))
    .option("--pos <number>", "point-of-sale terminals", wholeNumber(0, 1_000_000))
    .option("--invoice-date <date>", "start of the subscription, YYYY-MM-DD")
    .option("--owner <partner>", "partner that looks after it")
    .option("--zone <zone>", "the customer's time zone, like Europe/Madrid")
    .option("--ssh-from <network>", "network that may reach SSH; may be repeated", collect)
    .option(
      "--override <rule=reason>",
      "written reason for a refusal that may be overridden, R8=...; may be repeated",
      (text: string, before?: readonly (readonly [string, string])[]) => [...(before ?? []), nameAndValue(text)],
    )
    .option("--file <file>", "the request as JSON; flags win over it (- reads standard input)");
}

async function order(cli: Cli, { client }: Session, options: OrderOptions): Promise<ProvisionRequest> {
  const { provisionRequest } = await import("./provision-request.ts");
  const file = options.file === undefined ? undefined : await readJson(options.file, cli.streams);
  const inFile = (file as { accountId?: unknown } | undefined)?.accountId;
  const wanted = options.account ?? (typeof inFile === "string" ? inFile : undefined);
  const accounts = await client.settings.listAccounts();
  const found = wanted === undefined ? accounts : accounts.filter(({ id, name }) => id === wanted || name === wanted);
  const [account] = found;
  if (found.length !== 1 || !account) {
    const names = accounts.map(({ name }) => name).join(", ") || "none yet";
    throw usageError(
      wanted === undefined ? "No AWS account is named." : `There is no AWS account "${wanted}".`,
      `Name one with --account; known are: ${names}.`,
    );
  }
  return provisionRequest(options, file, account.id);
}

async function provision(cli: Cli, options: OrderOptions): Promise<void> {
  const requestId = options.requestId ?? randomUUID();
  await runJob(cli, options.detach === true, async (session) => {
    const request = await order(cli, session, options);
    return session.client.tenant.provision({ ...request, requestId });
  });
}

/** Starts a job and, unless detached, follows it; answers with the job, its steps and the tenant it acts on. */
async function runJob<Started extends { readonly jobId: string; readonly slug?: string }>(
  cli: Cli,
  detach: boolean,
  start: (session: Session) => Promise<Started>,
): Promise<void> {
  if (detach) {
    const started = await onConsole(cli, async (session) => {
      if (session.own) cli.terminal.note("No console runs on this home: the job goes on when the next one starts.");
      return start(session);
    });
    cli.terminal.answer(started, () => `started job ${started.jobId}`);
    return;
  }
  const { startAndFollow } = await import("./follow-job.ts");
  const { started, job, steps, tenant } = await startAndFollow(cli, start, async (session, { slug }) =>
    slug === undefined ? null : await session.client.tenant.get({ tenant: slug }),
  );
  const { terminal } = cli;
  terminal.answer({ ...started, state: job.state, job, steps, tenant }, () =>
    tenant ? `${terminal.paint("green", "done")}\n${tenantText(terminal, tenant)}` : `done: job ${job.id}`,
  );
}

async function listTenants(cli: Cli, options: { readonly refresh?: boolean }): Promise<void> {
  const { terminal } = cli;
  const { rows, sources } = await onConsole(cli, async ({ client, own }) => {
    // A console that was started just now has read nothing yet.
    if (options.refresh || own) await client.fleet.refresh();
    return client.fleet.list();
  });
  for (const { accountName, region, error } of sources) {
    if (error) terminal.note(plain(`${accountName} ${region}: ${error.message} (${error.code})`));
  }
  terminal.answer({ tenants: byTenant(rows), sources }, () =>
    table(
      terminal,
      ["TENANT", "CUSTOMER", "SERVICE", "ENVIRONMENT", "VERSION", "REGION", "STATE", "HEALTH", "ADDRESS"],
      rows.map((row) => [
        row.slug,
        row.customer,
        row.service,
        row.kind,
        shown(row.version),
        row.region,
        row.state,
        row.health.state,
        shown(row.reachedAt),
      ]),
    ),
  );
}

/** The fleet's rows, one an environment, gathered by tenant. */
function byTenant(rows: readonly FleetRow[]): object[] {
  const tenants = new Map<string, { environments: object[] }>();
  for (const { tenantId, slug, customer, service, edition, owner, zone, isLab, activeJob, ...environment } of rows) {
    const facts = { id: tenantId, slug, customer, service, edition, owner, zone, isLab, activeJob };
    const known = tenants.get(tenantId) ?? { ...facts, environments: [] };
    known.environments.push(environment);
    tenants.set(tenantId, known);
  }
  return [...tenants.values()];
}

function tenantText(terminal: Terminal, tenant: Tenant): string {
  const head = facts(terminal, [
    ["tenant", tenant.slug],
    ["id", tenant.id],
    ["customer", tenant.customer],
    ["service", `${tenant.service} ${tenant.edition}`],
    ["owner", tenant.owner],
    ["licence", `${tenant.users} users, ${tenant.posTerminals} POS terminals, from ${tenant.invoiceDate}`],
    ["zone", tenant.zone],
    ["handed over", tenant.handOver?.handedOverAt ?? tenant.handOver?.limitAt.toISOString().replace(/^/, "due by ")],
    ["job", tenant.activeJob && `${tenant.activeJob.id} ${tenant.activeJob.state} ${tenant.activeJob.percent} %`],
  ]);
  const environments = tenant.environments.map((environment) =>
    facts(terminal, [
      [environment.kind, `${environment.state}, ${environment.health.state}`],
      ["  url", environment.url],
      ["  reached at", environment.reachedAt],
      ["  ssh", environment.sshAddress && sshText(environment.sshAddress)],
      ["  host key", environment.hostKey],
      ["  version", environment.version],
      ["  host", `${shown(environment.instanceId)} ${shown(environment.instanceType)} ${environment.region}`],
      ["  data", `${shown(environment.volumeId)} ${shown(environment.volumeGiB)} GiB`],
    ]),
  );
  return [head, ...environments].join("\n\n");
}

function sshText({
  user,
  host,
  port,
}: {
  readonly user: string;
  readonly host: string;
  readonly port: number;
}): string {
  return `ssh -p ${port} ${user}@${host}`;
}

function planText(terminal: Terminal, plan: ProvisionPlan): string {
  const verdicts = plan.verdicts.map((verdict) => {
    const mark = verdict.allowed ? terminal.paint("green", "allowed") : terminal.paint("red", "refused");
    return `${mark}  ${plain(`${shown(verdict.rule)}  ${verdict.reason}  (${verdict.source})`)}`;
  });
  const resources = table(
    terminal,
    ["RESOURCE", "ENVIRONMENT", "NAME", "DETAIL"],
    plan.resources.map(({ type, environment, name, detail }) => [type, environment, name, detail]),
  );
  const end = plan.allowed
    ? `Allowed. Hand-over by ${shown(plan.handOver.targetAt)}, at the latest ${shown(plan.handOver.limitAt)}.`
    : "Refused: nothing would be made.";
  return [verdicts.join("\n"), resources, `Steps: ${plan.steps.join(", ")}`, terminal.paint("bold", end)].join("\n\n");
}
