import { contextBridge, ipcRenderer } from "electron";

/** The page's own global; this tree knows no DOM. */
declare const window: {
  readonly location: { readonly origin: string };
  postMessage(message: object, origin: string, transfer: readonly unknown[]): void;
};

/**
 * All that the window gets of Electron: it may ask for its ports, one for the contract and one for bytes. They come as
 * messages of the window to itself, because the bridge cannot hand ports over.
 */
contextBridge.exposeInMainWorld("fleetwright", {
  connect: (): void => ipcRenderer.send("fleetwright:connect"),
  connectBytes: (): void => ipcRenderer.send("fleetwright:connect-bytes"),
});

for (const type of ["fleetwright:port", "fleetwright:bytes-port"]) {
  ipcRenderer.on(type, (event) => {
    window.postMessage({ type }, window.location.origin, [...event.ports]);
  });
}
