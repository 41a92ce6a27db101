import type { Command } from "commander";
import { AppError } from "../../../shared/errors.ts";
import type { ConsoleStatus } from "../../../shared/settings/model.ts";
import type { LabChoice } from "../lab-choice.ts";
import type { Cli } from "./session.ts";
import { facts } from "./terminal.ts";
import { oneOf } from "./usage.ts";
import { type Verbs, wholeNumber } from "./verbs.ts";

interface StartOptions {
  readonly host?: "electron" | "loopback";
  readonly open: boolean;
  readonly port?: number;
  readonly lab?: LabChoice;
}

export function addStartVerbs(program: Command, { verb }: Verbs): void {
  verb<StartOptions>(program, "start", "open the console", start)
    .option("--host <host>", "electron or loopback (default: electron where it runs)", oneOf(["electron", "loopback"]))
    .option("--no-open", "print the address instead of opening a browser")
    .option("--port <port>", "port of the loopback host (default: any free one)", wholeNumber(0, 65_535))
    .option(
      "--lab <lab>",
      "demo, empty or none (default: as this home was started last, demo at first)",
      oneOf(["demo", "empty", "none"]),
    );

  verb(program, "status", "whether a console runs on this home, and what it uses", status);
}

async function start(cli: Cli, options: StartOptions): Promise<number | void> {
  const { findConsole } = await import("../../home/index.ts");
  const running = await findConsole(cli.home);
  if (running !== undefined) return showRunning(cli, running, options);

  const { rememberedLab } = await import("../lab-choice.ts");
  const lab = options.lab ?? (await rememberedLab(cli.home)) ?? "demo";
  if (options.host !== "loopback") {
    const status = await startElectron(cli, lab, options);
    if (status !== undefined) return status;
  }
  await startLoopback(cli, lab, options);
}

/** The console runs already: it shows itself again, and this process ends. */
async function showRunning(cli: Cli, socketPath: string, options: StartOptions): Promise<void> {
  const { askToOpen } = await import("../connect.ts");
  const opened = await askToOpen(socketPath);
  if (opened === null) {
    throw new AppError("HomeInUse", `A command uses the console of ${cli.home} just now. Nothing was started.`, {
      retryable: true,
      next: "Try again once that command has ended, or choose another folder with --home.",
    });
  }
  const { url } = opened;
  cli.terminal.note(`A console runs on ${cli.home} already (${opened["host"]}, process ${opened["pid"]}).`);
  cli.terminal.answer({ ...opened, alreadyRunning: true }, () =>
    url ? openText(String(url)) : "Its window is in front.",
  );
  if (typeof url === "string" && options.open) await tryBrowser(cli, url);
}

/** Gives the app's exit status once it has ended; nothing when Electron cannot be used and was not insisted on. */
async function startElectron(cli: Cli, lab: LabChoice, options: StartOptions): Promise<number | undefined> {
  const [{ findElectron, unusable }, { appFolder }] = await Promise.all([
    import("../electron-binary.ts"),
    import("../app-info.ts"),
  ]);
  const folder = appFolder();
  const search = { folder, env: cli.streams.env, platform: process.platform, uid: process.getuid?.() ?? -1 };
  const insist = options.host === "electron";
  // An address to print, or a port, is a wish that only the loopback host can meet.
  const addressWanted = !insist && (!options.open || options.port !== undefined);
  const found = addressWanted
    ? { why: unusable(search) ?? "an address is asked for" }
    : await findElectron({ ...search, note: cli.terminal.note });
  let why: string;
  if ("path" in found) {
    const { runElectron } = await import("../run-electron.ts");
    const passphrase = cli.environment.vaultPassphrase;
    const end = await runElectron({
      path: found.path,
      folder,
      home: cli.home,
      lab,
      interrupted: cli.interrupted,
      env: { ...cli.streams.env, ...(passphrase && { FLEETWRIGHT_VAULT_PASSPHRASE: passphrase }) },
      onStart: (pid) => cli.terminal.note(`Fleetwright opens in its own window (process ${pid}).`),
    });
    if ("status" in end) {
      if (end.status === 0)
        cli.terminal.answer({ host: "electron", home: cli.home, ended: true }, () => "Fleetwright has ended.");
      return end.status;
    }
    why = `it ended before it could start (${end.neverStarted})`;
  } else {
    why = found.why;
  }
  if (!insist) {
    cli.terminal.note(`Electron is not used: ${why}. The console is shown in the browser instead.`);
    return undefined;
  }
  throw new AppError("NotFound", `Electron cannot be used: ${why}. Nothing was started.`, {
    retryable: false,
    next: "Use the browser instead: fleetwright start --host loopback",
  });
}

async function startLoopback(cli: Cli, lab: LabChoice, options: StartOptions): Promise<void> {
  const { terminal } = cli;
  const { runLoopback } = await import("../run-loopback.ts");
  const base = { home: cli.home, version: cli.version, lab, ...cli.environment };
  const running = await runLoopback(cli.startConsole, base, options.port);
  try {
    terminal.answer(running.opened, () => openText(running.opened.url));
    running.ready.then(
      () => {
        if (cli.interrupted.aborted) return;
        terminal.note("The console is ready. Ctrl-C ends it; jobs go on at its next start.");
      },
      (error: unknown) => terminal.note(`The console could not start: ${(error as Error).message}`),
    );
    if (options.open) await tryBrowser(cli, running.opened.url);
    await interruption(cli.interrupted);
    terminal.note("Ending the console...");
  } finally {
    await running.stop();
  }
}

async function tryBrowser(cli: Cli, url: string): Promise<void> {
  const { openBrowser } = await import("../run-loopback.ts");
  if (!(await openBrowser(url, cli.streams.env))) {
    cli.terminal.note("No browser could be opened here: open the address above in one on this machine.");
  }
}

function openText(url: string): string {
  return `Fleetwright is at ${url}\nThe address works once, in one browser on this machine.`;
}

function interruption(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function status(cli: Cli): Promise<void> {
  const { findConsole } = await import("../../home/index.ts");
  const socketPath = await findConsole(cli.home);
  if (socketPath === undefined) {
    const stopped = { running: false, home: cli.home, version: cli.version };
    return cli.terminal.answer(stopped, () => `No console runs on ${cli.home}.`);
  }
  const { connectConsole } = await import("../connect.ts");
  const connected = await connectConsole(socketPath);
  try {
    const found = await connected.client.settings.status();
    cli.terminal.answer({ running: true, ...found }, () => statusText(cli, found));
  } finally {
    connected.close();
  }
}

function statusText({ terminal }: Cli, found: ConsoleStatus): string {
  return facts(terminal, [
    ["console", found.stage ? `${found.state}: ${found.stage}` : found.state],
    ["host", `${found.host}, process ${found.pid} on ${found.machine}`],
    ["version", found.version],
    ["home", found.home],
    ["database", `${found.database.kind} ${found.database.version ?? ""}`],
    ["lab", found.lab ? `ec2 ${found.lab.ec2}  s3 ${found.lab.s3}  sts ${found.lab.sts}` : "none"],
    ...(found.lab ? [["lab's CA", found.lab.ca] as const] : []),
    ...(found.error ? [["error", `${found.error.message} (${found.error.code})`] as const] : []),
    ...found.notices.map(({ message }) => ["notice", message] as const),
  ]);
}
