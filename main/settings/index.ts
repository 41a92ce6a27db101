import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { implement } from "@orpc/server";
import { AppError } from "../../shared/errors.ts";
import { settingsContract } from "../../shared/settings/contract.ts";
import type {
  Account,
  AccountCheck,
  AccountInput,
  ConsoleStatus,
  MailServer,
  MailSettings,
  VaultStatus,
} from "../../shared/settings/model.ts";
import { passwordName } from "./mail.ts";
import { slug } from "./slug.ts";
import type { SettingsStore } from "./store.ts";

export { type MailAccess, mailServer, noMailServer } from "./mail.ts";
export { type Notice, openSettings, type SettingsStore } from "./store.ts";

/** What the vault does for the settings. */
export interface SecretStore {
  status(): VaultStatus;
  unlock(passphrase: string): Promise<VaultStatus>;
  lock(): VaultStatus;
  put(name: string, value: string): Promise<void>;
  delete(name: string): Promise<void>;
  has(name: string): Promise<boolean>;
}

export interface SettingsPorts {
  status(): ConsoleStatus;
  readonly settings: SettingsStore;
  readonly vault: SecretStore;
  checkAccount(account: Account): Promise<AccountCheck>;
  /** Throws what stands in the way of sending. */
  checkMail(): Promise<{ readonly greeting: string }>;
  /** An account came or went, or the vault was opened or locked. Its failure is nobody's: the change is made. */
  changed(what: "account" | "mail" | "vault"): void | Promise<void>;
}

/** Where an account's keys are in the vault: JSON with `accessKeyId`, `secretAccessKey` and perhaps `sessionToken`. */
export const keysName = (accountId: string): string => `account/${accountId}/keys`;

export function settingsRouter(ports: SettingsPorts) {
  const { settings, vault } = ports;
  const os = implement(settingsContract);
  const changed = (what: "account" | "mail" | "vault"): void => {
    void Promise.resolve(ports.changed(what)).catch(() => {});
  };
  return os.router({
    status: os.status.handler(() => ports.status()),
    get: os.get.handler(() => settings.get()),
    update: os.update.handler(({ input }) => settings.update(input)),
    listAccounts: os.listAccounts.handler(() => [...settings.accounts()]),
    addAccount: os.addAccount.handler(async ({ input }) => {
      const account = await addAccount(ports, input);
      changed("account");
      return account;
    }),
    checkAccount: os.checkAccount.handler(({ input }) => ports.checkAccount(settings.account(input.account))),
    removeAccount: os.removeAccount.handler(async ({ input }) => {
      const account = settings.account(input.account);
      refuseRemoval(account, input.confirm);
      settings.removeAccount(account.id);
      await vault.delete(keysName(account.id));
      changed("account");
      return { removed: account.name };
    }),
    mail: os.mail.handler(() => mailSettings(ports)),
    setMail: os.setMail.handler(async ({ input }) => {
      await setMail(ports, input.server, input.password);
      changed("mail");
      return mailSettings(ports);
    }),
    checkMail: os.checkMail.handler(() => ports.checkMail()),
    vaultStatus: os.vaultStatus.handler(() => vault.status()),
    unlockVault: os.unlockVault.handler(async ({ input }) => {
      const status = await vault.unlock(input.passphrase);
      changed("vault");
      return status;
    }),
    lockVault: os.lockVault.handler(() => {
      const status = vault.lock();
      changed("vault");
      return status;
    }),
  });
}

async function mailSettings({ settings, vault }: SettingsPorts): Promise<MailSettings> {
  const server = settings.get().mail;
  return { server, hasPassword: server?.user ? await vault.has(passwordName(server)) : false };
}

/** The password first: a server that cannot be used is worse than none. */
async function setMail(
  { settings, vault }: SettingsPorts,
  server: MailServer | null,
  password: string | undefined,
): Promise<void> {
  const before = settings.get().mail;
  await checkCaFile(server?.caFile ?? undefined);
  if (server?.user && password !== undefined) await vault.put(passwordName(server), password);
  settings.update({ mail: server });
  const old = before && passwordName(before);
  if (old && old !== (server && passwordName(server))) await vault.delete(old);
}

async function addAccount({ settings, vault }: SettingsPorts, input: AccountInput): Promise<Account> {
  const { name, credentials, regions, endpoints, ports, ssh } = input;
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
    ...(ssh && { ssh }),
    isLab: false,
  };
  await checkCaFile(endpoints.caFile);
  settings.addAccount(account);
  if (credentials.kind === "keys") {
    try {
      const { accessKeyId, secretAccessKey, sessionToken } = credentials;
      await vault.put(keysName(account.id), JSON.stringify({ accessKeyId, secretAccessKey, sessionToken }));
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
