// `npm test`: everything there is to check, or the suites named by their first letters: `npm test -- unit e2e`.
//
// Goes on after a failing suite, ends with a table and one line of counts. A suite that cannot run on this machine is
// reported as not run; with CI=true that is a failure, and so is a part of the system that tests would have to skip for.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { needNode24 } from "./node-version.mjs";
import { absentParts, installParts } from "./system-packages.mjs";

await needNode24(import.meta.url);
const { countCheck, countPlaywright, countVitest, inWords, total, withExitCode } = await import("./test/counts.ts");
const { SUITES, selectSuites } = await import("./test/suites.ts");

const ROOT = path.resolve(import.meta.dirname, "..");
/** Against a suite that hangs; a slow machine is no failure. */
const LONGEST_SUITE_MS = 60 * 60_000;
const STRICT = process.env.CI === "true";
const PATH = [path.join(ROOT, "node_modules", ".bin"), process.env.PATH].join(path.delimiter);
/** The suites start hundreds of Node processes on the same files. */
const NODE_COMPILE_CACHE = path.join(ROOT, "node_modules", ".cache", "node");

let running;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    if (running?.pid) process.kill(-running.pid, signal);
    process.exit(130);
  });
}

/** Runs a command in a process group of its own, so that one which hangs can be ended with all it started. */
function run([program, ...args], env) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: ROOT,
      detached: true,
      stdio: ["ignore", "inherit", "inherit"],
      env: { NODE_COMPILE_CACHE, ...process.env, PATH, ...env },
    });
    running = child;
    const limit = setTimeout(() => {
      console.log(`Ended after ${LONGEST_SUITE_MS / 60_000} minutes: ${program} ${args.join(" ")}`);
      if (child.pid) process.kill(-child.pid, "SIGKILL");
    }, LONGEST_SUITE_MS);
    const end = (code) => {
      clearTimeout(limit);
      running = undefined;
      resolve(code);
    };
    child.on("error", (error) => {
      console.log(`${program} could not be started: ${error.message}`);
      end(127);
    });
    child.on("close", (code) => end(code ?? 1));
  });
}

async function countsOf(runner, report, exitCode) {
  if (!runner) return countCheck(exitCode);
  try {
    const content = JSON.parse(await readFile(report, "utf8"));
    return withExitCode(runner === "vitest" ? countVitest(content) : countPlaywright(content), exitCode);
  } catch {
    return countCheck(exitCode || 1); // it ended before it could write its report
  }
}

const notRun = (suite, why) => ({
  name: suite.name,
  seconds: 0,
  why,
  counts: STRICT ? { passed: 0, failed: 1, skipped: 0 } : { passed: 0, failed: 0, skipped: 1 },
});

async function runSuite(suite, reports) {
  const absent = absentParts([...(suite.needs ?? []), ...(STRICT ? (suite.wants ?? []) : [])]);
  if (absent.length > 0) return notRun(suite, `this machine has no ${absent.join(", ")}`);
  const report = path.join(reports, `${suite.name}.json`);
  let plan;
  try {
    plan = await suite.plan(report);
  } catch (error) {
    return notRun(suite, error.message);
  }
  console.log(`\n=== ${suite.name}: ${plan.command.join(" ")}`);
  const startedAt = performance.now();
  const exitCode = await run(plan.command, plan.env);
  const seconds = (performance.now() - startedAt) / 1000;
  return { name: suite.name, seconds, counts: await countsOf(suite.runner, report, exitCode) };
}

function table(results) {
  const lines = results.map(({ name, seconds, counts, why }) => {
    const outcome = why ? `NOT RUN: ${why}` : inWords(counts);
    return `${name.padEnd(14)} ${seconds.toFixed(1).padStart(7)} s   ${counts.failed > 0 ? "FAILED   " : ""}${outcome}`;
  });
  return ["", "Suite             Duration   Outcome", ...lines].join("\n");
}

const words = process.argv.slice(2);
const suites = selectSuites(words);
if (suites.length === 0) {
  console.error(`No suite is called ${words.join(" or ")}. There are: ${SUITES.map(({ name }) => name).join(", ")}.`);
  process.exit(2);
}
console.log(`Node ${process.versions.node}, ${os.availableParallelism()} processors`);
installParts([...new Set(suites.flatMap(({ needs = [], wants = [] }) => [...needs, ...wants]))]);

const reports = await mkdtemp(path.join(os.tmpdir(), "fleetwright-test-"));
const results = [];
for (const suite of suites) results.push(await runSuite(suite, reports));
await rm(reports, { recursive: true, force: true });

const sum = total(results.map(({ counts }) => counts));
console.log(table(results));
console.log(inWords(sum));
process.exitCode = sum.failed === 0 ? 0 : 1;
