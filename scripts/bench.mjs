#!/usr/bin/env node
// `npm run bench`: one JSON line per figure, with the machine; `npm run bench -- job-steps` measures only what is named.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { needNode24 } from "./node-version.mjs";

await needNode24(import.meta.url);

/** What can be measured, each in a module of its own that is loaded only when wanted. */
const MEASUREMENTS = {
  "window-start": async () => (await import("./bench/window-start.ts")).measureWindowStart(),
  "idle-memory": async () => (await import("./bench/idle-memory.ts")).measureIdleMemory(),
  provisioning: async () => (await import("./bench/provisioning.ts")).measureProvisioning(),
  "calendar-month": async () => (await import("./bench/calendar-month.ts")).measureCalendarMonth(),
  "contract-call": async () => (await import("./bench/contract-call.ts")).measureContractCall(),
  "sla-year": async () => (await import("./bench/sla-year.ts")).measureSlaYear(),
  metrics: async () => (await import("./bench/metrics.ts")).measureMetrics(),
  copies: async () => (await import("./bench/copies.ts")).measureCopies(),
  "terminal-window": async () => (await import("./bench/terminal-window.ts")).measureTerminalWindow(),
  ssh: async () => (await import("./bench/ssh.ts")).measureSsh(),
  "job-steps": async () => (await import("./bench/job-steps.ts")).measureJobSteps(),
};

const words = process.argv.slice(2);
const names = Object.keys(MEASUREMENTS).filter(
  (name) => words.length === 0 || words.some((word) => name.startsWith(word)),
);
if (names.length === 0) {
  console.error(`Nothing is called ${words.join(" or ")}. There are: ${Object.keys(MEASUREMENTS).join(", ")}.`);
  process.exit(2);
}

const build = fileURLToPath(new URL("build.mjs", import.meta.url));
if (spawnSync(process.execPath, [build], { stdio: ["ignore", 2, 2] }).status !== 0) process.exit(1);

const { MACHINE } = await import("./bench/figure.ts");
for (const name of names) {
  try {
    for (const figure of await MEASUREMENTS[name]()) console.log(JSON.stringify({ ...figure, machine: MACHINE }));
  } catch (error) {
    console.error(`${name} could not be measured: ${error.message}`);
    process.exitCode = 1;
  }
}
