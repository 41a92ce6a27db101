import { randomUUID } from "node:crypto";
import { posix } from "node:path";
import { AppError, errorFacts } from "../../shared/errors.ts";
import type { FileAct, FileSession, RemoteEntry } from "../../shared/terminal/files.ts";
import { MINUTE_MS } from "../../shared/time.ts";
import type { FileStore } from "./file-store.ts";
import type { Place, RemoteFiles, TerminalPorts } from "./ports.ts";
import { nameOf } from "./session.ts";
import type { SessionStore, StoredSession } from "./store.ts";
import {
  asFileError,
  exists,
  partOf,
  startDownload,
  startUpload,
  type Transfer,
  type TransferTools,
} from "./transfer.ts";

const MOST_SESSIONS = 32;
const MOST_TRANSFERS = 8;
/** Hashing a large file on the host takes its time: about 1 GB a second and less. */
const HASH_MS = 30 * MINUTE_MS;

interface Open {
  readonly place: Place;
  shown: FileSession;
  readonly stored: { -readonly [Key in keyof StoredSession]: StoredSession[Key] };
  readonly stopping: AbortController;
  readonly transfers: Map<string, Transfer & { readonly path: string }>;
  files: Promise<RemoteFiles> | undefined;
}

interface Opening {
  readonly environmentId: string;
  readonly reason: string;
  readonly contractReference?: string | undefined;
}

