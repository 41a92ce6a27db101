import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, lstat, mkdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { z } from "zod";
import type { LabVolume } from "../../types.ts";
import { readIfThere, writeWhole } from "../files.ts";
import { ownFolder, type Owner } from "../owner.ts";
import { attachmentsFolder, type Manifest, scratchFolder, sourceFolder, tablesOf } from "./readings.ts";
import { Refusal } from "./refusal.ts";
import { CONSTRAINTS, LATER, SCHEMA } from "./schema.ts";
import { connectTo } from "./store.ts";

const Part = z.object({ name: z.string(), bytes: z.number(), sha256: z.string() });
const Exported = z.object({ file: z.string(), bytes: z.number(), sha256: z.string(), parts: z.array(Part) });
export type Exported = z.infer<typeof Exported>;

export interface ArchivePlace {
  readonly volume: LabVolume;
  readonly socketFolder: string;
  readonly owner: Owner | undefined;
  /** Folders that archives may be in: the account's home and the scratch of the volume. */
  readonly allowed: readonly string[];
  /** Where it is noted what was exported. */
  readonly notes: string;
}

const SQL = "database.sql";
const MANIFEST = "manifest.json";
const SUMS = "SHA256SUMS";
const PARTS = [MANIFEST, SQL, "attachments.tar", "source.tar"] as const;
/** Of the host itself: not carried into other data. */
const OWN_TABLES = ["erp_instance", "users", "connectors"];

