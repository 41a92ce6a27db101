import { type Account, type AccountCredentials, type AccountInput, JumpHost } from "../../../shared/settings/model.ts";
import { EXIT, exitStatusOf } from "./exit-status.ts";
import { readInput, readJson, readSecret } from "./read-input.ts";
import type { Cli } from "./session.ts";
import { table } from "./terminal.ts";
import { oneName, usageError } from "./usage.ts";
import { collect, onConsole, type Verbs, wholeNumber } from "./verbs.ts";

interface AccountOption {
  readonly account?: string;
}
interface AddOptions {
  readonly name?: string;
  readonly profile?: string;
  readonly accessKeyId?: string;
  readonly secretFile?: string;
  readonly region?: readonly string[];
  readonly endpoint?: string;
  readonly ec2?: string;
  readonly s3?: string;
  readonly sts?: string;
  readonly ca?: string;
  readonly sshPort?: number;
  readonly httpsPort?: number;
  readonly httpPort?: number;
  readonly sshAgent?: string | true;
  readonly jump?: readonly string[];
  readonly lab?: string;
}

const port = wholeNumber(1, 65_535);

export function addAccountVerbs({ noun, verb }: Verbs): void {
  const account = noun("account", "AWS accounts that the console works in");

  verb<AddOptions>(account, "add [name]", "make an account known; its secret key is read from standard input", add)
    .option("--name <name>", "the account's name here")
    .option("--profile <profile>", "a profile of ~/.aws: keys, SSO, an assumed role or a process")
    .option("--access-key-id <id>", "an access key; its secret comes from AWS_SECRET_ACCESS_KEY or standard input")
    .option("--secret-file <file>", "file with the secret key instead")
    .option("--region <region>", "a region to work in; may be repeated", collect)
    .option("--endpoint <url>", "address of EC2, S3 and STS instead of AWS's own")
    .option("--ec2 <url>", "address of EC2 alone")
    .option("--s3 <url>", "address of S3 alone")
    .option("--sts <url>", "address of STS alone")
    .option("--ca <file>", "PEM file of the authority that signs the endpoints and the hosts")
    .option("--ssh-port <port>", "where the account's hosts listen for SSH", port)
    .option("--https-port <port>", "where they listen for HTTPS", port)
    .option("--http-port <port>", "where they would listen for plain HTTP", port)
    .option("--ssh-agent [fingerprint]", "log in to the hosts with your SSH agent; named, with that key of it alone")
    .option("--jump <way>", "USER@HOST[:PORT]=SHA256:…[,SHA256:…]: go through this host; nearest first", collect)
    .option("--lab <file>", "take all of it from the line that `fleetwright lab start` printed (- for standard input)");

  verb(account, "list", "accounts that are known", async (cli) => {
    const accounts = await onConsole(cli, ({ client }) => client.settings.listAccounts());
    cli.terminal.answer(accounts, () => accountTable(cli, accounts));
  });

  verb<AccountOption>(
    account,
    "check [account]",
    "who the keys belong to, and whether each region answers",
    async (cli, options, value) => {
      const name = oneName("account", value, options.account);
      const check = await onConsole(cli, ({ client }) => client.settings.checkAccount({ account: name }));
      cli.terminal.answer(check, () =>
        [
          check.ok ? `${check.arn ?? ""} in account ${check.awsAccountId ?? ""}` : "The account cannot be used.",
          table(
            cli.terminal,
            ["REGION", "ANSWER"],
            check.regions.map(({ region, ok, error }) => [region, ok ? "ok" : `${error?.message} (${error?.code})`]),
          ),
        ].join("\n"),
      );
      return check.ok ? EXIT.done : exitStatusOf(check.regions.find(({ ok }) => !ok)?.error);
    },
  ).option("--account <account>", "name or id");

  verb<AccountOption & { readonly confirm: string }>(
    account,
    "remove [account]",
    "forget an account and its keys; nothing in AWS changes",
    async (cli, options, value) => {
      const name = oneName("account", value, options.account);
      const input = { account: name, confirm: options.confirm };
      const removed = await onConsole(cli, ({ client }) => client.settings.removeAccount(input));
      cli.terminal.answer(removed, () => `removed ${removed.removed}`);
    },
  )
    .option("--account <account>", "name or id")
    .requiredOption("--confirm <name>", "the account's name, typed in full");
}

