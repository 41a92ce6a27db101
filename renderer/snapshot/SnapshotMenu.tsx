import { ActionIcon, Alert, Button, Group, Menu, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { IconAlertTriangle, IconDots, IconDownload, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { ShownSnapshot } from "../../shared/snapshot/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { ConfirmTyped } from "../ui/ConfirmTyped.tsx";
import { Dialog } from "../ui/Dialog.tsx";

/** What can be done with one snapshot. */
export function SnapshotMenu({ snapshot }: { readonly snapshot: ShownSnapshot }) {
  const { t } = useWords();
  const [opened, setOpened] = useState<"download" | "delete" | null>(null);
  const close = () => setOpened(null);
  return (
    <>
      <Menu position="bottom-end" withArrow>
        <Menu.Target>
          <ActionIcon
            size="sm"
            variant="subtle"
            color="gray"
            aria-label={t("snapshot.actionsFor", { label: snapshot.label })}
          >
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {snapshot.file && snapshot.state === "completed" && (
            <Menu.Item leftSection={<IconDownload size={14} />} onClick={() => setOpened("download")}>
              {t("snapshot.download")}
            </Menu.Item>
          )}
          <Menu.Item
            leftSection={<IconTrash size={14} color="var(--mantine-color-red-filled)" />}
            disabled={snapshot.jobId !== null}
            onClick={() => setOpened("delete")}
          >
            {t("snapshot.delete")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Dialog opened={opened === "download"} onClose={close} title={t("snapshot.download")}>
        <DownloadForm snapshot={snapshot} onClose={close} />
      </Dialog>
      <DeleteDialog opened={opened === "delete"} snapshot={snapshot} onClose={close} />
    </>
  );
}

interface Props {
  readonly snapshot: ShownSnapshot;
  readonly onClose: () => void;
}

function DownloadForm({ snapshot, onClose }: Props) {
  const { t } = useWords();
  const api = useApi();
  const [requestId] = useState(() => crypto.randomUUID());
  const [to, setTo] = useState("~/");
  const [reason, setReason] = useState("");
  const download = useMutation(api.snapshot.download.mutationOptions({ onSuccess: onClose }));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        download.mutate({ requestId, id: snapshot.id, to: to.trim(), reason: reason.trim() });
      }}
    >
      <Stack gap="sm">
        <TextInput
          label={t("snapshot.download.to")}
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
          required
          spellCheck={false}
        />
        <TextInput
          label={t("snapshot.download.reason")}
          description={t("snapshot.download.reasonHint")}
          value={reason}
          maxLength={500}
          onChange={(event) => setReason(event.currentTarget.value)}
          required
          data-autofocus
        />
        {download.error && <Failure error={download.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("ui.cancel")}
          </Button>
          <Button type="submit" loading={download.isPending} disabled={reason.trim().length < 3 || to.trim() === ""}>
            {t("snapshot.download.start")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function DeleteDialog({ opened, snapshot, onClose }: Props & { readonly opened: boolean }) {
  const { t } = useWords();
  const api = useApi();
  const [requestId] = useState(() => crypto.randomUUID());
  const remove = useMutation(api.snapshot.delete.mutationOptions({ onSuccess: onClose }));
  return (
    <ConfirmTyped
      opened={opened}
      title={t("snapshot.delete.title", { label: snapshot.label })}
      body={t("snapshot.delete.body")}
      word={snapshot.label}
      action={t("snapshot.delete")}
      busy={remove.isPending}
      onConfirm={(confirm) => remove.mutate({ requestId, id: snapshot.id, confirm })}
      onClose={onClose}
    >
      {!snapshot.hasExportedCopy && snapshot.kind === "ebs" && (
        <Alert color="red" icon={<IconAlertTriangle size={18} aria-hidden />}>
          {t("snapshot.delete.noCopy")}
        </Alert>
      )}
      {remove.error && <Failure error={remove.error} />}
    </ConfirmTyped>
  );
}
