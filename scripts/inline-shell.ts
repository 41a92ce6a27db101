import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Plugin } from "vite";

const READING = /readFileSync\(new URL\("(\.\/[\w-]+\.sh)", import\.meta\.url\), "utf8"\)/g;

/** Puts the text of a script in the place of its reading: the built console is a few files, wherever they lie. */
export const inlineShell: Plugin = {
  name: "inline-shell",
  // Sees the source as it is written.
  enforce: "pre",
  transform(code, id) {
    if (!code.includes('.sh", import.meta.url)')) return undefined;
    const here = pathToFileURL(id.replace(/\?.*$/, ""));
    const inlined = code.replace(READING, (_, name: string) =>
      JSON.stringify(readFileSync(fileURLToPath(new URL(name, here)), "utf8")),
    );
    // Lines stay where they are: an empty map says so.
    return { code: inlined, map: null };
  },
};
