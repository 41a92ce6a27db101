import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROFILES } from "../../../shared/policy/profiles.ts";

const root = join(import.meta.dirname, "../../..");
const text = readFileSync(join(root, "docs/policy.md"), "utf8");

interface Row {
  readonly rule: string;
  readonly source: string;
  readonly functions: readonly string[];
  readonly test: string | undefined;
  readonly enforced: string;
}

const rows: Row[] = text
  .split("\n")
  .filter((line) => /^\| R\d+ \|/.test(line))
  .map((line) => {
    const [, rule, source, , functions, file, enforced] = line.split("|").map((cell) => cell.trim()) as string[];
    return {
      rule: rule!,
      source: source!,
      functions: [...functions!.matchAll(/`(\w+)`/g)].map((match) => match[1]!),
      test: /\]\(\.\.\/(test\/[^)]+)\)/.exec(file!)?.[1],
      enforced: enforced!,
    };
  });

const exported = new Set(
  readdirSync(join(root, "shared/policy")).flatMap((file) =>
    [...readFileSync(join(root, "shared/policy", file), "utf8").matchAll(/^export (?:function|const) (\w+)/gm)].map(
      (match) => match[1]!,
    ),
  ),
);

test("the table of docs/policy.md holds R1 to R113, once each and in order", () => {
  expect(rows.map((row) => row.rule)).toEqual(Array.from({ length: 113 }, (_, index) => `R${index + 1}`));
});

const computed = rows.filter((row) => row.functions.length > 0);

test.each(computed.map((row) => [row.rule, row] as const))(
  "%s names functions that exist and a test of its number",
  (rule, row) => {
    expect(row.functions.filter((name) => !exported.has(name))).toEqual([]);
    const tests = readFileSync(join(root, row.test ?? "docs/policy.md"), "utf8");
    expect(row.test).toBeDefined();
    // The number stands in a test's name, or in the table cell that becomes a part of it.
    expect(new RegExp(`["'\`][^"'\`\\n]*\\b${rule}\\b`).test(tests)).toBe(true);
  },
);

test.each(rows.filter((row) => row.functions.length === 0).map((row) => [row.rule, row.enforced] as const))(
  "%s says why nothing is computed for it",
  (_, enforced) => expect(enforced).toMatch(/^not computable: |^not yet computed: |nothing to compute/),
);

test("every clause of the shipped profiles cites a source that its rule has in the table", () => {
  const clauses: [string, string][] = [];
  const collect = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const { rule, source, slaRule, slaSource } = value as Record<string, unknown>;
    if (typeof rule === "string") clauses.push([rule, String(source)]);
    if (typeof slaRule === "string") clauses.push([slaRule, String(slaSource)]);
    for (const one of Object.values(value)) collect(one);
  };
  collect(PROFILES);
  const wrong = clauses.filter(([rule, source]) => !rows.find((row) => row.rule === rule)?.source.includes(source));
  expect(clauses.length).toBeGreaterThan(60);
  expect(wrong).toEqual([]);
});

test.each(["(a)", "(b)", "(c)", "(d)", "(e)", "(f)", "(g)", "(h)"])(
  "gap %s is shown in the document and noted where a verdict touches it",
  (gap) => {
    expect(text).toContain(`| ${gap} |`);
    expect(JSON.stringify(PROFILES)).toContain(`gap ${gap.slice(1, 2)})`);
  },
);
