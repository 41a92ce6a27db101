import { test as base, expect, type Page } from "@playwright/test";
import type { LabKind } from "../support/console.ts";
import { type Host, startInElectron, startOnLoopback } from "./host.ts";

interface PerTest {
  readonly page: Page;
  /** Errors in the window's console so far; a spec that provokes some on purpose empties it. */
  readonly problems: string[];
}
interface PerWorker {
  /** What the lab is seeded with; a file that sets another one gets a console of its own. */
  readonly lab: LabKind;
  readonly host: Host;
}

/**
 * Playwright's test with a running console: `page` is its window on the first screen, in English and light, whichever
 * host carries it. A spec that leaves errors in the window's console fails.
 */
export const test = base.extend<PerTest, PerWorker>({
  lab: ["demo", { option: true, scope: "worker" }],

  host: [
    async ({ lab, playwright, launchOptions }, use, workerInfo) => {
      if (workerInfo.project.name === "electron") {
        const host = await startInElectron(lab);
        await use(host);
        await host.close();
        return;
      }
      const browser = await playwright.chromium.launch(launchOptions);
      const host = await startOnLoopback(browser, lab);
      await use(host);
      await browser.close();
      await host.close();
    },
    { scope: "worker", timeout: 300_000 },
  ],

  problems: async ({}, use) => {
    const problems: string[] = [];
    await use(problems);
    expect(problems, "errors in the window's console").toEqual([]);
  },

  page: async ({ host, problems }, use) => {
    await host.client.settings.update({ language: "en", theme: "light", fleetViews: [] });
    const page = await host.openWindow();
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      const ofPage = !message.location().url.endsWith("/favicon.ico"); // asked for by the browser itself
      if (message.type() === "error" && ofPage) problems.push(message.text());
    });
    await expect(page.getByRole("navigation", { name: "Main navigation" })).toBeVisible({ timeout: 30_000 });
    await use(page);
    page.removeAllListeners();
    if (host.kind === "chromium") await page.context().close();
  },
});

export { expect };