/** Writes everything of the tenant, of one instant of its database, into one file. The same id and a whole file: as before. */
export async function exportTo(
  place: ArchivePlace,
  id: string,
  target: string,
  manifest: Manifest,
  freeBytes: number,
): Promise<Exported> {
  const file = await confined(place, target);
  const note = path.join(place.notes, `${createHash("sha256").update(`${id}\n${file}`).digest("hex")}.json`);
  const before = Exported.safeParse(JSON.parse((await readIfThere(note)) ?? "null")).data;
  if (before && (await sumOf(file).catch(() => undefined))?.sha256 === before.sha256) return before;

  // Text is about as long as the pages it stood on; parts and archive lie side by side for a while.
  const needed = 2 * (manifest.databaseBytes + manifest.attachmentsBytes);
  if (needed > freeBytes)
    throw new Refusal(
      "failed",
      `The export needs about ${needed} bytes on the data volume, which has ${freeBytes} free.`,
    );
  const work = await workFolder(place, "export");
  try {
    const told = await dump(place, work);
    await writeFile(path.join(work, MANIFEST), `${JSON.stringify({ ...manifest, relations: told }, null, 2)}\n`);
    for (const [name, folder] of [
      ["attachments.tar", attachmentsFolder(place.volume)],
      ["source.tar", sourceFolder(place.volume)],
    ] as const)
      await tar(["-cf", path.join(work, name), "-C", path.dirname(folder), path.basename(folder)]);
    const parts = await Promise.all(PARTS.map(async (name) => ({ name, ...(await sumOf(path.join(work, name))) })));
    await writeFile(path.join(work, SUMS), parts.map(({ sha256, name }) => `${sha256}  ${name}\n`).join(""));
    const draft = path.join(work, "archive");
    await tar(["-czf", draft, "-C", work, ...PARTS, SUMS]);
    if (place.owner) await chownTo(draft, place.owner);
    await rename(draft, file);
    const exported = { file, ...(await sumOf(file)), parts };
    await mkdir(place.notes, { recursive: true });
    await writeWhole(note, JSON.stringify(exported), { mode: 0o600 });
    return exported;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * Fills the database from an archive, all of it or nothing. Comes back with false when that archive is what the data
 * was filled from already.
 */
export async function importFrom(
  place: ArchivePlace,
  source: string,
  here: { readonly product: string; readonly version: string },
): Promise<boolean> {
  const file = await confined(place, source);
  const archive = await sumOf(file).catch(() => undefined);
  if (!archive) throw new Refusal("failed", `There is no file ${source}.`);
  const work = await workFolder(place, "import");
  try {
    await tar(["-xzf", file, "-C", work, "--no-same-owner", ...PARTS, SUMS]).catch((error: unknown) => {
      throw new Refusal("refused", `${source} is no whole archive of an ERP; nothing was changed.`, { cause: error });
    });
    await checkSums(work);
    const manifest = z
      .object({ product: z.string(), version: z.string() })
      .parse(JSON.parse(await readFile(path.join(work, MANIFEST), "utf8")));
    if (manifest.product !== here.product || manifest.version !== here.version)
      throw new Refusal(
        "refused",
        `The archive is of ${manifest.product} ${manifest.version}, this host runs ${here.product} ${here.version}; nothing was changed.`,
      );
    return await connectTo(place.socketFolder, async (client) => {
      const known = await client.query<{ same: boolean; used: boolean }>(
        `SELECT imported_sha256 IS NOT DISTINCT FROM $1 AS same,
           EXISTS (SELECT FROM orders o WHERE o.placed_at > i.set_up_at) AS used FROM erp_instance i`,
        [archive.sha256],
      );
      if (known.rows[0]?.same) return false;
      if (known.rows[0]?.used)
        throw new Refusal("refused", "The data holds business records of its own already; nothing was changed.");
      await load(client, path.join(work, SQL), work, place.owner);
      await client.query("UPDATE erp_instance SET imported_sha256 = $1", [archive.sha256]);
      for (const [name, folder] of [
        ["attachments.tar", attachmentsFolder(place.volume)],
        ["source.tar", sourceFolder(place.volume)],
      ] as const) {
        await rm(folder, { recursive: true, force: true });
        await tar(["-xf", path.join(work, name), "-C", path.dirname(folder), "--no-same-owner", path.basename(folder)]);
        await ownTree(folder, place.owner);
      }
      await client.query("COMMIT");
      return true;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** SQL as pg_dump writes it: tables, their rows as COPY, then keys and indexes. Comes back with the rows of each. */
async function dump({ socketFolder }: ArchivePlace, work: string): Promise<Manifest["relations"]> {
  return connectTo(socketFolder, async (client) => {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    const out = createWriteStream(path.join(work, SQL));
    const write = (text: string | Buffer) =>
      new Promise<void>((resolve, reject) => out.write(text, (error) => (error ? reject(error) : resolve())));
    const relations = [];
    await write(`SET session_replication_role = replica;\n${SCHEMA}\n`);
    await write(`${LATER}\nDELETE FROM connectors;\n`);
    for (const name of await tablesOf(client)) {
      const rows = path.join(work, "rows");
      const columns = (await columnsOf(client, name)).map((column) => pg.escapeIdentifier(column)).join(", ");
      const copied = await client.query(`COPY ${pg.escapeIdentifier(name)} (${columns}) TO ${pg.escapeLiteral(rows)}`);
      relations.push({ name, rows: copied.rowCount ?? 0 });
      await write(`COPY ${pg.escapeIdentifier(name)} (${columns}) FROM stdin;\n`);
      for await (const chunk of createReadStream(rows) as AsyncIterable<Buffer>) await write(chunk);
      await write("\\.\n");
      await rm(rows);
    }
    for (const name of await sequencesOf(client)) {
      const at = await client.query<{ last_value: string; is_called: boolean }>(
        `SELECT last_value, is_called FROM ${pg.escapeIdentifier(name)}`,
      );
      await write(`SELECT setval('${name}', ${at.rows[0]?.last_value ?? 1}, ${at.rows[0]?.is_called ?? false});\n`);
    }
    await write(`${CONSTRAINTS}\nRESET session_replication_role;\n`);
    await new Promise<void>((resolve, reject) =>
      out.end((error?: Error | null) => (error ? reject(error) : resolve())),
    );
    await client.query("COMMIT");
    return relations;
  });
}

/** Loads the rows of such SQL into tables that are there, in a transaction that is left open. */
async function load(client: pg.Client, file: string, work: string, owner: Owner | undefined): Promise<void> {
  await client.query("BEGIN");
  await client.query("SET LOCAL session_replication_role = replica");
  const tables = (await tablesOf(client)).filter((name) => !OWN_TABLES.includes(name));
  await client.query(`TRUNCATE ${tables.map((name) => pg.escapeIdentifier(name)).join(", ")}`);
  const text = await readFile(file, "utf8");
  for (const [, name = "", columns = "", rows = ""] of text.matchAll(
    /^COPY "([a-z_]+)" \(([^)]*)\) FROM stdin;\n([^]*?)^\\\.$/gm,
  )) {
    if (!tables.includes(name)) continue;
    const part = path.join(work, "rows");
    await writeFile(part, rows);
    if (owner) await chownTo(part, owner);
    await client.query(`COPY ${pg.escapeIdentifier(name)} (${columns}) FROM ${pg.escapeLiteral(part)}`);
    await rm(part);
  }
  const sequences = await sequencesOf(client);
  for (const [, name = "", value, called] of text.matchAll(/^SELECT setval\('([a-z_]+)', (\d+), (true|false)\);$/gm))
    if (sequences.includes(name))
      await client.query("SELECT setval($1::text::regclass, $2, $3)", [name, value, called === "true"]);
}

async function columnsOf(client: pg.Client, table: string): Promise<readonly string[]> {
  const found = await client.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute
     WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`,
    [pg.escapeIdentifier(table)],
  );
  return found.rows.map((row) => row.name);
}

async function sequencesOf(client: pg.Client): Promise<readonly string[]> {
  const found = await client.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace ORDER BY 1",
  );
  return found.rows.map((row) => row.name);
}

async function checkSums(work: string): Promise<void> {
  const sums = await readFile(path.join(work, SUMS), "utf8");
  for (const name of PARTS) {
    const { sha256 } = await sumOf(path.join(work, name));
    if (!sums.split("\n").includes(`${sha256}  ${name}`))
      throw new Refusal(
        "refused",
        `${name} of the archive does not have the sum that it was written with; nothing was changed.`,
      );
  }
}

/** The file, if it is in a folder that archives may be in. Links do not lead out of there. */
async function confined({ allowed, volume, owner }: ArchivePlace, file: string): Promise<string> {
  await ownFolder(scratchFolder(volume), owner, 0o700);
  const folder = await realpath(path.dirname(file)).catch(() => undefined);
  const places = await Promise.all(allowed.map((each) => realpath(each).catch(() => undefined)));
  const inside = places.some((each) => each && folder && (folder === each || folder.startsWith(`${each}${path.sep}`)));
  const isLink = (await lstat(file).catch(() => undefined))?.isSymbolicLink() === true;
  if (!path.isAbsolute(file) || !inside || !folder || isLink)
    throw new Refusal("malformed", `${file} is neither in the home folder nor in the scratch of the data volume.`);
  return path.join(folder, path.basename(file));
}

async function workFolder({ volume, owner }: ArchivePlace, name: string): Promise<string> {
  const folder = path.join(scratchFolder(volume), `${name}.${process.pid}.${Date.now()}.part`);
  await ownFolder(folder, owner, 0o700);
  return folder;
}

async function sumOf(file: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return { bytes: (await stat(file)).size, sha256: hash.digest("hex") };
}

async function chownTo(file: string, owner: Owner): Promise<void> {
  await chmod(file, 0o600);
  await run("chown", [`${owner.uid}:${owner.gid}`, file]);
}

async function ownTree(folder: string, owner: Owner | undefined): Promise<void> {
  if (owner) await run("chown", ["-R", `${owner.uid}:${owner.gid}`, "--", folder]);
}

const tar = (args: readonly string[]) => run("tar", args);

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => {
      complaint = (complaint + chunk.toString("utf8")).slice(-500);
    });
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(new Error(complaint.trim() || `${program}: ${code}`)),
    );
  });
}
