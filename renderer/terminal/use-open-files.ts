import { useMutation } from "@tanstack/react-query";
import type { FileSession } from "../../shared/terminal/files.ts";
import { useApi } from "../app/api.ts";

interface Order {
  readonly environmentId: string;
  readonly reason: string;
  readonly contractReference?: string;
}

/** Logs in for files under the reason of the terminal beside, or takes up a session that a closed window left. */
export function useOpenFiles() {
  const api = useApi();
  const close = useMutation(api.terminal.files.close.mutationOptions());
  const open = useMutation({
    mutationFn: async (order: Order): Promise<FileSession> => {
      const held = await api.terminal.files.sessions.call();
      const same = held.find((one) => one.environmentId === order.environmentId && one.reason === order.reason);
      return same ?? api.terminal.files.open.call(order);
    },
    retry: false,
  });
  return {
    open: open.mutateAsync,
    isPending: open.isPending,
    close: ({ sessionId }: FileSession) => close.mutate({ sessionId }),
  };
}
