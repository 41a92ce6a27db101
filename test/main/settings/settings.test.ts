import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRouterClient, type RouterClient } from "@orpc/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Home, openHome } from "../../../main/home/index.ts";
import { mailServer, openSettings, type SettingsStore, settingsRouter } from "../../../main/settings/index.ts";
import { slug } from "../../../main/settings/slug.ts";
import { openVault, type Vault } from "../../../main/vault/index.ts";
import type { Account, AccountCheck, ConsoleStatus, MailServer } from "../../../shared/settings/model.ts";
import { onSmallDisk } from "../../support/small-disk.ts";

const PASSPHRASE = "correct horse battery";
const defaults = {
  language: "system",
  theme: "system",
  operator: "operator",
  inventorySeconds: 60,
  healthSeconds: 30,
  metricsSeconds: 10,
  sshFrom: [],
  fleetViews: [],
  mail: null,
};

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

const stored = async () => JSON.parse(await readFile(home.paths.settings, "utf8"));
const asideFiles = async () => (await readdir(scratch)).filter((name) => name.startsWith("settings.broken-"));

test("without a file the defaults hold, and nothing is reported", async () => {
  const settings = await openSettings(home);
  expect([settings.get(), settings.notices, settings.accounts()]).toEqual([defaults, [], []]);
});

test("a change is there after a restart, leaves the other settings, and is for this user alone", async () => {
  const settings = await openSettings(home);
  let changes = 0;
  settings.onChange(() => {
    changes += 1;
  });
  settings.update({ operator: "Ann", sshFrom: ["10.0.0.0/8"] });
  settings.update({ theme: "dark" });
  const again = await openSettings(home);
  expect([again.get(), changes, (await stat(home.paths.settings)).mode & 0o777]).toEqual([
    { ...defaults, operator: "Ann", sshFrom: ["10.0.0.0/8"], theme: "dark" },
    2,
    0o600,
  ]);
});

test("keys and accounts of a newer app stay in the file", async () => {
  const newer = { theme: "dark", futureSetting: { deep: [1] }, accounts: [{ id: "moon", orbit: "low" }] };
  await writeFile(home.paths.settings, JSON.stringify(newer));
  const settings = await openSettings(home);
  settings.update({ theme: "light" });
  settings.addAccount(account("One"));
  expect(await stored()).toMatchObject({
    theme: "light",
    futureSetting: { deep: [1] },
    accounts: [{ id: "moon", orbit: "low" }, { id: "one" }],
  });
});

test.each([
  ["not JSON", '{"theme": "da'],
  ["empty", ""],
  ["a list", "[1, 2]"],
  ["binary", "\0\u0001\u0002"],
])("a settings file that is %s is kept aside, said so, and replaced by the defaults", async (_, content) => {
  await writeFile(home.paths.settings, content);
  const settings = await openSettings(home);
  settings.update({ theme: "dark" });
  const [aside = ""] = await asideFiles();
  expect([settings.get(), settings.notices, await readFile(join(scratch, aside), "utf8")]).toEqual([
    { ...defaults, theme: "dark" },
    [{ code: "SettingsBroken", message: expect.stringContaining(aside) }],
    content,
  ]);
});

test("one wrong value costs one setting", async () => {
  const content = { theme: "dark", healthSeconds: "often", accounts: "none" };
  await writeFile(home.paths.settings, JSON.stringify(content));
  const settings = await openSettings(home);
  const [aside = ""] = await asideFiles();
  expect([settings.get(), settings.notices, JSON.parse(await readFile(join(scratch, aside), "utf8"))]).toEqual([
    { ...defaults, theme: "dark" },
    [{ code: "SettingsMended", message: expect.stringMatching(/healthSeconds.*accounts/) }],
    content,
  ]);

  const again = await openSettings(home);
  expect([again.notices, await asideFiles()]).toEqual([settings.notices, [aside]]);
});

test("a network for SSH that is none is refused", async () => {
  const settings = await openSettings(home);
  for (const network of ["nonsense", "300.1.1.1/24", "10.0.0.0/33", "10.0.0.1"]) {
    expect(() => settings.update({ sshFrom: [network] })).toThrowError(/is no network/);
  }
  expect(settings.update({ sshFrom: ["203.0.113.0/24"] }).sshFrom).toEqual(["203.0.113.0/24"]);
});

test("a file that is spoilt while the console runs costs nothing", async () => {
  const settings = await openSettings(home);
  settings.update({ operator: "Ann" });
  settings.addAccount(account("One"));
  await writeFile(home.paths.settings, "spoilt");
  settings.update({ theme: "dark" });
  const again = await openSettings(home);
  expect([again.get().operator, again.get().theme, again.accounts(), await asideFiles()]).toEqual([
    "Ann",
    "dark",
    [account("One")],
    [expect.any(String)],
  ]);
});

