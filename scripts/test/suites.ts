// The suites behind `npm test`, in the order in which they run.

import { readdirSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");

export interface Plan {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * What may run at the same time: stages one after the other, the lanes of a stage beside each other. The checks leave a
 * core idle, and so do windows that wait for an answer; the suite with real hosts and databases has the machine alone.
 */
export const STAGES = [["build"], ["checks", "window"], ["hosts"]] as const;
export type Lane = (typeof STAGES)[number][number];

export interface Suite {
  readonly name: string;
  readonly lane: Lane;
  /** Parts of system-packages.mjs. */
  readonly needs?: readonly string[];
  /** Parts without which the suite runs all the same and skips, by name, the tests that need them. */
  readonly wants?: readonly string[];
  /** Suites that must run before it. */
  readonly after?: readonly string[];
  /** Runner whose report is counted; a suite without one is one check. */
  readonly runner?: "vitest" | "playwright";
  /** The command that writes its report to `report`; throws the reason why it cannot run on this machine. */
  plan(report: string): Plan | Promise<Plan>;
}

const check =
  (...command: string[]) =>
  (): Plan => ({ command });

const vitest =
  (project: string) =>
  (report: string): Plan => ({
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

const playwright =
  (project: string) =>
  (report: string): Plan => ({
    command: ["playwright", "test", "--project", project, "--reporter=list,json"],
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: report },
  });

async function playwrightOnElectron(report: string): Promise<Plan> {
  const { electronForTests } = await import("../electron-for-tests.mjs");
  const { command, env } = playwright("electron")(report);
  return {
    command: ["xvfb-run", "-a", "-s", "-screen 0 1600x1200x24", ...command],
    env: { ...env, ELECTRON_OVERRIDE_DIST_PATH: await electronForTests() },
  };
}

function shellScripts(): string[] {
  const files = readdirSync(path.join(ROOT, "main"), { recursive: true, encoding: "utf8" });
  return [".ci/run", ...files.filter((file) => file.endsWith(".sh")).map((file) => path.join("main", file))];
}

export const SUITES: readonly Suite[] = [
  { name: "build", lane: "build", plan: check("node", "scripts/build.mjs") },
  { name: "format", lane: "checks", plan: check("biome", "format", ".") },
  { name: "lint", lane: "checks", plan: check("oxlint", "--type-aware", "--deny-warnings") },
  { name: "types", lane: "checks", plan: check("tsc", "-b") },
  {
    name: "shellcheck",
    lane: "checks",
    needs: ["shellcheck"],
    plan: () => ({ command: ["shellcheck", ...shellScripts()] }),
  },
  { name: "unit", lane: "checks", runner: "vitest", plan: vitest("unit") },
  {
    name: "integration",
    lane: "hosts",
    after: ["build"],
    wants: ["ssh", "screen-programs", "postgresql", "pgbackrest", "aws-cli", "boto3", "curl", "openssl"],
    runner: "vitest",
    plan: vitest("integration"),
  },
  {
    name: "e2e-chromium",
    lane: "window",
    after: ["build"],
    needs: ["chromium"],
    runner: "playwright",
    plan: playwright("chromium"),
  },
  {
    name: "e2e-electron",
    lane: "window",
    after: ["build"],
    needs: ["display", "gtk"],
    runner: "playwright",
    plan: playwrightOnElectron,
  },
];

/** Suites whose name starts with one of the words (all without words), with those that must run before them. */
export function selectSuites(words: readonly string[]): readonly Suite[] {
  const wanted = SUITES.filter(({ name }) => words.length === 0 || words.some((word) => name.startsWith(word)));
  const needed = new Set(wanted.flatMap(({ name, after }) => [name, ...(after ?? [])]));
  return SUITES.filter(({ name }) => needed.has(name));
}
