import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteHub, type StreamOwner } from "../../../shared/byte-hub.ts";
import {
  CHUNK_BYTES,
  decodeFrame,
  encodeCount,
  encodeFrame,
  FRAME,
  FRESH,
  WINDOW_BYTES,
} from "../../../shared/frames.ts";
import { lineTo, wireTo } from "../../support/byte-reader.ts";
import { ByteLine, type ByteWire } from "../../../shared/byte-line.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));
const quiet: StreamOwner = { onInput: (_, consumed) => consumed() };

test("frames survive the wire, and what is none is refused", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xff_ff_ff_ff }),
      fc.constantFrom(...Object.values(FRAME)),
      fc.uint8Array({ maxLength: 1000 }),
      (stream, kind, payload) => {
        expect(decodeFrame(encodeFrame(stream, kind, payload))).toEqual({ stream, kind, payload });
      },
    ),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.uint8Array({ maxLength: 4 }), fc.object(), fc.constant(null)), (nonsense) => {
      expect(decodeFrame(nonsense)).toBeUndefined();
    }),
  );
  expect(decodeFrame(encodeFrame(1, FRAME.data, new Uint8Array(CHUNK_BYTES + 1)))).toBeUndefined();
  expect(decodeFrame(Uint8Array.of(0, 0, 0, 1, 99))).toBeUndefined();
});

test("whatever is written arrives once and in order, however small or large, over any number of lost lines", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.integer({ min: 1, max: 200_000 }), fc.constant("cut" as const)), { maxLength: 12 }),
      async (acts) => {
        const hub = new ByteHub();
        const drained: (() => void)[] = [];
        const stream = hub.open({ ...quiet, onDrain: () => drained.splice(0).forEach((go) => go()) });
        const wires: ByteWire[] = [];
        const line = new ByteLine(async () => {
          const wire = wireTo(hub);
          wires.push(wire);
          return wire;
        });
        const received: Uint8Array[] = [];
        const events: string[] = [];
        const ended = new Promise<string>((resolve) => {
          line.attach(stream.id, {
            onData(bytes, consumed) {
              received.push(bytes.slice());
              setImmediate(consumed);
            },
            onEvent: (payload) => events.push(String.fromCharCode(...payload)),
            onEnd: resolve,
          });
        });
        const sent: Uint8Array[] = [];
        let next = 0;
        for (const act of acts) {
          if (act === "cut") {
            await turn();
            wires.at(-1)?.close();
            continue;
          }
          const bytes = Uint8Array.from({ length: act }, () => next++ % 251);
          sent.push(bytes);
          if (!stream.write(bytes)) await new Promise<void>((go) => drained.push(go));
        }
        stream.event(Uint8Array.of(33));
        stream.end();
        expect(await ended).toBe("ended");
        expect(Buffer.concat(received).equals(Buffer.concat(sent))).toBe(true);
        expect(events).toEqual(["!"]);
        line.close();
      },
    ),
    { numRuns: 40 },
  );
});

test("a client that consumes nothing gets one window, and the source is asked to pause", async () => {
  const hub = new ByteHub();
  let got = 0;
  const peer = hub.serve({ send: (frame) => void (got += decodeFrame(frame)!.payload.length) });
  let drains = 0;
  const stream = hub.open({ ...quiet, onDrain: () => drains++ });
  peer.receive(encodeFrame(stream.id, FRAME.attach, encodeCount(FRESH)));
  got = 0;
  let goesOn = true;
  let written = 0;
  while (goesOn) {
    goesOn = stream.write(new Uint8Array(10_000));
    written += 10_000;
  }
  expect(written).toBeLessThan(WINDOW_BYTES + 20_000);
  expect(got).toBeLessThan(WINDOW_BYTES + CHUNK_BYTES);
  peer.receive(encodeFrame(stream.id, FRAME.credit, encodeCount(10_000)));
  expect(drains).toBe(1);
});

test("many tiny frames pause the source too", () => {
  const stream = new ByteHub().open(quiet);
  let count = 0;
  while (stream.write(Uint8Array.of(1))) count++;
  expect(count).toBeLessThan(5_000);
});

test("a client that ignores the window, or sends what only the console may, is named", () => {
  const hub = new ByteHub();
  const peer = hub.serve({ send: () => undefined });
  const stream = hub.open({ onInput: () => undefined });
  peer.receive(encodeFrame(stream.id, FRAME.attach, encodeCount(FRESH)));
  let problem: string | undefined;
  for (let sent = 0; problem === undefined && sent < 100; sent++) {
    problem = peer.receive(encodeFrame(stream.id, FRAME.data, new Uint8Array(CHUNK_BYTES)));
  }
  expect(problem).toContain("more than it may");
  expect(peer.receive(encodeFrame(stream.id, FRAME.refused))).toBeDefined();
  expect(peer.receive("text")).toBeDefined();
  expect(peer.receive(encodeFrame(999, FRAME.data, Uint8Array.of(1)))).toBeUndefined();
});

test("nobody reads or writes a stream that he is not attached to", () => {
  const hub = new ByteHub();
  const typed: Uint8Array[] = [];
  const stream = hub.open({ onInput: (bytes) => void typed.push(bytes) });
  const heard: number[] = [];
  const stranger = hub.serve({ send: (frame) => void heard.push(decodeFrame(frame)!.kind) });
  stranger.receive(encodeFrame(stream.id, FRAME.data, Uint8Array.of(1)));
  stream.write(Uint8Array.of(2));
  expect(typed).toEqual([]);
  expect(heard).toEqual([]);
});

test("input is held back until the host has taken it", async () => {
  const hub = new ByteHub();
  const waiting: (() => void)[] = [];
  const stream = hub.open({ onInput: (_, consumed) => void waiting.push(consumed) });
  let drained = false;
  const client = lineTo(hub).attach(stream.id, {
    onData: (_, consumed) => consumed(),
    onEvent: () => undefined,
    onEnd: () => undefined,
    onDrain: () => {
      drained = true;
    },
  });
  while (client.write(new Uint8Array(CHUNK_BYTES))) await turn();
  for (let round = 0; round < 5; round++) await turn();
  expect(waiting.length).toBeLessThanOrEqual(WINDOW_BYTES / CHUNK_BYTES);
  while (!drained) {
    for (const consumed of waiting.splice(0)) consumed();
    await turn();
  }
  expect(drained).toBe(true);
});
