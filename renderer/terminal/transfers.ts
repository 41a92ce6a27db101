import type { ByteLine, ClientStream } from "../../shared/byte-line.ts";
import { CHUNK_BYTES } from "../../shared/frames.ts";
import { TransferEvent } from "../../shared/terminal/files.ts";

export type TransferPhase = "running" | "paused" | "reconnecting" | "done" | "failed" | "cancelled";

/** One file on its way, as the panel shows it. */
export interface TransferView {
  readonly id: number;
  readonly sessionId: string;
  readonly direction: "up" | "down";
  readonly name: string;
  readonly size: number;
  readonly bytes: number;
  readonly phase: TransferPhase;
  /** Bytes a second over the last seconds; null while nothing is known. */
  readonly rate: number | null;
  readonly sha256: string | null;
  readonly message: string | null;
}

/** What a transfer needs of the console. */
export interface TransferCalls {
  readonly line: ByteLine;
  upload(order: {
    sessionId: string;
    folder: string;
    name: string;
    size: number;
    overwrite: boolean;
  }): Promise<{ transferId: string; streamId: number; offset: number }>;
  download(order: { sessionId: string; path: string }): Promise<{ transferId: string; streamId: number; size: number }>;
  cancel(transferId: string): Promise<unknown>;
}

/** Takes a downloaded file in, part by part. */
export interface Sink {
  write(bytes: Uint8Array<ArrayBuffer>): void;
  /** The file is whole. */
  save(): void;
}

interface Running {
  view: TransferView;
  transferId: string | undefined;
  stream: ClientStream | undefined;
  resume: (() => void) | undefined;
  cancelled: boolean;
  samples: { at: number; bytes: number }[];
}

const RATE_MS = 5_000;
/** How often a broken line is gone on with before the operator is asked. */
const MOST_ROUNDS = 20;

