import { QueryClient } from "@tanstack/react-query";
import { errorFacts } from "../../shared/errors.ts";
import { MINUTE_MS, SECOND_MS } from "../../shared/time.ts";

/** The window's only state beside components: what the console last said, per contract path and input. */
export function createQueryCache(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // The console is on this machine: the browser's idea of being offline says nothing about it.
        networkMode: "always",
        staleTime: 30 * SECOND_MS,
        gcTime: 30 * MINUTE_MS,
        retry: (failures, error) => failures < 2 && errorFacts(error).details.retryable,
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
}
