import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { InlineConfig } from "vite";
import { inlineShell } from "./inline-shell.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const entries = {
  electron: here("../main/hosts/electron.ts"),
  cli: here("../main/hosts/cli.ts"),
  lab: here("../main/lab/process.ts"),
};

/**
 * The console and its hosts for Node and for Electron's main process. npm packages stay outside: they are installed
 * beside it, and what is not used in a run is then not loaded either.
 */
export const mainConfig: InlineConfig = {
  configFile: false,
  root: here(".."),
  publicDir: false,
  plugins: [inlineShell],
  ssr: { external: true, noExternal: [] },
  build: {
    ssr: true,
    outDir: here("../dist/main"),
    emptyOutDir: false,
    target: "node20",
    minify: false,
    sourcemap: true,
    reportCompressedSize: false,
    rollupOptions: {
      input: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file))),
      external: ["electron"],
      output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "chunks/[name]-[hash].js" },
    },
  },
};

export default mainConfig;