let running: readonly Running[] = [];
let views: readonly TransferView[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function tell(): void {
  views = running.map(({ view }) => view);
  for (const listener of listeners) listener();
}

function become(one: Running, change: Partial<TransferView>): void {
  let { rate } = one.view;
  if (change.bytes !== undefined) {
    const at = performance.now();
    one.samples = [...one.samples.filter((sample) => at - sample.at < RATE_MS), { at, bytes: change.bytes }];
    const [first] = one.samples;
    if (first && at > first.at) rate = Math.max(0, ((change.bytes - first.bytes) / (at - first.at)) * 1000);
  }
  if (change.phase && change.phase !== "running") {
    rate = null;
    one.samples = [];
  }
  one.view = { ...one.view, rate, ...change };
  tell();
}

function begin(view: Pick<TransferView, "sessionId" | "direction" | "name" | "size">): Running {
  const one: Running = {
    view: { ...view, id: ++lastId, bytes: 0, phase: "running", rate: null, sha256: null, message: null },
    transferId: undefined,
    stream: undefined,
    resume: undefined,
    cancelled: false,
    samples: [],
  };
  running = [...running, one];
  tell();
  return one;
}

/** Reads what the stream tells. */
function onEvent(one: Running, payload: Uint8Array): void {
  const read = TransferEvent.safeParse(JSON.parse(new TextDecoder().decode(payload)));
  if (!read.success) return;
  const event = read.data;
  if (event.type === "progress") become(one, { bytes: event.bytes });
  else if (event.type === "lost") become(one, { phase: "reconnecting", message: event.message });
  else if (event.type === "back") become(one, { phase: "running", message: null });
  else if (event.type === "done")
    become(one, { phase: "done", bytes: event.bytes, sha256: event.sha256, message: null });
  else if (event.type === "failed") become(one, { phase: "failed", message: event.message });
}

const isOver = ({ view }: Running) => view.phase === "done" || view.phase === "failed" || view.phase === "cancelled";

/** Waits while the operator has paused it. */
function unlessPaused(one: Running): Promise<void> | undefined {
  if (one.view.phase !== "paused") return undefined;
  return new Promise((resolve) => {
    one.resume = resolve;
  });
}

/** Sends the file once, from its first byte, until the stream ends. Rejects when the file cannot be read any more. */
function send(one: Running, line: ByteLine, streamId: number, file: File): Promise<void> {
  return new Promise((resolve, reject) => {
    let room: () => void = () => undefined;
    let over = false;
    const stream = line.attach(streamId, {
      onData: (_, consumed) => consumed(),
      onEvent: (payload) => onEvent(one, payload),
      onDrain: () => room(),
      onEnd() {
        over = true;
        room();
        resolve();
      },
    });
    one.stream = stream;
    void (async () => {
      for (let at = 0; at < file.size && !over && !one.cancelled; at += CHUNK_BYTES) {
        await unlessPaused(one);
        const part = new Uint8Array(await file.slice(at, at + CHUNK_BYTES).arrayBuffer());
        const roomy = new Promise<void>((free) => {
          room = free;
        });
        if (!stream.write(part)) await roomy;
      }
      if (!over && !one.cancelled) stream.end();
    })().catch((error: unknown) => {
      stream.detach();
      reject(error as Error);
    });
  });
}

export const transfers = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
  views: (): readonly TransferView[] => views,

  /** A part of it that the host has already is gone on with, also after a broken line. Rejects when it cannot begin. */
  async upload(calls: TransferCalls, sessionId: string, folder: string, file: File, overwrite: boolean): Promise<void> {
    const order = { sessionId, folder, name: file.name, size: file.size, overwrite };
    let begun = await calls.upload(order);
    const one = begin({ sessionId, direction: "up", name: file.name, size: file.size });
    try {
      for (let round = 0; ; round++) {
        one.transferId = begun.transferId;
        become(one, { bytes: begun.offset });
        await send(one, calls.line, begun.streamId, file);
        if (one.cancelled || isOver(one)) break;
        await unlessPaused(one);
        if (round >= MOST_ROUNDS) throw new Error("The line to the console keeps breaking.");
        become(one, { phase: "reconnecting" });
        await new Promise((resolve) => setTimeout(resolve, 500));
        begun = await calls.upload(order);
        become(one, { phase: "running" });
      }
    } catch (error) {
      become(one, { phase: "failed", message: (error as Error).message });
      // Nothing more comes of it; where the console still waits for the file, it need not.
      if (one.transferId) await calls.cancel(one.transferId).catch(() => undefined);
    }
  },

  /** Hands what comes to `sink` as it comes. Rejects when it cannot begin. */
  async download(calls: TransferCalls, sessionId: string, path: string, name: string, sink: Sink): Promise<void> {
    const begun = await calls.download({ sessionId, path });
    const one = begin({ sessionId, direction: "down", name, size: begun.size });
    one.transferId = begun.transferId;
    let bytes = 0;
    let writing: Promise<void> = Promise.resolve();
    const why = await new Promise<string>((resolve) => {
      one.stream = calls.line.attach(begun.streamId, {
        onData(part, consumed) {
          // A copy: the frame's memory is not the sink's to keep.
          const own = part.slice();
          writing = writing.then(async () => {
            await unlessPaused(one);
            sink.write(own);
            bytes += own.length;
            become(one, { bytes });
            consumed();
          });
          writing.catch((error: unknown) => {
            become(one, { phase: "failed", message: (error as Error).message });
            if (one.transferId) void calls.cancel(one.transferId);
          });
        },
        onEvent: (payload) => onEvent(one, payload),
        onEnd: resolve,
      });
    });
    await writing.catch(() => undefined);
    if (one.view.phase === "done") sink.save();
    else if (!isOver(one)) become(one, { phase: "failed", message: why });
  },

  pause(id: number): void {
    const one = running.find(({ view }) => view.id === id);
    if (one?.view.phase === "running") become(one, { phase: "paused" });
  },

  resume(id: number): void {
    const one = running.find(({ view }) => view.id === id);
    if (one?.view.phase !== "paused") return;
    become(one, { phase: "running" });
    one.resume?.();
  },

  async cancel(calls: TransferCalls, id: number): Promise<void> {
    const one = running.find(({ view }) => view.id === id);
    if (!one || isOver(one)) return;
    one.cancelled = true;
    become(one, { phase: "cancelled" });
    one.resume?.();
    if (one.transferId) await calls.cancel(one.transferId);
  },

  /** Takes ended ones off the list. */
  clear(): void {
    running = running.filter((one) => !isOver(one));
    tell();
  },
};
