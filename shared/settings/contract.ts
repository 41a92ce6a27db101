import { oc } from "@orpc/contract";
import { z } from "zod";
import {
  Account,
  AccountCheck,
  AccountInput,
  ConsoleStatus,
  MailServer,
  MailSettings,
  Settings,
  SettingsPatch,
  VaultStatus,
} from "./model.ts";

const AccountRef = z.object({ account: z.string().min(1).max(100) });

export const settingsContract = {
  /** Answers at once, also while the console starts or after it failed to. */
  status: oc.output(ConsoleStatus),
  get: oc.output(Settings),
  /** Changes only the given keys. */
  update: oc.input(SettingsPatch).output(Settings),
  listAccounts: oc.output(z.array(Account)),
  /** Stores keys in the vault (VaultLocked when it is not open) and answers without them. */
  addAccount: oc.input(AccountInput).output(Account),
  /** Who am I, and does each region answer. `account` takes a name or an id. */
  checkAccount: oc.input(AccountRef).output(AccountCheck),
  removeAccount: oc
    .input(AccountRef.extend({ confirm: z.string().max(100) }))
    .output(z.object({ removed: z.string() })),
  mail: oc.output(MailSettings),
  /**
   * Null forgets the server. `password` goes into the vault, for this user at this server only: another one never gets
   * it. Absent, a password that is known for both stays.
   */
  setMail: oc
    .input(z.object({ server: MailServer.nullable(), password: z.string().min(1).max(1_000).optional() }))
    .output(MailSettings),
  /** Connects, encrypts and logs in; nothing is sent. `greeting` is the server's last answer. */
  checkMail: oc.output(z.object({ greeting: z.string() })),
  vaultStatus: oc.output(VaultStatus),
  /** Opens the vault; on a new one sets its passphrase (12 characters at least). */
  unlockVault: oc.input(z.object({ passphrase: z.string().min(1).max(1_000) })).output(VaultStatus),
  lockVault: oc.output(VaultStatus),
};
