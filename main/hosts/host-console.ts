import type { Console, ConsoleOptions } from "../console.ts";
import { controlSocketOf } from "../home/index.ts";
import { type ByteServer, createByteServer } from "./bytes.ts";
import type { HostLog } from "./host-log.ts";
import { type Control, type Opened, serveControl } from "./control.ts";
import { type ContractServer, createContractServer } from "./serve-contract.ts";

export type StartConsole = (options: ConsoleOptions) => Promise<Console>;

/** A console that other processes of this home can reach. */
export interface HostedConsole {
  readonly console: Console;
  readonly contract: ContractServer;
  readonly bytes: ByteServer;
  readonly control: Control;
  /** Ends the control socket, then the console. Never rejects. */
  stop(): Promise<void>;
}

/**
 * Starts the console and serves it on the home's control socket, as every host does.
 *
 * The console's parts may still be starting when this resolves. Throws what the start throws: HomeInUse,
 * HomeNotWritable, DiskFull.
 */
export async function hostConsole(
  start: StartConsole,
  options: ConsoleOptions,
  open?: () => Promise<Opened>,
): Promise<HostedConsole> {
  const running = await start(options);
  // Whoever needs the parts awaits them; nobody awaiting must not end the process.
  running.ready.catch(() => {});
  try {
    const contract = createContractServer(running.router, running.log);
    const bytes = createByteServer(running.bytes, running.log);
    const path = await controlSocketOf(options.home);
    const control = await serveControl({ path, contract, bytes, ...(open && { open }) });
    const stop = async (): Promise<void> => {
      await control.close().catch((error: unknown) => running.log.warn("control socket", { error: String(error) }));
      await running.stop();
    };
    return { console: running, contract, bytes, control, stop };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

/**
 * A failure that nobody waited for is a bug in one place; a console that people and jobs depend on logs it and goes
 * on. (What throws outside of any promise still ends the process: its state is unknown, and jobs go on at the next
 * start.)
 */
export function surviveStrayFailures(log: HostLog): void {
  process.on("unhandledRejection", (error) => {
    log.error("a failure that nobody waited for", { stack: (error as Error | null)?.stack ?? String(error) });
  });
}