async function add(cli: Cli, options: AddOptions, value: string | undefined): Promise<void> {
  const name = oneName("account", value, options.name);
  const input =
    options.lab === undefined ? await accountInput(cli, name, options) : await labInput(cli, name, options.lab);
  const account = await onConsole(cli, ({ client }) => client.settings.addAccount(input));
  cli.terminal.answer(account, () => accountTable(cli, [account]));
}

async function accountInput(cli: Cli, name: string, options: AddOptions): Promise<AccountInput> {
  if (!options.region) throw usageError("No region is named.", "Name at least one with --region.");
  const every = options.endpoint;
  const endpoints = {
    ...((options.ec2 ?? every) && { ec2: options.ec2 ?? every }),
    ...((options.s3 ?? every) && { s3: options.s3 ?? every }),
    ...((options.sts ?? every) && { sts: options.sts ?? every }),
    ...(options.ca && { caFile: options.ca }),
  };
  const ports = { ssh: options.sshPort ?? 22, https: options.httpsPort ?? 443, http: options.httpPort ?? 80 };
  const ssh = sshAccess(options);
  return {
    name,
    credentials: await credentials(cli, options),
    regions: [...options.region],
    endpoints,
    ports,
    ...(ssh && { ssh }),
  };
}

function sshAccess({ sshAgent, jump }: AddOptions): AccountInput["ssh"] {
  if (sshAgent === undefined && !jump) return undefined;
  return {
    login: sshAgent === undefined ? "vault" : "agent",
    agentKey: typeof sshAgent === "string" ? sshAgent : null,
    jumps: (jump ?? []).map(jumpHost),
  };
}

/** "ops@bastion.example:2222=SHA256:…": a jump host without its pinned key is none. */
function jumpHost(way: string): JumpHost {
  const { user, host, port, keys } =
    /^(?<user>[^@\s]+)@(?<host>\[[^\]]+\]|[^:=\s]+)(?::(?<port>\d+))?=(?<keys>\S+)$/.exec(way)?.groups ?? {};
  const parsed = JumpHost.safeParse({
    user,
    host: host?.replace(/^\[|\]$/g, ""),
    port: Number(port ?? 22),
    hostKeys: keys?.split(","),
  });
  if (parsed.success) return parsed.data;
  throw usageError(
    `${JSON.stringify(way)} is no jump host.`,
    "Write it as ops@bastion.example:22=SHA256:…, not as root, with the fingerprint that its owner told you.",
  );
}

async function credentials(cli: Cli, options: AddOptions): Promise<AccountCredentials> {
  const { profile, accessKeyId } = options;
  if ((profile === undefined) === (accessKeyId === undefined)) {
    throw usageError("An account needs either a profile or an access key.", "Give --profile, or --access-key-id.");
  }
  if (profile !== undefined) return { kind: "profile", profile };
  const { AWS_SECRET_ACCESS_KEY: fromEnvironment, AWS_SESSION_TOKEN: sessionToken } = cli.streams.env;
  const secretAccessKey =
    options.secretFile !== undefined
      ? (await readInput(options.secretFile, cli.streams)).trim()
      : (fromEnvironment ?? (await readSecret("Secret access key", cli.streams)));
  if (!secretAccessKey)
    throw usageError("No secret access key was given.", "Set AWS_SECRET_ACCESS_KEY, or type it in.");
  const token = fromEnvironment === undefined ? undefined : sessionToken;
  return { kind: "keys", accessKeyId: accessKeyId ?? "", secretAccessKey, ...(token && { sessionToken: token }) };
}

/** The account that the ready line of a lab describes. */
async function labInput(cli: Cli, name: string, file: string): Promise<AccountInput> {
  const { LabReady } = await import("../../../shared/lab/model.ts");
  const parsed = LabReady.safeParse(await readJson(file, cli.streams));
  if (!parsed.success) throw usageError("That is not the line that `fleetwright lab start` prints.", "Give that line.");
  const { accessKeyId, secretAccessKey, regions, ec2, s3, sts, ca, ports } = parsed.data;
  return {
    name,
    credentials: { kind: "keys", accessKeyId, secretAccessKey },
    regions,
    endpoints: { ec2, s3, sts, caFile: ca },
    ports,
  };
}

function accountTable({ terminal }: Cli, accounts: readonly Account[]): string {
  return table(
    terminal,
    ["ACCOUNT", "CREDENTIALS", "REGIONS", "ENDPOINT", "LAB"],
    accounts.map(({ name, credentials, regions, endpoints, isLab }) => [
      name,
      credentials.profile ?? credentials.accessKeyId ?? "-",
      regions.join(" "),
      endpoints.ec2 ?? "AWS",
      isLab ? "yes" : "no",
    ]),
  );
}
