import { setTimeout as wait } from "node:timers/promises";
import { type ErrorFacts, errorFacts } from "../../shared/errors.ts";
import type { OpenTerminal, TerminalEvent, TerminalSession, TerminalState } from "../../shared/terminal/model.ts";
import { MINUTE_MS, SECOND_MS } from "../../shared/time.ts";
import type { Place, Shell, ShellExit, TerminalPorts } from "./ports.ts";
import { type Recording, startRecording } from "./recording.ts";
import type { SessionStore, StoredSession } from "./store.ts";

/** How long an ended stream waits for its window to fetch the rest. */
const AFTER_END_MS = MINUTE_MS;
const FIRST_PAUSE_MS = SECOND_MS;
const LONGEST_PAUSE_MS = 15 * SECOND_MS;
/** After this long without the host a session gives up. */
const PATIENCE_MS = 10 * MINUTE_MS;
/** What will not get better by waiting. */
const FINAL = new Set(["HostKeyChanged", "HostLoginRefused", "RefusedByRule", "NotFound", "VaultLocked"]);

/** One log-in that is open, whoever looks at it. */
export interface LiveSession {
  view(): TerminalSession & { readonly streamId: number };
  resize(columns: number, rows: number): void;
  /** Hangs up and waits until everything of it is stored. Repeating is harmless. */
  close(): Promise<void>;
}

/**
 * Logs in to one environment and connects the shell there with a stream of the binary channel.
 *
 * A shell whose connection went is opened again on the same pinned host; the stream says what was missed. A command is
 * not repeated. Resolves when the shell is there; rejects with what kept it from opening, which is stored too.
 */
