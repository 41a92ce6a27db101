import { Table } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { SECOND_MS } from "../../shared/time.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { KeyHint } from "../ui/KeyHint.tsx";
import { type MessageKey, useWords } from "./i18n/index.ts";
import { paths } from "./paths.ts";

const GO_TO: Readonly<Record<string, { readonly path: string; readonly words: MessageKey }>> = {
  f: { path: paths.fleet, words: "shortcut.goFleet" },
  j: { path: paths.jobs, words: "shortcut.goJobs" },
  c: { path: paths.calendar, words: "shortcut.goCalendar" },
  v: { path: paths.versions, words: "shortcut.goVersions" },
  e: { path: paths.expiry, words: "shortcut.goExpiry" },
  a: { path: paths.sla(), words: "shortcut.goSla" },
  n: { path: paths.newTenant, words: "shortcut.goNew" },
  t: { path: paths.terminals(), words: "shortcut.goTerminals" },
  l: { path: paths.lab, words: "shortcut.goLab" },
  s: { path: paths.settings(), words: "shortcut.goSettings" },
};

/** How long the second key of "g f" may take. */
const SECOND_KEY_MS = 1.5 * SECOND_MS;

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

/** Keys that work on every screen, unless somebody types or a dialog is open. `/` goes to the screen's filter. */
export function useShortcuts(onHelp: () => void): void {
  const [, navigate] = useLocation();
  const wentAt = useRef(0);

  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTyping(event.target) || document.querySelector('[role="dialog"]')) return;
      const goTo = GO_TO[event.key];
      if (goTo && Date.now() - wentAt.current < SECOND_KEY_MS) {
        wentAt.current = 0;
        navigate(goTo.path);
      } else if (event.key === "g") {
        wentAt.current = Date.now();
        return;
      } else if (event.key === "?") {
        onHelp();
      } else if (event.key === "/") {
        document.querySelector<HTMLInputElement>("[data-screen-filter]")?.focus();
      } else {
        return;
      }
      event.preventDefault();
    }
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [navigate, onHelp]);
}

export function ShortcutHelp({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  const { t } = useWords();
  const then = t("shortcut.then");
  const lines = [
    { words: t("shortcut.palette"), hint: <KeyHint keys={["Ctrl", "K"]} /> },
    { words: t("shortcut.filter"), hint: <KeyHint keys={["/"]} /> },
    { words: t("shortcut.rows"), hint: <KeyHint keys={["↑", "↓"]} then="/" /> },
    { words: t("shortcut.open"), hint: <KeyHint keys={["Enter"]} /> },
    ...Object.entries(GO_TO).map(([key, { words }]) => ({
      words: t(words),
      hint: <KeyHint keys={["g", key]} then={then} />,
    })),
    { words: t("shortcut.help"), hint: <KeyHint keys={["?"]} /> },
  ];
  return (
    <Dialog opened={opened} onClose={onClose} title={t("app.shortcuts")}>
      <Table>
        <Table.Tbody>
          {lines.map(({ words, hint }) => (
            <Table.Tr key={words}>
              <Table.Td>{words}</Table.Td>
              <Table.Td ta="right">{hint}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Dialog>
  );
}
