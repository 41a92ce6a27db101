import { join } from "node:path";
import { AppError } from "../../../shared/errors.ts";
import type { FaultInput, LabStatus } from "../../../shared/lab/model.ts";
import type { LaunchedLab } from "../../lab/launch.ts";
import type { Cli } from "./session.ts";
import { facts, shown, table } from "./terminal.ts";
import { oneOf, usageError } from "./usage.ts";
import { nameAndValue, type Verbs } from "./verbs.ts";

interface FolderOption {
  readonly folder?: string;
}
interface SeedOption extends FolderOption {
  readonly seed?: "demo" | "empty";
}

interface StartOptions extends SeedOption {
  readonly machines?: "built-in" | "debian";
}

const SEEDS = ["demo", "empty"] as const;
const MACHINES = ["built-in", "debian"] as const;

/** The lab stands beside the console: these verbs reach it by its own controls, whoever started it. */
export function addLabVerbs({ noun, verb }: Verbs): void {
  const lab = noun("lab", "the local stand-in for AWS, with real hosts");
  const withFolder = (command: ReturnType<typeof verb>) =>
    command.option("--folder <folder>", "the lab's folder (default: the one in the home)");

  withFolder(verb<StartOptions>(lab, "start", "run a lab of its own until it is ended; prints one ready line", start))
    .option("--seed <seed>", "what a new lab is filled with: demo or empty (default: demo)", oneOf(SEEDS))
    .option("--machines <kind>", "what a new lab's hosts are made of: built-in or debian", oneOf(MACHINES));

  withFolder(
    verb<FolderOption>(lab, "status", "hosts, faults and addresses of the lab that runs", async (cli, options) => {
      const found = await findLab(cli, options);
      if (!found) return cli.terminal.answer({ running: false }, () => "No lab runs here.");
      const status = await using(found, (one) => one.status());
      cli.terminal.answer(status, () => statusText(cli, status));
    }),
  );

  withFolder(
    verb<FolderOption>(lab, "stop", "end it; its content stays", async (cli, options) => {
      const running = await needLab(cli, options);
      await running.stop();
      cli.terminal.answer({ running: false, pid: running.ready.pid }, () => "The lab has ended.");
    }),
  );

  withFolder(
    verb<SeedOption & { readonly confirm: string }>(
      lab,
      "reset",
      "wipe everything in it and fill it anew",
      async (cli, options) => {
        if (options.confirm !== "lab") {
          throw new AppError("ConfirmationNeeded", "Nothing was wiped: the word typed is not the lab's.", {
            retryable: false,
            next: "Give --confirm lab",
          });
        }
        const status = await using(await needLab(cli, options), (one) => one.reset(options.seed ?? "demo"));
        cli.terminal.answer(status, () => statusText(cli, status));
      },
    ),
  )
    .requiredOption("--confirm <word>", 'the word "lab"')
    .option("--seed <seed>", "demo or empty (default: demo)", oneOf(SEEDS));

  withFolder(
    verb<FolderOption & { readonly clear?: boolean }>(lab, "fault [name] [settings...]", "make it misbehave", fault),
  )
    .usage("NAME [key=value...]   (without a name it tells the names)")
    .option("--clear", "end the fault of that id instead; all faults without one")
    .addHelpText("after", "\nSettings: action, region, instance, count, rate (0 to 1), seconds, delayMs");

  withFolder(
    verb<FolderOption>(lab, "faults", "the faults that are in force, and what they struck", async (cli, options) => {
      const { faults } = await using(await needLab(cli, options), (one) => one.status());
      cli.terminal.answer(faults, () => faultTable(cli, faults));
    }),
  );
}

/** In the foreground, with nobody to hold it: it ends with this process. */
async function start(cli: Cli, options: StartOptions): Promise<void> {
  const { startLab } = await import("../../lab/index.ts");
  const lab = await startLab({
    folder: folderOf(cli, options),
    seed: options.seed ?? "demo",
    ...(options.machines ? { machines: options.machines } : {}),
    log: (level, message) => {
      if (level !== "info") cli.terminal.note(`${level}: ${message}`);
    },
  });
  // The ready line is for programs, with or without --json.
  cli.streams.out.write(`${JSON.stringify(lab.ready)}\n`);
  const stop = () => void lab.stop();
  if (cli.interrupted.aborted) stop();
  cli.interrupted.addEventListener("abort", stop, { once: true });
  await lab.ended;
}

