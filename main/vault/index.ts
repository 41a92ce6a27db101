import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../shared/errors.ts";
import type { VaultStatus } from "../../shared/settings/model.ts";
import { asFileError, asideName, syncFolder, writeFileDurably } from "../home/files.ts";
import type { Home } from "../home/index.ts";
import { damaged, type Header, readHeader, writeHeader } from "./header.ts";
import { registerSecret } from "./redact.ts";
import { deriveKey, KEY_BYTES, newKeyDerivation, seal, unseal } from "./seal.ts";

/** The operating system's key store, as a host has it (Electron: `safeStorage`). */
export interface Keychain {
  /** Electron's name of it: "gnome_libsecret", "kwallet6", "basic_text", …; elsewhere any name. */
  readonly backend: string;
  encrypt(text: string): Buffer;
  decrypt(data: Buffer): string;
}

export interface VaultOptions {
  readonly home: Home;
  readonly keychain?: Keychain | undefined;
  /** Opens the vault, or becomes the passphrase of a new one. A wrong one leaves it locked and is told in the note. */
  readonly passphrase?: string | undefined;
}

/** Texts under names, readable in this process only: AWS keys, SSH private keys. */
export interface Vault {
  status(): VaultStatus;
  /**
   * Opens the vault; gives a vault without a passphrase (new, or opened by the key store) this one.
   * Throws AppError VaultPassphraseWrong, VaultDamaged, VaultBackendRefused or InvalidInput (under 12 characters).
   */
  unlock(passphrase: string): Promise<VaultStatus>;
  /** Forgets the key. Secrets of the session stay. */
  lock(): VaultStatus;
  /** Throws AppError VaultLocked or DiskFull. */
  put(name: string, value: string): Promise<void>;
  /** Undefined when nothing has this name. Throws AppError VaultLocked or VaultDamaged. */
  get(name: string): Promise<string | undefined>;
  has(name: string): Promise<boolean>;
  /** Works while locked; repeating it does no harm. */
  delete(name: string): Promise<void>;
  names(): Promise<readonly string[]>;
  /** Kept in memory only, also while locked: for what is handed over again at each start. Hides a stored one. */
  putForSession(name: string, value: string): void;
}

export const SHORTEST_PASSPHRASE = 12;
const KEY_LABEL = "fleetwright vault key";
const SUFFIX = ".secret";
/** Back-ends of Electron on Linux that encrypt with a key which anybody knows. */
const WEAK_BACKENDS = new Set(["basic_text", "unknown"]);

export async function openVault(options: VaultOptions): Promise<Vault> {
  const vault = new FileVault(options.home.paths.vault, options.keychain);
  await vault.open(options.passphrase);
  return vault;
}

class FileVault implements Vault {
  readonly #folder: string;
  readonly #headerFile: string;
  readonly #keychain: Keychain | undefined;
  readonly #notes: string[] = [];
  readonly #session = new Map<string, string>();
  #header: Header | undefined;
  #damage: AppError | undefined;
  #key: Buffer | undefined;
  #passphraseNote: string | undefined;
  #unlocking: Promise<unknown> = Promise.resolve();

