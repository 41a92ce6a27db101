import { setTimeout as wait } from "node:timers/promises";
import { memoryBytes, type ProcessFacts, processesOf } from "../../test/support/processes.ts";
import { type Figure, rounded } from "./figure.ts";
import { withConsole } from "./scratch-console.ts";

/** Long enough for every start-up act to be over and for garbage to be collected. */
const SETTLE_MS = 45_000;
const MB = 1e6;

/** Memory of a console that nobody uses, with its database, and of the lab it started with the demo fleet. */
export async function measureIdleMemory(): Promise<Figure[]> {
  return withConsole("demo", async (running) => {
    await wait(SETTLE_MS);
    const all = await processesOf(running.home);
    const lab = labAmong(all);
    const share = async (processes: readonly ProcessFacts[]) =>
      rounded((await memoryBytes(processes.map(({ pid }) => pid))) / MB);
    return [
      {
        name: "idle-memory-console",
        value: await share(all.filter((one) => !lab.has(one.pid))),
        unit: "MB",
        aim: 250,
      },
      { name: "idle-memory-lab", value: await share(all.filter((one) => lab.has(one.pid))), unit: "MB", aim: 600 },
    ];
  });
}

/** The lab's process with everything it started; a database of a host tells itself apart by its folder. */
function labAmong(all: readonly ProcessFacts[]): ReadonlySet<number> {
  const lab = new Set(all.filter(({ command }) => /\/lab\.js\b|\/lab\/volumes\//.test(command)).map(({ pid }) => pid));
  for (let before = -1; before !== lab.size; ) {
    before = lab.size;
    for (const one of all) if (lab.has(one.parent)) lab.add(one.pid);
  }
  return lab;
}
