import { join } from "node:path";
import { app, BrowserWindow, Menu, nativeTheme, protocol, screen, session, type WebContents } from "electron";
import { appFolder, windowFolder } from "./app-info.ts";
import type { HostLog } from "./host-log.ts";
import { readWindowFile, windowHeaders } from "./window-files.ts";
import { placeWindow, readWindowState, SMALLEST_WINDOW, writeWindowState } from "./window-state.ts";

const SCHEME = "fleetwright";
/** The window's own origin; nothing else is ever shown in it. */
export const WINDOW_ORIGIN = `${SCHEME}://app`;

/** Call before Electron is ready. */
export function registerWindowScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}

export function isOwnPage(url: string): boolean {
  return url.startsWith(`${WINDOW_ORIGIN}/`);
}

/** Serves the built window under its own scheme, and shuts the session to everything else. */
export function secureSession(): void {
  const { defaultSession } = session;
  protocol.handle(SCHEME, async (request) => {
    const { host, pathname } = new URL(request.url);
    const file = host === "app" && request.method === "GET" ? await readWindowFile(windowFolder(), pathname) : null;
    if (!file) return new Response("There is nothing here.", { status: 404, headers: windowHeaders() });
    return new Response(new Uint8Array(file.body), { headers: { ...windowHeaders(), "content-type": file.type } });
  });
  // The window talks to the console over its port only: whatever it wants of the network or the disk is refused.
  defaultSession.webRequest.onBeforeRequest((request, answer) => {
    answer({ cancel: /^(?:https?|wss?|ftp|file):/i.test(request.url) });
  });
  // Copying a text to the clipboard is the one thing that the window may do outside of itself.
  defaultSession.setPermissionRequestHandler((contents, permission, answer) => {
    answer((permission as string) === "clipboard-sanitized-write" && isOwnPage(contents.getURL()));
  });
  defaultSession.setPermissionCheckHandler((_, permission, origin) => {
    return (permission as string) === "clipboard-sanitized-write" && origin.startsWith(WINDOW_ORIGIN);
  });
  defaultSession.setDevicePermissionHandler(() => false);
  // What the window itself made (notices, transcripts) is saved where the operator says; nothing else is.
  defaultSession.on("will-download", (event, item) => {
    if (!item.getURL().startsWith(`blob:${WINDOW_ORIGIN}/`)) event.preventDefault();
  });
}

/** Keeps every page of this process where it is. `openOutside` decides on links that ask for a new window. */
export function secureContents(contents: WebContents, openOutside: (url: string) => void): void {
  contents.setWindowOpenHandler(({ url }) => {
    openOutside(url);
    return { action: "deny" };
  });
  const stay = (event: { preventDefault(): void; readonly url: string }) => {
    if (!isOwnPage(event.url)) event.preventDefault();
  };
  contents.on("will-navigate", stay);
  contents.on("will-frame-navigate", stay);
  contents.on("will-redirect", stay);
  contents.on("will-attach-webview", (event) => event.preventDefault());
}

/** The window, where it was last; shown as soon as it has something to show. */
export function createWindow(stateFile: string): BrowserWindow {
  const saved = readWindowState(stateFile);
  const screens = screen.getAllDisplays().map(({ workArea }) => workArea);
  const window = new BrowserWindow({
    ...placeWindow(saved, screens),
    minWidth: SMALLEST_WINDOW.width,
    minHeight: SMALLEST_WINDOW.height,
    show: false,
    title: "Fleetwright",
    autoHideMenuBar: true,
    backgroundColor: nativeTheme.shouldUseDarkColors ? "#1a1b1e" : "#ffffff",
    webPreferences: {
      preload: join(appFolder(), "dist", "main", "preload.cjs"),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: !app.isPackaged,
    },
  });
  if (saved?.maximised) window.maximize();
  window.once("ready-to-show", () => window.show());
  window.on("close", () => {
    writeWindowState(stateFile, { ...window.getNormalBounds(), maximised: window.isMaximized() });
  });
  return window;
}

/** Loads the page anew once when its process dies; a second death soon after is told instead. */
export function reviveOnCrash(
  window: BrowserWindow,
  log: () => HostLog | undefined,
  giveUp: (reason: string) => void,
): void {
  let lastCrash = Number.NEGATIVE_INFINITY;
  window.webContents.on("render-process-gone", (_, { reason, exitCode }) => {
    if (reason === "clean-exit") return;
    log()?.error("the window's process ended", { reason, exitCode });
    const again = performance.now() - lastCrash < 60_000;
    lastCrash = performance.now();
    if (again) giveUp(reason);
    else window.webContents.reload();
  });
}

/** Only what the keyboard needs: copy and paste, zoom, full screen. */
export function setMenu(): void {
  const view: Electron.MenuItemConstructorOptions[] = [
    { role: "resetZoom" },
    { role: "zoomIn" },
    { role: "zoomOut" },
    { type: "separator" },
    { role: "togglefullscreen" },
    ...(app.isPackaged ? [] : [{ role: "toggleDevTools" } as const]),
  ];
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(process.platform === "darwin" ? [{ role: "appMenu" } as const] : [{ role: "fileMenu" } as const]),
      { role: "editMenu" },
      { label: "View", submenu: view },
      { role: "windowMenu" },
    ]),
  );
}
