import { Alert, Anchor, Button, Checkbox, FileInput, Group, Stack, Text } from "@mantine/core";
import { DateTimePicker } from "@mantine/dates";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { LANGUAGES, type NoticeProof, type WindowDetails, type WindowNotice } from "../../shared/calendar/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { sentenceWords } from "../app/i18n/sentences.ts";
import { paths } from "../app/paths.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { Fact, FactList } from "../ui/FactList.tsx";
import { fullDateTime } from "../ui/format.ts";
import { Panel } from "../ui/Panel.tsx";
import { StateBadge } from "../ui/StateBadge.tsx";
import { saveFile } from "../ui/save-file.ts";
import classes from "./calendar.module.css";
import { TemplatesDialog } from "./TemplatesDialog.tsx";

/** The ledger of a window: drafts to be looked at and sent, and what was sent with its proof. */
export function NoticePanel({ window }: { readonly window: WindowDetails }) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const notices = useQuery(api.calendar.notices.list.queryOptions({ input: { windowId: window.id } }));
  const draft = useMutation(
    api.calendar.notices.draft.mutationOptions({
      onSuccess: () => void cache.invalidateQueries({ queryKey: api.calendar.key() }),
    }),
  );
  const [wording, setWording] = useState(false);
  const error = notices.error ?? draft.error;
  return (
    <Panel
      title={t("calendar.notices")}
      actions={
        <Group gap="xs">
          <Button size="compact-xs" variant="subtle" onClick={() => setWording(true)}>
            {t("calendar.templates")}
          </Button>
          {LANGUAGES.map((language) => (
            <Button
              key={language}
              size="compact-xs"
              variant="light"
              loading={draft.isPending && draft.variables.language === language}
              onClick={() => draft.mutate({ windowId: window.id, language })}
            >
              {t("calendar.draftIn", { language: t(`language.${language}`) })}
            </Button>
          ))}
        </Group>
      }
    >
      <Stack gap="md">
        {error && <Failure error={error} />}
        {notices.data?.length === 0 && (
          <Text size="sm" c="dimmed">
            {t("calendar.noNotices")}
          </Text>
        )}
        {notices.data?.toReversed().map((notice) => (
          <Notice key={notice.id} notice={notice} window={window} />
        ))}
      </Stack>
      <TemplatesDialog opened={wording} onClose={() => setWording(false)} />
    </Panel>
  );
}

function Notice({ notice, window }: { readonly notice: WindowNotice; readonly window: WindowDetails }) {
  const { t, language } = useWords();
  const api = useApi();
  const [sending, setSending] = useState(false);
  const [mailing, setMailing] = useState(false);
  const [shown, setShown] = useState(notice.state === "draft");
  const file = useMutation(
    api.calendar.notices.export.mutationOptions({
      onSuccess: ({ fileName, mediaType, text }) => saveFile(fileName, text, mediaType),
    }),
  );
  const outdated =
    notice.startsAt.getTime() !== window.startsAt.getTime() || notice.endsAt.getTime() !== window.endsAt.getTime();
  const tone = notice.state === "draft" ? "idle" : notice.provenInTime ? "good" : outdated ? "warning" : "bad";
  const standing =
    notice.state === "draft" ? "drafted" : notice.provenInTime ? "proven" : outdated ? "outdated" : "late";
  return (
    <section aria-label={`${notice.subject} (${t(`language.${notice.language}`)})`}>
      <Group justify="space-between" gap="xs">
        <Group gap="xs">
          <StateBadge tone={tone} label={t(`calendar.notice.${standing}`)} />
          <Text size="sm">{t(`language.${notice.language}`)}</Text>
        </Group>
        <Group gap={6}>
          <Button size="compact-xs" variant="subtle" aria-expanded={shown} onClick={() => setShown(!shown)}>
            {shown ? t("calendar.hideText") : t("calendar.showText")}
          </Button>
          {(["eml", "ics"] as const).map((format) => (
            <Button
              key={format}
              size="compact-xs"
              variant="default"
              loading={file.isPending && file.variables.format === format}
              onClick={() => file.mutate({ noticeId: notice.id, format })}
            >
              .{format}
            </Button>
          ))}
          {notice.state === "draft" && (
            <>
              <Button size="compact-xs" variant="default" onClick={() => setSending(true)}>
                {t("calendar.markSent")}
              </Button>
              <Button size="compact-xs" onClick={() => setMailing(true)}>
                {t("calendar.send")}
              </Button>
            </>
          )}
        </Group>
      </Group>
      {file.error && <Failure error={file.error} />}
      {notice.attempt && (
        <Alert color={notice.attempt.state === "doubt" ? "yellow" : "gray"} variant="outline" mt="xs">
          {t(`calendar.attempt.${notice.attempt.state}`, {
            when: fullDateTime(notice.attempt.at, language),
            by: notice.attempt.by,
          })}
          {notice.attempt.reason && ` ${sentenceWords(notice.attempt.reason, language)}`}
        </Alert>
      )}
      {notice.proof && notice.sentAt && (
        <FactList>
          <Fact label={t("calendar.sentAt")}>
            {fullDateTime(notice.sentAt, language)}, {notice.sentBy}
          </Fact>
          <Fact label={t("calendar.proof")}>
            {notice.proof.fileName} ({t("calendar.bytes", { count: notice.proof.bytes })})
          </Fact>
          <Fact label="SHA-256" copy={notice.proof.sha256} />
          {notice.proof.smtp && (
            <>
              <Fact label={t("calendar.sentTo")}>{notice.proof.smtp.accepted.join(", ")}</Fact>
              {notice.proof.smtp.refused.length > 0 && (
                <Fact label={t("calendar.sentNotTo")}>{notice.proof.smtp.refused.join(", ")}</Fact>
              )}
              <Fact label={t("calendar.smtpAnswer")}>
                {notice.proof.smtp.server}
                {t("ui.colon")} {notice.proof.smtp.answer}
              </Fact>
            </>
          )}
        </FactList>
      )}
      {shown && (
        // Scrolls, so it must be reachable by keyboard.
        <div className={classes.preview} role="group" tabIndex={0} lang={notice.language} aria-label={notice.subject}>
          <b>{notice.subject}</b>
          {"\n\n"}
          {notice.body}
        </div>
      )}
      <Dialog opened={sending} onClose={() => setSending(false)} title={t("calendar.markSentTitle")}>
        <SentForm notice={notice} onClose={() => setSending(false)} />
      </Dialog>
      <Dialog opened={mailing} onClose={() => setMailing(false)} title={t("calendar.sendTitle")}>
        <SendForm notice={notice} window={window} onClose={() => setMailing(false)} />
      </Dialog>
    </section>
  );
}

