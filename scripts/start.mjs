#!/usr/bin/env node
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { needNode24 } from "./node-version.mjs";

await needNode24(import.meta.url);

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

if (!existsSync(here("../node_modules/commander"))) {
  console.error('The npm packages are not installed. Install them with: "npm ci"');
  process.exit(1);
}
const build = spawnSync(process.execPath, [here("build.mjs")], { stdio: "inherit" });
if (build.status !== 0) process.exit(build.status ?? 1);

const { main } = await import("../dist/main/cli.js");
await main(["start", ...process.argv.slice(2)]);
