import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { LabReady } from "../../shared/lab/model.ts";

/** Where a running lab leaves word of itself, readable for its owner only. */
export const readyFile = (folder: string): string => join(folder, "lab.json");

/** The same of a lab that ended in good order. */
export const lastReadyFile = (folder: string): string => join(folder, "lab.last.json");

/** What the lab of that folder said last; undefined when it said nothing that can be read. */
export async function readReady(file: string): Promise<LabReady | undefined> {
  try {
    return LabReady.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return undefined;
  }
}

/** Whether a process of that number exists. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
