import { useMutation } from "@tanstack/react-query";
import i18next from "i18next";
import type { OpenTerminal, TerminalSession } from "../../shared/terminal/model.ts";
import { useApi } from "../app/api.ts";
import { byteLine } from "../app/bytes.ts";
import type { Translate } from "../app/i18n/index.ts";
import { bytes } from "../ui/format.ts";
import { plain, shortDateTime } from "./words.ts";
import { desk, type Tab } from "./desk.ts";
import { Screen, type ScreenWords } from "./screen.ts";

type Order = Pick<OpenTerminal, "environmentId" | "reason"> & { readonly contractReference?: string };

/** A screen outlives its page, and the language may change meanwhile: words are asked for when they are needed. */
const t: Translate = (key, facts) => String(i18next.t(key, { ...facts }));

/** Logs in and puts the session on the desk, or puts one there that is open already. */
export function useOpenScreen() {
  const api = useApi();
  const resize = useMutation(api.terminal.resize.mutationOptions());
  const open = useMutation(
    api.terminal.open.mutationOptions({
      // A log-in is an intent of its own each time: never tried again behind the operator's back.
      retry: false,
    }),
  );

  function show(session: TerminalSession & { readonly streamId: number }, into?: { tab: number; split: Tab["split"] }) {
    const screen = new Screen({
      session,
      line: byteLine,
      words: () => wordsOf(session),
      onResize: (columns, rows) => resize.mutate({ sessionId: session.id, columns, rows }),
      onLeave: () => document.querySelector<HTMLElement>(`[data-leave="${session.id}"]`)?.focus(),
      onSearch: () => document.querySelector<HTMLElement>(`[data-search="${session.id}"]`)?.click(),
      openLink: (url) => void window.open(url, "_blank", "noopener,noreferrer"),
    });
    desk.add(screen, into);
    return screen;
  }

  return {
    open: async (order: Order, into?: { tab: number; split: Tab["split"] }) =>
      show(await open.mutateAsync({ ...order, columns: 80, rows: 24 }), into),
    show,
    isPending: open.isPending,
    error: open.error,
    reset: open.reset,
  };
}

function wordsOf(session: TerminalSession): ScreenWords {
  const when = (date: Date) => shortDateTime(date, i18next.language);
  return {
    lost: (at) => t("terminal.lostAt", { at: when(at) }),
    back: (lostAt, at) => t("terminal.backAt", { lostAt: when(lostAt), at: when(at) }),
    ended: ({ code, signal, error }) =>
      error
        ? t("terminal.endedError", { message: plain(error.message) })
        : code !== null
          ? t("terminal.endedCode", { code })
          : signal !== null
            ? t("terminal.endedSignal", { signal })
            : t("terminal.endedByUs"),
    skipped: (size) => t("terminal.skipped", { size: bytes(size, i18next.language) }),
    taken: t("terminal.taken"),
    label: t("terminal.screenOf", { tenant: session.customer, kind: t(`kind.${session.kind}`) }),
  };
}
