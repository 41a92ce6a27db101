import { createHash } from "node:crypto";
import { posix } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { ByteHub, ConsoleStream } from "../../shared/byte-hub.ts";
import { AppError, errorFacts } from "../../shared/errors.ts";
import type { FileAct, TransferEvent } from "../../shared/terminal/files.ts";
import { MINUTE_MS, SECOND_MS } from "../../shared/time.ts";
import type { RemoteFile, RemoteFiles } from "./ports.ts";

const PART_BYTES = 32 * 1024;
/** Requests under way at once: 3 MiB, enough for a line of 100 ms at 30 MB/s. */
const PARTS_UNDER_WAY = 96;
/** Taken in of an upload beyond what the host has acknowledged. */
const MOST_KEPT = 4 * 1024 * 1024;
const FIRST_PAUSE_MS = SECOND_MS;
const LONGEST_PAUSE_MS = 15 * SECOND_MS;
/** After this long without the host a transfer gives up; an upload's part stays there. */
const PATIENCE_MS = 10 * MINUTE_MS;
/** How long a download waits for a window that went. */
const HOLD_MS = MINUTE_MS;
const PROGRESS_MS = 200;

export interface TransferTools {
  readonly bytes: ByteHub;
  readonly signal: AbortSignal;
  /** A channel of the transfer's own. */
  openFiles(signal: AbortSignal): Promise<RemoteFiles>;
  /** SHA-256 of the first bytes of a file as the host computes it; undefined where it cannot. */
  hashOnHost(path: string, bytes: number, signal: AbortSignal): Promise<string | undefined>;
}

export interface Transfer {
  readonly streamId: number;
  /** Ends it and forgets what is there of it. */
  cancel(): Promise<void>;
  /** Ends it; what is there stays. */
  interrupt(): Promise<void>;
  readonly ended: Promise<Pick<FileAct, "state" | "bytes" | "sha256" | "checked" | "error">>;
}

type Outcome = Awaited<Transfer["ended"]>;

/** Under this name a file grows until it is whole. */
export const partOf = (path: string): string =>
  posix.join(posix.dirname(path), `.${posix.basename(path).slice(0, 230)}.fleetwright-part`);

const isGone = (error: unknown): boolean => /connection (?:was )?(?:closed|lost)|does not answer/.test(String(error));

/** A connection to the host that comes back by itself, and says so on the stream. */
function steady(tools: TransferTools, stream: ConsoleStream, stopping: AbortSignal) {
  let files: RemoteFiles | undefined;
  let gone = true;
  let lost = false;
  let opening: Promise<RemoteFiles> | undefined;
  const tell = (event: TransferEvent) => stream.event(Buffer.from(JSON.stringify(event)));

  async function open(): Promise<RemoteFiles> {
    const deadline = performance.now() + PATIENCE_MS;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        const opened = await tools.openFiles(stopping);
        files = opened;
        gone = false;
        opened.onGone(() => {
          if (files === opened) gone = true;
        });
        if (lost) tell({ type: "back" });
        lost = false;
        return opened;
      } catch (error) {
        const { code, message } = errorFacts(error);
        if (stopping.aborted || code !== "HostUnreachable" || performance.now() > deadline) throw error;
        if (!lost) tell({ type: "lost", message });
        lost = true;
        await wait(pauseMs, undefined, { signal: stopping });
      }
    }
  }

  return {
    tell,
    get gone() {
      return gone;
    },
    /** The host was found to be away, and is waited for. */
    get lost() {
      return lost;
    },
    async files(): Promise<RemoteFiles> {
      if (files && !gone) return files;
      opening ??= open().finally(() => {
        opening = undefined;
      });
      return opening;
    },
    end: () => files?.end(),
  };
}

/** Ends a transfer once: tells the window, and gives the record. */
function ending(stream: ConsoleStream, tell: (event: TransferEvent) => void) {
  let settle: (outcome: Outcome) => void = () => undefined;
  const ended = new Promise<Outcome>((resolve) => {
    settle = resolve;
  });
  let over = false;
  return {
    ended,
    get over() {
      return over;
    },
    finish(outcome: Outcome): void {
      if (over) return;
      over = true;
      const { state, bytes, sha256, checked, error } = outcome;
      if (state === "done") tell({ type: "done", sha256: sha256!, checked: checked!, bytes: bytes! });
      else if (state === "failed") tell({ type: "failed", code: error!.code, message: error!.message });
      stream.end();
      setTimeout(() => stream.drop(), MINUTE_MS).unref();
      settle(outcome);
    },
  };
}

