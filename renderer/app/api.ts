import { createTanstackQueryUtils } from "@orpc/tanstack-query";
import { createContext, use, useSyncExternalStore } from "react";
import type { Client, Connection, ConnectionPhase } from "./client.ts";

/** Query and mutation options for every call, keyed by contract path. */
export function createApi(client: Client) {
  return createTanstackQueryUtils(client);
}
export type Api = ReturnType<typeof createApi>;

interface Line {
  readonly api: Api;
  readonly connection: Connection;
}

export const LineContext = createContext<Line | null>(null);

function useLine(): Line {
  const line = use(LineContext);
  if (!line) throw new Error("No connection to the console above this component.");
  return line;
}

export function useApi(): Api {
  return useLine().api;
}

export function useConnection(): { connection: Connection; phase: ConnectionPhase } {
  const { connection } = useLine();
  const phase = useSyncExternalStore(connection.subscribe, () => connection.phase);
  return { connection, phase };
}
