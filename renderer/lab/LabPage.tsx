import { Button, Group, SegmentedControl, SimpleGrid, Skeleton, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { LabStatus } from "../../shared/lab/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { ConfirmTyped } from "../ui/ConfirmTyped.tsx";
import { CopyButton } from "../ui/CopyButton.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { Fact, FactList } from "../ui/FactList.tsx";
import { count } from "../ui/format.ts";
import { Panel } from "../ui/Panel.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Faults } from "./Faults.tsx";
import { LabHosts } from "./LabHosts.tsx";
import classes from "./LabPage.module.css";

export function LabPage() {
  const { t } = useWords();
  const api = useApi();
  const lab = useQuery(api.lab.status.queryOptions({ staleTime: 0 }));
  const [resetting, setResetting] = useState(false);

  return (
    <Page
      title={t("screen.lab")}
      lab={Boolean(lab.data)}
      actions={
        lab.data && (
          <Button size="xs" variant="outline" color="red" onClick={() => setResetting(true)}>
            {t("lab.reset")}
          </Button>
        )
      }
    >
      {lab.error && !lab.data ? (
        <Failure error={lab.error} onRetry={() => void lab.refetch()} />
      ) : lab.isPending ? (
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm" aria-busy="true">
          <Skeleton height={280} />
          <Skeleton height={280} />
        </SimpleGrid>
      ) : lab.data ? (
        <Stack gap="sm">
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm" verticalSpacing="sm">
            <Endpoints lab={lab.data} />
            <Faults lab={lab.data} />
          </SimpleGrid>
          <LabHosts hosts={lab.data.hosts} />
          <ResetDialog seed={lab.data.seed} opened={resetting} onClose={() => setResetting(false)} />
        </Stack>
      ) : (
        <EmptyState title={t("lab.none")} hint={t("lab.noneHint")} />
      )}
    </Page>
  );
}

function Endpoints({ lab }: { readonly lab: LabStatus }) {
  const { t, language } = useWords();
  const example = exampleOf(lab);
  return (
    <Panel title={t("lab.endpoints")}>
      <FactList>
        <Fact label="EC2" copy={lab.ec2} />
        <Fact label="S3" copy={lab.s3} />
        <Fact label="STS" copy={lab.sts} />
        <Fact label={t("lab.regions")}>{lab.regions.join(", ")}</Fact>
        <Fact label={t("lab.accessKey")} copy={lab.accessKeyId} />
        <Fact label={t("lab.ca")} copy={lab.ca} />
        <Fact label={t("lab.seed")}>{t(`lab.seed.${lab.seed}`)}</Fact>
        <Fact label={t("lab.since")}>
          <RelativeTime date={lab.startedAt} />
        </Fact>
        <Fact label={t("lab.requests")}>
          {`EC2 ${count(lab.requests.ec2, language)} · S3 ${count(lab.requests.s3, language)} · STS ${count(lab.requests.sts, language)}`}
        </Fact>
        <Fact label={t("lab.buckets")}>{count(lab.buckets, language)}</Fact>
      </FactList>
      <Group justify="space-between" mt="xs" gap="xs">
        <Text size="sm" fw={600}>
          {t("lab.example")}
        </Text>
        <CopyButton value={example} what={t("lab.example")} />
      </Group>
      <pre className={classes.example} tabIndex={0}>
        {example}
      </pre>
      <Text size="xs" c="dimmed">
        {t("lab.exampleHint")}
      </Text>
    </Panel>
  );
}

/** Keeps a value one word of a POSIX shell, whatever it holds. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** A line to paste into a shell. The secret key is read from the lab's folder there: this window never has it. */
function exampleOf(lab: LabStatus): string {
  const facts = lab.ca.replace(/ca[\\/][^\\/]+$/, "lab.json");
  return [
    `export AWS_ACCESS_KEY_ID=${quoted(lab.accessKeyId)}`,
    `export AWS_SECRET_ACCESS_KEY="$(grep -o '"secretAccessKey": *"[^"]*"' ${quoted(facts)} | cut -d '"' -f 4)"`,
    ...(lab.ec2.startsWith("https:") ? [`export AWS_CA_BUNDLE=${quoted(lab.ca)}`] : []),
    `aws --endpoint-url ${lab.ec2} --region ${lab.regions[0] ?? "eu-west-1"} ec2 describe-instances --output table`,
  ].join("\n");
}

interface ResetProps {
  readonly seed: LabStatus["seed"];
  readonly opened: boolean;
  readonly onClose: () => void;
}

function ResetDialog({ seed: before, opened, onClose }: ResetProps) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const [seed, setSeed] = useState(before);
  const reset = useMutation(
    api.lab.reset.mutationOptions({
      onSuccess: (status) => {
        cache.setQueryData(api.lab.status.queryKey(), status);
        void cache.invalidateQueries();
        onClose();
      },
    }),
  );
  return (
    <ConfirmTyped
      opened={opened}
      title={t("lab.resetTitle")}
      body={t("lab.resetBody")}
      word="lab"
      action={t("lab.resetConfirm")}
      busy={reset.isPending}
      onConfirm={(confirm) => reset.mutate({ confirm, seed })}
      onClose={onClose}
    >
      <SegmentedControl
        size="xs"
        aria-label={t("lab.seed")}
        value={seed}
        onChange={(value) => setSeed(value === "empty" ? "empty" : "demo")}
        data={(["demo", "empty"] as const).map((value) => ({ value, label: t(`lab.seed.${value}`) }))}
      />
      {reset.error && <Failure error={reset.error} />}
    </ConfirmTyped>
  );
}
