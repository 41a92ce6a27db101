import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { shellCommand, shellQuote } from "../../../main/adapters/ssh/quote.ts";

const printed = (words: string[]) =>
  execFileSync("sh", ["-c", `printf '%s\\0' ${shellCommand(words)}`], { encoding: "utf8" })
    .split("\0")
    .slice(0, -1);

test.each([
  ["a name with quotes", `O'Brien "& Sons"`],
  ["a command", "$(touch /tmp/pwned); `id` && rm -rf ~"],
  ["line breaks and a glob", "a\nb * ? [x]"],
  ["an option", "-rf"],
  ["nothing", ""],
  ["other scripts", "株式会社 Ünïcödé"],
])("%s reaches the command as one word", (_, word) => {
  expect(printed([word])).toEqual([word]);
});

test("whatever the words are, a shell reads them back unchanged", () => {
  const word = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
      expect(printed(words)).toEqual(words);
    }),
    { numRuns: 60 },
  );
});

test("NUL is refused", () => {
  expect(() => shellQuote("a\0b")).toThrow(RangeError);
});