test("on a full disk a change is refused and nothing is lost", async (context) => {
  await onSmallDisk(context, "1m", async (disk) => {
    const small = await openHome(disk);
    const settings = await openSettings(small);
    settings.update({ operator: "Ann" });
    await writeFile(join(disk, "ballast"), Buffer.alloc(2_000_000)).catch(() => {});
    const views = Array.from({ length: 50 }, (_, at) => ({ name: `view ${at}`, state: "x".repeat(1_000) }));
    expect(() => settings.update({ fleetViews: views })).toThrowError(expect.objectContaining({ code: "DiskFull" }));
    expect([settings.get().fleetViews, (await openSettings(small)).get().operator]).toEqual([[], "Ann"]);
    await small.release();
  });
});

test.each([
  ["Klein & Söhne (EU)", "klein-sohne-eu"],
  ["  --  Prod  --  ", "prod"],
  ["../../etc", "etc"],
  ["株式会社", expect.stringMatching(/^account-[0-9a-f]{8}$/)],
])("the account %s gets the id %s", (name, id) => {
  expect(slug(name)).toEqual(id);
});

function account(name: string, more: Partial<Account> = {}): Account {
  return {
    id: slug(name),
    name,
    credentials: { kind: "profile", profile: "ops", accessKeyId: null },
    regions: ["eu-west-1"],
    endpoints: {},
    ports: { ssh: 22, https: 443, http: 80 },
    isLab: false,
    ...more,
  };
}

interface Opened {
  readonly call: RouterClient<ReturnType<typeof settingsRouter>>;
  readonly settings: SettingsStore;
  readonly vault: Vault;
  readonly changes: string[];
}

async function open(passphrase?: string): Promise<Opened> {
  const settings = await openSettings(home);
  const vault = await openVault({ home, passphrase });
  const changes: string[] = [];
  const router = settingsRouter({
    status: () => ({ version: "1.0" }) as ConsoleStatus,
    settings,
    vault,
    checkAccount: async ({ id }): Promise<AccountCheck> => ({ ok: true, awsAccountId: id, arn: null, regions: [] }),
    checkMail: async () => ({ greeting: "250 ready" }),
    changed: async (what) => {
      changes.push(what);
      throw new Error("the console is still starting");
    },
  });
  return { call: createRouterClient(router), settings, vault, changes };
}

const keys = { kind: "keys", accessKeyId: "AKIAPLANTED00001", secretAccessKey: "planted/secret+access=key" } as const;
const ports = { ssh: 22, https: 443, http: 80 };

test("keys of an account go to the vault and come back to nobody", async () => {
  const { call, vault, changes } = await open(PASSPHRASE);
  const added = await call.addAccount({
    name: "Prod EU",
    credentials: keys,
    regions: ["eu-west-1"],
    endpoints: {},
    ports,
  });
  expect([
    added,
    await call.listAccounts(),
    JSON.parse((await vault.get("account/prod-eu/keys")) ?? ""),
    changes,
  ]).toEqual([
    account("Prod EU", { credentials: { kind: "keys", profile: null, accessKeyId: keys.accessKeyId } }),
    [added],
    { accessKeyId: keys.accessKeyId, secretAccessKey: keys.secretAccessKey },
    ["account"],
  ]);
  expect(JSON.stringify([added, await stored()])).not.toContain("planted/secret");
});

test("with a locked vault an account with keys is refused whole, and one of a profile is not", async () => {
  const { call } = await open();
  const input = { name: "Prod", regions: ["eu-west-1"], endpoints: {}, ports };
  await expect(call.addAccount({ ...input, credentials: keys })).rejects.toMatchObject({ code: "VaultLocked" });
  expect(await call.listAccounts()).toEqual([]);
  await call.addAccount({ ...input, credentials: { kind: "profile", profile: "ops" } });
  expect(await call.listAccounts()).toEqual([account("Prod")]);
});

test("of two accounts of one name at once the first keeps its keys", async () => {
  const { call, vault } = await open(PASSPHRASE);
  const add = (secretAccessKey: string) =>
    call.addAccount({
      name: "Prod",
      credentials: { ...keys, secretAccessKey },
      regions: ["eu-west-1"],
      endpoints: {},
      ports,
    });
  const [first, second] = await Promise.allSettled([add("secret of the first"), add("secret of the second")]);
  expect([first?.status, second?.status, await vault.get("account/prod/keys")]).toEqual([
    "fulfilled",
    "rejected",
    expect.stringContaining("secret of the first"),
  ]);
});

test.each(["relative.pem", "/nowhere/ca.pem"])(
  "a certificate file %s that cannot be read is refused",
  async (caFile) => {
    const { call } = await open();
    const input = { name: "Prod", regions: ["eu-west-1"], endpoints: { caFile }, ports };
    await expect(call.addAccount({ ...input, credentials: { kind: "profile", profile: "ops" } })).rejects.toMatchObject(
      {
        code: "InvalidInput",
        message: expect.stringContaining(caFile),
      },
    );
  },
);

