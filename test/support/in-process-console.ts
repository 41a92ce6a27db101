import { createRouterClient, type RouterClient } from "@orpc/server";
import { type Console, type ConsoleOptions, start } from "../../main/console.ts";
import type { Job } from "../../shared/jobs/model.ts";
import { type EnvironmentRequest, ProvisionRequest } from "../../shared/tenant/model.ts";
import { endProcessesOf } from "./processes.ts";
import { scratchFolder } from "./scratch.ts";

/** A console with its lab, in this process: every part real, no host around it. */
export interface InProcessConsole {
  readonly home: string;
  readonly console: Console;
  readonly api: RouterClient<Console["router"]>;
  /** Ends it and starts the next one on the same home; `meanwhile` runs while nothing does. */
  restart(meanwhile?: () => Promise<void>): Promise<InProcessConsole>;
  /** Ends everything and removes the home. */
  end(): Promise<void>;
}

export async function inProcessConsole(
  options: Partial<ConsoleOptions> & { readonly lab: ConsoleOptions["lab"] },
): Promise<InProcessConsole> {
  const { folder: home, remove } = await scratchFolder("console");
  const open = async (): Promise<InProcessConsole> => {
    const running = await start({ home, host: "cli", version: "0.0.0-test", ...options });
    await running.ready;
    return {
      home,
      console: running,
      api: createRouterClient(running.router),
      async restart(meanwhile) {
        await running.stop();
        await meanwhile?.();
        return open();
      },
      async end() {
        await running.stop();
        await endProcessesOf(home);
        await remove();
      },
    };
  };
  return open();
}

/** A small order within the contract; `change` makes it another one. */
export function order(prefix: string, change: Partial<ProvisionRequest> = {}): ProvisionRequest {
  const production: EnvironmentRequest = { kind: "production", instanceType: "m6i.large", volumeGiB: 20 };
  return ProvisionRequest.parse({
    customer: `Customer of ${prefix}`,
    service: "openbravo",
    edition: "commerce",
    prefix,
    version: "26Q3",
    accountId: "lab",
    region: "eu-west-1",
    environments: [production],
    users: 10,
    posTerminals: 20,
    invoiceDate: "2026-03-01",
    owner: "Partner SA",
    zone: "Europe/Madrid",
    // One production environment alone leaves out the test environment that the contract includes.
    ...change,
  });
}

/** Waits until the job is in one of the states. */
export async function untilJob(api: InProcessConsole["api"], jobId: string, ...states: Job["state"][]): Promise<Job> {
  for (;;) {
    const { job } = await api.jobs.get({ jobId });
    if (states.includes(job.state)) return job;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