const outcome = (state: Outcome["state"], bytes: number, more: Partial<Outcome> = {}): Outcome => ({
  state,
  bytes,
  sha256: null,
  checked: null,
  error: null,
  ...more,
});

/**
 * Takes a file in from the window and writes it to the host, many requests at once.
 *
 * The window sends the whole file; of what the host has of it already only the hash is compared. A host that goes away
 * is waited for, and what it had not acknowledged is written again at its place. The file gets its name when its hash
 * was found right on the host.
 */
export function startUpload(
  tools: TransferTools,
  order: {
    readonly path: string;
    readonly size: number;
    readonly offset: number;
    readonly prefixHash: string | null;
    readonly overwrite: boolean;
  },
): Transfer {
  const { path, size, offset } = order;
  const part = partOf(path);
  const stopping = new AbortController();
  tools.signal.addEventListener("abort", () => stopping.abort(), { signal: stopping.signal });
  const hash = createHash("sha256");
  /** Not acknowledged, in the file's order. */
  const kept: { readonly at: number; readonly bytes: Uint8Array; sent: boolean; acked: boolean }[] = [];
  const waiting: (() => void)[] = [];
  let received = 0;
  let keptBytes = 0;
  let acked = offset;
  let inputEnded = false;
  let file: RemoteFile | undefined;
  let pumping = false;
  let underWay = 0;
  let toldAt = 0;
  /** Being cancelled: nothing more is written, what is there goes first. */
  let leaving = false;

  const stream = tools.bytes.open({
    onInput: (bytes, consumed) => take(bytes, consumed),
    onInputEnd() {
      inputEnded = true;
      void pump();
    },
    // Input that was under way when a line breaks is lost: the window begins anew, and the part here is gone on with.
    onAttached: (attached) => void (attached || interrupt()),
  });
  const line = steady(tools, stream, stopping.signal);
  const end = ending(stream, line.tell);
  void end.ended.then(() => stopping.abort());

  function take(bytes: Uint8Array, consumed: () => void): void {
    if (end.over || leaving) return consumed();
    const before = received;
    received += bytes.length;
    if (received > size) return void failWith(grewError(path));
    if (before < offset && received >= offset) {
      hash.update(bytes.subarray(0, offset - before));
      if (hash.copy().digest("hex") !== order.prefixHash) return void another();
      hash.update(bytes.subarray(offset - before));
    } else hash.update(bytes);
    for (let at = Math.max(offset - before, 0); at < bytes.length; at += PART_BYTES) {
      const piece = bytes.slice(at, at + PART_BYTES);
      kept.push({ at: before + at, bytes: piece, sent: false, acked: false });
      keptBytes += piece.length;
    }
    if (keptBytes < MOST_KEPT) consumed();
    else waiting.push(consumed);
    void pump();
  }

  async function pump(): Promise<void> {
    if (pumping || end.over || leaving) return;
    pumping = true;
    try {
      if (!file || line.gone) {
        const files = await line.files();
        if (end.over || leaving) return;
        underWay = 0;
        for (const piece of kept) piece.sent = false;
        file = await files.open(part, acked > 0 ? "resume" : "create");
        if (end.over || leaving) return void file.close().catch(() => undefined);
      }
      const open = file;
      for (const piece of kept) {
        if (underWay >= PARTS_UNDER_WAY) break;
        if (piece.sent) continue;
        piece.sent = true;
        underWay++;
        open.write(piece.at, piece.bytes).then(
          () => {
            if (file !== open) return;
            underWay--;
            piece.acked = true;
            acknowledge();
            void pump();
          },
          (error: unknown) => void onWriteFailed(open, error),
        );
      }
      if (inputEnded && kept.length === 0) await complete(open);
    } catch (error) {
      if (!end.over && !leaving) await onBroken(error);
    } finally {
      pumping = false;
    }
    if (!end.over && file && kept.some(({ sent }) => !sent) && underWay === 0) void pump();
  }

  function acknowledge(): void {
    let done = 0;
    while (kept[done]?.acked) {
      acked = kept[done]!.at + kept[done]!.bytes.length;
      keptBytes -= kept[done]!.bytes.length;
      done++;
    }
    kept.splice(0, done);
    if (keptBytes < MOST_KEPT) for (const consumed of waiting.splice(0)) consumed();
    if (performance.now() - toldAt < PROGRESS_MS) return;
    toldAt = performance.now();
    line.tell({ type: "progress", bytes: acked });
  }

  function onWriteFailed(open: RemoteFile, error: unknown): void {
    if (file !== open || end.over || leaving) return;
    file = undefined;
    void onBroken(error);
  }

  /** A host that went is waited for; anything else it said is final. */
  async function onBroken(error: unknown): Promise<void> {
    if (stopping.signal.aborted) return;
    if (errorFacts(error).code === "Unexpected" && (line.gone || isGone(error))) {
      file = undefined;
      await wait(50);
      setImmediate(() => void pump());
    } else failWith(error);
  }

  async function complete(open: RemoteFile): Promise<void> {
    if (received < size) return void interrupt();
    await open.sync();
    await open.close();
    const files = await line.files();
    const sha256 = hash.digest("hex");
    const there = await tools.hashOnHost(part, size, stopping.signal);
    const facts = await files.facts(part);
    if ((there !== undefined && there !== sha256) || facts?.size !== size) {
      await files.removeFile(part).catch(() => undefined);
      throw differs(path);
    }
    const existing = await files.facts(path);
    if (existing && !order.overwrite) throw exists(path);
    await (existing ? files.replace(part, path) : files.rename(part, path));
    end.finish(outcome("done", size, { sha256, checked: there === undefined ? "size" : "sha256" }));
    line.end();
  }

  function failWith(error: unknown): void {
    const { code, message } = errorFacts(asFileError(error, path));
    end.finish(outcome("failed", acked, { error: { code, message } }));
    stopping.abort();
    line.end();
  }

  async function another(): Promise<void> {
    line.tell({ type: "again" });
    await cancel();
  }

  async function interrupt(): Promise<void> {
    if (end.over) return;
    end.finish(outcome("interrupted", acked));
    stopping.abort();
    await file?.close().catch(() => undefined);
    line.end();
    stream.drop();
  }

  async function cancel(): Promise<void> {
    if (end.over || leaving) return;
    leaving = true;
    await file?.close().catch(() => undefined);
    // A host that is away keeps its part.
    if (!line.lost)
      await line
        .files()
        .then((files) => files.removeFile(part))
        .catch(() => undefined);
    // Told only now: the same file may be begun anew at once.
    end.finish(outcome("cancelled", acked));
    stopping.abort();
    line.end();
  }

  if (size === 0) inputEnded = true;
  void pump();
  return { streamId: stream.id, cancel, interrupt, ended: end.ended };
}