async function fault(
  cli: Cli,
  options: FolderOption & { readonly clear?: boolean },
  name: string | undefined,
  settings: unknown,
): Promise<void> {
  if (options.clear) {
    const running = await needLab(cli, options);
    const cleared = await using(running, async (one) =>
      name === undefined ? one.clearFaults() : Number(await one.clearFault(name)),
    );
    return cli.terminal.answer({ cleared }, () => `${cleared} faults ended.`);
  }
  const input = await faultInput(name, settings as string[]);
  const injected = await using(await needLab(cli, options), (one) => one.injectFault(input));
  cli.terminal.answer(injected, () => faultTable(cli, [injected]));
}

async function faultInput(name: string | undefined, settings: readonly string[]): Promise<FaultInput> {
  const { FAULT_NAMES, FaultInput } = await import("../../../shared/lab/model.ts");
  if (!FAULT_NAMES.some((one) => one === name)) {
    const message = name === undefined ? "No fault is named." : `There is no fault "${name}".`;
    throw usageError(message, `Choose one of ${FAULT_NAMES.join(", ")}.`);
  }
  const numbers = new Set(["count", "rate", "seconds", "delayMs"]);
  const pairs = settings.map(nameAndValue).map(([key, value]) => [key, numbers.has(key) ? Number(value) : value]);
  const parsed = FaultInput.strict().safeParse({ name, ...Object.fromEntries(pairs) });
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map((issue) => `${issue.path.join(".") || "settings"}: ${issue.message}`);
  throw usageError(`The fault was not made: ${wrong.join("; ")}.`, "See: fleetwright lab fault --help");
}

function folderOf(cli: Cli, { folder }: FolderOption): string {
  return folder ?? join(cli.home, "lab");
}

async function findLab(cli: Cli, options: FolderOption): Promise<LaunchedLab | null> {
  const { connectLab } = await import("../../lab/launch.ts");
  return connectLab(folderOf(cli, options));
}

async function needLab(cli: Cli, options: FolderOption): Promise<LaunchedLab> {
  const found = await findLab(cli, options);
  if (found) return found;
  throw new AppError("LabUnavailable", `No lab runs on ${folderOf(cli, options)}.`, {
    retryable: false,
    next: "Start one with: fleetwright lab start",
  });
}

async function using<Result>(lab: LaunchedLab, act: (lab: LaunchedLab) => Promise<Result>): Promise<Result> {
  try {
    return await act(lab);
  } finally {
    lab.release();
  }
}

function statusText(cli: Cli, status: LabStatus): string {
  const head = facts(cli.terminal, [
    ["lab", `process ${status.pid}, seed ${status.seed}`],
    ["ec2", status.ec2],
    ["s3", status.s3],
    ["sts", status.sts],
    ["regions", status.regions.join(" ")],
    ["access key", status.accessKeyId],
    ["authority", status.ca],
    ["buckets", status.buckets],
  ]);
  const hosts = table(
    cli.terminal,
    ["HOST", "REGION", "NAME", "ADDRESS", "STATE", "PROCESSES", "ORDERS"],
    status.hosts.map((host) => [
      host.instanceId,
      host.region,
      host.name,
      shown(host.address),
      host.state,
      host.processes,
      String(host.ordersWritten),
    ]),
  );
  return `${head}\n\n${hosts}\n\n${faultTable(cli, status.faults)}`;
}

function faultTable(cli: Cli, faults: LabStatus["faults"]): string {
  if (faults.length === 0) return "No faults.";
  return table(
    cli.terminal,
    ["FAULT", "NAME", "NARROWED TO", "STRUCK", "SINCE"],
    faults.map(({ id, name, struck, since, ...narrow }) => [
      id,
      name,
      Object.entries(narrow)
        .map(([key, value]) => `${key}=${value}`)
        .join(" "),
      String(struck),
      shown(since),
    ]),
  );
}