export async function openSession(
  ports: TerminalPorts,
  store: SessionStore,
  place: Place,
  id: string,
  order: OpenTerminal,
  onEnded: () => void,
): Promise<LiveSession> {
  const stopping = new AbortController();
  let state: TerminalState = "connecting";
  let shell: Shell | undefined;
  let recording: Recording | undefined;
  let screen = { columns: order.columns, rows: order.rows };
  let ending: Promise<void> | undefined;
  let holdTimer: NodeJS.Timeout | undefined;
  /** Who asks the host to wait. */
  const held = new Set<"window" | "disk">();
  const session: { -readonly [Key in keyof StoredSession]: StoredSession[Key] } = {
    id,
    tenantId: place.tenantId,
    tenantSlug: place.tenantSlug,
    customer: place.customer,
    environmentId: place.environmentId,
    kind: place.kind,
    host: `${place.user}@${place.address}:${place.port}`,
    operator: ports.operator(),
    reason: order.reason,
    contractReference: order.contractReference || null,
    command: order.command?.join(" ") ?? null,
    startedAt: ports.now(),
    endedAt: null,
    bytesOut: 0,
    bytesIn: 0,
    exitCode: null,
    error: null,
    recording: null,
  };
  await store.began(session, ports.machine);

  const stream = ports.bytes.open({
    onInput(bytes, consumed) {
      session.bytesIn += bytes.length;
      if (shell && state === "open") shell.write(bytes, consumed);
      else consumed(); // typed while nobody listens
    },
    onInputEnd: () => shell?.endInput(),
    onDrain: () => release("window"),
    onAttached: (attached) => (attached ? clearTimeout(holdTimer) : hold()),
  });
  const tell = (event: TerminalEvent) => stream.event(Buffer.from(JSON.stringify(event)));

  function pauseFor(who: "window" | "disk"): void {
    held.add(who);
    shell?.pause();
  }
  function release(who: "window" | "disk"): void {
    held.delete(who);
    if (held.size === 0) shell?.resume();
  }
  /** Nobody looks: after a while the session is hung up. */
  function hold(): void {
    clearTimeout(holdTimer);
    holdTimer = setTimeout(() => void close(), order.holdSeconds * SECOND_MS);
  }

  function shown(bytes: Uint8Array, write: (bytes: Uint8Array) => boolean): void {
    session.bytesOut += bytes.length;
    if (recording?.output(bytes) === false) pauseFor("disk");
    if (!write(bytes)) pauseFor("window");
  }

  async function connect(): Promise<void> {
    const opened = await ports.openShell(
      place,
      { ...(order.command && { command: order.command }), ...(order.terminal && { screen }) },
      {
        onOutput: (bytes) => shown(bytes, stream.write),
        onErrorOutput: (bytes) => shown(bytes, order.terminal ? stream.write : stream.writeError),
        onEnd: (exit) => void onShellEnd(exit),
      },
      stopping.signal,
    );
    if (stopping.signal.aborted) return opened.close();
    shell = opened;
    state = "open";
    if (held.size > 0) shell.pause();
  }

  async function onShellEnd(exit: ShellExit): Promise<void> {
    shell = undefined;
    const cut = exit.code === null && exit.signal === null;
    if (!cut || stopping.signal.aborted) return finish(exit, null);
    const lost = { code: "HostUnreachable" as const, message: `The connection to ${nameOf(place)} was lost.` };
    if (order.command) return finish(exit, { ...lost, details: { retryable: true } });
    await reconnect(lost.message);
  }

  async function reconnect(message: string): Promise<void> {
    const lostAt = ports.now();
    state = "reconnecting";
    recording?.mark(message);
    tell({ type: "lost", at: lostAt, message });
    ports.changed();
    const deadline = performance.now() + PATIENCE_MS;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        await wait(pauseMs, undefined, { signal: stopping.signal });
        await connect();
        if (stopping.signal.aborted) return;
        const at = ports.now();
        recording?.mark(`connected again at ${at.toISOString()}; output since ${lostAt.toISOString()} is lost`);
        tell({ type: "back", lostAt, at });
        ports.changed();
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        const facts = errorFacts(error);
        if (FINAL.has(facts.code) || performance.now() > deadline) return finish({ code: null, signal: null }, facts);
      }
    }
  }

  function finish(exit: ShellExit, error: ErrorFacts | null): Promise<void> {
    ending ??= end(exit, error);
    return ending;
  }

  async function end(exit: ShellExit, error: ErrorFacts | null): Promise<void> {
    state = "ended";
    stopping.abort();
    clearTimeout(holdTimer);
    session.endedAt = ports.now();
    session.exitCode = exit.code;
    session.error = error && { code: error.code, message: error.message };
    if (error) recording?.mark(error.message);
    tell({ type: "exit", code: exit.code, signal: exit.signal, error: session.error });
    stream.end();
    setTimeout(() => stream.drop(), AFTER_END_MS).unref();
    session.recording = (await recording?.finish()) ?? null;
    await store.ended(session).catch((cause: unknown) => {
      ports.log("warning", `the end of session ${id} on ${nameOf(place)} was not stored: ${errorFacts(cause).message}`);
    });
    onEnded();
  }

  /** Our own hanging-up; the host's answer to it is not waited for. */
  function close(): Promise<void> {
    stopping.abort();
    shell?.close();
    return finish({ code: null, signal: null }, null);
  }

  try {
    recording = await startRecording({
      folder: ports.recordings,
      sessionId: id,
      title: `${place.customer} ${place.kind} (${session.host}): ${order.reason}`,
      ...screen,
      startedAt: session.startedAt,
      onDrain: () => release("disk"),
      onStopped: (message) => tell({ type: "unrecorded", message }),
    });
    await connect();
  } catch (error) {
    await finish({ code: null, signal: null }, errorFacts(error));
    stream.drop();
    throw error;
  }
  hold();
  ports.changed();

  return {
    view: () => ({ ...session, streamId: stream.id, state }),
    resize(columns, rows) {
      if (columns === screen.columns && rows === screen.rows) return;
      screen = { columns, rows };
      recording?.resized(columns, rows);
      shell?.resize(columns, rows);
    },
    close,
  };
}

/** For messages: "acme production". */
export const nameOf = (place: Pick<Place, "tenantSlug" | "kind">): string => `${place.tenantSlug} ${place.kind}`;
