import { Alert, Button, CopyButton, Group, Text } from "@mantine/core";
import { IconAlertTriangle, IconClipboard, IconClipboardCheck, IconRefresh } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

interface Props {
  /** What kind of failure, in the operator's language. */
  readonly title: string;
  /** What happened. */
  readonly message?: string | undefined;
  /** The console's own words, where `message` and `next` are not in its language. */
  readonly original?: string | undefined;
  /** What to do next, one sentence. */
  readonly next?: string | undefined;
  /** Further facts, shown under the message: a rule, a date. */
  readonly facts?: readonly string[];
  /** What "copy details" puts on the clipboard. */
  readonly details: string;
  readonly onRetry?: (() => void) | undefined;
  readonly children?: ReactNode;
}

/** A failure, said so that somebody can act on it. */
export function ErrorNotice({ title, message, original, next, facts = [], details, onRetry, children }: Props) {
  const { t } = useTranslation();
  return (
    <Alert color="red" variant="light" title={title} icon={<IconAlertTriangle size={18} />} role="alert">
      {message && (
        <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          {message}
        </Text>
      )}
      {facts.map((fact) => (
        <Text size="sm" key={fact}>
          {fact}
        </Text>
      ))}
      {next && (
        <Text size="sm" mt={4}>
          <b>
            {t("ui.whatNext")}
            {t("ui.colon")}
          </b>{" "}
          {next}
        </Text>
      )}
      {original && (
        <Text size="xs" c="dimmed" mt={4} lang="en" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          {original}
        </Text>
      )}
      {children}
      <Group gap="xs" mt="xs">
        {onRetry && (
          <Button size="compact-xs" variant="default" leftSection={<IconRefresh size={14} />} onClick={onRetry}>
            {t("ui.retry")}
          </Button>
        )}
        <CopyButton value={details} timeout={1500}>
          {({ copied, copy }) => (
            <Button
              size="compact-xs"
              variant="default"
              leftSection={copied ? <IconClipboardCheck size={14} /> : <IconClipboard size={14} />}
              onClick={copy}
            >
              {copied ? t("ui.copied") : t("ui.copyDetails")}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Alert>
  );
}
