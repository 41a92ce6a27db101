import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Listens on the loopback address, on the port of the earlier URL if it is free, so that clients need not be told. */
export async function listen(server: Server, earlier: string | undefined): Promise<string> {
  const wanted = earlier ? Number(new URL(earlier).port) : 0;
  const port = await listenOn(server, wanted).catch(() => listenOn(server, 0));
  return `http://127.0.0.1:${port}`;
}

function listenOn(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port }, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Ends open connections too. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
