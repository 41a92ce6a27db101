import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "./Dialog.tsx";

interface Props {
  readonly opened: boolean;
  readonly title: string;
  /** What will be lost, in plain words. */
  readonly body: string;
  /** What must be typed, to the letter. */
  readonly word: string;
  readonly action: string;
  readonly busy: boolean;
  readonly onConfirm: (typed: string) => void;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}

/** Asks to type the name of what is about to be destroyed. There is no other way through. */
export function ConfirmTyped(props: Props) {
  return (
    <Dialog opened={props.opened} onClose={props.onClose} title={props.title}>
      <TypedForm {...props} />
    </Dialog>
  );
}

function TypedForm({ body, word, action, busy, onConfirm, onClose, children }: Props) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const label = t("ui.typeToConfirm", { word });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (typed === word) onConfirm(typed);
      }}
    >
      <Stack gap="sm">
        <Text size="sm">{body}</Text>
        <TextInput
          label={label}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
        />
        {children}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("ui.cancel")}
          </Button>
          <Button type="submit" color="red" disabled={typed !== word} loading={busy}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
