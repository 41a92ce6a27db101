import type { MailServer, MailSettings, Settings, VaultStatus } from "../../../shared/settings/model.ts";
import { readSecret } from "./read-input.ts";
import type { Cli } from "./session.ts";
import { facts } from "./terminal.ts";
import { oneOf, usageError } from "./usage.ts";
import { nameAndValue, onConsole, type Verbs, wholeNumber } from "./verbs.ts";

const TLS_MODES = ["tls", "starttls", "none"] as const satisfies readonly MailServer["tls"][];

interface MailOptions {
  readonly host: string;
  readonly from: string;
  readonly port?: number;
  readonly tls?: MailServer["tls"];
  readonly user?: string;
  readonly fromName?: string;
  readonly replyTo?: string;
  readonly ca?: string;
}

export function addSettingsVerbs({ noun, verb }: Verbs): void {
  const settings = noun("settings", "choices of this workstation; nothing secret");

  verb(settings, "get [name]", "all settings, or one", async (cli, _options, name) => {
    const all = await onConsole(cli, ({ client }) => client.settings.get());
    if (name === undefined) return cli.terminal.answer(all, () => settingsText(cli, all));
    if (!Object.hasOwn(all, name)) throw unknownSetting(name, all);
    const value = all[name as keyof Settings];
    cli.terminal.answer({ [name]: value }, () => String(typeof value === "object" ? JSON.stringify(value) : value));
  });

  verb(settings, "set <name=value...>", "change settings; lists as JSON", async (cli, _options, pairs) => {
    const given = (pairs as unknown as string[]).map(nameAndValue);
    const changed = await onConsole(cli, async ({ client }) => {
      const before = await client.settings.get();
      const change = given.map(([name, text]) => {
        if (!Object.hasOwn(before, name)) throw unknownSetting(name, before);
        return [name, typed(text, before[name as keyof Settings])] as const;
      });
      return client.settings.update(Object.fromEntries(change));
    });
    cli.terminal.answer(changed, () => settingsText(cli, changed));
  });

  const mail = noun("mail", "the company's mail server, by which notices are sent");

  verb(mail, "show", "how it is set up; the password is never shown", async (cli) => {
    answerMail(cli, await onConsole(cli, ({ client }) => client.settings.mail()));
  });

  verb<MailOptions>(
    mail,
    "set",
    "set it up; with --user the password is read from standard input",
    async (cli, options) => {
      const { host, from, port = options.tls === "tls" ? 465 : 587, tls = "starttls", user = null } = options;
      const { fromName = "", replyTo = null, ca: caFile = null } = options;
      const password = user === null ? "" : await readSecret("Password", cli.streams);
      const server = { host, port, tls, user, from, fromName, replyTo, caFile };
      const input = { server, ...(password && { password }) };
      answerMail(cli, await onConsole(cli, ({ client }) => client.settings.setMail(input)));
    },
  )
    .requiredOption("--host <host>", "name or address of the server")
    .requiredOption("--from <address>", "address that notices come from")
    .option("--port <port>", "default: 587, or 465 with --tls tls", wholeNumber(1, 65_535))
    .option("--tls <mode>", "tls from the first byte, starttls (default) or none", oneOf(TLS_MODES))
    .option("--user <name>", "who logs in; a password that is known already stays when none is given")
    .option("--from-name <name>", "name beside the address")
    .option("--reply-to <address>", "where answers go")
    .option("--ca <file>", "PEM file of the authority that signed the server's certificate");

  verb(mail, "check", "connect, encrypt and log in; nothing is sent", async (cli) => {
    const checked = await onConsole(cli, ({ client }) => client.settings.checkMail());
    cli.terminal.answer(checked, () => checked.greeting);
  });

  verb(mail, "remove", "forget the server and its password", async (cli) => {
    answerMail(cli, await onConsole(cli, ({ client }) => client.settings.setMail({ server: null })));
  });

  const vault = noun("vault", "where this console keeps keys and passphrases");

  verb(vault, "status", "what protects it, and whether it is open", async (cli) => {
    answerVault(cli, await onConsole(cli, ({ client }) => client.settings.vaultStatus()));
  });

  verb(vault, "unlock", "open it with the passphrase on standard input; sets it on a new vault", async (cli) => {
    const passphrase = cli.environment.vaultPassphrase ?? (await readSecret("Passphrase", cli.streams));
    if (!passphrase) throw usageError("No passphrase was given.", "Type it in, or give it on standard input.");
    answerVault(cli, await onConsole(cli, ({ client }) => client.settings.unlockVault({ passphrase })));
  });

  verb(vault, "lock", "close it again", async (cli) => {
    answerVault(cli, await onConsole(cli, ({ client }) => client.settings.lockVault()));
  });
}

function settingsText({ terminal }: Cli, settings: Settings): string {
  return facts(terminal, Object.entries(settings));
}

function answerMail({ terminal }: Cli, mail: MailSettings): void {
  const { server, hasPassword } = mail;
  terminal.answer(mail, () =>
    server
      ? facts(terminal, [...Object.entries(server), ["password", hasPassword ? "in the vault" : "none"]])
      : "No mail server is set up.",
  );
}

function answerVault({ terminal }: Cli, status: VaultStatus): void {
  terminal.answer(status, () =>
    facts(terminal, [
      ["protected by", status.backend],
      ["state", status.state],
      ["note", status.note],
    ]),
  );
}

/** The text as what the setting holds: text stays text, everything else is read as JSON. */
function typed(text: string, before: unknown): unknown {
  if (typeof before === "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    throw usageError(`"${text}" is neither a number nor JSON.`, 'Write lists as JSON: ["10.0.0.0/8"]');
  }
}

function unknownSetting(name: string, all: Settings) {
  return usageError(`There is no setting "${name}".`, `Known are: ${Object.keys(all).join(", ")}.`);
}
