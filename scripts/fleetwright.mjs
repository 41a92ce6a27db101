#!/usr/bin/env node
import { existsSync } from "node:fs";

const cli = new URL("../dist/main/cli.js", import.meta.url);
if (existsSync(cli)) {
  const { main } = await import(cli.href);
  await main(process.argv.slice(2));
} else {
  process.stderr.write("Fleetwright is not built yet. Build it with: npm run build\n");
  process.exitCode = 1;
}
