import type { Settings, VaultStatus } from "../../../shared/settings/model.ts";
import { readSecret } from "./read-input.ts";
import type { Cli } from "./session.ts";
import { facts } from "./terminal.ts";
import { usageError } from "./usage.ts";
import { nameAndValue, onConsole, type Verbs } from "./verbs.ts";

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
