import { useMantineColorScheme } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect } from "react";
import type { Settings } from "../../shared/settings/model.ts";
import { useApi } from "./api.ts";
import { languageOf, switchLanguage } from "./i18n/index.ts";

export const LANGUAGES = ["system", "en", "fr"] as const;
export const THEMES = ["system", "light", "dark"] as const;

/** Keeps language and theme as the settings say, on whichever screen they are changed. */
export function useAppearance(enabled: boolean): void {
  const api = useApi();
  const settings = useQuery(api.settings.get.queryOptions({ enabled }));
  const { setColorScheme } = useMantineColorScheme();
  const language = settings.data?.language;
  const theme = settings.data?.theme;

  useEffect(() => {
    if (language) switchLanguage(languageOf(language));
  }, [language]);
  useEffect(() => {
    if (theme) setColorScheme(theme === "system" ? "auto" : theme);
  }, [theme, setColorScheme]);
}

/** Changes settings; the screen follows at once and goes back if the console refuses. */
export function useChangeSettings() {
  const api = useApi();
  const cache = useQueryClient();
  const key = api.settings.get.queryKey();
  const update = useMutation(
    api.settings.update.mutationOptions({
      onMutate: (change) => {
        const before = cache.getQueryData<Settings>(key);
        if (before) cache.setQueryData<Settings>(key, { ...before, ...(change as Partial<Settings>) });
        return { before };
      },
      onSuccess: (settings) => cache.setQueryData(key, settings),
      onError: (_error, _change, context) => {
        if (context?.before) cache.setQueryData(key, context.before);
      },
    }),
  );
  const change = useCallback((part: Partial<Settings>) => update.mutate(part), [update.mutate]);
  return { change, update };
}
