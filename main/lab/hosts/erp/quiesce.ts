import pg from "pg";
import { z } from "zod";
import { readIfThere, writeWhole } from "../files.ts";
import { freezeTree, processTree, signal, thawTree } from "../postgres/process-tree.ts";
import { Refusal } from "./refusal.ts";

/** A tenant held still for a copy of its data volume. */
const Quiesce = z.object({
  id: z.string(),
  since: z.string(),
  /** When the host ends it by itself. */
  thawsAt: z.string(),
  lockedOut: z.boolean(),
  backupMode: z.boolean(),
  frozen: z.boolean(),
  grade: z.enum(["quiesced", "application", "crash"]),
});
export type Quiesce = z.infer<typeof Quiesce>;

const EndedBy = z.enum(["console", "timer", "restart"]);
export type EndedBy = z.infer<typeof EndedBy>;

const Ended = z.object({ id: z.string(), since: z.string(), endedAt: z.string(), endedBy: EndedBy });

export interface Thaw {
  readonly id: string;
  readonly held: boolean;
  readonly since: string | null;
  readonly endedAt: string | null;
  readonly endedBy: EndedBy | null;
}

export interface QuiesceContext<Manifest> {
  /** Where a hold is noted before anything is held, so that a restart finds it. */
  readonly file: string;
  /** Runs the work while the host's processes neither start nor end, and no copy is being taken. */
  readonly alone: (work: () => Promise<void>) => Promise<void>;
  readonly server: () => { readonly pid: number; readonly socketFolder: string } | null;
  /** Comes back when nothing is being written any more; false when that takes too long. */
  readonly drained: () => Promise<boolean>;
  readonly manifest: () => Promise<Manifest>;
  /** The host as a whole stands still and must not be continued. */
  readonly hostFrozen: () => boolean;
  readonly log: (line: string) => void;
}

/** Holds of one host. `begin`, `end` and `interrupted` are called while nothing else changes its processes. */
export interface Quiescing<Manifest> {
  current(): Quiesce | null;
  /** Of the data that stands still; undefined while nothing does. */
  manifest(): Manifest | undefined;
  begin(id: string, seconds: number): Promise<Quiesce>;
  end(id: string): Promise<Thaw>;
  /** Database or host go down: what was held is not held any more. */
  interrupted(): Promise<void>;
}

const KNOWN_MAX = 20;
const BACKUP_END_MS = 5_000;

export async function openQuiescing<Manifest>(context: QuiesceContext<Manifest>): Promise<Quiescing<Manifest>> {
  const { file, log } = context;
  const noted = z
    .object({ held: Quiesce.nullable(), ended: z.array(Ended) })
    .safeParse(JSON.parse((await readIfThere(file)) ?? "null")).data;
  let held: Quiesce | null = null;
  let ended = noted?.ended ?? [];
  let manifest: Manifest | undefined;
  let backup: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** A server that is killed while it stands leaves its children standing, which then nobody else finds. */
  let frozen: readonly number[] = [];

  const save = () => writeWhole(file, JSON.stringify({ held, ended }), { mode: 0o644 });
  const note = ({ id, since }: Quiesce, endedBy: EndedBy) => {
    const now = { id, since, endedAt: new Date().toISOString(), endedBy };
    ended = [...ended.filter((one) => one.id !== id), now].slice(-KNOWN_MAX);
  };
  if (noted?.held) {
    note(noted.held, "restart");
    await save();
  }

  async function finish(by: EndedBy): Promise<void> {
    const was = held;
    if (!was) return;
    clearTimeout(timer);
    const server = context.server();
    if (server && was.frozen && !context.hostFrozen()) {
      await thawTree(server.pid);
      for (const pid of frozen) signal(pid, "SIGCONT");
    }
    frozen = [];
    const session = backup;
    backup = undefined;
    if (session) await leaveBackup(session, by !== "restart").catch((error: unknown) => log(String(error)));
    held = null;
    manifest = undefined;
    note(was, by);
    await save();
  }

  return {
    current: () => held,
    manifest: () => manifest,
    async begin(id, seconds) {
      if (held?.id === id) return held;
      if (held)
        throw new Refusal(
          "refused",
          `The tenant is held still as "${held.id}" until ${held.thawsAt}; nothing was changed.`,
        );
      const now = Date.now();
      const begun: Quiesce = {
        id,
        since: new Date(now).toISOString(),
        thawsAt: new Date(now + seconds * 1000).toISOString(),
        lockedOut: true,
        backupMode: false,
        frozen: false,
        grade: "crash",
      };
      held = begun;
      try {
        await save();
        timer = setTimeout(() => {
          const due = async () => {
            if (held?.since === begun.since && held.id === id) await finish("timer");
          };
          context.alone(due).catch((error: unknown) => log(`thaw of ${id}: ${String(error)}`));
        }, seconds * 1000);
        const lockedOut = await context.drained();
        const server = context.server();
        if (server && lockedOut)
          backup = await enterBackup(server.socketFolder, id, seconds * 1000).catch((error: unknown) => {
            log(`no backup mode: ${String(error)}`);
            return undefined;
          });
        const backupMode = backup !== undefined;
        // While it stands still nobody can ask the database what is in it.
        if (backupMode) manifest = await context.manifest();
        if (server && backupMode) {
          await freezeTree(server.pid);
          frozen = await processTree(server.pid);
        }
        held = { ...begun, lockedOut, backupMode, frozen: backupMode, grade: backupMode ? "quiesced" : "crash" };
        await save();
        return held;
      } catch (error) {
        await finish("restart").catch(() => undefined);
        throw error;
      }
    },
    async end(id) {
      if (held?.id === id) {
        await finish("console");
        return { held: true, ...knownEnd(id) };
      }
      return { held: false, ...knownEnd(id) };
    },
    interrupted: () => finish("restart"),
  };

  function knownEnd(id: string): Omit<Thaw, "held"> {
    return ended.find((one) => one.id === id) ?? { id, since: null, endedAt: null, endedBy: null };
  }
}

/** Checkpoint, then backup mode, which lasts as long as the session that asked for it. */
async function enterBackup(socketFolder: string, label: string, timeoutMs: number): Promise<pg.Client> {
  const client = new pg.Client({
    host: socketFolder,
    user: "postgres",
    database: "postgres",
    connectionTimeoutMillis: 10_000,
    query_timeout: timeoutMs,
    application_name: "quiesce",
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query("CHECKPOINT");
    await client.query("SELECT pg_backup_start($1, true)", [label]);
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

/** A server that is gone or stands still for another reason is not waited for: backup mode ends with its session. */
async function leaveBackup(client: pg.Client, answers: boolean): Promise<void> {
  const left = answers ? client.query("SELECT pg_backup_stop(false)").then(() => client.end()) : client.end();
  const patience = new Promise<void>((resolve) => setTimeout(resolve, BACKUP_END_MS).unref());
  await Promise.race([left, patience]);
  void left.catch(() => undefined);
}
