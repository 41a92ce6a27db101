import { Box, Group, Title } from "@mantine/core";
import { IconFlask } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useWords } from "./i18n/index.ts";
import classes from "./Page.module.css";

interface Props {
  readonly title: string;
  /** Stands above the title: the way back. */
  readonly above?: ReactNode;
  /** Badges beside the title. */
  readonly beside?: ReactNode;
  readonly actions?: ReactNode;
  /** Stands under the title: the way to the other pages of the same thing. */
  readonly below?: ReactNode;
  /** What is shown comes from a lab. */
  readonly lab?: boolean;
  /** The content fills the height and scrolls inside itself. */
  readonly fill?: boolean;
  readonly children: ReactNode;
}

let firstPage = true;

/** One screen: its title in the document and as heading, which takes the focus when one arrives by link. */
export function Page({ title, above, beside, actions, below, lab = false, fill = false, children }: Props) {
  const { t } = useWords();
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    document.title = `${title} – ${t("app.name")}`;
  }, [title, t]);

  useEffect(() => {
    if (firstPage) firstPage = false;
    else heading.current?.focus({ preventScroll: true });
  }, []);

  return (
    <Box className={classes.page} data-fill={fill || undefined}>
      {lab && (
        <div className={classes.ribbon}>
          <IconFlask size={14} aria-hidden /> {t("app.labRibbon")}
        </div>
      )}
      <Box className={classes.head}>
        {above}
        <Group justify="space-between" gap="sm" mih={32}>
          <Group gap="xs">
            <Title order={1} ref={heading} tabIndex={-1} className={classes.title ?? ""}>
              {title}
            </Title>
            {beside}
          </Group>
          <Group gap="xs">{actions}</Group>
        </Group>
        {below}
      </Box>
      <Box className={classes.body}>{children}</Box>
    </Box>
  );
}
