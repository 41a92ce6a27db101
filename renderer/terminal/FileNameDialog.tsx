import { Button, Group, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { FileName } from "../../shared/terminal/files.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Dialog } from "../ui/Dialog.tsx";

interface Props {
  readonly title: string;
  readonly name: string;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onName: (name: string) => void;
  readonly onClose: () => void;
}

export function FileNameDialog({ title, name, busy, error, onName, onClose }: Props) {
  const { t } = useWords();
  const [typed, setTyped] = useState(name);
  const valid = FileName.safeParse(typed).success && typed !== name;
  return (
    <Dialog opened onClose={onClose} title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (valid) onName(typed);
        }}
      >
        <Stack gap="sm">
          <TextInput
            label={t("files.name")}
            description={t("files.nameHint")}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
          />
          {error !== null && <Failure error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("ui.cancel")}
            </Button>
            <Button type="submit" disabled={!valid} loading={busy}>
              {title}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
