import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  app,
  type BrowserWindow,
  dialog,
  ipcMain,
  MessageChannelMain,
  powerMonitor,
  powerSaveBlocker,
  safeStorage,
  shell,
} from "electron";
import { createRouterClient } from "@orpc/server";
import { errorFacts } from "../../shared/errors.ts";
import { defaultHome, isForeign } from "../home/index.ts";
import type { Keychain } from "../vault/index.ts";
import { appVersion } from "./app-info.ts";
import {
  createWindow,
  isOwnPage,
  registerWindowScheme,
  reviveOnCrash,
  secureContents,
  secureSession,
  setMenu,
  WINDOW_ORIGIN,
} from "./electron-window.ts";
import { takeEnvironmentOptions } from "./environment-options.ts";
import { mayOpenOutside } from "./external-links.ts";
import { hostConsole, type HostedConsole, type StartConsole, surviveStrayFailures } from "./host-console.ts";
import { AT_WORK, type Blocker, keepAwake } from "./keep-awake.ts";
import { LAB_CHOICES, rememberedLab, rememberLab } from "./lab-choice.ts";
import { portConnection, type PortLike } from "./serve-contract.ts";

const argument = (name: string): string | undefined => {
  const at = process.argv.findIndex((one) => one === `--${name}` || one.startsWith(`--${name}=`));
  if (at < 0) return undefined;
  return process.argv[at]?.includes("=") ? process.argv[at]?.slice(name.length + 3) : process.argv[at + 1];
};

const startedFile = process.env["FLEETWRIGHT_STARTED_FILE"];
const environment = takeEnvironmentOptions(process.env);
const home = defaultHome({ ...process.env, ...(argument("home") && { FLEETWRIGHT_HOME: argument("home") }) });

app.setName("Fleetwright");
// Root on Linux may ask for a window without Chromium's own sandbox; nothing else lowers it.
if (!app.commandLine.hasSwitch("no-sandbox")) app.enableSandbox();
registerWindowScheme();
// One window a home, and everything that Chromium keeps in the home too. In a folder that is somebody else's nothing is
// made, and one that cannot be written to is left: opening it as a home says so below.
try {
  if (!existsSync(home) || !isForeign(readdirSync(home))) {
    mkdirSync(join(home, "electron"), { recursive: true, mode: 0o700 });
    app.setPath("userData", join(home, "electron"));
  }
} catch {
  // Chromium's usual place serves as well for the short time until the refusal.
}

let window: BrowserWindow | undefined;
let hosted: HostedConsole | undefined;

if (app.requestSingleInstanceLock()) {
  void run().catch((error: unknown) => fail(error));
} else {
  process.stderr.write(`Fleetwright is open on ${home} already; its window is in front now.\n`);
  app.exit(0);
}

async function run(): Promise<void> {
  // Loads while Electron starts.
  const consoleCode = import("../console.ts");
  consoleCode.catch(() => {});
  app.on("second-instance", showWindow);
  app.on("window-all-closed", () => app.quit());
  app.on("web-contents-created", (_, contents) => secureContents(contents, (url) => void openOutside(url)));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => app.quit());
  endInOrder();

  await app.whenReady();
  secureSession();
  setMenu();

  const starting = startHosted((await consoleCode).start);
  window = createWindow(join(home, "electron", "window.json"));
  reviveOnCrash(
    window,
    () => hosted?.console.log,
    (reason) => {
      dialog.showErrorBox(
        "Fleetwright",
        `The window ended twice in a row (${reason}). Jobs go on; start it once more.`,
      );
      app.quit();
    },
  );
  handOutPorts(starting);
  window.webContents.once("did-finish-load", () => {
    if (startedFile) writeFileSync(startedFile, "");
  });
  await Promise.all([window.loadURL(`${WINDOW_ORIGIN}/`), starting]);
}

