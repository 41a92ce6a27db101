import "dayjs/locale/fr";
import { MantineProvider } from "@mantine/core";
import { DatesProvider } from "@mantine/dates";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider, type QueryClient } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { Router } from "wouter";
import { useHashLocation } from "wouter/use-hash-location";
import { createApi, LineContext } from "./api.ts";
import type { Connection } from "./client.ts";
import { ErrorBoundary } from "./ErrorBoundary.tsx";
import { Gate } from "./Gate.tsx";
import { useWords } from "./i18n/index.ts";
import { cssVariables, theme } from "./theme.ts";

interface Props {
  readonly connection: Connection;
  readonly cache: QueryClient;
}

/** Everything that the screens stand on: theme, cache, line to the console, addresses. */
export function App({ connection, cache }: Props) {
  const line = useMemo(() => ({ connection, api: createApi(connection.client) }), [connection]);
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <Notifications position="bottom-right" limit={4} />
      <ErrorBoundary>
        <Localised>
          <LineContext value={line}>
            <QueryClientProvider client={cache}>
              <Router hook={useHashLocation}>
                <Gate />
              </Router>
            </QueryClientProvider>
          </LineContext>
        </Localised>
      </ErrorBoundary>
    </MantineProvider>
  );
}

/** Calendars speak the language of the window; weeks start on Monday in both. */
function Localised({ children }: { readonly children: ReactNode }) {
  const { language } = useWords();
  return <DatesProvider settings={{ locale: language, firstDayOfWeek: 1 }}>{children}</DatesProvider>;
}
