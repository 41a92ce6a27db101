import path from "node:path";
import { build } from "vite";
import { rendererConfig } from "../../../scripts/vite.renderer.ts";

/** Builds the window on the console in memory into `outDir`, as plain files. */
export async function buildHarness(outDir: string): Promise<void> {
  await build({
    ...rendererConfig,
    root: import.meta.dirname,
    logLevel: "warn",
    build: { ...rendererConfig.build, outDir: path.resolve(outDir), minify: false },
  });
}
