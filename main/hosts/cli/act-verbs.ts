import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import type { ResizePlan } from "../../../shared/tenant/acts.ts";
import type { EnvironmentKind } from "../../../shared/tenant/model.ts";
import { EXIT } from "./exit-status.ts";
import { readInput } from "./read-input.ts";
import type { Cli, Session } from "./session.ts";
import { plain, shown, table, type Terminal } from "./terminal.ts";
import { oneName, oneOf } from "./usage.ts";
import { nameAndValue, onConsole, type Verbs, wholeNumber } from "./verbs.ts";

// Spelled out, since the models would be loaded by every command.
const ENVIRONMENTS = ["production", "test", "sandbox"] as const satisfies readonly EnvironmentKind[];

export interface JobOptions {
  readonly requestId?: string;
  readonly detach?: boolean;
}
interface ActOptions extends JobOptions {
  readonly tenant?: string;
  readonly environment?: EnvironmentKind;
  readonly confirm?: string;
  readonly override?: readonly (readonly [string, string])[];
}
interface ResizeOptions extends ActOptions {
  readonly type?: string;
  readonly volume?: number;
  readonly dryRun?: boolean;
}

/** Starts a job and, unless detached, follows it to its end. */
export async function runAct(
  cli: Cli,
  options: JobOptions,
  start: (session: Session, requestId: string) => Promise<{ readonly jobId: string }>,
): Promise<void> {
  const requestId = options.requestId ?? randomUUID();
  const { terminal } = cli;
  if (options.detach) {
    const started = await onConsole(cli, async (session) => {
      if (session.own) terminal.note("No console runs on this home: the job goes on when the next one starts.");
      return start(session, requestId);
    });
    terminal.answer(started, () => `started job ${started.jobId}`);
    return;
  }
  const { startAndFollow } = await import("./follow-job.ts");
  const { started, job, steps } = await startAndFollow(
    cli,
    (session) => start(session, requestId),
    async () => null,
  );
  terminal.answer(
    { ...started, state: job.state, job, steps },
    () => `${terminal.paint("green", "done")}: job ${job.id}`,
  );
}

export const jobOptions = (command: Command): Command =>
  command
    .option("--request-id <uuid>", "repeating a command with the same id joins its job instead of starting another")
    .option("--detach", "return as soon as the job is started");

export const targetOptions = (command: Command): Command =>
  command
    .option("--tenant <tenant>", "slug or id")
    .option("--environment <kind>", "production, test or sandbox (default: production)", oneOf(ENVIRONMENTS));

export const overrideOption = (command: Command): Command =>
  command.option(
    "--override <rule=reason>",
    "written reason for a refusal that may be overridden, R39=...; may be repeated",
    (text: string, before?: readonly (readonly [string, string])[]) => [...(before ?? []), nameAndValue(text)],
  );

export const targetOf = (name: string | undefined, options: Pick<ActOptions, "tenant" | "environment">) => ({
  tenant: oneName("tenant", name, options.tenant),
  environment: options.environment ?? ("production" as const),
});
const overridesOf = (options: ActOptions) => Object.fromEntries(options.override ?? []);