async function startHosted(start: StartConsole): Promise<HostedConsole> {
  const wanted = argument("lab") ?? process.env["FLEETWRIGHT_LAB"];
  const lab = LAB_CHOICES.find((choice) => choice === wanted) ?? (await rememberedLab(home)) ?? "demo";
  const store = keychain();
  const options = {
    home,
    host: "electron",
    version: appVersion(),
    lab,
    ...environment,
    ...(store && { keychain: store }),
  } as const;
  hosted = await hostConsole(start, options, async () => {
    showWindow();
    return { host: "electron", home, pid: process.pid };
  });
  surviveStrayFailures(hosted.console.log);
  await rememberLab(home, lab);
  followPower(hosted);
  return hosted;
}

/** Sleep is told to the console; while a job is at work the computer does not fall asleep by itself. */
function followPower({ console: running }: HostedConsole): void {
  powerMonitor.on("suspend", () => running.log.info("the computer goes to sleep"));
  powerMonitor.on("resume", () => running.woke());
  let blocking: number | undefined;
  const blocker: Blocker = {
    start() {
      blocking = powerSaveBlocker.start("prevent-app-suspension");
    },
    stop() {
      if (blocking !== undefined) powerSaveBlocker.stop(blocking);
      blocking = undefined;
    },
  };
  const client = createRouterClient(running.router);
  running.ready
    .then(async () => {
      const events = await client.jobs.watch({});
      const known = await client.jobs.list({ states: [...AT_WORK], limit: 1_000 });
      await keepAwake(known, events, running.status().machine, blocker);
    })
    .catch((error: unknown) => running.log.warn(`the computer may sleep during jobs: ${errorFacts(error).message}`));
}

/**
 * Hands the page its end of a port. Only the page of the one window gets one, and only its main frame; each asking
 * (a reload, a reconnection) gets a new port. Calls wait in the port until the console serves it.
 */
function handOutPorts(starting: Promise<HostedConsole>): void {
  const handOut = (asked: string, answer: string, serve: (hosted: HostedConsole, port: PortLike) => void) => {
    ipcMain.on(asked, (event) => {
      const contents = window?.webContents;
      const frame = event.senderFrame;
      if (event.sender !== contents || !frame || frame !== contents?.mainFrame || !isOwnPage(frame.url)) return;
      const { port1, port2 } = new MessageChannelMain();
      contents.postMessage(answer, null, [port2]);
      starting.then(
        (running) => serve(running, port1 as unknown as PortLike),
        () => port1.close(),
      );
    });
  };
  handOut("fleetwright:connect", "fleetwright:port", ({ contract }, port) => contract.serve(portConnection(port)));
  handOut("fleetwright:connect-bytes", "fleetwright:bytes-port", ({ bytes }, port) =>
    bytes.serve(portConnection(port)),
  );
}

async function openOutside(url: string): Promise<void> {
  if (!hosted || hosted.console.status().state !== "ready") return;
  const client = createRouterClient(hosted.console.router);
  const { rows } = await client.fleet.list();
  if (mayOpenOutside(url, rows)) await shell.openExternal(url);
}

/** The operating system's key store; the vault itself refuses one that keeps nothing secret. */
function keychain(): Keychain | undefined {
  const linux = process.platform === "linux";
  if (!linux && !safeStorage.isEncryptionAvailable()) return undefined;
  return {
    backend: linux ? safeStorage.getSelectedStorageBackend() : process.platform,
    encrypt: (text) => safeStorage.encryptString(text),
    decrypt: (data) => safeStorage.decryptString(data),
  };
}

function showWindow(): void {
  if (!window || window.isDestroyed()) return;
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}

/** Quitting waits until the console has ended its parts in order. */
function endInOrder(): void {
  let ended = false;
  app.on("will-quit", (event) => {
    if (ended) return;
    event.preventDefault();
    void (hosted?.stop() ?? Promise.resolve()).finally(() => {
      ended = true;
      app.quit();
    });
  });
}

/** The start failed before there was a console to show it: say so and end. */
async function fail(error: unknown): Promise<void> {
  const { code, message, details } = errorFacts(error);
  process.stderr.write(`${message}\n${details.next ? `Next: ${details.next}\n` : ""}(${code})\n`);
  if (startedFile) writeFileSync(startedFile, "");
  else await app.whenReady().then(() => dialog.showMessageBox({ type: "error", message, detail: details.next ?? "" }));
  app.exit(1);
}
