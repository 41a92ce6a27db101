import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "./Dialog.tsx";

interface Props {
  readonly title: string;
  /** What will happen, in plain words. */
  readonly body: string;
  /** What the reason is called. */
  readonly label: string;
  readonly action: string;
  readonly busy: boolean;
  readonly onSend: (reason: string) => void;
  readonly onClose: () => void;
  /** Stands between the words and the reason. */
  readonly children?: ReactNode;
  /** What went wrong. */
  readonly failure?: ReactNode;
}

const SHORTEST = 3;

/** Asks why before an act that ends something; the act is not done without a reason. */
export function ReasonDialog({ title, body, label, action, busy, onSend, onClose, children, failure }: Props) {
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  return (
    <Dialog opened onClose={onClose} title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSend(reason);
        }}
      >
        <Stack gap="sm">
          <Text size="sm">{body}</Text>
          {children}
          <TextInput
            label={label}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            minLength={SHORTEST}
            maxLength={500}
            required
            data-autofocus
          />
          {failure}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("ui.cancel")}
            </Button>
            <Button type="submit" color="red" loading={busy} disabled={reason.trim().length < SHORTEST}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
