import { randomBytes } from "node:crypto";
import { chown, open, readFile, rename, rm } from "node:fs/promises";
import type { Owner } from "./owner.ts";

/**
 * Writes a file so that a reader, or a restart after a power cut, sees the old content or the new one, never a part.
 */
export async function writeWhole(
  file: string,
  content: string | Buffer,
  options: { readonly mode: number; readonly owner?: Owner | undefined },
): Promise<void> {
  const draft = `${file}.${randomBytes(4).toString("hex")}.new`;
  try {
    const handle = await open(draft, "wx", options.mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (options.owner) await chown(draft, options.owner.uid, options.owner.gid);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** The file's text, or undefined when there is no such file. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
