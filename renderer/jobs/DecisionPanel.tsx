import { Alert, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconHelpCircle } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useId, useState } from "react";
import { confirmWordOf, type DecisionOption, type Job, type JobDecision } from "../../shared/jobs/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { sentenceWords } from "../app/i18n/sentences.ts";
import { stepWords } from "../app/job-words.ts";
import { ConfirmTyped } from "../ui/ConfirmTyped.tsx";
import { Fact, FactList } from "../ui/FactList.tsx";
import { Panel } from "../ui/Panel.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";

/** What a job asks, and the ways to answer it. Every answer takes a reason; what cannot be undone, the typed name. */
export function DecisionPanel({ job, decision }: { readonly job: Job; readonly decision: JobDecision }) {
  const { t, language } = useWords();
  const api = useApi();
  const titleId = useId();
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const [confirming, setConfirming] = useState<DecisionOption>();
  const decide = useMutation(api.jobs.decide.mutationOptions({ onSettled: () => setConfirming(undefined) }));
  const say = (text: string) => sentenceWords(text, language);

  const answer = (option: DecisionOption, confirm?: string) =>
    decide.mutate({
      jobId: job.id,
      decisionId: decision.id,
      option: option.id,
      reason: reason.trim(),
      ...(confirm === undefined ? {} : { confirm }),
    });
  const choose = (option: DecisionOption) => {
    setMissing(reason.trim() === "");
    if (reason.trim() === "") return;
    if (option.danger) setConfirming(option);
    else answer(option);
  };

  return (
    <Alert
      color="orange"
      variant="light"
      mb="sm"
      role="region"
      aria-labelledby={titleId}
      icon={<IconHelpCircle size={20} aria-hidden />}
      title={<span id={titleId}>{say(decision.question)}</span>}
    >
      <Stack gap="xs">
        <FactList>
          {Object.entries(decision.facts).map(([name, value]) => (
            <Fact key={name} label={say(name)}>
              {say(value)}
            </Fact>
          ))}
          <Fact label={t("decisions.asked")}>
            <RelativeTime date={decision.askedAt} />
          </Fact>
        </FactList>
        <TextInput
          label={t("decisions.reason")}
          description={t("decisions.reasonHint")}
          value={reason}
          maxLength={1000}
          required
          error={missing && t("decisions.reasonMissing")}
          onChange={(event) => {
            setReason(event.currentTarget.value);
            setMissing(false);
          }}
        />
        <Group gap="xs" role="group" aria-label={t("decisions.answers")}>
          {decision.options.map((option) => (
            <Button
              key={option.id}
              size="xs"
              {...(option.danger
                ? { variant: "outline", color: "red", leftSection: <IconAlertTriangle size={15} aria-hidden /> }
                : { variant: "default" })}
              loading={decide.isPending && decide.variables.option === option.id}
              disabled={decide.isPending}
              onClick={() => choose(option)}
            >
              {say(option.label)}
              {option.danger && "…"}
            </Button>
          ))}
        </Group>
        {decide.error && <Failure error={decide.error} />}
      </Stack>
      {confirming && (
        <ConfirmTyped
          opened
          title={say(confirming.label)}
          body={t("decisions.confirmBody", { subject: job.subject })}
          word={confirmWordOf(job)}
          action={say(confirming.label)}
          busy={decide.isPending}
          onConfirm={(typed) => answer(confirming, typed)}
          onClose={() => setConfirming(undefined)}
        />
      )}
    </Alert>
  );
}

/** Questions that were answered: what was chosen, by whom and why. */
export function AnsweredDecisions({ decisions }: { readonly decisions: readonly JobDecision[] }) {
  const { t, language } = useWords();
  const answered = decisions.filter((one) => one.answer);
  if (answered.length === 0) return null;
  return (
    <Panel title={t("decisions.answered")}>
      <Stack gap="xs">
        {answered.map(({ id, step, question, options, answer }) => (
          <div key={id}>
            <Text size="xs" c="dimmed">
              {stepWords(t, step)}
              {t("ui.colon")} {sentenceWords(question, language)}
            </Text>
            <Text size="sm">
              <b>{sentenceWords(options.find((one) => one.id === answer?.option)?.label ?? "", language)}</b>
              {t("ui.colon")} {answer?.reason}
            </Text>
            <Text size="xs" c="dimmed">
              {answer?.by}, {answer && <RelativeTime date={answer.at} show="absolute" />}
            </Text>
          </div>
        ))}
      </Stack>
    </Panel>
  );
}
