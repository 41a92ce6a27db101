import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";

const WindowState = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int(),
  height: z.number().int(),
  maximised: z.boolean(),
});
export type WindowState = z.infer<typeof WindowState>;

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const USUAL = { width: 1440, height: 900 };
const SMALLEST = { width: 800, height: 560 };
/** So much of the title bar must be on a screen for a hand to catch it. */
const GRIP = 100;

export const SMALLEST_WINDOW = SMALLEST;

/**
 * Where the window goes: where it was, if a screen still shows it there and it fits; otherwise the screen chooses the
 * place. Screens come and go, and a window outside all of them could never be found again.
 */
export function placeWindow(saved: WindowState | null, screens: readonly Area[]): Partial<Area> & typeof USUAL {
  const [first = { x: 0, y: 0, ...USUAL }] = screens;
  if (!saved) return { width: Math.min(USUAL.width, first.width), height: Math.min(USUAL.height, first.height) };
  const screen = screens.find(
    (area) =>
      saved.x + saved.width >= area.x + GRIP &&
      saved.x <= area.x + area.width - GRIP &&
      saved.y >= area.y &&
      saved.y <= area.y + area.height - GRIP,
  );
  const within = screen ?? first;
  const width = Math.min(Math.max(saved.width, SMALLEST.width), within.width);
  const height = Math.min(Math.max(saved.height, SMALLEST.height), within.height);
  return screen ? { x: saved.x, y: saved.y, width, height } : { width, height };
}

/** Null on the first start, and when the file cannot be used. */
export function readWindowState(file: string): WindowState | null {
  try {
    return WindowState.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return null;
  }
}

/** Never throws: a window's place is not worth a failure. */
export function writeWindowState(file: string, state: WindowState): void {
  try {
    writeFileSync(file, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  } catch {
    // The next start takes the usual place.
  }
}
