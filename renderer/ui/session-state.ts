import { useCallback, useState } from "react";

/**
 * State that survives leaving a screen, until the window closes. `parse` judges what was kept; what it refuses is
 * forgotten.
 */
export function useSessionState<Value>(
  key: string,
  initial: () => Value,
  parse: (kept: unknown) => Value | undefined,
): [Value, (next: Value) => void] {
  const [value, setValue] = useState<Value>(() => {
    try {
      const kept = sessionStorage.getItem(key);
      return (kept === null ? undefined : parse(JSON.parse(kept))) ?? initial();
    } catch {
      return initial();
    }
  });
  const keep = useCallback(
    (next: Value) => {
      setValue(next);
      try {
        sessionStorage.setItem(key, JSON.stringify(next));
      } catch {
        // Full or forbidden storage only costs the memory of this screen.
      }
    },
    [key],
  );
  return [value, keep];
}
