import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { placeWindow, readWindowState, writeWindowState } from "../../../main/hosts/window-state.ts";

const folder = mkdtempSync(join(tmpdir(), "fleetwright-window-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const laptop = { x: 0, y: 25, width: 1280, height: 775 };
const beside = { x: 1280, y: 0, width: 2560, height: 1440 };
const saved = { x: 1400, y: 100, width: 1600, height: 1000, maximised: false };

test.each([
  ["the first start", null, [laptop], { width: 1280, height: 775 }],
  ["the screen is still there", saved, [laptop, beside], { x: 1400, y: 100, width: 1600, height: 1000 }],
  ["the screen is gone", saved, [laptop], { width: 1280, height: 775 }],
  ["no screen tells itself", saved, [], { width: 1440, height: 900 }],
  [
    "a window that became a speck",
    { ...saved, width: 1, height: 1 },
    [beside],
    { x: 1400, y: 100, width: 800, height: 560 },
  ],
  ["a title bar above the screen", { ...saved, y: -50 }, [beside], { width: 1600, height: 1000 }],
  ["a sliver at the edge", { ...saved, x: 3800 }, [beside], { width: 1600, height: 1000 }],
])("%s", (_, state, screens, place) => {
  expect(placeWindow(state, screens)).toEqual(place);
});

test("a place is kept, and a broken file is as good as none", () => {
  const file = join(folder, "window.json");
  expect(readWindowState(file)).toBeNull();
  writeWindowState(file, saved);
  expect(readWindowState(file)).toEqual(saved);
  writeFileSync(file, '{"x":"left"}');
  expect(readWindowState(file)).toBeNull();
  writeWindowState(join(folder, "missing", "window.json"), saved);
});
