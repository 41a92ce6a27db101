import { afterEach, expect, test } from "vitest";
import { desk } from "../../../renderer/terminal/desk.ts";
import type { Screen } from "../../../renderer/terminal/screen.ts";

let disposed: string[] = [];
const screenOf = (id: string) => ({ session: { id }, dispose: () => disposed.push(id) }) as unknown as Screen;
const shown = () => desk.state().tabs.map(({ panes }) => panes.map(({ session }) => session.id).join("+"));

afterEach(() => {
  for (const { panes } of desk.state().tabs) for (const screen of panes) desk.remove(screen);
  disposed = [];
});

test("each session opens as a tab of its own, in front", () => {
  desk.add(screenOf("a"));
  desk.add(screenOf("b"));
  expect(shown()).toEqual(["a", "b"]);
  expect(desk.state().tabs.find(({ id }) => id === desk.state().active)?.panes[0]?.session.id).toBe("b");
});

test("a split puts the second session into the tab, four at most", () => {
  desk.add(screenOf("a"));
  const [tab] = desk.state().tabs;
  for (const id of ["b", "c", "d", "e"]) desk.add(screenOf(id), { tab: tab!.id, split: "below" });
  expect(shown()).toEqual(["a+b+c+d", "e"]);
  expect(desk.state().tabs[0]?.split).toBe("below");
  expect(desk.has("e")).toBe(true);
});

test("ending a session ends its pane, the last one its tab, and a neighbour comes to the front", () => {
  const [a, b, c] = [screenOf("a"), screenOf("b"), screenOf("c")];
  desk.add(a);
  desk.add(b);
  desk.add(c, { tab: desk.state().tabs[1]!.id, split: "beside" });
  desk.remove(b);
  expect(shown()).toEqual(["a", "c"]);
  desk.remove(c);
  expect(shown()).toEqual(["a"]);
  expect(desk.state().active).toBe(desk.state().tabs[0]?.id);
  desk.remove(a);
  expect(desk.state()).toEqual({ tabs: [], active: null });
  expect(disposed).toEqual(["b", "c", "a"]);
});
