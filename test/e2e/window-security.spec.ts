import { expect, test } from "./console.ts";

test("the window has no Node and no way to the main process but the contract", async ({ page }) => {
  const globals = await page.evaluate(() =>
    ["require", "process", "module", "Buffer", "electron", "ipcRenderer", "__dirname"].filter((name) => name in window),
  );
  expect(globals).toEqual([]);
});

test("the content policy lets no foreign or inline script run", async ({ page, problems }) => {
  const ran = await page.evaluate(async () => {
    const blocked = new Promise<string>((resolve) => {
      document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective), {
        once: true,
      });
    });
    const script = document.createElement("script");
    script.textContent = "window.planted = true";
    document.head.append(script);
    const directive = await blocked; // from here on this is the page's own task, without the test's privileges
    let evaluated = true;
    try {
      Reflect.construct(Function, ["return 1"]);
    } catch {
      evaluated = false;
    }
    return { directive, planted: "planted" in window, evaluated };
  });
  expect(ran.planted).toBe(false);
  expect(ran.evaluated).toBe(false);
  expect(ran.directive).toContain("script-src");
  expect(problems.length).toBeGreaterThan(0); // the browser says so
  problems.length = 0;
});
