import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { FRENCH_DETAILS, FRENCH_SENTENCES } from "../../../renderer/app/i18n/french-sentences.ts";
import { detailWords, knownSentence, sentenceWords } from "../../../renderer/app/i18n/sentences.ts";

const MAIN = path.resolve(import.meta.dirname, "../../../main");
/** What the window never shows: the command line's own words, and the lab's answers in AWS's and the host's name. */
const ELSEWHERE = /^(hosts\/cli|hosts\/electron|lab\/(s3|ec2|sts|hosts\/erp|hosts\/ssh)|lab\/sigv4)/;
/** Areas whose screens show the console's own words beneath a French title. */
const OWN_WORDS = /^(calendar|terminal|terms)\//;

const LITERAL = String.raw`("(?:[^"\\]|\\.)*"|${"`[^`]*`"})`;
const SAID = [
  new RegExp(String.raw`\b(?:new AppError|unavailable|newer)\(\s*(?:"\w+",\s*)?${LITERAL}`, "g"),
  new RegExp(String.raw`\bnext(?::| =)\s*${LITERAL}`, "g"),
  new RegExp(String.raw`\.detail\(\s*${LITERAL}`, "g"),
];

/** "R10: reason" is told by its verdict; the other begins with one of two phrases, and both are known. */
const CHOSEN = new Set(["x1: x1", "x1 in the window under Settings; the work goes on from there."]);

/** The sentences in the console's source, with a word for each figure; nested templates are left out. */
function sentencesOf(pattern: RegExp): string[] {
  const files = readdirSync(MAIN, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !ELSEWHERE.test(file) && !OWN_WORDS.test(file),
  );
  return files.flatMap((file) =>
    [...readFileSync(path.join(MAIN, file), "utf8").matchAll(pattern)]
      .map(([, literal = ""]) => literal.slice(1, -1).replaceAll('\\"', '"'))
      .filter((text) => text.includes(" ") && !/\$\{[^}]*$/.test(text))
      .map((text) => text.replace(/\$\{[^}]*\}/g, "x1")),
  );
}

test.each([
  ["error", SAID[0]!, 70],
  ["advice on what to do next", SAID[1]!, 60],
])("every %s that the window can show is known in French", (_, pattern, least) => {
  const sentences = sentencesOf(pattern);
  expect(sentences.length).toBeGreaterThan(least);
  const unknown = sentences.filter((one) => !CHOSEN.has(one) && knownSentence(one, "fr") === undefined);
  expect(unknown).toEqual([]);
});

test("every detail of a step that holds an English word is known in French", () => {
  const details = sentencesOf(SAID[2]!).filter((one) => /(?<![\w.])[a-z]{4,}/.test(one.replaceAll("x1", "")));
  expect(details.length).toBeGreaterThan(5);
  expect(details.filter((one) => detailWords(one, "fr") === one)).toEqual([]);
});

test("a step's words are told in French, its names and figures stay", () => {
  expect(detailWords("vol-0abc, 100 GiB", "fr")).toBe("vol-0abc, 100 Gio");
  expect(detailWords("m6i.xlarge, 4 vCPU, 16 GiB, ami-1", "fr")).toBe("m6i.xlarge, 4 vCPU, 16 Gio, ami-1");
  expect(detailWords("443 from 0.0.0.0/0, 22 from 10.0.0.0/8, ::1/128", "fr")).toBe(
    "443 depuis 0.0.0.0/0, 22 depuis 10.0.0.0/8, ::1/128",
  );
  expect(detailWords("sg-0abc", "fr")).toBe("sg-0abc");
  expect(detailWords("nothing is left", "fr")).toBe("il ne reste rien");
});

test("a sentence of a newer console stays as it is", () => {
  expect(knownSentence("The moon is full.", "fr")).toBeUndefined();
  expect(sentenceWords("The moon is full.", "fr")).toBe("The moon is full.");
});

test("names that look like patterns are put in as they are", () => {
  expect(sentenceWords("There is no tenant $&.*{{x}}.", "fr")).toBe("Il n'y a pas de tenant $&.*{{x}}.");
});

test("what waits for AWS says so in French, with AWS's own words", () => {
  expect(sentenceWords("RunInstances in eu-west-1: Rate exceeded (Throttling)", "fr")).toBe(
    "RunInstances dans eu-west-1 : Rate exceeded (Throttling)",
  );
});

const names = (text: string) => [...text.matchAll(/\{\{=?(\w+)\}\}/g)].map((match) => `${match[1]}`).toSorted();

test("French puts in every figure of the English sentence, and keeps the space before its high punctuation", () => {
  for (const [english, french] of [...Object.entries(FRENCH_SENTENCES), ...Object.entries(FRENCH_DETAILS)]) {
    expect([english, names(french)]).toEqual([english, names(english)]);
    expect(french).not.toMatch(/[^\s\d](?::(?!\/)|;|\?|!)(\s|$)/);
  }
});
