import { Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  readonly title: string;
  readonly hint?: string;
  /** What to do next: one button or two. */
  readonly children?: ReactNode;
}

export function EmptyState({ title, hint, children }: Props) {
  return (
    <Stack align="center" justify="center" gap={6} py="xl" px="md" mih={180}>
      <Text fw={600}>{title}</Text>
      {hint && (
        <Text c="dimmed" size="sm" ta="center" maw={460}>
          {hint}
        </Text>
      )}
      {children}
    </Stack>
  );
}
