import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { implement, type Router } from "@orpc/server";
import { AppError } from "../../shared/errors.ts";
import { settingsContract } from "../../shared/settings/contract.ts";
import type { Account, AccountCheck, AccountInput, ConsoleStatus } from "../../shared/settings/model.ts";
import type { Vault } from "../vault/index.ts";
import { type AccountKeys, keysName, writeKeys } from "./keys.ts";
import { slug } from "./slug.ts";
import type { SettingsStore } from "./store.ts";

export { type AccountKeys, readKeys } from "./keys.ts";
export { type Notice, openSettings, type SettingsStore } from "./store.ts";

export interface SettingsPorts {
  status(): ConsoleStatus;
  readonly settings: SettingsStore;
  readonly vault: Vault;
  checkAccount(account: Account): Promise<AccountCheck>;
  /** An account came, changed or went (clients made for it are stale), or the vault was opened or locked. */
  changed(what: "account" | "vault", accountId?: string): void;
}

export function settingsRouter(ports: SettingsPorts): Router<typeof settingsContract, Record<never, never>> {
  const { settings, vault } = ports;
  const os = implement(settingsContract);
  return os.router({
    status: os.status.handler(() => ports.status()),
    get: os.get.handler(() => settings.get()),
    update: os.update.handler(({ input }) => settings.update(input)),
    listAccounts: os.listAccounts.handler(() => [...settings.accounts()]),
    addAccount: os.addAccount.handler(async ({ input }) => {
      const account = await addAccount(ports, input);
      ports.changed("account", account.id);
      return account;
    }),
    checkAccount: os.checkAccount.handler(({ input }) => ports.checkAccount(settings.account(input.account))),
    removeAccount: os.removeAccount.handler(async ({ input }) => {
      const account = settings.account(input.account);
      refuseRemoval(account, input.confirm);
      settings.removeAccount(account.id);
      await vault.delete(keysName(account.id));
      ports.changed("account", account.id);
      return { removed: account.name };
    }),
    vaultStatus: os.vaultStatus.handler(() => vault.status()),
    unlockVault: os.unlockVault.handler(async ({ input }) => {
      const status = await vault.unlock(input.passphrase);
      ports.changed("vault");
      return status;
    }),
    lockVault: os.lockVault.handler(() => {
      const status = vault.lock();
      ports.changed("vault");
      return status;
    }),
  });
}

/**
 * An account whose owner hands it over at each start, as the lab does: kept in memory, listed, and not removable.
 * Repeating it renews the keys.
 */
export function registerSessionAccount(
  { settings, vault }: Pick<SettingsPorts, "settings" | "vault">,
  account: Account,
  keys: AccountKeys,
): void {
  vault.putForSession(keysName(account.id), writeKeys(keys));
  settings.putSessionAccount(account);
}

async function addAccount({ settings, vault }: SettingsPorts, input: AccountInput): Promise<Account> {
  const { name, credentials, regions, endpoints, ports } = input;
  const account: Account = {
    id: slug(name),
    name,
    credentials:
      credentials.kind === "profile"
        ? { kind: "profile", profile: credentials.profile, accessKeyId: null }
        : { kind: "keys", profile: null, accessKeyId: credentials.accessKeyId },
    regions: [...new Set(regions)],
    endpoints,
    ports,
    isLab: false,
  };
  await checkCaFile(endpoints.caFile);
  settings.addAccount(account);
  if (credentials.kind === "keys") {
    try {
      await vault.put(keysName(account.id), writeKeys(credentials as AccountKeys));
    } catch (error) {
      settings.removeAccount(account.id);
      throw error;
    }
  }
  return account;
}

async function checkCaFile(caFile: string | undefined): Promise<void> {
  if (caFile === undefined) return;
  const problem = isAbsolute(caFile)
    ? await access(caFile, constants.R_OK).then(
        () => undefined,
        () => "cannot be read",
      )
    : "is not an absolute path";
  if (problem === undefined) return;
  throw new AppError("InvalidInput", `The certificate file ${JSON.stringify(caFile)} ${problem}.`, {
    retryable: false,
    next: "Name a PEM file of this machine by its full path.",
  });
}

function refuseRemoval(account: Account, confirm: string): void {
  if (account.isLab) {
    throw new AppError("Conflict", `The account ${account.name} belongs to the lab and goes with it.`, {
      retryable: false,
      next: "Start the console without the lab (`--lab none`).",
    });
  }
  if (confirm === account.name || confirm === account.id) return;
  throw new AppError("ConfirmationNeeded", `To remove the account ${account.name}, type its name in full.`, {
    retryable: false,
    next: "Nothing was removed.",
  });
}
