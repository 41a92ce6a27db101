import type { ConsoleOptions } from "../console.ts";
import { windowFolder } from "./app-info.ts";
import type { Opened } from "./control.ts";
import { hostConsole, type StartConsole, surviveStrayFailures } from "./host-console.ts";
import { rememberLab } from "./lab-choice.ts";
import { type Loopback, serveLoopback } from "./loopback.ts";

export interface RunningLoopback {
  /** Works once; another process gets another through the control socket. */
  readonly opened: Opened & { readonly url: string };
  /** Every part answers; rejects with what went wrong, while the window goes on showing it. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/** Starts the console and serves its window to browsers of this machine. */
export async function runLoopback(
  start: StartConsole,
  options: Omit<ConsoleOptions, "host">,
  port: number | undefined,
): Promise<RunningLoopback> {
  let loopback: Loopback | undefined;
  const opened = () => {
    if (!loopback) throw new Error("the window is not served yet");
    return { url: loopback.oneTimeUrl(), host: "loopback", home: options.home, pid: process.pid };
  };
  const hosted = await hostConsole(start, { ...options, host: "loopback" }, async () => opened());
  try {
    await rememberLab(options.home, options.lab);
    const { log } = hosted.console;
    surviveStrayFailures(log);
    loopback = await serveLoopback({
      contract: hosted.contract,
      bytes: hosted.bytes,
      folder: windowFolder(),
      log,
      ...(port !== undefined && { port }),
    });
  } catch (error) {
    await hosted.stop();
    throw error;
  }
  const served = loopback;
  return {
    opened: opened(),
    ready: hosted.console.ready,
    async stop() {
      await served.close();
      await hosted.stop();
    },
  };
}

/** Opens an address in the operator's browser; says whether that can have worked. */
export async function openBrowser(url: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  if (process.platform === "linux" && !env["DISPLAY"] && !env["WAYLAND_DISPLAY"]) return false;
  try {
    const { default: open } = await import("open");
    const child = await open(url);
    return await new Promise<boolean>((resolve) => {
      child.once("error", () => resolve(false));
      child.once("exit", (code) => resolve(code === 0));
      setTimeout(() => resolve(true), 3_000).unref();
    });
  } catch {
    return false;
  }
}
