import { type Page, chromium } from "@playwright/test";
import { setTimeout as wait } from "node:timers/promises";
import { startOnLoopback } from "../../test/e2e/host.ts";
import { type Figure, percentile, rounded } from "./figure.ts";

const LOOK_MS = 5_000;
const INTERRUPTS = 5;

/** A window whose terminal is flooded by `yes`: frames beside those of the same window at rest, and Ctrl-C's answer. */
export async function measureTerminalWindow(): Promise<Figure[]> {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
  });
  const host = await startOnLoopback(browser, "demo");
  try {
    const { rows } = await host.client.fleet.list();
    const row = rows.find((one) => one.kind === "production" && one.state === "running" && one.sshAddress)!;
    const page = await host.openWindow();
    await page.getByRole("navigation", { name: "Main navigation" }).waitFor();
    await page.evaluate((slug) => {
      location.hash = `#/tenants/${slug}`;
    }, row.slug);
    await page.getByRole("region", { name: "Production" }).getByRole("link", { name: "Open terminal" }).click();
    const dialog = page.getByRole("dialog", { name: "Open terminal" });
    await dialog.getByRole("textbox", { name: "Reason" }).fill("a measurement");
    await dialog.getByRole("button", { name: "Log in" }).click();
    const screen = page.locator(".xterm-rows");
    await screen.filter({ hasText: "$" }).waitFor();

    const rest = await frames(page);
    const answers: number[] = [];
    let flooded: number[] = [];
    let bytes = 0;
    for (let turn = 0; turn < INTERRUPTS; turn += 1) {
      await page.keyboard.type("clear; yes flood");
      await page.keyboard.press("Enter");
      await screen.filter({ hasText: "floodflood" }).waitFor();
      if (turn === 0) {
        const before = await out(host.client);
        flooded = await frames(page);
        bytes = (await out(host.client)) - before;
      } else await wait(500);
      const startedAt = performance.now();
      await page.keyboard.press("Control+c");
      await page.waitForFunction(() => document.querySelector(".xterm-rows")?.textContent?.includes("^C"));
      answers.push(performance.now() - startedAt);
      await wait(200);
    }
    answers.sort((one, other) => one - other);
    const frame = (name: string, share: number): Figure => {
      const [value, peer] = [percentile(flooded, share), percentile(rest, share)];
      return {
        name,
        value: rounded(value),
        unit: "ms",
        peer: { name: "the same window at rest", value: rounded(peer) },
        ratio: rounded(value / peer),
      };
    };
    return [
      frame("terminal-flood-frame-p50", 0.5),
      frame("terminal-flood-frame-p95", 0.95),
      frame("terminal-flood-frame-longest", 1),
      { name: "terminal-flood-drawn", value: rounded(bytes / (1024 * 1024) / (LOOK_MS / 1000)), unit: "MiB/s" },
      { name: "terminal-flood-ctrl-c-p50", value: rounded(percentile(answers, 0.5)), unit: "ms", aim: 100 },
      { name: "terminal-flood-ctrl-c-longest", value: rounded(answers.at(-1)!), unit: "ms" },
    ];
  } finally {
    await host.close();
    await browser.close();
  }
}

type Client = Awaited<ReturnType<typeof startOnLoopback>>["client"];
const out = async (client: Client): Promise<number> =>
  (await client.terminal.list()).reduce((sum, { bytesOut }) => sum + bytesOut, 0);

/** Milliseconds between the window's frames over a while, sorted. */
async function frames(page: Page): Promise<number[]> {
  const found = await page.evaluate(
    (lookMs) =>
      new Promise<number[]>((resolve) => {
        const between: number[] = [];
        const startedAt = performance.now();
        let before = startedAt;
        const look = (now: number) => {
          between.push(now - before);
          before = now;
          if (now - startedAt < lookMs) requestAnimationFrame(look);
          else resolve(between.slice(1));
        };
        requestAnimationFrame(look);
      }),
    LOOK_MS,
  );
  return found.toSorted((one, other) => one - other);
}
