import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of the installed app: where package.json, dist and scripts are, from sources and from the build alike. */
export function appFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

export function appVersion(): string {
  const { version } = JSON.parse(readFileSync(join(appFolder(), "package.json"), "utf8")) as { version: string };
  return version;
}

/** The built window. */
export function windowFolder(): string {
  return join(appFolder(), "dist", "renderer");
}
