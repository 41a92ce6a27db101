import { runAct, jobOptions, targetOf, targetOptions } from "./act-verbs.ts";
import { readInput } from "./read-input.ts";
import { shown, table } from "./terminal.ts";
import { usageError } from "./usage.ts";
import { onConsole, type Verbs, wholeNumber } from "./verbs.ts";
import type { JobOptions } from "./act-verbs.ts";
import type { EnvironmentKind } from "../../../shared/tenant/model.ts";

interface Target {
  readonly tenant?: string;
  readonly environment?: EnvironmentKind;
}
interface GrantOptions extends JobOptions, Target {
  readonly owner: string;
  readonly approver: string;
  readonly purpose: string;
  readonly key: string;
  readonly until: string;
}

/** Who may log in where: the register of keys (R102), and who did (R101). */
export function addAccessVerbs({ noun, verb }: Verbs): void {
  const access = noun("access", "keys and log-ins to tenants' hosts");

  targetOptions(
    verb<Target & { readonly read?: boolean }>(
      access,
      "keys [tenant]",
      "the register of keys, and what hosts hold that nobody registered",
      async (cli, options, name) => {
        const tenant = name ?? options.tenant;
        const found = await onConsole(cli, async ({ client }) => {
          if (options.read) await client.access.read(targetOf(name, options));
          return client.access.list(tenant === undefined ? {} : { tenant });
        });
        const { terminal } = cli;
        terminal.answer(found, () =>
          table(
            terminal,
            ["TENANT", "ENVIRONMENT", "STANDING", "OWNER", "APPROVER", "UNTIL", "FINGERPRINT", "ID"],
            [
              ...found.keys.map((key) => [
                ...[key.tenantSlug, key.kind, key.standing, key.owner, key.approver, shown(key.expiresAt)],
                ...[key.fingerprint, key.id],
              ]),
              ...found.drift.map((line) => [
                ...[line.tenantSlug, line.kind, "UNREGISTERED", line.comment, "-", shown(line.until)],
                ...[line.fingerprint, shown(line.id)],
              ]),
            ],
          ),
        );
      },
    ).option("--read", "read the host's own list first"),
  );

  jobOptions(
    targetOptions(
      verb<GrantOptions>(
        access,
        "grant [tenant]",
        "register a public key and put it on the host",
        async (cli, options, name) => {
          const expiresAt = new Date(options.until);
          if (Number.isNaN(expiresAt.getTime())) {
            throw usageError(`"${options.until}" is no time.`, "Write it like 2026-03-02T22:00:00Z.");
          }
          const publicKey = (await readInput(options.key, cli.streams)).trim();
          const { owner, approver, purpose } = options;
          const order = { ...targetOf(name, options), owner, approver, purpose, publicKey, expiresAt };
          await runAct(cli, options, ({ client }, requestId) => client.access.grant({ ...order, requestId }));
        },
      )
        .requiredOption("--owner <name>", "person or firm that holds the private key")
        .requiredOption("--approver <name>", "who approves it: the customer or its partner")
        .requiredOption("--purpose <text>", "what it is for")
        .requiredOption("--key <file>", "the .pub file (- reads standard input)")
        .requiredOption("--until <time>", "RFC 3339; the host refuses it afterwards"),
    ),
  );

  jobOptions(
    verb<JobOptions & { readonly reason: string }>(
      access,
      "revoke <key-id>",
      "take a key off its host, and see that it is gone",
      (cli, options, keyId) =>
        runAct(cli, options, ({ client }, requestId) =>
          client.access.revoke({ requestId, keyId: keyId ?? "", reason: options.reason }),
        ),
    ).requiredOption("--reason <text>", "why; kept in the register"),
  );

  jobOptions(
    verb<JobOptions & { readonly account: string }>(
      access,
      "rotate",
      "a new key of the console's own for all running hosts of an account",
      async (cli, options) =>
        runAct(cli, options, async ({ client }, requestId) => {
          const accounts = await client.settings.listAccounts();
          const account = accounts.find(({ id, name }) => id === options.account || name === options.account);
          if (!account) throw usageError(`There is no AWS account "${options.account}".`, "See: account list.");
          return client.access.rotate({ requestId, accountId: account.id });
        }),
    ).requiredOption("--account <account>", "AWS account, by name or id"),
  );

  verb<{ readonly tenant?: string; readonly limit: number }>(
    access,
    "sessions [tenant]",
    "who logged in where, when and why (R101)",
    async (cli, options, name) => {
      const tenant = name ?? options.tenant;
      const sessions = await onConsole(cli, ({ client }) =>
        client.access.sessions({ ...(tenant !== undefined && { tenant }), limit: options.limit }),
      );
      const { terminal } = cli;
      terminal.answer({ sessions }, () =>
        table(
          terminal,
          ["STARTED", "ENDED", "TENANT", "ENVIRONMENT", "OPERATOR", "REASON"],
          sessions.map((one) => [
            ...[shown(one.startedAt), shown(one.endedAt), one.tenantSlug, one.kind, one.operator, one.reason],
          ]),
        ),
      );
    },
  )
    .option("--tenant <tenant>", "slug or id")
    .option("--limit <number>", "newest so many", wholeNumber(1, 1000), 200);
}
