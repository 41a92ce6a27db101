import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Home, openHome } from "../../../main/home/index.ts";
import { type Keychain, openVault, type Vault } from "../../../main/vault/index.ts";
import { onSmallDisk } from "../../support/small-disk.ts";

const PASSPHRASE = "correct horse battery";

let scratch: string;
let home: Home;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "fleetwright-test-"));
  home = await openHome(scratch);
});
afterEach(async () => {
  await home.release();
  await rm(scratch, { recursive: true, force: true });
});

/** A key store that works as a real one does: another instance of the same user's store opens what it sealed. */
function keychain(backend: string, user = "me"): Keychain {
  return {
    backend,
    encrypt: (text) => Buffer.from(`${user}:${text}`).reverse(),
    decrypt: (data) => {
      const text = Buffer.from(data).reverse().toString();
      if (!text.startsWith(`${user}:`)) throw new Error("Error while decrypting the ciphertext");
      return text.slice(user.length + 1);
    },
  };
}

async function outcome(work: Promise<unknown>): Promise<unknown> {
  return work.catch((error: { code?: unknown }) => error.code);
}

const files = async (): Promise<readonly string[]> => (await readdir(home.paths.vault)).sort();

test("a new vault takes its passphrase, keeps secrets over restarts, and opens to nothing else", async () => {
  const vault = await openVault({ home });
  const before = vault.status();
  await vault.unlock(PASSPHRASE);
  await vault.put("account/acme/keys", "AKIA-and-more");
  const again = await openVault({ home });
  const seen = [
    before,
    again.status(),
    await outcome(again.get("account/acme/keys")),
    await outcome(again.unlock("wrong horse battery")),
    await again.unlock(PASSPHRASE),
    await again.get("account/acme/keys"),
    again.lock().state,
    await outcome(again.get("account/acme/keys")),
  ];
  expect(seen).toEqual([
    { backend: "passphrase", state: "new", note: null },
    { backend: "passphrase", state: "locked", note: null },
    "VaultLocked",
    "VaultPassphraseWrong",
    { backend: "passphrase", state: "open", note: null },
    "AKIA-and-more",
    "locked",
    "VaultLocked",
  ]);
});

test("what is locked says what to do next", async () => {
  const vault = await openVault({ home });
  await expect(vault.put("a", "b")).rejects.toMatchObject({
    code: "VaultLocked",
    details: { retryable: true, next: expect.stringContaining("Settings") },
  });
});

test("a passphrase under 12 characters is refused and makes no vault", async () => {
  const vault = await openVault({ home, passphrase: "eleven char" });
  expect([await outcome(vault.unlock("eleven char")), vault.status().state, await files()]).toEqual([
    "InvalidInput",
    "new",
    [],
  ]);
  expect(vault.status().note).toContain("12 characters");
});

test("a passphrase handed over at the start opens it; a wrong one leaves it locked and says so until it is opened", async () => {
  await (await openVault({ home, passphrase: PASSPHRASE })).put("a", "value");
  expect(await (await openVault({ home, passphrase: PASSPHRASE })).get("a")).toBe("value");
  const locked = await openVault({ home, passphrase: "wrong horse battery" });
  expect(locked.status()).toMatchObject({ state: "locked", note: expect.stringContaining("does not open") });
  expect(await locked.unlock(PASSPHRASE)).toEqual({ backend: "passphrase", state: "open", note: null });
});

test("passphrases typed at once on a new vault make one vault", async () => {
  const vault = await openVault({ home });
  const results = await Promise.all([
    outcome(vault.unlock(PASSPHRASE)),
    outcome(vault.unlock("another horse battery")),
  ]);
  await vault.put("a", "value");
  const again = await openVault({ home, passphrase: PASSPHRASE });
  expect([results[1], await again.get("a")]).toEqual(["VaultPassphraseWrong", "value"]);
});

