import { Alert, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { sentenceWords } from "../app/i18n/sentences.ts";
import { Fact, FactList } from "../ui/FactList.tsx";
import { Panel } from "../ui/Panel.tsx";

export function About() {
  const { t, language } = useWords();
  const api = useApi();
  const shown = useQuery(api.settings.status.queryOptions());
  const status = shown.data;
  if (!status) {
    return shown.error ? (
      <Failure error={shown.error} onRetry={() => void shown.refetch()} />
    ) : (
      <Skeleton height={220} aria-busy="true" />
    );
  }
  const database = [t(`settings.about.database.${status.database.kind}`), status.database.version].filter(Boolean);
  return (
    <Stack gap="sm">
      <Panel title={t("settings.about")}>
        <FactList>
          <Fact label={t("settings.about.version")}>
            {t("app.name")} {status.version}
          </Fact>
          <Fact label={t("settings.about.host")}>{t(`host.${status.host}`)}</Fact>
          <Fact label={t("settings.about.home")} copy={status.home} />
          <Fact label={t("settings.about.machine")}>{status.machine}</Fact>
          <Fact label={t("settings.about.process")}>{status.pid}</Fact>
          <Fact label={t("settings.about.database")}>{database.join(" ")}</Fact>
          {status.lab && <Fact label={t("screen.lab")} copy={status.lab.ec2} />}
          <Fact label={t("settings.about.licence")}>Apache-2.0</Fact>
        </FactList>
      </Panel>
      <Panel title={t("settings.about.notices")}>
        {status.notices.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t("settings.about.noNotices")}
          </Text>
        ) : (
          <Stack gap="xs">
            {status.notices.map((notice) => (
              <Alert key={`${notice.code} ${notice.message}`} color="gray" variant="outline" title={notice.code}>
                {sentenceWords(notice.message, language)}
              </Alert>
            ))}
          </Stack>
        )}
      </Panel>
    </Stack>
  );
}
