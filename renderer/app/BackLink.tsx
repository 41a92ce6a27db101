import { Anchor, Group } from "@mantine/core";
import { IconChevronLeft } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "wouter";

/** Above a page's title: the way to the page that holds it. */
export function BackLink({ to, children }: { readonly to: string; readonly children: ReactNode }) {
  return (
    <Anchor component={Link} href={to} size="sm">
      <Group gap={2} component="span" display="inline-flex">
        <IconChevronLeft size={14} aria-hidden /> {children}
      </Group>
    </Anchor>
  );
}