test("the desktop's key store opens the vault without asking", async () => {
  const vault = await openVault({ home, keychain: keychain("gnome_libsecret") });
  await vault.put("a", "value");
  const again = await openVault({ home, keychain: keychain("gnome_libsecret") });
  expect([again.status(), await again.get("a")]).toEqual([{ backend: "keychain", state: "open", note: null }, "value"]);
});

test.each(["basic_text", "unknown"])("the key store %s is refused, with a note, for a passphrase", async (backend) => {
  const vault = await openVault({ home, keychain: keychain(backend) });
  expect(vault.status()).toEqual({ backend: "passphrase", state: "new", note: expect.stringContaining(backend) });
  await vault.unlock(PASSPHRASE);
  await vault.put("a", "value");
  expect(await readFile(join(home.paths.vault, "vault.json"), "utf8")).not.toContain(backend);
});

test("a vault of the key store opens elsewhere by a passphrase that was added on the desktop, and only then", async () => {
  const desktop = await openVault({ home, keychain: keychain("kwallet6") });
  await desktop.put("a", "value");
  const headless = await openVault({ home });
  const refused = await outcome(headless.unlock(PASSPHRASE));
  await desktop.unlock(PASSPHRASE);
  const later = await openVault({ home, passphrase: PASSPHRASE });
  const desktopAgain = await openVault({ home, keychain: keychain("kwallet6") });
  expect([
    headless.status(),
    refused,
    await later.get("a"),
    later.status().backend,
    await desktopAgain.get("a"),
  ]).toEqual([
    { backend: "keychain", state: "locked", note: expect.stringContaining("kwallet6") },
    "VaultBackendRefused",
    "value",
    "passphrase",
    "value",
  ]);
});

test("another user's key store does not open the vault and does not spoil it", async () => {
  await (await openVault({ home, keychain: keychain("kwallet6") })).put("a", "value");
  const other = await openVault({ home, keychain: keychain("kwallet6", "you") });
  expect([other.status().state, await outcome(other.put("a", "b"))]).toEqual(["locked", "VaultLocked"]);
  expect(await (await openVault({ home, keychain: keychain("kwallet6") })).get("a")).toBe("value");
});

test("secrets of the session need no open vault, hide stored ones, and are never written", async () => {
  const vault = await openVault({ home });
  vault.putForSession("account/lab/keys", "lab-secret");
  expect([
    await vault.get("account/lab/keys"),
    await vault.has("account/lab/keys"),
    await vault.names(),
    await files(),
  ]).toEqual(["lab-secret", true, ["account/lab/keys"], []]);
  await vault.delete("account/lab/keys");
  expect(await vault.get("account/lab/keys")).toBeUndefined();
});

test("every name has a file of its own, and comes back as it was", async () => {
  const vault = await openVault({ home, passphrase: PASSPHRASE });
  const name = fc.string({
    minLength: 1,
    maxLength: 12,
    unit: fc.constantFrom("a", "A", "/", ".", "=", "~", "é", "𝕏", "-"),
  });
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(name, { minLength: 2, maxLength: 6 }), async (names) => {
      for (const one of names) await vault.put(one, `value of ${one}`);
      const lowerCase = new Set((await files()).map((file) => file.toLowerCase()));
      expect([await vault.names(), lowerCase.size - 1]).toEqual([[...names].sort(), names.length]);
      for (const one of names) expect(await vault.get(one)).toBe(`value of ${one}`);
      for (const one of names) await vault.delete(one);
    }),
    { numRuns: 20 },
  );
});

test.each(["", "x".repeat(1000)])("a name that makes no file is refused", async (name) => {
  const vault = await openVault({ home, passphrase: PASSPHRASE });
  expect(await outcome(vault.put(name, "value"))).toBe("InvalidInput");
});

