import { MessageChannel } from "node:worker_threads";
import { createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/message-port";
import { start } from "../../main/console.ts";
import { type Client, connectConsole } from "../../main/hosts/connect.ts";
import { hostConsole } from "../../main/hosts/host-console.ts";
import { portConnection } from "../../main/hosts/serve-contract.ts";
import { type Figure, percentile, rounded, times } from "./figure.ts";
import { withHome } from "./scratch-console.ts";

const CALLS = 2_000;

/** One small call after another on a console that does nothing else, over both transports of the windows. */
export async function measureContractCall(): Promise<Figure[]> {
  return withHome(async (home) => {
    const options = { home, host: "cli", version: "bench", lab: "none" } as const;
    const hosted = await hostConsole(start, options);
    await hosted.console.ready;
    try {
      const socket = await connectConsole(hosted.control.path);
      const overSocket = await figures("websocket", socket.client);
      socket.close();

      const { port1, port2 } = new MessageChannel();
      hosted.contract.serve(portConnection(port1));
      port2.start();
      const link = new RPCLink({ port: port2 as unknown as globalThis.MessagePort });
      const overPort = await figures("message-port", createORPCClient<Client>(link));
      port2.close();
      return [...overSocket, ...overPort];
    } finally {
      await hosted.stop();
    }
  });
}

async function figures(transport: string, client: Client): Promise<Figure[]> {
  const sorted = await times(CALLS, () => client.settings.get());
  return [
    { name: `contract-call-${transport}-p50`, value: rounded(percentile(sorted, 0.5)), unit: "ms" },
    { name: `contract-call-${transport}-p99`, value: rounded(percentile(sorted, 0.99)), unit: "ms", aim: 5 },
  ];
}
