import {
  Badge,
  Button,
  Group,
  SegmentedControl,
  Select,
  Skeleton,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  LANGUAGES,
  type NoticeLanguage,
  type NoticeTemplate,
  TEMPLATE_KINDS,
  type TemplateKind,
} from "../../shared/calendar/model.ts";
import { PLACEHOLDERS } from "../../shared/calendar/notice-text.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { sentenceWords } from "../app/i18n/sentences.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { fullDateTime } from "../ui/format.ts";
import classes from "./calendar.module.css";

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
}

/** The company's own words for each kind of notice, with a preview and the placeholders that there are. */
export function TemplatesDialog({ opened, onClose }: Props) {
  const { t } = useWords();
  return (
    <Dialog opened={opened} onClose={onClose} title={t("calendar.templates")} size="xl">
      <Templates />
    </Dialog>
  );
}

function Templates() {
  const { t } = useWords();
  const api = useApi();
  const [kind, setKind] = useState<TemplateKind>("standard");
  const [language, setLanguage] = useState<NoticeLanguage>("en");
  const listed = useQuery(api.calendar.templates.list.queryOptions());
  const template = listed.data?.find((one) => one.kind === kind && one.language === language);
  return (
    <Stack gap="sm">
      <Group gap="xs" align="flex-end">
        <Select
          label={t("calendar.kind")}
          allowDeselect={false}
          value={kind}
          data={TEMPLATE_KINDS.map((value) => ({
            value,
            label: value === "cancelled" ? t("calendar.templateCancelled") : t(`calendar.kind.${value}`),
          }))}
          onChange={(value) => setKind(TEMPLATE_KINDS.find((one) => one === value) ?? "standard")}
        />
        <SegmentedControl
          aria-label={t("settings.language")}
          value={language}
          onChange={(value) => setLanguage(value === "fr" ? "fr" : "en")}
          data={LANGUAGES.map((value) => ({ value, label: t(`language.${value}`) }))}
        />
      </Group>
      {listed.error && <Failure error={listed.error} onRetry={() => void listed.refetch()} />}
      {template ? (
        <TemplateForm key={`${kind} ${language} ${template.version}`} template={template} />
      ) : (
        !listed.error && <Skeleton height={320} aria-busy="true" />
      )}
    </Stack>
  );
}

function TemplateForm({ template }: { readonly template: NoticeTemplate }) {
  const { t, language } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const [subject, setSubject] = useState(template.subject);
  const [body, setBody] = useState(template.body);
  const text = { kind: template.kind, language: template.language, subject, body };
  const preview = useQuery(
    api.calendar.templates.preview.queryOptions({ input: text, placeholderData: keepPreviousData }),
  );
  const refresh = () => void cache.invalidateQueries({ queryKey: api.calendar.key() });
  const save = useMutation(api.calendar.templates.set.mutationOptions({ onSuccess: refresh }));
  const reset = useMutation(api.calendar.templates.reset.mutationOptions({ onSuccess: refresh }));
  const problems = preview.data?.problems ?? [];
  const isChanged = subject !== template.subject || body !== template.body;
  const error = preview.error ?? save.error ?? reset.error;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate({ ...text, version: template.version });
      }}
    >
      <Stack gap="sm">
        <Text size="xs" c="dimmed">
          {template.changedBy && template.changedAt
            ? t("calendar.templateChanged", {
                by: template.changedBy,
                when: fullDateTime(template.changedAt, language),
                version: template.version,
              })
            : t("calendar.templateShipped")}
        </Text>
        <TextInput
          label={t("calendar.sendSubject")}
          maxLength={200}
          value={subject}
          onChange={(event) => setSubject(event.currentTarget.value)}
        />
        <Textarea
          label={t("calendar.templateBody")}
          description={t("calendar.templateHint")}
          autosize
          minRows={8}
          maxRows={14}
          maxLength={10_000}
          lang={template.language}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12 } }}
          value={body}
          onChange={(event) => setBody(event.currentTarget.value)}
        />
        <Group gap={4} role="group" aria-label={t("calendar.placeholders")}>
          {PLACEHOLDERS.map((name) => (
            <Badge
              key={name}
              component="button"
              type="button"
              variant="default"
              tt="none"
              radius="sm"
              style={{ cursor: "pointer" }}
              title={t(`calendar.placeholder.${name}`)}
              onClick={() => setBody(`${body}{{${name}}}`)}
            >
              {`{{${name}}}`}
            </Badge>
          ))}
        </Group>
        <div role="status">
          {problems.map((one) => (
            <Text key={one} size="sm" c="red">
              {sentenceWords(one, language)}
            </Text>
          ))}
        </div>
        {problems.length === 0 && preview.data && (
          <div
            className={classes.preview}
            role="group"
            tabIndex={0}
            lang={template.language}
            aria-label={t("calendar.templatePreview")}
          >
            <b>{preview.data.subject}</b>
            {"\n\n"}
            {preview.data.body}
          </div>
        )}
        {error && <Failure error={error} />}
        <Group justify="flex-end" gap="xs">
          {template.version > 0 && (
            <Button
              variant="default"
              loading={reset.isPending}
              onClick={() => reset.mutate({ kind: template.kind, language: template.language })}
            >
              {t("calendar.templateReset")}
            </Button>
          )}
          <Button
            type="submit"
            disabled={!isChanged || problems.length > 0 || preview.isFetching}
            loading={save.isPending}
          >
            {t("ui.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
