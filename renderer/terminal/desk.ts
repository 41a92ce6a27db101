import type { FileSession } from "../../shared/terminal/files.ts";
import type { Screen } from "./screen.ts";

/** A tab: one or two sessions beside each other or one above the other. */
export interface Tab {
  readonly id: number;
  readonly panes: readonly Screen[];
  readonly split: "beside" | "below";
  /** Files of the same environment, shown beside. */
  readonly files?: FileSession;
}

interface DeskState {
  readonly tabs: readonly Tab[];
  readonly active: number | null;
}

const MOST_PANES = 4;

/** What is open in this window. Kept outside of the page, so that a look at the fleet closes no terminal. */
let state: DeskState = { tabs: [], active: null };
let lastId = 0;
const listeners = new Set<() => void>();

function become(next: DeskState): void {
  state = next;
  for (const listener of listeners) listener();
}

export const desk = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
  state: (): DeskState => state,

  /** Adds a session as a tab of its own, or beside those of the tab `into`. */
  add(screen: Screen, into?: { readonly tab: number; readonly split: Tab["split"] }): void {
    const tab = state.tabs.find(({ id }) => id === into?.tab);
    if (tab && into && tab.panes.length < MOST_PANES) {
      const wider = { ...tab, panes: [...tab.panes, screen], split: into.split };
      become({ tabs: state.tabs.map((one) => (one === tab ? wider : one)), active: tab.id });
      return;
    }
    const id = ++lastId;
    become({ tabs: [...state.tabs, { id, panes: [screen], split: "beside" }], active: id });
  },

  showFiles(tab: number, files: FileSession): void {
    become({ ...state, tabs: state.tabs.map((one) => (one.id === tab ? { ...one, files } : one)) });
  },

  hideFiles(tab: number): void {
    become({
      ...state,
      tabs: state.tabs.map(({ files, ...one }) => (one.id === tab || !files ? one : { ...one, files })),
    });
  },

  activate(id: number): void {
    become({ ...state, active: id });
  },

  canSplit: (tab: Tab): boolean => tab.panes.length < MOST_PANES,

  has: (sessionId: string): boolean =>
    state.tabs.some(({ panes }) => panes.some(({ session }) => session.id === sessionId)),

  remove(screen: Screen): void {
    screen.dispose();
    const at = state.tabs.findIndex(({ panes }) => panes.includes(screen));
    const tabs = state.tabs.flatMap((tab) => {
      const panes = tab.panes.filter((one) => one !== screen);
      return panes.length > 0 ? [panes.length === tab.panes.length ? tab : { ...tab, panes }] : [];
    });
    const still = tabs.some(({ id }) => id === state.active);
    become({ tabs, active: still ? state.active : (tabs[Math.min(at, tabs.length - 1)]?.id ?? null) });
  },
};
