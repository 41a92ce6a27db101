import { Button, Code, Group, List, ScrollArea, Stack, Text } from "@mantine/core";
import { useWords } from "../app/i18n/index.ts";
import { Dialog } from "../ui/Dialog.tsx";
import type { Question } from "./screen.ts";
import { plain } from "./words.ts";

interface Props {
  readonly question: Question;
  /** "Acme, Production" */
  readonly where: string;
  readonly onAnswer: (yes: boolean) => void;
}

const SHOWN_CHARACTERS = 4_000;

/** Shows what would go to the host, and why it is asked about, before it goes. */
export function QuestionDialog({ question, where, onAnswer }: Props) {
  const { t } = useWords();
  const { text, pasted, lines, hidden, dangers } = question;
  const shown = text
    .slice(0, SHOWN_CHARACTERS)
    .split(/\r\n?|\n/)
    .map(plain)
    .join("\n");
  return (
    <Dialog
      opened
      onClose={() => onAnswer(false)}
      title={t(pasted ? "terminal.askPaste" : "terminal.askRun", { where })}
    >
      <Stack gap="sm">
        {(dangers.length > 0 || hidden || lines > 1) && (
          <List size="sm">
            {lines > 1 && <List.Item>{t("terminal.pasteLines", { count: lines })}</List.Item>}
            {hidden && <List.Item>{t("terminal.pasteHidden")}</List.Item>}
            {dangers.map((danger) => (
              <List.Item key={danger}>{t(`danger.${danger}`)}</List.Item>
            ))}
          </List>
        )}
        <ScrollArea.Autosize
          mah={240}
          viewportProps={{ tabIndex: 0, role: "group", "aria-label": t("terminal.pasteText") }}
        >
          <Code block>
            {shown}
            {text.length > SHOWN_CHARACTERS && " …"}
          </Code>
        </ScrollArea.Autosize>
        {!pasted && (
          <Text size="sm" c="dimmed">
            {t("terminal.askRunHint")}
          </Text>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={() => onAnswer(false)} data-autofocus>
            {t("terminal.dontSend")}
          </Button>
          <Button color="red" onClick={() => onAnswer(true)}>
            {t("terminal.send")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
