import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Output } from "../../../renderer/terminal/output.ts";

const KIB = 1024;
const encode = (text: string) => new TextEncoder().encode(text);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A terminal that draws when it is told to. */
function slowTerminal() {
  const drawn: string[] = [];
  const waiting: { data: string | Uint8Array; drawn: () => void }[] = [];
  const output = new Output(
    { write: (data, done) => void waiting.push({ data, drawn: done }) },
    (bytes) => `<${bytes}>`,
  );
  return {
    output,
    drawn: () => drawn.join(""),
    waiting: () => waiting.reduce((sum, { data }) => sum + data.length, 0),
    draw() {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        drawn.push(typeof next.data === "string" ? next.data : new TextDecoder().decode(next.data));
        next.drawn();
      }
    },
  };
}

/** `kib` KiB of numbered lines of 16 bytes. */
const flood = (kib: number, from = 0) =>
  encode(Array.from({ length: kib * 64 }, (_, index) => `line ${String(from + index).padStart(10, "0")}\n`).join(""));

test("bytes and own lines are drawn in order, and the host sends on at the pace of the drawing", () => {
  const { output, drawn, draw } = slowTerminal();
  const done: number[] = [];
  output.data(encode("one "), () => done.push(1));
  output.say("lost ");
  output.data(encode("two"), () => done.push(2));
  expect([drawn(), done]).toEqual(["", []]);
  draw();
  expect([drawn(), done]).toEqual(["one lost two", [1, 2]]);
});

test("a flood is handed over in parts, so that little of it is under way", () => {
  const { output, waiting, draw, drawn } = slowTerminal();
  for (let part = 0; part < 32; part += 1) output.data(flood(32), () => undefined);
  expect(waiting()).toBeLessThanOrEqual(160 * KIB);
  draw();
  expect(drawn().length).toBe(1024 * KIB);
});

test("Ctrl-C in a flood: what is on the way is taken at once and not drawn, up to its end and the host's answer", () => {
  const { output, draw, drawn } = slowTerminal();
  let done = 0;
  for (let part = 0; part < 16; part += 1) output.data(flood(32, part * 2048), () => void done++);
  output.interrupted();
  for (let part = 16; part < 48; part += 1) output.data(flood(32, part * 2048), () => void done++);
  output.data(encode("^C\nready> "), () => void done++);
  draw();
  expect(drawn().length).toBe(128 * KIB);
  expect(done).toBe(49);

  vi.advanceTimersByTime(30);
  draw();
  const shown = drawn().slice(128 * KIB);
  const skipped = Number(/^<(\d+)>/.exec(shown)?.[1]);
  expect(shown).toMatch(/^<\d+>line \d{10}\n/);
  expect(shown.endsWith("line 0000098303\n^C\nready> ")).toBe(true);
  expect(drawn().length - `<${skipped}>`.length + skipped).toBe(48 * 32 * KIB + "^C\nready> ".length);

  output.data(encode("next"), () => undefined);
  draw();
  expect(drawn().endsWith("ready> next")).toBe(true);
});

test("Ctrl-C without a flood leaves everything to be drawn", () => {
  const { output, draw, drawn } = slowTerminal();
  output.data(flood(32), () => undefined);
  output.interrupted();
  output.data(encode("^C\nready> "), () => undefined);
  draw();
  expect(drawn()).toBe(`${new TextDecoder().decode(flood(32))}^C\nready> `);
});

test("a flood that pauses before the host's answer is skipped to its end, and one that comes late is met", () => {
  const { output, draw, drawn } = slowTerminal();
  for (let part = 0; part < 16; part += 1) output.data(flood(32), () => undefined);
  draw();
  expect(drawn().length).toBe(512 * KIB);
  output.interrupted(); // nothing waits here, much is on its way
  vi.advanceTimersByTime(200);
  for (let part = 0; part < 16; part += 1) output.data(flood(32), () => undefined);
  vi.advanceTimersByTime(200);
  for (let part = 0; part < 16; part += 1) output.data(flood(32), () => undefined);
  output.data(encode("\nready> "), () => undefined); // a program that switched the echo off
  draw();
  expect(drawn().length).toBe(512 * KIB);
  vi.advanceTimersByTime(250);
  draw();
  expect(drawn().slice(512 * KIB)).toMatch(/^<\d+>line[^<]*ready> $/);
});

test("a program that does not mind Ctrl-C is drawn again after a while", () => {
  const { output, draw, drawn } = slowTerminal();
  for (let part = 0; part < 16; part += 1) output.data(flood(32), () => undefined);
  output.interrupted();
  draw();
  for (let turn = 0; turn < 200; turn += 1) {
    output.data(flood(1, turn * 64), () => undefined);
    vi.advanceTimersByTime(20);
  }
  draw();
  expect(drawn().slice(128 * KIB)).toMatch(/^<\d+>line/);
  expect(drawn()).toContain("line 0000012799");
});

test("a line of ours in the middle ends the skipping: it stands where it belongs", () => {
  const { output, draw, drawn } = slowTerminal();
  for (let part = 0; part < 16; part += 1) output.data(flood(32), () => undefined);
  output.interrupted();
  output.say("lost");
  output.data(encode("after"), () => undefined);
  draw();
  expect(drawn()).toMatch(/\nlostafter$/);
});
