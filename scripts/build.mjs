#!/usr/bin/env node
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { needNode24 } from "./node-version.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

const PARTS = [
  {
    name: "main",
    configs: ["scripts/vite.main.ts", "scripts/vite.preload.ts"],
    sources: ["main", "shared", "package-lock.json"],
    keeps: "dist/main/chunks",
  },
  { name: "renderer", configs: ["scripts/vite.renderer.ts"], sources: ["renderer", "shared", "package-lock.json"] },
];

/**
 * Builds what is older than its sources. Each part leaves a mark beside its output once it is whole, so that a build
 * that was cut short is never taken for a finished one.
 */
async function build({ force }) {
  for (const part of PARTS) {
    const configs = part.configs.filter((config) => existsSync(join(root, config)));
    if (configs.length === 0 || (!force && isUpToDate(part))) continue;
    const { build: viteBuild, loadConfigFromFile } = await import("vite");
    const started = Date.now();
    rmSync(markOf(part), { force: true });
    for (const config of configs) {
      const loaded = await loadConfigFromFile(
        { command: "build", mode: "production" },
        join(root, config),
        root,
        "warn",
      );
      await viteBuild({ ...loaded.config, configFile: false, logLevel: "warn" });
    }
    if (part.keeps) removeOld(join(root, part.keeps));
    mkdirSync(join(root, "dist"), { recursive: true });
    writeFileSync(markOf(part), `${new Date(started).toISOString()}\n`);
    console.error(`built ${part.name} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  }
}

/** A console that runs loads its parts when it needs them: those of earlier builds stay for a week. */
function removeOld(folder) {
  const weekAgo = Date.now() - 7 * 24 * 60 * 60 * 1000;
  for (const name of readdirSync(folder)) {
    if (statSync(join(folder, name)).mtimeMs < weekAgo) rmSync(join(folder, name));
  }
}

function isUpToDate(part) {
  const mark = markOf(part);
  if (!existsSync(mark)) return false;
  // The mark's text is the moment the build began: a source saved while it ran is newer.
  const built = Date.parse(readFileSync(mark, "utf8").trim());
  return [...part.sources, ...part.configs].every((source) => newest(join(root, source)) <= built);
}

function newest(path) {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (!facts) return 0;
  if (!facts.isDirectory()) return facts.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), facts.mtimeMs);
}

function markOf(part) {
  return join(root, "dist", `.${part.name}-built`);
}

await needNode24(import.meta.url);
if (process.argv.includes("--on-install")) {
  // A production install brings no build tools, and a source that does not build must not make the install fail.
  if (existsSync(join(root, "node_modules/vite"))) {
    await build({ force: false }).catch((error) => {
      console.error(`The build failed: ${error.message}\nThe install is complete; "npm run build" tries again.`);
    });
  }
} else {
  await build({ force: process.argv.includes("--force") });
}