/** Reads a file of the host, many requests at once, and gives it out in order at the pace of the window. */
export function startDownload(
  tools: TransferTools,
  order: { readonly path: string; readonly size: number; readonly modifiedAt: Date },
): Transfer {
  const { path, size } = order;
  const stopping = new AbortController();
  tools.signal.addEventListener("abort", () => stopping.abort(), { signal: stopping.signal });
  const hash = createHash("sha256");
  let given = 0;
  let drained: () => void = () => undefined;
  stopping.signal.addEventListener("abort", () => drained(), { once: true });
  let holdTimer: NodeJS.Timeout | undefined;
  const hold = () => {
    holdTimer = setTimeout(() => void interrupt(), HOLD_MS);
    holdTimer.unref();
  };
  const stream = tools.bytes.open({
    onInput: (_, consumed) => consumed(),
    onDrain: () => drained(),
    onAttached: (attached) => (attached ? clearTimeout(holdTimer) : hold()),
  });
  const line = steady(tools, stream, stopping.signal);
  const end = ending(stream, line.tell);
  void end.ended.then(() => stopping.abort());
  hold();

  async function run(): Promise<void> {
    while (given < size && !end.over) {
      try {
        await carry();
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (errorFacts(error).code !== "Unexpected" || (!line.gone && !isGone(error))) throw error;
      }
    }
    if (end.over) return;
    const sha256 = hash.digest("hex");
    const there = await tools.hashOnHost(path, size, stopping.signal);
    if (there !== undefined && there !== sha256) throw differs(path);
    end.finish(outcome("done", given, { sha256, checked: there === undefined ? "size" : "sha256" }));
  }

  /** From where it is to the end, or until the connection goes. */
  async function carry(): Promise<void> {
    const files = await line.files();
    const facts = await files.facts(path);
    if (facts?.size !== size || facts.modifiedAt.getTime() !== order.modifiedAt.getTime()) throw changed(path);
    const file = await files.open(path, "read");
    const ahead: Promise<Buffer>[] = [];
    let asked = given;
    try {
      while (given < size && !end.over) {
        while (asked < size && ahead.length < PARTS_UNDER_WAY) {
          const read = wholePart(file, asked, Math.min(PART_BYTES, size - asked));
          read.catch(() => undefined);
          ahead.push(read);
          asked += PART_BYTES;
        }
        const bytes = await ahead.shift()!;
        hash.update(bytes);
        given += bytes.length;
        const drain = new Promise<void>((resolve) => {
          drained = resolve;
        });
        if (!stream.write(bytes)) await drain;
      }
    } finally {
      await file.close().catch(() => undefined);
    }
  }

  /** A host may give less than it was asked for. */
  async function wholePart(file: RemoteFile, at: number, length: number): Promise<Buffer> {
    const first = await file.read(at, length);
    if (first.length === length) return first;
    if (first.length === 0) throw changed(path);
    return Buffer.concat([first, await wholePart(file, at + first.length, length - first.length)]);
  }

  async function stop(state: "cancelled" | "interrupted"): Promise<void> {
    if (end.over) return;
    end.finish(outcome(state, given));
    stopping.abort();
    line.end();
    stream.drop();
  }
  const interrupt = () => stop("interrupted");

  run()
    .catch((error: unknown) => {
      const { code, message } = errorFacts(asFileError(error, path));
      end.finish(outcome("failed", given, { error: { code, message } }));
    })
    .finally(() => {
      clearTimeout(holdTimer);
      line.end();
    });
  return { streamId: stream.id, cancel: () => stop("cancelled"), interrupt, ended: end.ended };
}