test("an account is removed with its keys, once its name is typed", async () => {
  const { call, vault } = await open(PASSPHRASE);
  await call.addAccount({ name: "Prod EU", credentials: keys, regions: ["eu-west-1"], endpoints: {}, ports });
  await expect(call.removeAccount({ account: "prod-eu", confirm: "yes" })).rejects.toMatchObject({
    code: "ConfirmationNeeded",
  });
  const removed = await call.removeAccount({ account: "prod-eu", confirm: "Prod EU" });
  expect([removed, await call.listAccounts(), await vault.names()]).toEqual([{ removed: "Prod EU" }, [], []]);
  await expect(call.checkAccount({ account: "prod-eu" })).rejects.toMatchObject({ code: "NotFound" });
});

test("the lab's account is listed first, is found by id and name, is never stored and not removable", async () => {
  const { call, settings } = await open();
  settings.addAccount(account("Prod"));
  const lab = account("Lab", { isLab: true });
  settings.registerSessionAccount(lab);
  settings.registerSessionAccount({ ...lab, regions: ["us-east-1"] });
  expect([
    (await call.listAccounts()).map(({ name, regions }) => [name, ...regions]),
    settings.account("Lab").id,
  ]).toEqual([
    [
      ["Lab", "us-east-1"],
      ["Prod", "eu-west-1"],
    ],
    "lab",
  ]);
  await expect(call.removeAccount({ account: "lab", confirm: "Lab" })).rejects.toMatchObject({ code: "Conflict" });
  expect(JSON.stringify(await stored())).not.toContain("Lab");
});

test("the vault is opened and locked over the contract", async () => {
  const { call, changes } = await open();
  const states = [
    await call.vaultStatus(),
    await call.unlockVault({ passphrase: PASSPHRASE }),
    await call.lockVault(),
  ].map(({ state }) => state);
  expect([states, changes]).toEqual([
    ["new", "open", "locked"],
    ["vault", "vault"],
  ]);
  await expect(call.unlockVault({ passphrase: "wrong horse battery" })).rejects.toMatchObject({
    code: "VaultPassphraseWrong",
  });
});

test("settings over the contract: absent keys stay, bad values change nothing", async () => {
  const { call } = await open();
  await call.update({ operator: "Ann" });
  await call.update({ theme: "dark" });
  await expect(call.update({ healthSeconds: 1 })).rejects.toThrow("validation");
  expect(await call.get()).toEqual({ ...defaults, operator: "Ann", theme: "dark" });
});

test("planted secrets are in no file but the vault, and there not readable", async () => {
  const { call, settings, vault } = await open(PASSPHRASE);
  await call.addAccount({ name: "Prod", credentials: keys, regions: ["eu-west-1"], endpoints: {}, ports });
  settings.registerSessionAccount(account("Lab", { isLab: true }));
  vault.putForSession("account/lab/keys", "planted-session-secret");
  await vault.put("account/prod/ssh-key", "planted-private-key");
  await call.addAccount({ name: "Prod", credentials: keys, regions: ["x"], endpoints: {}, ports }).catch(() => {});
  const entries = await readdir(scratch, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const planted = [keys.secretAccessKey, "planted-session-secret", "planted-private-key", PASSPHRASE];
  const found: string[] = [];
  for (const file of files) {
    const content = await readFile(file);
    const spellings = planted.flatMap((one) => [
      one,
      Buffer.from(one).toString("base64"),
      Buffer.from(one).toString("hex"),
    ]);
    if (spellings.some((one) => content.includes(one))) found.push(file);
  }
  expect([files.length > 3, found]).toEqual([true, []]);
});

const server: MailServer = {
  ...{ host: "mail.example", port: 587, tls: "starttls", user: "fleet" },
  ...{ from: "ops@fleet.example", fromName: "", replyTo: null, caFile: null },
};

test("the password of the mail server is in the vault, and no other server is ever given it", async () => {
  const { call, vault, settings } = await open(PASSPHRASE);
  const set = await call.setMail({ server, password: "planted mail password" });
  expect([set, await call.mail(), await call.get()].map((one) => JSON.stringify(one)).join()).not.toContain("planted");
  expect(set).toEqual({ server, hasPassword: true });
  const secret = (name: string) => vault.get(name);
  expect((await mailServer(settings.get().mail, secret)).password).toBe("planted mail password");

  expect(await call.setMail({ server: { ...server, fromName: "Fleet" } })).toMatchObject({ hasPassword: true });
  expect(await call.setMail({ server: { ...server, host: "other.example" } })).toMatchObject({ hasPassword: false });
  await expect(mailServer(settings.get().mail, secret)).rejects.toMatchObject({ code: "InvalidInput" });
  expect(await vault.names()).toEqual([]);
  await call.setMail({ server: null });
  await expect(mailServer(settings.get().mail, secret)).rejects.toMatchObject({ code: "NotFound" });
});
