import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

export const LAB_CHOICES = ["demo", "empty", "none"] as const;
export type LabChoice = (typeof LAB_CHOICES)[number];

const fileOf = (home: string): string => join(home, "start.json");

/** The lab that this home was last started with; undefined on a home that no window was ever opened on. */
export async function rememberedLab(home: string): Promise<LabChoice | undefined> {
  try {
    const { lab } = JSON.parse(await readFile(fileOf(home), "utf8")) as { lab?: unknown };
    return LAB_CHOICES.find((choice) => choice === lab);
  } catch {
    return undefined;
  }
}

/** Call it once the console holds the home. */
export async function rememberLab(home: string, lab: LabChoice): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeFile(fileOf(home), `${JSON.stringify({ lab })}\n`, { mode: 0o600 });
}