interface SendProps {
  readonly notice: WindowNotice;
  readonly window: WindowDetails;
  readonly onClose: () => void;
}

/** To whom, by which server; after a doubt only with a word of its own. */
function SendForm({ notice, window, onClose }: SendProps) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const [requestId, setRequestId] = useState(() => crypto.randomUUID());
  const [again, setAgain] = useState(false);
  const refresh = () => void cache.invalidateQueries({ queryKey: api.calendar.key() });
  const send = useMutation(
    api.calendar.notices.send.mutationOptions({
      onSuccess: () => {
        refresh();
        onClose();
      },
      onError: () => {
        refresh();
        setRequestId(crypto.randomUUID()); // the next press is another attempt
      },
    }),
  );
  const inDoubt = notice.attempt?.state === "doubt";
  const ready = window.canMail && window.contacts.length > 0 && (!inDoubt || again);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) send.mutate({ requestId, noticeId: notice.id, again });
      }}
    >
      <Stack gap="sm">
        <FactList>
          <Fact label={t("calendar.sendSubject")}>{notice.subject}</Fact>
          <Fact label={t("calendar.sentTo")} absent={t("calendar.noContacts")}>
            {window.contacts.join(", ") || null}
          </Fact>
        </FactList>
        {window.contacts.length === 0 && (
          <Text size="sm">
            {t("calendar.noContactsHint")}{" "}
            <Anchor component={Link} href={paths.contract(window.slug)} size="sm">
              {t("screen.contract")}
            </Anchor>
          </Text>
        )}
        {!window.canMail && (
          <Text size="sm">
            {t("calendar.noMailServer")}{" "}
            <Anchor component={Link} href={paths.settings("mail")} size="sm">
              {t("screen.settings")}
            </Anchor>
          </Text>
        )}
        {inDoubt && (
          <Checkbox
            label={t("calendar.sendAgain")}
            description={t("calendar.sendAgainHint")}
            checked={again}
            onChange={(event) => setAgain(event.currentTarget.checked)}
          />
        )}
        {send.error && <Failure error={send.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("ui.cancel")}
          </Button>
          <Button type="submit" disabled={!ready} loading={send.isPending}>
            {t("calendar.send")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Name, length and hash of a file; its content stays where it is. */
export async function proofOf(file: File): Promise<NoticeProof> {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  const sha256 = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return { fileName: file.name, sha256, bytes: file.size };
}

function SentForm({ notice, onClose }: { readonly notice: WindowNotice; readonly onClose: () => void }) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [at, setAt] = useState<string | null>(null);
  const mark = useMutation(
    api.calendar.notices.markSent.mutationOptions({
      onSuccess: () => {
        void cache.invalidateQueries({ queryKey: api.calendar.key() });
        onClose();
      },
    }),
  );
  return (
    <form
      onSubmit={async (event) => {
        event.preventDefault();
        if (!file) return;
        const sentAt = at === null ? {} : { sentAt: new Date(at.replace(" ", "T")) };
        mark.mutate({ noticeId: notice.id, proof: await proofOf(file), ...sentAt });
      }}
    >
      <Stack gap="sm">
        <FileInput
          label={t("calendar.proofFile")}
          description={t("calendar.proofHint")}
          withAsterisk
          value={file}
          onChange={setFile}
          accept=".eml,.msg,.pdf,.txt"
          data-autofocus
        />
        <DateTimePicker
          label={t("calendar.sentAt")}
          description={t("calendar.sentAtHint")}
          clearable
          value={at}
          onChange={setAt}
        />
        {mark.error && <Failure error={mark.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("ui.cancel")}
          </Button>
          <Button type="submit" disabled={!file || file.size === 0} loading={mark.isPending}>
            {t("calendar.markSent")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
