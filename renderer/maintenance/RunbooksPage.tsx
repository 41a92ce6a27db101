import { Button, Code, Group, Skeleton, Stack, Text, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { type Runbook, RunbookText } from "../../shared/maintenance/runbook.ts";
import { BackLink } from "../app/BackLink.tsx";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { sentenceWords } from "../app/i18n/sentences.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { Fact, FactList } from "../ui/FactList.tsx";
import { Panel } from "../ui/Panel.tsx";
import { StateBadge } from "../ui/StateBadge.tsx";

const EXAMPLE = JSON.stringify(
  {
    name: "clear-cache",
    description: "",
    minutes: 10,
    steps: [
      { kind: "check", words: ["erpctl", "facts"] },
      { kind: "command", words: ["rm", "-rf", "/tmp/erp-cache"], idempotent: true },
    ],
  },
  null,
  2,
);

/** Texts of steps, each reviewed by somebody other than its author before it may be run. */
export function RunbooksPage() {
  const { t } = useWords();
  const api = useApi();
  const [dialog, setDialog] = useState<"add" | Runbook>();
  const runbooks = useQuery(api.maintenance.runbooks.list.queryOptions());
  return (
    <Page
      title={t("maintenance.runbooks")}
      above={<BackLink to={paths.maintenance}>{t("screen.maintenance")}</BackLink>}
      actions={
        <Button size="xs" leftSection={<IconPlus size={15} />} onClick={() => setDialog("add")}>
          {t("maintenance.add")}
        </Button>
      }
    >
      {runbooks.error && !runbooks.data ? (
        <Failure error={runbooks.error} onRetry={() => void runbooks.refetch()} />
      ) : !runbooks.data ? (
        <Skeleton height={200} aria-busy="true" />
      ) : (
        <Stack gap="sm">
          {runbooks.data.map((one) => (
            <RunbookPanel key={`${one.name} ${one.version}`} runbook={one} onReview={() => setDialog(one)} />
          ))}
        </Stack>
      )}
      {dialog === "add" && <AddDialog onClose={() => setDialog(undefined)} />}
      {typeof dialog === "object" && <ReviewDialog runbook={dialog} onClose={() => setDialog(undefined)} />}
    </Page>
  );
}

function RunbookPanel({ runbook, onReview }: { readonly runbook: Runbook; readonly onReview: () => void }) {
  const { t, language } = useWords();
  const { name, version, builtIn, refused, review, author, sha256, description } = runbook;
  return (
    <Panel
      title={builtIn ? name : `${name} ${version}`}
      actions={
        <Group gap="xs">
          <StateBadge
            tone={refused ? "warning" : "good"}
            label={t(
              refused ? `maintenance.refused.${refused}` : builtIn ? "maintenance.builtIn" : "maintenance.usable",
            )}
          />
          {refused && (
            <Button size="compact-xs" variant="default" onClick={onReview}>
              {t("maintenance.review")}
            </Button>
          )}
        </Group>
      }
    >
      {description && (
        <Text size="sm" mb={4}>
          {builtIn ? sentenceWords(description, language) : description}
        </Text>
      )}
      <Steps runbook={runbook} />
      {!builtIn && (
        <FactList>
          <Fact label={t("maintenance.author")}>{author}</Fact>
          <Fact label={t("maintenance.reviewer")}>{review?.by}</Fact>
          <Fact label={t("maintenance.hash")} copy={sha256} />
        </FactList>
      )}
    </Panel>
  );
}

function Steps({ runbook }: { readonly runbook: Runbook }) {
  const { t } = useWords();
  return (
    <ol style={{ margin: "0 0 6px", paddingInlineStart: 22 }} aria-label={t("maintenance.steps")}>
      {runbook.steps.map((step) => (
        <li key={JSON.stringify(step)}>
          <Text size="sm" span>
            {t(`maintenance.kind.${step.kind}`)}{" "}
            {(step.kind === "command" || step.kind === "check") && <Code>{step.words.join(" ")}</Code>}
            {step.kind === "applicationUpdate" && step.to}
            {step.kind === "wait" && `${step.seconds} s`}
            {step.kind === "approval" && step.question}
          </Text>
        </li>
      ))}
    </ol>
  );
}

function AddDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const [text, setText] = useState(EXAMPLE);
  const [invalid, setInvalid] = useState<string>();
  const save = useMutation(
    api.maintenance.runbooks.save.mutationOptions({
      onSuccess: () => {
        void cache.invalidateQueries({ queryKey: api.maintenance.key() });
        onClose();
      },
    }),
  );

  function submit(event: React.FormEvent) {
    event.preventDefault();
    try {
      save.mutate(RunbookText.parse(JSON.parse(text)));
      setInvalid(undefined);
    } catch (error) {
      setInvalid((error as Error).message.slice(0, 400));
    }
  }

  return (
    <Dialog opened onClose={onClose} title={t("maintenance.add")}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Textarea
            label={t("maintenance.text")}
            description={t("maintenance.addHint")}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autosize
            minRows={10}
            maxRows={20}
            spellCheck={false}
            styles={{ input: { fontFamily: "monospace", fontSize: 12 } }}
            error={invalid && t("maintenance.textInvalid", { why: invalid })}
            data-autofocus
          />
          {save.error && <Failure error={save.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("ui.cancel")}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {t("maintenance.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

function ReviewDialog({ runbook, onClose }: { readonly runbook: Runbook; readonly onClose: () => void }) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const review = useMutation(
    api.maintenance.runbooks.review.mutationOptions({
      onSuccess: () => {
        void cache.invalidateQueries({ queryKey: api.maintenance.key() });
        onClose();
      },
    }),
  );
  const { name, version, sha256 } = runbook;
  return (
    <Dialog opened onClose={onClose} title={t("maintenance.reviewTitle", { name, version })}>
      <Stack gap="sm">
        <Text size="sm">{t("maintenance.reviewBody")}</Text>
        <Steps runbook={runbook} />
        <FactList>
          <Fact label={t("maintenance.author")}>{runbook.author}</Fact>
          <Fact label={t("maintenance.hash")} copy={sha256} />
        </FactList>
        {review.error && <Failure error={review.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("ui.cancel")}
          </Button>
          <Button loading={review.isPending} onClick={() => review.mutate({ name, version, sha256 })}>
            {t("maintenance.reviewConfirm")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