  constructor(folder: string, keychain: Keychain | undefined) {
    this.#folder = folder;
    this.#headerFile = join(folder, "vault.json");
    const isWeak = keychain !== undefined && WEAK_BACKENDS.has(keychain.backend);
    this.#keychain = isWeak ? undefined : keychain;
    if (isWeak) {
      this.#notes.push(
        `The key store of this desktop (${keychain.backend}) does not protect secrets; a passphrase does instead.`,
      );
    }
  }

  async open(passphrase: string | undefined): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw asFileError(error, this.#folder);
    }
    try {
      this.#header = await readHeader(this.#headerFile);
      if (!this.#header && (await this.#storedNames()).length > 0) throw damaged(this.#headerFile);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#damage = error;
      this.#notes.push(error.message);
      return;
    }
    await this.#openByKeychain();
    const sealedBy = this.#header?.keychain?.backend;
    if (sealedBy && !this.#keychain && !this.#header?.passphrase) {
      this.#notes.push(`The vault is sealed by the key store of the desktop (${sealedBy}), which is not at hand here.`);
    }
    if (passphrase === undefined) return;
    await this.unlock(passphrase).catch((error: Error) => {
      this.#passphraseNote = `The passphrase that was handed over at the start was refused: ${error.message}`;
    });
  }

  status(): VaultStatus {
    const byKeychain = this.#header
      ? this.#header.keychain && (this.#keychain || !this.#header.passphrase)
      : this.#keychain;
    const isNew = !this.#header && !this.#damage;
    return {
      backend: byKeychain ? "keychain" : "passphrase",
      state: this.#key ? "open" : isNew ? "new" : "locked",
      note: [...this.#notes, this.#passphraseNote ?? ""].join(" ").trim() || null,
    };
  }

  unlock(passphrase: string): Promise<VaultStatus> {
    const unlocked = this.#unlocking.then(() => this.#unlock(passphrase));
    this.#unlocking = unlocked.catch(() => {});
    return unlocked;
  }

  async #unlock(passphrase: string): Promise<VaultStatus> {
    if (this.#damage) throw this.#damage;
    if (passphrase.length >= SHORTEST_PASSPHRASE) registerSecret(passphrase);
    const sealedByPassphrase = this.#header?.passphrase;
    if (sealedByPassphrase) {
      const derived = await deriveKey(passphrase, sealedByPassphrase);
      const key = unseal(derived, KEY_LABEL, sealedByPassphrase.sealed);
      derived.fill(0);
      if (!key) throw wrongPassphrase();
      this.#key = key;
      this.#passphraseNote = undefined;
      return this.status();
    }
    if (this.#header && !this.#key) await this.#openByKeychain();
    if (this.#header && !this.#key) throw needsKeychain(this.#header);
    await this.#setPassphrase(passphrase);
    this.#passphraseNote = undefined;
    return this.status();
  }

  lock(): VaultStatus {
    this.#key?.fill(0);
    this.#key = undefined;
    return this.status();
  }

  async put(name: string, value: string): Promise<void> {
    const key = this.#openKey();
    const file = this.#file(name);
    registerSecret(value);
    const content = Buffer.from(value);
    const sealed = seal(key, name, content);
    content.fill(0);
    await this.#keepUnreadable(key, name, file);
    await writeFileDurably(file, sealed);
    this.#session.delete(name);
  }

  async get(name: string): Promise<string | undefined> {
    const inSession = this.#session.get(name);
    if (inSession !== undefined) return inSession;
    const file = this.#file(name);
    const sealed = await readIfThere(file);
    if (!sealed) return undefined;
    const content = unseal(this.#openKey(), name, sealed);
    if (!content) throw damaged(file);
    const value = content.toString("utf8");
    content.fill(0);
    registerSecret(value);
    return value;
  }

  async has(name: string): Promise<boolean> {
    return this.#session.has(name) || (await this.#storedNames()).includes(name);
  }

  async delete(name: string): Promise<void> {
    this.#session.delete(name);
    try {
      await rm(this.#file(name), { force: true });
      await syncFolder(this.#folder);
    } catch (error) {
      throw asFileError(error, this.#folder);
    }
  }

  async names(): Promise<readonly string[]> {
    return [...new Set([...this.#session.keys(), ...(await this.#storedNames())])].sort();
  }

  putForSession(name: string, value: string): void {
    registerSecret(value);
    this.#session.set(name, value);
  }

  async #openByKeychain(): Promise<void> {
    const keychain = this.#keychain;
    if (!keychain || (this.#header && !this.#header.keychain)) return;
    try {
      if (this.#header?.keychain) {
        const key = Buffer.from(keychain.decrypt(this.#header.keychain.sealed), "base64");
        if (key.length !== KEY_BYTES) throw new Error("not a key");
        this.#key = key;
        return;
      }
      const key = randomBytes(KEY_BYTES);
      const sealed = keychain.encrypt(key.toString("base64"));
      await this.#writeHeader({ format: 1, keychain: { backend: keychain.backend, sealed } });
      this.#key = key;
    } catch (error) {
      if (error instanceof AppError) throw error;
      this.#notes.push(`The key store of this desktop (${keychain.backend}) does not open the vault.`);
    }
  }

  async #setPassphrase(passphrase: string): Promise<void> {
    if (passphrase.length < SHORTEST_PASSPHRASE) {
      throw new AppError("InvalidInput", `A passphrase needs at least ${SHORTEST_PASSPHRASE} characters.`, {
        retryable: false,
        next: "Choose a longer one: several words are easier to remember than signs.",
      });
    }
    const key = this.#key ?? randomBytes(KEY_BYTES);
    const derivation = newKeyDerivation();
    const derived = await deriveKey(passphrase, derivation);
    const sealed = seal(derived, KEY_LABEL, key);
    derived.fill(0);
    await this.#writeHeader({ ...this.#header, format: 1, passphrase: { kdf: "scrypt", ...derivation, sealed } });
    this.#key = key;
  }

  async #writeHeader(header: Header): Promise<void> {
    await writeHeader(this.#headerFile, header);
    this.#header = header;
  }

  #openKey(): Buffer {
    if (this.#key) return this.#key;
    if (this.#damage) throw this.#damage;
    const isNew = !this.#header;
    throw new AppError("VaultLocked", isNew ? "The vault has no passphrase yet." : "The vault is locked.", {
      retryable: true,
      next: `${isNew ? "Choose a passphrase" : "Open it"} in the window under Settings; the work goes on from there.`,
    });
  }

  /** A file that does not open is evidence, not garbage: it makes way for the new one but is kept. */
  async #keepUnreadable(key: Buffer, name: string, file: string): Promise<void> {
    const old = await readIfThere(file);
    if (!old) return;
    const content = unseal(key, name, old);
    if (content) content.fill(0);
    else await rename(file, asideName(file));
  }

  async #storedNames(): Promise<readonly string[]> {
    const files = await readdir(this.#folder);
    return files.map(nameOfFile).filter((name) => name !== undefined);
  }

  #file(name: string): string {
    return join(this.#folder, fileOfName(name));
  }
}

const LONGEST_FILE_NAME = 200;

/** Every name has one file, also where the file system ignores case: all but a-z, 0-9, "-" and "_" is written in hex. */
function fileOfName(name: string): string {
  const file = name.replace(/[^a-z0-9_-]/gu, (sign) => `=${Buffer.from(sign).toString("hex")}~`) + SUFFIX;
  if (name !== "" && file.length <= LONGEST_FILE_NAME) return file;
  throw new AppError("InvalidInput", "The name of a secret is empty or too long.", { retryable: false });
}

function nameOfFile(file: string): string | undefined {
  if (!file.endsWith(SUFFIX) || file.slice(0, -SUFFIX.length).includes(".")) return undefined;
  const written = file.slice(0, -SUFFIX.length);
  return written.replace(/=([0-9a-f]+)~/g, (_, hex: string) => Buffer.from(hex, "hex").toString("utf8"));
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function wrongPassphrase(): AppError {
  return new AppError("VaultPassphraseWrong", "This passphrase does not open the vault.", {
    retryable: false,
    next: "Try again; nothing was changed.",
  });
}

function needsKeychain(header: Header): AppError {
  const backend = header.keychain?.backend ?? "unknown";
  return new AppError("VaultBackendRefused", `The vault is sealed by the desktop's key store (${backend}).`, {
    retryable: false,
    next: "Open the desktop app as the same user and set a passphrase there; it then opens the vault here too.",
  });
}