/** Access sessions for files: each locked to one environment, everything in them recorded. */
export function fileDesk(
  ports: TerminalPorts,
  sessions: SessionStore,
  store: FileStore,
  placeOf: (environmentId: string) => Promise<Place>,
) {
  const open = new Map<string, Open>();

  function session(sessionId: string): Open {
    const found = open.get(sessionId);
    if (found) return found;
    throw new AppError("NotFound", "This session for files has ended.", {
      retryable: false,
      next: "Open the files of the environment again.",
    });
  }

  /** The session's channel; one that broke is opened anew. */
  async function channel(of: Open): Promise<RemoteFiles> {
    of.files ??= ports.openFiles(of.place, false, of.stopping.signal).then((files) => {
      files.onGone(() => {
        of.files = undefined;
      });
      return files;
    });
    try {
      return await of.files;
    } catch (error) {
      of.files = undefined;
      throw error;
    }
  }

  /** Asks the host; what is harmless to repeat is asked once more when the connection has just gone. */
  async function ask<Answer>(of: Open, path: string, work: (files: RemoteFiles) => Promise<Answer>): Promise<Answer> {
    for (let first = true; ; first = false) {
      const files = await channel(of);
      try {
        return await work(files);
      } catch (error) {
        const told = asFileError(error, path);
        if (!first || errorFacts(told).code !== "HostUnreachable") throw told;
      }
    }
  }

  function toolsOf(of: Open): TransferTools {
    return {
      bytes: ports.bytes,
      signal: of.stopping.signal,
      openFiles: (signal) => ports.openFiles(of.place, true, signal),
      async hashOnHost(path, bytes, signal) {
        const words = ["sh", "-c", 'head -c "$1" -- "$2" | sha256sum', "sh", String(bytes), path];
        const limit = AbortSignal.any([signal, AbortSignal.timeout(HASH_MS)]);
        const printed = await ports.run(of.place, words, limit).catch(() => undefined);
        return printed?.exitCode === 0 ? /^[0-9a-f]{64}\b/.exec(printed.stdout)?.[0] : undefined;
      },
    };
  }

  const act = (of: Open, what: FileAct["act"], path: string, more: Partial<FileAct> = {}): FileAct => ({
    id: randomUUID(),
    sessionId: of.shown.sessionId,
    act: what,
    path,
    target: null,
    bytes: null,
    sha256: null,
    checked: null,
    state: "running",
    error: null,
    startedAt: ports.now(),
    endedAt: null,
    ...more,
  });

  /** Does one act and records how it ended. */
  async function recorded<Answer>(of: Open, begun: FileAct, work: () => Promise<Answer>): Promise<Answer> {
    await store.began(begun);
    try {
      const answer = await work();
      await store.ended({ ...begun, state: "done", endedAt: ports.now() });
      return answer;
    } catch (error) {
      const { code, message } = errorFacts(error);
      await store.ended({ ...begun, state: "failed", error: { code, message }, endedAt: ports.now() });
      throw error;
    } finally {
      ports.changed();
    }
  }

  async function follow(of: Open, begun: FileAct, transfer: Transfer): Promise<void> {
    of.transfers.set(begun.id, { ...transfer, path: begun.path });
    const outcome = await transfer.ended;
    of.transfers.delete(begun.id);
    if (begun.act === "upload") of.stored.bytesIn += outcome.bytes ?? 0;
    else of.stored.bytesOut += outcome.bytes ?? 0;
    await store.ended({ ...begun, ...outcome, endedAt: ports.now() }).catch((error: unknown) => {
      ports.log("warning", `the end of a transfer on ${nameOf(of.place)} was not stored: ${errorFacts(error).message}`);
    });
    ports.changed();
  }

  function refuseMany(of: Open, path: string): void {
    if ([...of.transfers.values()].some((transfer) => transfer.path === path)) {
      throw new AppError("Conflict", `${path} is being transferred already.`, {
        retryable: true,
        next: "Wait for it, or cancel it.",
      });
    }
    if (of.transfers.size < MOST_TRANSFERS) return;
    throw new AppError("Conflict", `${MOST_TRANSFERS} transfers run already on ${nameOf(of.place)}.`, {
      retryable: true,
      next: "Wait for one of them, or cancel it.",
    });
  }

  async function close(sessionId: string): Promise<{ closed: boolean }> {
    const of = open.get(sessionId);
    if (!of) return { closed: false };
    open.delete(sessionId);
    await Promise.allSettled([...of.transfers.values()].map((transfer) => transfer.interrupt()));
    of.stopping.abort();
    void of.files?.then((files) => files.end()).catch(() => undefined);
    await sessions.ended({ ...of.stored, endedAt: ports.now() });
    ports.changed();
    return { closed: true };
  }

  return {
    async open({ environmentId, reason, contractReference }: Opening): Promise<FileSession> {
      const place = await placeOf(environmentId);
      if (open.size >= MOST_SESSIONS) {
        throw new AppError("Conflict", `${MOST_SESSIONS} sessions for files are open already. Nothing was opened.`, {
          retryable: true,
          next: "Close some of them.",
        });
      }
      const { tenantId, tenantSlug, customer, kind } = place;
      const sessionId = randomUUID();
      const host = `${place.user}@${place.address}:${place.port}`;
      const stored: StoredSession = {
        id: sessionId,
        tenantId,
        tenantSlug,
        customer,
        environmentId,
        kind,
        host,
        operator: ports.operator(),
        reason,
        contractReference: contractReference || null,
        purpose: "files",
        command: null,
        startedAt: ports.now(),
        endedAt: null,
        bytesOut: 0,
        bytesIn: 0,
        exitCode: null,
        error: null,
        recording: null,
      };
      await sessions.began(stored, ports.machine);
      const shown = { sessionId, environmentId, tenantId, tenantSlug, customer, kind, host, reason, home: "." };
      const of: Open = {
        place,
        shown,
        stored: { ...stored },
        stopping: new AbortController(),
        transfers: new Map(),
        files: undefined,
      };
      try {
        const home = await ask(of, ".", (files) => files.realPath("."));
        of.shown = { ...shown, home };
        open.set(sessionId, of);
        ports.changed();
        return of.shown;
      } catch (error) {
        const { code, message } = errorFacts(error);
        await sessions.ended({ ...stored, endedAt: ports.now(), error: { code, message } });
        throw error;
      }
    },

    sessions: (): FileSession[] => [...open.values()].map(({ shown }) => shown),
    close,

    async list(sessionId: string, path: string): Promise<{ path: string; entries: RemoteEntry[] }> {
      const of = session(sessionId);
      return ask(of, path, async (files) => {
        const real = await files.realPath(path);
        return { path: real, entries: [...(await files.list(real))] };
      });
    },

    /** A folder that is there already is good: `made` is false then. */
    async makeFolder(input: { sessionId: string; folder: string; name: string }) {
      const of = session(input.sessionId);
      const path = posix.join(input.folder, input.name);
      const there = await ask(of, path, (files) => files.facts(path));
      if (there?.kind === "folder") return { path, made: false };
      if (there) throw exists(path);
      await recorded(of, act(of, "makeFolder", path), () => ask(of, path, (files) => files.makeFolder(path)));
      return { path, made: true };
    },

    async rename(input: { sessionId: string; path: string; name: string }) {
      const of = session(input.sessionId);
      const to = posix.join(posix.dirname(input.path), input.name);
      if (await ask(of, to, (files) => files.linkFacts(to))) throw exists(to);
      await recorded(of, act(of, "rename", input.path, { target: to }), async () => {
        const files = await channel(of);
        await files.rename(input.path, to).catch((error: unknown) => {
          throw asFileError(error, input.path);
        });
      });
      return { path: to };
    },

    async remove(input: { sessionId: string; path: string; confirm?: string | undefined }) {
      const of = session(input.sessionId);
      const { path } = input;
      const name = posix.basename(path);
      if (of.place.kind === "production" && input.confirm !== name) {
        throw new AppError("ConfirmationNeeded", `Type ${name} in full to remove it from ${nameOf(of.place)}.`, {
          retryable: false,
          tenant: of.place.tenantSlug,
          next: "Nothing was changed.",
        });
      }
      const facts = await ask(of, path, (files) => files.linkFacts(path));
      if (!facts) throw asFileError({ code: 2 }, path);
      await recorded(of, act(of, "remove", path, { bytes: facts.size }), () =>
        ask(of, path, (files) => (facts.kind === "folder" ? files.removeFolder(path) : files.removeFile(path))),
      );
      return { removed: path };
    },

    async upload(input: { sessionId: string; folder: string; name: string; size: number; overwrite: boolean }) {
      const of = session(input.sessionId);
      const tools = toolsOf(of);
      const path = posix.join(input.folder, input.name);
      refuseMany(of, path);
      const { there, part } = await ask(of, path, async (files) => ({
        there: await files.facts(path),
        part: await files.facts(partOf(path)),
      }));
      if (there && (there.kind !== "file" || !input.overwrite)) throw exists(path);
      const inPart = part?.kind === "file" ? Math.min(part.size, input.size) : 0;
      const prefixHash =
        inPart > 0 ? ((await tools.hashOnHost(partOf(path), inPart, of.stopping.signal)) ?? null) : null;
      const offset = prefixHash === null ? 0 : inPart;
      const begun = act(of, "upload", path, { bytes: input.size });
      await store.began(begun);
      const transfer = startUpload(tools, {
        path,
        size: input.size,
        offset,
        prefixHash,
        overwrite: input.overwrite,
      });
      void follow(of, begun, transfer);
      return { transferId: begun.id, streamId: transfer.streamId, offset };
    },

    async download(input: { sessionId: string; path: string }) {
      const of = session(input.sessionId);
      refuseMany(of, input.path);
      const facts = await ask(of, input.path, (files) => files.facts(input.path));
      if (!facts) throw asFileError({ code: 2 }, input.path);
      if (facts.kind !== "file") {
        throw new AppError("InvalidInput", `${input.path} is no file. Nothing was read.`, {
          retryable: false,
          next: "Download the files in it.",
        });
      }
      const begun = act(of, "download", input.path, { bytes: facts.size });
      await store.began(begun);
      const transfer = startDownload(toolsOf(of), { path: input.path, ...facts });
      ports.log("info", `${ports.operator()} downloads ${input.path} from ${nameOf(of.place)}: ${of.shown.reason}`);
      void follow(of, begun, transfer);
      return {
        transferId: begun.id,
        streamId: transfer.streamId,
        size: facts.size,
        name: posix.basename(input.path),
      };
    },

    async cancel(transferId: string) {
      const transfer = [...open.values()].map(({ transfers }) => transfers.get(transferId)).find(Boolean);
      await transfer?.cancel();
      return { cancelled: transfer !== undefined };
    },

    acts: (sessionId: string) => store.ofSession(sessionId),
    closeLeftOver: () => store.closeLeftOver(ports.machine, ports.now()),
    async stop(): Promise<void> {
      await Promise.allSettled([...open.keys()].map(close));
    },
  };
}
