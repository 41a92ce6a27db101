import { fileURLToPath } from "node:url";
import type { InlineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Electron's sandbox gives a preload script only CommonJS and one file. */
export const preloadConfig: InlineConfig = {
  configFile: false,
  root: here(".."),
  publicDir: false,
  ssr: { external: true, noExternal: [] },
  build: {
    ssr: true,
    outDir: here("../dist/main"),
    emptyOutDir: false,
    target: "node20",
    minify: false,
    reportCompressedSize: false,
    rollupOptions: {
      input: { preload: here("../main/hosts/preload.ts") },
      external: ["electron"],
      output: { format: "cjs", entryFileNames: "[name].cjs", codeSplitting: false },
    },
  },
};

export default preloadConfig;
