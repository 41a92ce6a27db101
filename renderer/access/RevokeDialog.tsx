import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { AccessKey } from "../../shared/access/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { paths } from "../app/paths.ts";
import { Dialog } from "../ui/Dialog.tsx";

interface Props {
  readonly accessKey: AccessKey;
  readonly onClose: () => void;
}

export function RevokeDialog({ accessKey, onClose }: Props) {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const [requestId] = useState(() => crypto.randomUUID());
  const [reason, setReason] = useState("");
  const revoke = useMutation(
    api.access.revoke.mutationOptions({
      onSuccess: ({ jobId }) => {
        onClose();
        navigate(paths.job(jobId));
      },
    }),
  );
  return (
    <Dialog opened onClose={onClose} title={t("access.revokeTitle", { owner: accessKey.owner })}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          revoke.mutate({ requestId, keyId: accessKey.id, reason });
        }}
      >
        <Stack gap="sm">
          <Text size="sm">{t("access.revokeBody")}</Text>
          <Text size="sm" ff="monospace">
            {accessKey.fingerprint}
          </Text>
          <TextInput
            label={t("access.reason")}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            minLength={3}
            maxLength={500}
            required
            data-autofocus
          />
          {revoke.error && <Failure error={revoke.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("ui.cancel")}
            </Button>
            <Button type="submit" color="red" loading={revoke.isPending} disabled={reason.trim().length < 3}>
              {t("access.revoke")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
