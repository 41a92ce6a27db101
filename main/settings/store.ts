import { copyFileSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import Conf from "conf";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { Account, Settings, type SettingsPatch } from "../../shared/settings/model.ts";
import { asFileError, asideName } from "../home/files.ts";
import type { Home } from "../home/index.ts";

export interface Notice {
  readonly code: string;
  readonly message: string;
}

/** What is kept in settings.json and, beside it in memory, the accounts of this session. */
export interface SettingsStore {
  get(): Settings;
  /** Changes only the given keys. Throws AppError DiskFull or HomeNotWritable; nothing is changed then. */
  update(patch: SettingsPatch): Settings;
  /** Session accounts first. */
  accounts(): readonly Account[];
  /** By id or name. Throws AppError NotFound. */
  account(nameOrId: string): Account;
  /** Throws AppError Conflict when there is an account with this id. */
  addAccount(account: Account): void;
  removeAccount(id: string): void;
  /**
   * An account that its owner hands over at each start, as the lab does: kept in memory, listed first, not removable.
   * It hides a stored one of the same id; repeating it replaces it.
   */
  registerSessionAccount(account: Account): void;
  /** What was mended when the file was read. */
  readonly notices: readonly Notice[];
  /** Called after each change; the result ends it. */
  onChange(listener: () => void): () => void;
}

const StoredAccount = Account.omit({ isLab: true });
type Raw = Readonly<Record<string, unknown>>;

/**
 * Reads settings.json, the file that electron-store would use too.
 *
 * What cannot be read never stops the console: the file is copied aside, defaults stand in for what is wrong, and a
 * notice says so. Keys and accounts that this version does not know stay in the file.
 */
export async function openSettings(home: Home): Promise<SettingsStore> {
  const path = home.paths.settings;
  const notices: Notice[] = [];
  const raw = readRaw(path, notices);
  const { settings, wrong } = readSettings(raw);
  const stored = readAccounts(raw);
  if (wrong.length > 0 || stored.unreadable > 0) {
    const copy = copyAside(path);
    const what = [...wrong, ...(stored.unreadable > 0 ? [`${stored.unreadable} of the accounts`] : [])].join(", ");
    notices.push({
      code: "SettingsMended",
      message: `Not usable in the settings file: ${what}. Defaults are used instead; the file as it was is ${basename(copy)}.`,
    });
  }
  const conf = new Conf<Record<string, unknown>>({
    cwd: dirname(path),
    configName: basename(path, ".json"),
    accessPropertiesByDotNotation: false,
    configFileMode: 0o600,
  });
  return new FileSettings(conf, settings, stored.accounts, notices);
}

class FileSettings implements SettingsStore {
  readonly notices: readonly Notice[];
  readonly #conf: Conf<Record<string, unknown>>;
  readonly #session = new Map<string, Account>();
  readonly #listeners = new Set<() => void>();
  #settings: Settings;
  #stored: readonly Account[];

  constructor(conf: Conf<Record<string, unknown>>, settings: Settings, stored: readonly Account[], notices: Notice[]) {
    this.#conf = conf;
    this.#settings = settings;
    this.#stored = stored;
    this.notices = notices;
  }

  get(): Settings {
    return this.#settings;
  }

  update(patch: SettingsPatch): Settings {
    const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
    const settings = Settings.parse({ ...this.#settings, ...given });
    this.#write(given);
    this.#settings = settings;
    this.#changed();
    return settings;
  }

  accounts(): readonly Account[] {
    return [...this.#session.values(), ...this.#stored.filter(({ id }) => !this.#session.has(id))];
  }

  account(nameOrId: string): Account {
    const accounts = this.accounts();
    const found = accounts.find(({ id }) => id === nameOrId) ?? accounts.find(({ name }) => name === nameOrId);
    if (found) return found;
    throw new AppError("NotFound", `There is no account ${JSON.stringify(nameOrId)}.`, {
      retryable: false,
      next: accounts.length > 0 ? `Known accounts: ${accounts.map(({ name }) => name).join(", ")}.` : "Add one first.",
    });
  }

  addAccount(account: Account): void {
    const taken = this.accounts().find(({ id }) => id === account.id);
    if (taken) {
      throw new AppError("Conflict", `There is an account ${JSON.stringify(taken.name)} already.`, {
        retryable: false,
        next: "Choose another name, or remove that account first.",
      });
    }
    this.#writeAccounts(account.id, account);
  }

  removeAccount(id: string): void {
    this.#writeAccounts(id, undefined);
  }

  registerSessionAccount(account: Account): void {
    this.#session.set(account.id, account);
    this.#changed();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #writeAccounts(id: string, account: Account | undefined): void {
    const others = rawAccounts(this.#readStore()).filter((entry) => (entry as { id?: unknown } | null)?.id !== id);
    this.#write({ accounts: account ? [...others, StoredAccount.parse(account)] : others });
    this.#stored = [...this.#stored.filter((stored) => stored.id !== id), ...(account ? [account] : [])];
    this.#changed();
  }

  #readStore(): Raw {
    try {
      return this.#conf.store;
    } catch {
      // The file was spoilt while we ran: what is in memory is the better copy.
      keepAside(this.#conf.path);
      this.#conf.store = { ...this.#settings, accounts: this.#stored.map((account) => StoredAccount.parse(account)) };
      return this.#conf.store;
    }
  }

  #write(values: Raw): void {
    try {
      this.#readStore();
      this.#conf.set(values);
    } catch (error) {
      throw asFileError(error, dirname(this.#conf.path));
    }
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function readRaw(path: string, notices: Notice[]): Raw {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw asFileError(error, path);
  }
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    const copy = keepAside(path);
    notices.push({
      code: "SettingsBroken",
      message: `The settings file could not be read. Defaults are used; the file as it was is ${basename(copy)}.`,
    });
    return {};
  }
}

/** A file that stays as it is, start after start, is copied once. */
function copyAside(path: string): string {
  const content = readFileSync(path);
  const stem = `${basename(path, ".json")}.broken-`;
  const copies = readdirSync(dirname(path)).filter((name) => name.startsWith(stem));
  const known = copies.map((name) => join(dirname(path), name)).find((copy) => readFileSync(copy).equals(content));
  if (known) return known;
  const copy = asideName(path);
  copyFileSync(path, copy);
  return copy;
}

function keepAside(path: string): string {
  const copy = asideName(path);
  renameSync(path, copy);
  return copy;
}

/** Each key on its own: one wrong value costs one setting. */
function readSettings(raw: Raw): { readonly settings: Settings; readonly wrong: readonly string[] } {
  const wrong = Object.entries(Settings.shape)
    .filter(([key, schema]) => !schema.safeParse(raw[key]).success)
    .map(([key]) => key);
  const usable = Object.fromEntries(Object.entries(raw).filter(([key]) => !wrong.includes(key)));
  return { settings: Settings.parse(usable), wrong };
}

function rawAccounts(raw: Raw): readonly unknown[] {
  const { accounts } = raw as { accounts?: unknown };
  return Array.isArray(accounts) ? accounts : [];
}

function readAccounts(raw: Raw): { readonly accounts: readonly Account[]; readonly unreadable: number } {
  const entries = rawAccounts(raw);
  const accounts = entries.flatMap((entry) => {
    const { success, data } = StoredAccount.safeParse(entry);
    return success ? [{ ...data, isLab: false }] : [];
  });
  const isNoList = "accounts" in raw && !Array.isArray(raw["accounts"]);
  return { accounts, unreadable: entries.length - accounts.length + (isNoList ? 1 : 0) };
}
