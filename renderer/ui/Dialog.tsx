import { Group, Modal, type MantineSize } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly size?: MantineSize;
  readonly children: ReactNode;
}

/** A titled dialog; what is in it is mounted only while it is open. */
export function Dialog({ opened, onClose, title, size = "md", children }: Props) {
  const { t } = useTranslation();
  return (
    <Modal.Root opened={opened} onClose={onClose} size={size} centered>
      <Modal.Overlay />
      <Modal.Content>
        {/* Not Modal.Header: that is a banner landmark, of which a page has one. */}
        <Modal.Body pt="md">
          <Group justify="space-between" mb="sm" wrap="nowrap">
            <Modal.Title fw={600} fz="lg">
              {title}
            </Modal.Title>
            <Modal.CloseButton aria-label={t("ui.close")} />
          </Group>
          {children}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
