import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type TeamServer } from "../support/database.ts";
import { type InProcessConsole, inProcessConsole, order, untilJob } from "../support/in-process-console.ts";

const PASSPHRASE = "correct horse battery staple 7391";
const SECRET_KEY = "pLaNtEd/secret+access+key/0123456789abcdef";
const SESSION_TOKEN = "planted-session-token-zyxwvutsrqponmlkjihg";

let server: TeamServer;
let running: InProcessConsole;
const answers: unknown[] = [];

beforeAll(async () => {
  // A team's database: its password is one more secret, and whoever may read it must find none.
  server = await startServer();
  await onServer(server.adminUrl, (client) => client.query("create database planted"));
  running = await inProcessConsole({ lab: "empty", databaseUrl: server.urlOf("planted") });
});
afterAll(async () => {
  await running?.end();
  await server.remove();
});

/** Remembers what crossed the contract, failures too. */
async function asked<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    const answer = await call;
    answers.push(answer);
    return answer;
  } catch (error) {
    answers.push({ ...(error as object), message: (error as Error).message });
    return undefined;
  }
}

test("planted secrets are found nowhere but in the vault, where nobody can read them", async () => {
  const { api, home } = running;
  const lab = (await asked(api.settings.listAccounts()))!.find((one) => one.isLab)!;
  await asked(api.settings.unlockVault({ passphrase: PASSPHRASE }));
  const keys = {
    kind: "keys" as const,
    accessKeyId: "AKIAPLANTED",
    secretAccessKey: SECRET_KEY,
    sessionToken: SESSION_TOKEN,
  };
  const { isLab: _isLab, id: _id, ...place } = lab;
  await asked(api.settings.addAccount({ ...place, name: "Planted", credentials: keys }));
  await asked(api.settings.checkAccount({ account: "planted" })); // wrong keys: the failure is shown and logged
  await asked(api.settings.listAccounts());
  await asked(api.tenant.plan(order("planted", { accountId: "planted" })));
  await asked(api.fleet.refresh());
  const ordered = await asked(api.tenant.provision({ requestId: randomUUID(), ...order("secretive") }));
  await untilJob(api, ordered!.jobId, "done", "failed");
  await asked(api.jobs.get({ jobId: ordered!.jobId }));
  await asked(api.jobs.logs({ jobId: ordered!.jobId }));
  await asked(api.settings.status());
  await asked(api.lab.status());

  const labKeys = JSON.parse(await readFile(join(home, "lab/keys.json"), "utf8")) as { secret: string };
  const operatorKey = await readFile(join(home, "lab/operator"), "utf8");
  const planted = {
    "vault passphrase": PASSPHRASE,
    "AWS secret key": SECRET_KEY,
    "AWS session token": SESSION_TOKEN,
    "the team database's password": server.password,
    "the lab's secret key": labKeys.secret,
    "SSH private key": operatorKey.split("\n")[2]!,
  };
  const places: [string, string][] = [
    ["answers of the contract", JSON.stringify(answers)],
    ["the database", await dump()],
    // The lab's folder is on the other side: it is AWS and holds its own keys.
    ...(await filesBelow(home, ["lab", "database"])),
  ];

  expect(places.map(([place]) => place)).toEqual(expect.arrayContaining(["settings.json", "logs/console.log"]));
  // The search does find what may be shown: the account's key id is in the settings.
  expect(Object.fromEntries(places)["settings.json"]).toContain("AKIAPLANTED");
  const found = places.flatMap(([place, text]) =>
    Object.entries(planted).flatMap(([what, secret]) =>
      text.includes(secret) || text.includes(encoded(secret)) ? [`${what} in ${place}`] : [],
    ),
  );
  expect(found).toEqual([]);
  expect(places.filter(([place]) => place.startsWith("vault/")).length).toBeGreaterThan(1);
});

const encoded = (secret: string) => Buffer.from(secret).toString("base64").replace(/=+$/, "").slice(0, -2);

async function filesBelow(folder: string, except: readonly string[]): Promise<[string, string][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !except.some((name) => file.startsWith(join(folder, name))))
      .map(async (file): Promise<[string, string]> => [file.slice(folder.length + 1), await readFile(file, "latin1")]),
  );
}

/** Every row of every table as text: the console's own and the job engine's. */
function dump(): Promise<string> {
  return onServer(server.urlOf("planted"), async (client) => {
    const tables = await client.query<{ name: string }>(
      "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'dbos')",
    );
    const names = tables.rows.map((table) => table.name);
    expect(names).toEqual(expect.arrayContaining(["public.job", "dbos.workflow_status"]));
    const texts: string[] = [];
    for (const name of names) {
      const { rows } = await client.query<{ row: string }>(`select t::text as row from ${name} t`);
      texts.push(...rows.map(({ row }) => row));
    }
    return texts.join("\n");
  });
}

async function onServer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
