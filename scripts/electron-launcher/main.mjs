// Stands in for Electron's own `default_app`, which the test build does not have: runs the application named by the
// first argument that is not a switch. The import is awaited at top level, or `ready` would fire before it.

import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { app } from "electron";

// As `default_app` does: Playwright preloads a module that holds `ready` back until it is attached.
if (process.argv[1] === "-r") createRequire(import.meta.url)(process.argv[2]);

const named = process.argv.slice(1).find((argument) => !argument.startsWith("-"));
if (!named) {
  console.error("usage: electron [switches] FILE-OR-FOLDER [arguments]");
  app.exit(2);
} else {
  const target = path.resolve(named);
  const folder = statSync(target).isDirectory() ? target : path.dirname(target);
  let main = target;
  if (folder === target) {
    const description = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
    main = path.join(folder, description.main ?? "index.js");
    app.setName(description.productName ?? description.name);
    app.setVersion(description.version);
  }
  app.setAppPath(folder);
  process.defaultApp = true;
  await import(pathToFileURL(main).href);
}