const conflict = (message: string, next: string, more: object = {}): AppError =>
  new AppError("Conflict", message, { retryable: false, next, ...more });
export const exists = (path: string): AppError =>
  conflict(`${path} is there already. Nothing was changed.`, "Overwrite it, or choose another name.", { exists: true });
const differs = (path: string): AppError =>
  conflict(`${path} differs from its copy after the transfer; it was not kept.`, "Transfer it again.");
const changed = (path: string): AppError =>
  conflict(`${path} changed on the host while it was read.`, "Download it again when nothing writes to it.");
const grewError = (path: string): AppError =>
  conflict(`The file for ${path} is longer than was announced.`, "Choose it again and upload it.");

/** SFTP's own failures in words that say what to do. */
export function asFileError(error: unknown, path: string): unknown {
  if (errorFacts(error).code !== "Unexpected") return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const said = (what: string, next: string, name: "NotFound" | "HostCommandFailed" = "HostCommandFailed") =>
    new AppError(name, what, { retryable: false, next }, { cause: error });
  if (code === 2) return said(`${path} is not on the host.`, "Read the folder again.", "NotFound");
  if (code === 3)
    return said(`The host does not permit it: ${path}.`, "Check owner and permissions of it and its folder.");
  if (typeof code === "number")
    return said(`The host refused it: ${path}: ${String(message)}.`, "Check the host's disk and the path.");
  if (isGone(error)) {
    return new AppError("HostUnreachable", `The connection went while ${path} was worked on.`, {
      retryable: true,
      next: "Try again; what was transferred is gone on with.",
    });
  }
  return error;
}
