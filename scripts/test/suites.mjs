// The suites behind `npm test`, in the order in which they run.

import { readdirSync } from "node:fs";
import path from "node:path";
import { electronForTests } from "../electron-for-tests.mjs";

const ROOT = path.resolve(import.meta.dirname, "../..");

function shellScripts() {
  const found = readdirSync(path.join(ROOT, "main"), { recursive: true }).filter((file) => file.endsWith(".sh"));
  return [".ci/run", ...found.map((file) => path.join("main", file))];
}

const vitest = (project) => (report) => ({
  command: [
    "vitest",
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ],
});

const playwright = (project, before) => async (report) => ({
  command: [...(before ?? []), "playwright", "test", "--project", project],
  env: {
    PLAYWRIGHT_JSON_OUTPUT_NAME: report,
    ...(before ? { ELECTRON_OVERRIDE_DIST_PATH: await electronForTests() } : {}),
  },
});

/**
 * name; needs: parts of system-packages.mjs; after: suites that must run before it; counts: kind of its report;
 * plan(report): the command and its environment, or a throw with the reason why it cannot run here.
 */
export const SUITES = [
  { name: "build", plan: () => ({ command: ["node", "scripts/build.mjs"] }) },
  { name: "format", plan: () => ({ command: ["biome", "format", "."] }) },
  { name: "lint", plan: () => ({ command: ["oxlint", "--type-aware", "--deny-warnings"] }) },
  { name: "types", plan: () => ({ command: ["tsc", "-b"] }) },
  {
    name: "shellcheck",
    needs: ["shellcheck"],
    plan: () => ({ command: ["shellcheck", ...shellScripts()] }),
  },
  { name: "unit", counts: "vitest", plan: vitest("unit") },
  {
    name: "integration",
    after: ["build"],
    needs: ["ssh", "postgresql", "aws-cli", "boto3", "curl", "openssl"],
    counts: "vitest",
    plan: vitest("integration"),
  },
  {
    name: "e2e-chromium",
    after: ["build"],
    needs: ["chromium"],
    counts: "playwright",
    plan: playwright("chromium"),
  },
  {
    name: "e2e-electron",
    after: ["build"],
    needs: ["display", "gtk"],
    counts: "playwright",
    plan: playwright("electron", ["xvfb-run", "-a", "-s", "-screen 0 1600x1200x24"]),
  },
];

/** Suites whose name starts with one of the words (all without words), with those that must run before them. */
export function selectSuites(words) {
  const wanted = SUITES.filter(({ name }) => words.length === 0 || words.some((word) => name.startsWith(word)));
  const needed = new Set(wanted.flatMap(({ name, after }) => [name, ...(after ?? [])]));
  return SUITES.filter(({ name }) => needed.has(name));
}
