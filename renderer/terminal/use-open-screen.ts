import { useMutation } from "@tanstack/react-query";
import type { OpenTerminal, TerminalSession } from "../../shared/terminal/model.ts";
import { useApi } from "../app/api.ts";
import { byteLine } from "../app/bytes.ts";
import { type Language, type Translate, useWords } from "../app/i18n/index.ts";
import { plain, shortDateTime } from "./words.ts";
import { desk, type Tab } from "./desk.ts";
import { Screen, type ScreenWords } from "./screen.ts";

type Order = Pick<OpenTerminal, "environmentId" | "reason"> & { readonly contractReference?: string };

/** The language may change while a screen lives: its words are asked for when they are needed. */
const now: { t: Translate; language: Language } = { t: (key) => key, language: "en" };

/** Logs in and puts the session on the desk, or puts one there that is open already. */
export function useOpenScreen() {
  const api = useApi();
  const { t, language } = useWords();
  now.t = t;
  now.language = language;
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
  const when = (date: Date) => shortDateTime(date, now.language);
  return {
    lost: (at) => now.t("terminal.lostAt", { at: when(at) }),
    back: (lostAt, at) => now.t("terminal.backAt", { lostAt: when(lostAt), at: when(at) }),
    ended: ({ code, signal, error }) =>
      error
        ? now.t("terminal.endedError", { message: plain(error.message) })
        : code !== null
          ? now.t("terminal.endedCode", { code })
          : signal !== null
            ? now.t("terminal.endedSignal", { signal })
            : now.t("terminal.endedByUs"),
    taken: now.t("terminal.taken"),
    label: now.t("terminal.screenOf", { tenant: session.customer, kind: now.t(`kind.${session.kind}`) }),
  };
}
