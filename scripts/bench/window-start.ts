import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { type Browser, chromium } from "@playwright/test";
import { REPOSITORY } from "../../test/support/console.ts";
import { kill } from "../../test/support/processes.ts";
import { type Figure, rounded } from "./figure.ts";
import { withHome } from "./scratch-console.ts";

/** `npm start` on a fresh home, and again on the same one, until the first row of the fleet is on the screen. */
export async function measureWindowStart(): Promise<Figure[]> {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
  });
  try {
    return await withHome(async (home) => {
      const cold = await secondsToFirstRow(browser, home);
      const warm = await secondsToFirstRow(browser, home);
      return [
        { name: "window-start-cold", value: rounded(cold), unit: "s", aim: 8 },
        { name: "window-start-warm", value: rounded(warm), unit: "s", aim: 3 },
      ];
    });
  } finally {
    await browser.close();
  }
}

async function secondsToFirstRow(browser: Browser, home: string): Promise<number> {
  const startedAt = performance.now();
  const start = ["start", "--silent", "--", "--host", "loopback", "--no-open", "--json", "--home", home];
  const child = spawn("npm", start, { cwd: REPOSITORY, stdio: ["ignore", "pipe", "inherit"], detached: true });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`npm start ended with ${code}`)));
  });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto((JSON.parse(line) as { url: string }).url);
  await page.locator('[role="grid"] [role="row"][aria-rowindex="2"]').waitFor({ timeout: 120_000 });
  const seconds = (performance.now() - startedAt) / 1000;
  await context.close();
  kill(-child.pid!, "SIGTERM");
  while (kill(-child.pid!, 0)) await wait(50); // npm ends at once, the console when all it started has ended
  return seconds;
}
