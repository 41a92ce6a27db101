import { expect, test } from "vitest";
import { readCast, transcriptOf } from "../../../shared/terminal/asciicast.ts";

const HEADER = JSON.stringify({ version: 2, width: 100, height: 30, timestamp: 1, title: "x" });
const cast = (...entries: readonly (readonly [number, string, string])[]) =>
  readCast([HEADER, ...entries.map((entry) => JSON.stringify(entry)), ""].join("\n"));

test("a recording is read with its size and entries", () => {
  expect(cast([0.5, "o", "a"], [1, "r", "80x24"])).toEqual({
    columns: 100,
    rows: 30,
    entries: [
      { at: 0.5, type: "o", text: "a" },
      { at: 1, type: "r", text: "80x24" },
    ],
  });
});

test("a line that a crash cut short, and lines of other kinds, are left out", () => {
  const text = `${HEADER}\n[0.1,"o","kept"]\n{"other":1}\n[0.2,"o"]\n[0.3,"o","cut`;
  expect(readCast(text).entries).toEqual([{ at: 0.1, type: "o", text: "kept" }]);
  expect(readCast("nonsense")).toEqual({ columns: 80, rows: 24, entries: [] });
});

test("a transcript is what was shown: no sequences, lines as they ended, marks in brackets", () => {
  const shown = transcriptOf(
    cast(
      [0, "o", "\u001b[1;32muser\u001b[0m$ lss\b \b\r\n"],
      [1, "o", "10 %\r20 %\r100 %\r\n"],
      [2, "o", "\u001b]0;title\u0007caf\u00e9 \u001b(B\u001b[?1049h"],
      [3, "r", "80x24"],
      [4, "m", "connection lost"],
      [5, "o", "end"],
    ),
  );
  expect(shown).toBe("user$ ls \n100 %\ncafé \n[connection lost]\nend");
});
