import type { ByteHub } from "../../shared/byte-hub.ts";
import { ByteLine, type ByteWire } from "../../shared/byte-line.ts";
import { TerminalEvent } from "../../shared/terminal/model.ts";

/** A client's line to a hub in this process; frames cross in order, each in a turn of its own. */
export function lineTo(hub: ByteHub): ByteLine {
  return new ByteLine(async () => wireTo(hub));
}

export function wireTo(hub: ByteHub): ByteWire {
  let listen: (message: unknown) => void = () => undefined;
  let ended: () => void = () => undefined;
  let open = true;
  const served = hub.serve({
    send: (frame) =>
      setImmediate(() => {
        if (open) listen(frame);
      }),
  });
  return {
    send: (frame) =>
      setImmediate(() => {
        const problem = open ? served.receive(frame) : undefined;
        if (problem) throw new Error(problem);
      }),
    onMessage: (listener) => {
      listen = listener;
    },
    onEnd: (listener) => {
      ended = listener;
    },
    close() {
      open = false;
      served.gone();
      ended();
    },
  };
}

/** What a stream brought so far, and ways to wait for more. */
export interface Reading {
  text(): string;
  errorText(): string;
  readonly bytes: () => number;
  readonly events: TerminalEvent[];
  type(text: string): void;
  endInput(): void;
  /** Waits until `found` holds for all text since `from`. */
  until(found: string | RegExp | ((text: string) => boolean)): Promise<void>;
  untilEvent(type: TerminalEvent["type"]): Promise<TerminalEvent>;
  readonly ended: Promise<"ended" | "refused" | "lost">;
  /** From now on nothing more is consumed, as with a window that hangs; or again. */
  stall(stalled: boolean): void;
}

/** Keeps the last `keep` characters only, so that floods can be read. */
export function read(line: ByteLine, streamId: number, keep = 1_000_000): Reading {
  let text = "";
  let errorText = "";
  let bytes = 0;
  let stalled = false;
  const waiting: (() => void)[] = [];
  const events: TerminalEvent[] = [];
  const checks = new Set<() => void>();
  const changed = () => {
    for (const check of checks) check();
  };
  let end: (why: "ended" | "refused" | "lost") => void = () => undefined;
  const ended = new Promise<"ended" | "refused" | "lost">((resolve) => {
    end = resolve;
  });
  const decoder = new TextDecoder();
  const consume = (consumed: () => void) => void (stalled ? waiting.push(consumed) : consumed());
  const stream = line.attach(streamId, {
    onData(part, consumed) {
      bytes += part.length;
      text = (text + decoder.decode(part, { stream: true })).slice(-keep);
      consume(consumed);
      changed();
    },
    onErrorData(part, consumed) {
      bytes += part.length;
      errorText = (errorText + new TextDecoder().decode(part)).slice(-keep);
      consume(consumed);
      changed();
    },
    onEvent(payload) {
      events.push(TerminalEvent.parse(JSON.parse(new TextDecoder().decode(payload))));
      changed();
    },
    onEnd(why) {
      end(why);
      changed();
    },
  });
  const when = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (!holds()) return;
        checks.delete(check);
        resolve();
      };
      checks.add(check);
      check();
    });
  return {
    text: () => text,
    errorText: () => errorText,
    bytes: () => bytes,
    events,
    type: (words) => void stream.write(new TextEncoder().encode(words)),
    endInput: () => stream.end(),
    until: (found) =>
      when(() =>
        typeof found === "string" ? text.includes(found) : found instanceof RegExp ? found.test(text) : found(text),
      ),
    async untilEvent(type) {
      await when(() => events.some((event) => event.type === type));
      return events.find((event) => event.type === type)!;
    },
    ended,
    stall(now) {
      stalled = now;
      if (!now) for (const consumed of waiting.splice(0)) consumed();
    },
  };
}
