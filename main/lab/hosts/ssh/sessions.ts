/** Connections of one host that have logged in, by the key that opened them. */
export interface Sessions {
  /** `end` closes the connection; the function that comes back forgets it. */
  add(fingerprint: string, end: () => void): () => void;
  endAllBut(usable: ReadonlySet<string>): void;
}

/** So that whoever takes his own key away still hears how that ended. */
const LAST_WORD_MS = 300;

export function createSessions(): Sessions {
  const open = new Set<{ readonly fingerprint: string; readonly end: () => void }>();
  return {
    add(fingerprint, end) {
      const session = { fingerprint, end };
      open.add(session);
      return () => open.delete(session);
    },
    endAllBut(usable) {
      const over = [...open].filter((session) => !usable.has(session.fingerprint));
      setTimeout(() => {
        for (const session of over) session.end();
      }, LAST_WORD_MS).unref();
    },
  };
}