test("hostile names stay inside the vault's folder", async () => {
  const vault = await openVault({ home, passphrase: PASSPHRASE });
  for (const name of ["../../etc/passwd", "..", "a/../../b", "\0", "con", "$(reboot)"]) await vault.put(name, "value");
  expect([(await readdir(scratch)).sort(), (await files()).length]).toEqual([["console.json", "logs", "vault"], 7]);
});

test("no content can be read from the files, and they are this user's alone", async () => {
  const vault = await openVault({ home, passphrase: PASSPHRASE });
  await vault.put("account/acme/keys", "planted-secret-value");
  for (const file of await files()) {
    const path = join(home.paths.vault, file);
    expect([(await stat(path)).mode & 0o777, (await readFile(path)).includes("planted")]).toEqual([0o600, false]);
  }
  expect((await stat(home.paths.vault)).mode & 0o777).toBe(0o700);
});

async function withOneSecret(): Promise<{ vault: Vault; file: string }> {
  const vault = await openVault({ home, passphrase: PASSPHRASE });
  await vault.put("a", "value");
  return { vault, file: join(home.paths.vault, "a.secret") };
}

test.each([
  ["cut short", (bytes: Buffer) => bytes.subarray(0, 20)],
  ["empty", () => Buffer.alloc(0)],
  ["with one bit changed", (bytes: Buffer) => Buffer.from(bytes.map((byte, at) => (at === 34 ? byte ^ 1 : byte)))],
])("a secret's file %s is named, and kept when a new value comes", async (_, spoil) => {
  const { vault, file } = await withOneSecret();
  const spoilt = spoil(await readFile(file));
  await writeFile(file, spoilt);
  await expect(vault.get("a")).rejects.toMatchObject({ code: "VaultDamaged", message: expect.stringContaining(file) });
  await vault.put("a", "new value");
  const kept = (await files()).find((name) => name.startsWith("a.broken-"));
  expect([await vault.get("a"), await vault.names(), await readFile(join(home.paths.vault, kept ?? ""))]).toEqual([
    "new value",
    ["a"],
    spoilt,
  ]);
});

test("a secret does not open under another name", async () => {
  const { vault, file } = await withOneSecret();
  await copyFile(file, join(home.paths.vault, "b.secret"));
  expect(await outcome(vault.get("b"))).toBe("VaultDamaged");
});

test.each([
  ["broken", "{ not json"],
  ["of a newer app", JSON.stringify({ format: 2 })],
])("a vault file that is %s is named and left as it is", async (_, content) => {
  await mkdir(home.paths.vault);
  const file = join(home.paths.vault, "vault.json");
  await writeFile(file, content);
  const vault = await openVault({ home, passphrase: PASSPHRASE, keychain: keychain("kwallet6") });
  const seen = [vault.status().state, await outcome(vault.unlock(PASSPHRASE)), await outcome(vault.put("a", "value"))];
  expect(seen).toEqual(["locked", "VaultDamaged", "VaultDamaged"]);
  expect(vault.status().note).toContain(file);
  expect(await readFile(file, "utf8")).toBe(content);
});

test("secrets whose vault file is gone are not taken for a new vault", async () => {
  await withOneSecret();
  await rm(join(home.paths.vault, "vault.json"));
  const vault = await openVault({ home, passphrase: PASSPHRASE });
  expect([vault.status().state, await outcome(vault.unlock(PASSPHRASE)), await files()]).toEqual([
    "locked",
    "VaultDamaged",
    ["a.secret"],
  ]);
});

test("on a full disk the old secret stays", async (context) => {
  await onSmallDisk(context, "1m", async (disk) => {
    const small = await openHome(disk);
    const vault = await openVault({ home: small, passphrase: PASSPHRASE });
    await vault.put("a", "value");
    await writeFile(join(disk, "ballast"), Buffer.alloc(2_000_000)).catch(() => {});
    expect([await outcome(vault.put("a", "x".repeat(10_000))), await vault.get("a")]).toEqual(["DiskFull", "value"]);
    await small.release();
  });
});
