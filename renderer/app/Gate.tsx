import { Box, Code, Loader, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { SECOND_MS } from "../../shared/time.ts";
import type { ConsoleStatus } from "../../shared/settings/model.ts";
import { ErrorNotice } from "../ui/ErrorNotice.tsx";
import { useApi, useConnection } from "./api.ts";
import { useAppearance } from "./appearance.ts";
import { failureTexts } from "./Failure.tsx";
import { hasWords, useWords } from "./i18n/index.ts";
import { Shell } from "./Shell.tsx";

/** Shows how the console comes up, and the screens once every call can be answered. */
export function Gate() {
  const api = useApi();
  const status = useQuery(
    api.settings.status.queryOptions({
      // There is no stream to push this yet: asked again until the console is up, or mended after a failure.
      refetchInterval: (query) => (query.state.data?.state === "ready" ? false : SECOND_MS / 2),
      staleTime: 0,
    }),
  );
  const ready = status.data?.state === "ready";
  useAppearance(ready);
  if (ready) return <Shell />;
  return status.data?.state === "failed" ? <Failed status={status.data} /> : <Starting stage={status.data?.stage} />;
}

function Starting({ stage }: { readonly stage: string | null | undefined }) {
  const { t } = useWords();
  const { phase } = useConnection();
  const key = `start.stage.${stage}`;
  const words =
    phase !== "open"
      ? t(phase === "lost" ? "connection.lost" : "start.connecting")
      : !stage
        ? t("start.connecting")
        : hasWords(key)
          ? t(key)
          : t("start.stage.other", { stage });
  return (
    <Frame>
      <Title order={1}>{t("start.title")}</Title>
      <Loader size="sm" aria-hidden />
      <Text c="dimmed" role="status">
        {words}
      </Text>
    </Frame>
  );
}

function Failed({ status }: { readonly status: ConsoleStatus }) {
  const { t, language } = useWords();
  const error = status.error ?? { code: "Unexpected", message: "", next: null };
  const key = `error.${error.code}`;
  return (
    <Frame>
      <Title order={1}>{t("start.failed")}</Title>
      <Box w="100%" maw={620}>
        <ErrorNotice
          title={hasWords(key) ? t(key) : error.code}
          {...failureTexts(
            { message: error.message, details: { retryable: false, ...(error.next && { next: error.next }) } },
            language,
          )}
          details={JSON.stringify({ error, version: status.version, home: status.home }, null, 2)}
        />
      </Box>
      <Text c="dimmed" size="sm">
        {t("start.home")}
        {t("ui.colon")} <Code>{status.home}</Code>
      </Text>
    </Frame>
  );
}

function Frame({ children }: { readonly children: React.ReactNode }) {
  return (
    <Stack component="main" align="center" justify="center" h="100%" gap="md" p="lg">
      {children}
    </Stack>
  );
}
