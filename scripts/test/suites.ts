// The suites behind `npm test`, in the order in which they run.

import { readdirSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");

export interface Plan {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Suite {
  readonly name: string;
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

/** Whole operations, once more on hosts that are Debian's own sshd and PostgreSQL. */
const ON_DEBIAN = [
  "test/main/snapshot/take.test.ts",
  "test/main/restore/restore-lab.test.ts",
  "test/main/maintenance/maintenance.test.ts",
];

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
  { name: "build", plan: check("node", "scripts/build.mjs") },
  { name: "format", plan: check("biome", "format", ".") },
  { name: "lint", plan: check("oxlint", "--type-aware", "--deny-warnings") },
  { name: "types", plan: check("tsc", "-b") },
  { name: "shellcheck", needs: ["shellcheck"], plan: () => ({ command: ["shellcheck", ...shellScripts()] }) },
  { name: "unit", runner: "vitest", plan: vitest("unit") },
  {
    name: "integration",
    after: ["build"],
    wants: ["ssh", "accounts", "screen-programs", "postgresql", "pgbackrest", "aws-cli", "boto3", "curl", "openssl"],
    runner: "vitest",
    plan: vitest("integration"),
  },
  {
    name: "integration-debian",
    after: ["build"],
    needs: ["ssh", "accounts", "postgresql"],
    runner: "vitest",
    plan(report) {
      const { command } = vitest("integration")(report);
      return { command: [...command, ...ON_DEBIAN], env: { FLEETWRIGHT_LAB_MACHINES: "debian" } };
    },
  },
  { name: "e2e-chromium", after: ["build"], needs: ["chromium"], runner: "playwright", plan: playwright("chromium") },
  {
    name: "e2e-electron",
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