/** Acts on a running tenant, under the noun `tenant`. */
export function addActVerbs({ verb }: Verbs, tenant: Command): void {
  const act = <Options extends ActOptions>(
    name: string,
    summary: string,
    start: (
      session: Session,
      order: ReturnType<typeof targetOf> & { requestId: string },
      options: Options,
    ) => Promise<{ jobId: string }>,
  ): Command =>
    jobOptions(
      targetOptions(
        verb<Options>(tenant, `${name} [tenant]`, summary, (cli, options, value) => {
          const target = targetOf(value, options);
          return runAct(cli, options, (session, requestId) => start(session, { ...target, requestId }, options));
        }),
      ),
    );

  act("start", "start the machine, and learn its new address", ({ client }, order) => client.tenant.start(order));
  overrideOption(
    act<ActOptions>("stop", "shut the machine down", ({ client }, order, options) =>
      client.tenant.stop({ ...order, confirm: options.confirm ?? "", overrides: overridesOf(options) }),
    ).option("--confirm <name>", "on production: the tenant's slug, typed in full"),
  );
  overrideOption(
    act<ActOptions>("reboot", "restart the machine", ({ client }, order, options) =>
      client.tenant.reboot({ ...order, confirm: options.confirm ?? "", overrides: overridesOf(options) }),
    ).option("--confirm <name>", "on production: the tenant's slug, typed in full"),
  );
  overrideOption(
    act<ActOptions & { readonly minutes: number; readonly reason: string }>(
      "lockout",
      "shut users out for some minutes; the watchdog alarms when it lasts longer",
      ({ client }, order, options) =>
        client.tenant.lockOut({
          ...{ ...order, minutes: options.minutes, reason: options.reason },
          overrides: overridesOf(options),
        }),
    )
      .requiredOption("--minutes <number>", "how long at most", wholeNumber(1, 10_080))
      .requiredOption("--reason <text>", "why; shown while it lasts"),
  );
  act<ActOptions & { readonly reason: string }>("unlock", "let users in again", ({ client }, order, options) =>
    client.tenant.unlock({ ...order, reason: options.reason }),
  ).requiredOption("--reason <text>", "why; kept on record");
  act("renew-certificate", "a new certificate for the vendor's own domain (R13)", ({ client }, order) =>
    client.tenant.renewCertificate(order),
  );

  jobOptions(
    targetOptions(
      verb<ActOptions & { readonly file: string; readonly check?: boolean }>(
        tenant,
        "install-certificate [tenant]",
        "a customer's own certificate (R12): chain and key as one PEM text",
        async (cli, options, value) => {
          const target = targetOf(value, options);
          const pem = await readInput(options.file, cli.streams);
          if (!options.check) {
            return runAct(cli, options, ({ client }, requestId) =>
              client.tenant.installCertificate({ ...target, requestId, pem }),
            );
          }
          const checked = await onConsole(cli, ({ client }) => client.tenant.checkCertificate({ ...target, pem }));
          cli.terminal.answer(checked, () =>
            [
              `${plain(checked.names.join(", "))}, by ${plain(checked.issuer)}, until ${shown(checked.validTo)}`,
              ...checked.problems,
              ...checked.verdicts.map(({ rule, allowed, reason }) => `${allowed ? "yes" : "NO "} ${rule} ${reason}`),
            ].join("\n"),
          );
          return checked.allowed ? EXIT.done : EXIT.refused;
        },
      )
        .requiredOption("--file <file>", "PEM file (- reads standard input)")
        .option("--check", "only say what it holds and whether it fits; nothing is sent"),
    ),
  );
  targetOptions(
    verb<ActOptions>(
      tenant,
      "certificate [tenant]",
      "the certificate that the host serves now",
      async (cli, options, value) => {
        const found = await onConsole(cli, ({ client }) => client.tenant.certificate(targetOf(value, options)));
        cli.terminal.answer(
          found,
          () => `${plain(found.domain)}, by ${plain(found.issuer)}, until ${shown(found.validTo)}, ${found.origin}`,
        );
      },
    ),
  );

  overrideOption(
    jobOptions(
      targetOptions(
        verb<ResizeOptions>(
          tenant,
          "resize [tenant]",
          "another instance type or a larger data volume (production only, R2)",
          async (cli, options, value) => {
            const request = {
              ...targetOf(value, options),
              ...(options.type !== undefined && { instanceType: options.type }),
              ...(options.volume !== undefined && { volumeGiB: options.volume }),
              overrides: overridesOf(options),
            };
            if (!options.dryRun) {
              return runAct(cli, options, ({ client }, requestId) =>
                client.tenant.resize({ ...request, requestId, confirm: options.confirm ?? "" }),
              );
            }
            const plan = await onConsole(cli, ({ client }) => client.tenant.planResize(request));
            cli.terminal.answer(plan, () => resizeText(cli.terminal, plan));
            return plan.allowed ? EXIT.done : EXIT.refused;
          },
        )
          .option("--type <instance-type>", "like m6i.xlarge")
          .option("--volume <GiB>", "data volume; it only grows", wholeNumber(1, 16_384))
          .option("--confirm <name>", "the tenant's slug, typed in full, when the machine stops")
          .option("--dry-run", "only the plan: every rule's verdict and the steps"),
      ),
    ),
  );
}

function resizeText(terminal: Terminal, { from, to, interrupts, verdicts, steps }: ResizePlan): string {
  const size = (one: ResizePlan["from"]) => `${one.instanceType}, ${one.volumeGiB} GiB`;
  return [
    `${size(from)} to ${size(to)}${interrupts ? ", the machine stops for some minutes" : ""}`,
    table(
      terminal,
      ["RULE", "ALLOWED", "REASON"],
      verdicts.map(({ rule, allowed, override, reason }) => [
        rule,
        allowed ? "yes" : override === undefined ? "no" : "overridden",
        reason,
      ]),
    ),
    `steps: ${steps.join(", ")}`,
  ].join("\n");
}
