import { spawn } from "node:child_process";
import { rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { HOUR_MS } from "../../../../shared/time.ts";
import { draftBeside, removeDrafts } from "../../../home/files.ts";
import { ownFolder, type Owner } from "../owner.ts";
import type { PostgresBinaries } from "../postgres/binaries.ts";
import { initCluster, startCluster, stopServerOf } from "../postgres/cluster.ts";
import { newSystemIdentifier } from "../postgres/system-identifier.ts";
import { createDatabase } from "./store.ts";

export interface TemplateOptions {
  readonly binaries: PostgresBinaries;
  readonly owner: Owner | undefined;
  /** Where the template is kept; its parent exists and the owner may pass it. */
  readonly folder: string;
  /** A short path for the socket while the template is made. */
  readonly runFolder: string;
}

/** Its history ends when it was made: older than this it is made anew. */
const FRESH_MS = 24 * HOUR_MS;

/**
 * The data folder that every blank volume's database starts as a copy of: an ERP with its history and no tenant. Made
 * once and kept, since making it costs a second and copying it a tenth of that.
 */
export async function makeTemplate({ binaries, owner, folder, runFolder }: TemplateOptions): Promise<string> {
  const dataFolder = path.join(folder, "pgdata");
  const there = await stat(dataFolder).catch(() => undefined);
  if (there && Date.now() - there.mtimeMs < FRESH_MS) return dataFolder;

  await stopServerOf(runFolder);
  await removeDrafts(folder);
  const draft = draftBeside(folder);
  await ownFolder(draft, owner);
  await ownFolder(runFolder, owner, 0o700);
  const place = {
    binaries,
    owner,
    dataFolder: path.join(draft, "pgdata"),
    socketFolder: runFolder,
    logFile: path.join(draft, "postgresql.log"),
    // Nobody's data yet: what a power cut spoils is made again.
    careless: true,
  };
  await initCluster(place);
  const cluster = await startCluster(place);
  try {
    await createDatabase(runFolder);
  } finally {
    await cluster.stop();
  }
  await rm(runFolder, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
  await rename(draft, folder);
  return dataFolder;
}

/** Makes a volume's data folder from the template, with an identifier of its own. A half-made one is made again. */
export async function copyTemplate(template: string, dataFolder: string): Promise<void> {
  await removeDrafts(dataFolder);
  if (await stat(dataFolder).catch(() => undefined)) return;
  const draft = draftBeside(dataFolder);
  await new Promise<void>((resolve, reject) => {
    const child = spawn("cp", ["-a", "--reflink=auto", "--", template, draft], { stdio: ["ignore", "ignore", "pipe"] });
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => {
      complaint = (complaint + chunk.toString("utf8")).slice(-500);
    });
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(complaint.trim()))));
  });
  await newSystemIdentifier(draft);
  await rename(draft, dataFolder);
}
