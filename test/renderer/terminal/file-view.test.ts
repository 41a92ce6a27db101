import { expect, test } from "vitest";
import { crumbs } from "../../../renderer/terminal/file-view.ts";

test.each([
  ["/home/ubuntu", "/:/ ~:/home/ubuntu"],
  ["/home/ubuntu/a/b", "/:/ ~:/home/ubuntu a:/home/ubuntu/a b:/home/ubuntu/a/b"],
  ["/home/ubuntu2", "/:/ home:/home ubuntu2:/home/ubuntu2"],
  ["/", "/:/"],
])("the way to %s begins at the home folder where it lies below it", (path, way) => {
  const shown = crumbs(path, "/home/ubuntu").map((one) => `${one.name}:${one.path}`);
  expect(shown.join(" ")).toBe(way);
});
