import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { InlineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The window: plain files with relative addresses, so that a custom protocol and a loopback server can both serve them. */
export const rendererConfig: InlineConfig = {
  configFile: false,
  root: here("../renderer"),
  base: "./",
  plugins: [react()],
  build: {
    outDir: here("../dist/renderer"),
    emptyOutDir: true,
    target: "chrome130",
    // The content security policy allows no data: scripts or fonts; every asset is a file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2_000,
    reportCompressedSize: false,
  },
};

export default rendererConfig;
