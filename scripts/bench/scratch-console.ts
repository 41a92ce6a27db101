import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "../../main/hosts/connect.ts";
import { type LabKind, launchConsole, type RunningConsole } from "../../test/support/console.ts";
import { endProcessesOf } from "../../test/support/processes.ts";
import { scratchFolder } from "../../test/support/scratch.ts";

/** Runs `act` against a built console that is ready, on a scratch home that is removed afterwards. */
export async function withConsole<Result>(
  lab: LabKind,
  act: (running: RunningConsole, client: Client) => Promise<Result>,
): Promise<Result> {
  return withHome(async (home) => {
    const running = await launchConsole(home, lab);
    const { client, close } = await running.connect();
    try {
      await ready(client);
      return await act(running, client);
    } finally {
      close();
      await running.stop();
    }
  });
}

export async function withHome<Result>(act: (home: string) => Promise<Result>): Promise<Result> {
  const { folder, remove } = await scratchFolder("bench");
  try {
    return await act(folder);
  } finally {
    await endProcessesOf(folder);
    await remove();
  }
}

export async function ready(client: Client): Promise<void> {
  for (;;) {
    const { state, error } = await client.settings.status();
    if (state === "ready") return;
    if (state === "failed") throw new Error(`The console failed to start: ${error?.message}`);
    await wait(50);
  }
}
