import { contextBridge, ipcRenderer } from "electron";

/** The page's own global; this tree knows no DOM. */
declare const window: {
  readonly location: { readonly origin: string };
  postMessage(message: object, origin: string, transfer: readonly unknown[]): void;
};

/**
 * All that the window gets of Electron: it may ask for its port. The port comes as a message of the window to itself,
 * because the bridge cannot hand ports over.
 */
contextBridge.exposeInMainWorld("fleetwright", {
  connect: (): void => ipcRenderer.send("fleetwright:connect"),
});

ipcRenderer.on("fleetwright:port", (event) => {
  window.postMessage({ type: "fleetwright:port" }, window.location.origin, [...event.ports]);
});
