import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Browser, type ElectronApplication, type Page, _electron } from "@playwright/test";
import { askToOpen, type Client, type Connected, connectConsole } from "../../main/hosts/connect.ts";
import { controlSocketOf, findConsole } from "../../main/home/index.ts";
import { electronForTests } from "../../scripts/electron-for-tests.mjs";
import { type LabKind, launchConsole, REPOSITORY } from "../support/console.ts";
import { endProcessesOf } from "../support/processes.ts";
import { scratchFolder } from "../support/scratch.ts";

export interface SavedFile {
  readonly name: string;
  readonly content: Buffer;
}

/** A console with its window, on a scratch home. */
export interface Host {
  readonly kind: "chromium" | "electron";
  readonly home: string;
  /** The contract, to arrange and to check what a spec is not about. */
  readonly client: Client;
  /** Only on Electron. */
  readonly app: ElectronApplication | undefined;
  /** A window on its first screen: a new browser context, or the application's one window loaded anew. */
  openWindow(): Promise<Page>;
  /** What the window saves, without the dialog that asks where to. */
  saved(page: Page, act: () => Promise<void>): Promise<SavedFile>;
  close(): Promise<void>;
}

export async function startOnLoopback(browser: Browser, lab: LabKind): Promise<Host> {
  const { folder: home, remove } = await scratchFolder("e2e");
  const console = await launchConsole(home, lab);
  const connected = await console.connect();
  return {
    kind: "chromium",
    home,
    client: await whenReady(connected),
    app: undefined,
    async openWindow() {
      const opened = await askToOpen(await controlSocketOf(home));
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB" });
      const page = await context.newPage();
      await page.goto(String(opened?.["url"]));
      return page;
    },
    async saved(page, act) {
      const [download] = await Promise.all([page.waitForEvent("download"), act()]);
      return { name: download.suggestedFilename(), content: await readFile(await download.path()) };
    },
    async close() {
      connected.close();
      await console.stop();
      await endProcessesOf(home);
      await remove();
    },
  };
}

export async function startInElectron(lab: LabKind): Promise<Host> {
  process.env["ELECTRON_OVERRIDE_DIST_PATH"] ||= await electronForTests(); // Playwright asks the package electron
  const { folder: home, remove } = await scratchFolder("e2e");
  const app = await _electron.launch({
    args: [REPOSITORY],
    env: { ...(process.env as Record<string, string>), FLEETWRIGHT_HOME: home, FLEETWRIGHT_LAB: lab },
  });
  const page = await app.firstWindow();
  const connected = await connectConsole((await findConsole(home)) ?? "no console runs");
  return {
    kind: "electron",
    home,
    client: await whenReady(connected),
    app,
    async openWindow() {
      await page.evaluate(() => {
        location.hash = "";
        sessionStorage.clear();
        localStorage.clear();
      });
      await page.reload();
      return page;
    },
    async saved(_, act) {
      const folder = path.join(home, "downloads");
      // Evaluated in the application: it sees nothing of this module.
      const name = app.evaluate(
        ({ session }, into) =>
          new Promise<string>((resolve, reject) => {
            session.defaultSession.once("will-download", (_event, item) => {
              item.setSavePath(`${into}/${item.getFilename()}`);
              item.once("done", (_done, state) =>
                state === "completed" ? resolve(item.getFilename()) : reject(new Error(`The download is ${state}.`)),
              );
            });
          }),
        folder,
      );
      await act();
      return { name: await name, content: await readFile(path.join(folder, await name)) };
    },
    async close() {
      connected.close();
      await app.close();
      await endProcessesOf(home);
      await remove();
    },
  };
}

/** Once the console is up and has read all regions of its accounts. */
export async function whenReady({ client }: Connected): Promise<Client> {
  for (;;) {
    const { state, error } = await client.settings.status();
    if (state === "failed") throw new Error(`The console failed to start: ${error?.message}`);
    if (state === "ready" && (await client.fleet.list()).sources.every(({ readAt }) => readAt)) return client;
    await wait(100);
  }
}
